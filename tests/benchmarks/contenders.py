"""Servers that take part in several comparisons, each as one process without an access log."""

from __future__ import annotations

from tests.benchmarks.harness.server import Server

_TORNADO = ("tornado", "uvloop")


def tornkit_serve(
    name: str, title: str, *options: str, packages: tuple[str, ...] = _TORNADO
) -> Server:
    """`tornkit serve` with the application of tornado_app.py."""
    return Server(
        name=name,
        title=title,
        command=(
            *("{bin}/tornkit", "serve", "tornado_app.py:make_app", *options),
            *("--no-reload", "--no-access-log", "--workers", "1", "--port", "{port}"),
        ),
        packages=("tornkit", *packages),
        is_rival=False,
    )


def tornado_program(
    name: str, title: str, *options: str, packages: tuple[str, ...] = _TORNADO
) -> Server:
    """tornado_app.py as a program: on Tornado's server or, by --tornkit, on tornkit's."""
    return Server(
        name=name,
        title=title,
        command=("{bin}/python", "tornado_app.py", "{port}", *options),
        requirements=("uvloop",) if "--uvloop" in options else (),
        packages=packages,
        is_rival="--tornkit" not in options,
    )


def uvicorn(
    name: str,
    title: str,
    app: str,
    *options: str,
    requirements: tuple[str, ...] = (),
    packages: tuple[str, ...],
    cases: frozenset[str] | None = None,
) -> Server:
    """uvicorn on uvloop and httptools, with the application ``app`` of a file named for it."""
    return Server(
        name=name,
        title=f"uvicorn, {title}",
        command=(
            *("{bin}/uvicorn", f"{app}:app", "--port", "{port}", "--no-access-log"),
            *("--loop", "uvloop", "--http", "httptools", "--log-level", "warning", *options),
        ),
        requirements=("uvicorn[standard]", *requirements),
        packages=("uvicorn", "uvloop", *packages),
        cases=cases,
    )
