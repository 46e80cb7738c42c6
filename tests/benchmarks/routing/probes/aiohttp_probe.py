"""``UrlDispatcher.resolve`` of aiohttp."""

from __future__ import annotations

from typing import Any

from aiohttp.test_utils import make_mocked_request
from aiohttp.web_urldispatcher import UrlDispatcher
from timing import arguments, drive, measure, places, tell

PATTERNS = {
    "thing": (r"/api/v1/thing%d/{number:\d+}", "/api/v1/thing%d/12"),
    "page": ("/page%d", "/page%d"),
    "variable": ("/{word}/thing%d", "/word/thing%d"),
}


def handler(number: int) -> Any:
    async def handle(request: object) -> Any:
        return number

    return handle


def main() -> None:
    case, sizes = arguments()
    pattern, path = PATTERNS[case]
    for size in sizes:
        router = UrlDispatcher()
        handlers = [handler(number) for number in range(size)]
        for number in range(size):
            router.add_get(pattern % number, handlers[number], allow_head=False)
        router.freeze()
        for place, number in places(size).items():
            request = make_mocked_request("GET", path % number)
            found: Any = drive(router.resolve(request))
            if found.handler is not handlers[number]:
                raise RuntimeError(f"{found} for {path % number}")
            tell(size, place, measure(aiohttp=lambda: drive(router.resolve(request))))  # noqa: B023


main()
