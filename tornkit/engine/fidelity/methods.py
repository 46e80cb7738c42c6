"""Test whether an instance's method is its class's: no instance attribute shadows it.

Not by its ``__dict__``: once Python has made that, each attribute of the instance takes longer to
read, for the rest of its life. With all that a request looks at, that is a microsecond.
"""

from __future__ import annotations

from types import MethodType
from typing import Any


def is_method(found: Any, function: Any, owner: object) -> bool:
    """Whether ``found``, which ``owner`` has under some name, is ``function`` as its method."""
    # By its true type: what `wrapt` makes of a method has the same ``__func__`` and ``__self__``.
    return type(found) is MethodType and found.__func__ is function and found.__self__ is owner
