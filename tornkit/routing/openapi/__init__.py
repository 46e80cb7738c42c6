"""The routes as an OpenAPI 3.1 document, for tools that read such.

- `tornkit.routing.openapi.patterns`: pieces of a regex as JSON Schema says them
- `tornkit.routing.openapi.templates`: a path regex as path templates
- `tornkit.routing.openapi.places`: where a route answers: its templates and its hosts
- `tornkit.routing.openapi.schemas`: type annotations as JSON Schema
- `tornkit.routing.openapi.operations`: a method of a handler as an operation
- `tornkit.routing.openapi.paths`: routes that share a template
- `tornkit.routing.openapi.document`: the whole

What OpenAPI has words for is said in them. The rest is not guessed: a template that does not say
all that its regex says has ``x-tornkit-regex`` beside it, and a route that can't be told at all
stands with its reason in ``x-tornkit-omitted``.
"""

from tornkit.routing.openapi.document import UNKNOWN_VERSION, document

__all__ = ["UNKNOWN_VERSION", "document"]
