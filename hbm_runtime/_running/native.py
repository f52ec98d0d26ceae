"""Methods that are declared in Python and answer wrong arguments in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from .. import _core

F = TypeVar("F", bound=Callable[..., Any])


def native(function: F) -> F:
    """Declares a method whose work is done in C++: it has the function's name, parameters and docstring, not its body.

    The body of that name in ``src/bindings`` gets the arguments in the order of the parameters.
    """
    return cast("F", _core.native_method(function, True))


def checked(function: F) -> F:
    """Lets a method answer a wrong argument with one line that names the nearest right one."""
    return cast("F", _core.native_method(function, False))
