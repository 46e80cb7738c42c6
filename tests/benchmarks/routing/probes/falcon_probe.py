"""``CompiledRouter.find`` of Falcon."""

from __future__ import annotations

from typing import Any

from falcon.routing import CompiledRouter
from timing import arguments, measure, places, tell

PATTERNS = {
    "thing": ("/api/v1/thing%d/{number:int}", "/api/v1/thing%d/12"),
    "page": ("/page%d", "/page%d"),
    "variable": ("/{word}/thing%d", "/word/thing%d"),
}


class Resource:
    """Has one method, as most have."""

    def on_get(self, req: object, resp: object, **params: object) -> None: ...


def main() -> None:
    case, sizes = arguments()
    pattern, path = PATTERNS[case]
    for size in sizes:
        router = CompiledRouter()
        resources = [Resource() for _ in range(size)]
        for number in range(size):
            router.add_route(pattern % number, resources[number])
        for place, number in places(size).items():
            asked = path % number
            found: Any = router.find(asked)
            if found[0] is not resources[number]:
                raise RuntimeError(f"{found} for {asked}")
            tell(size, place, measure(falcon=lambda: router.find(asked)))  # noqa: B023


main()
