"""Finding and loading what a person calls APP, the same for every command.

- `tornkit.appload.target`: `Target`, the answer to "what did they mean?", plain data
- `tornkit.appload.locate`: from the words on the command line to a `Target`; runs no user code
- `tornkit.appload.load`: from a `Target` to the application; imports and calls user code
- `tornkit.appload.factory`: calls a factory, before or inside of a loop as it likes
- `tornkit.appload.program`: runs a script as ``__main__``
- `tornkit.appload.inspection`: what user code would serve, for `tornkit routes`; binds nothing
- `tornkit.appload.usertrace`: tracebacks with the user's frames alone

The supervisor uses the first two only: they import neither tornado nor user code.
"""

from __future__ import annotations

from tornkit.appload.locate import locate
from tornkit.appload.target import Target

__all__ = ["Target", "locate"]
