"""Starlette's router, called with an endpoint that does nothing."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route, Router
from timing import arguments, drive, measure, places, tell

PATTERNS = {
    "thing": ("/api/v1/thing%d/{number:int}", "/api/v1/thing%d/12"),
    "page": ("/page%d", "/page%d"),
    "variable": ("/{word}/thing%d", "/word/thing%d"),
}


class Endpoint:
    """An ASGI application, so that Starlette wraps no function."""

    def __init__(self, number: int) -> None:
        self.number = number

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        reached.append(self.number)


reached: list[int] = []


def call(router: Any, scope: dict[str, Any]) -> None:
    drive(router(dict(scope), None, None))  # a router writes into its scope


def main() -> None:
    case, sizes = arguments()
    pattern, path = PATTERNS[case]
    for size in sizes:
        router = Router([Route(pattern % number, Endpoint(number)) for number in range(size)])
        for place, number in places(size).items():
            scope = {"type": "http", "method": "GET", "path": path % number, "headers": []}
            reached.clear()
            call(router, scope)
            if reached != [number]:
                raise RuntimeError(f"{reached} for {scope['path']}")
            tell(size, place, measure(starlette=lambda: call(router, scope)))  # noqa: B023


main()
