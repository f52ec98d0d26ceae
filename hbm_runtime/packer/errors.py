"""What the packer raises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class PackError(ValueError):
    """The model, the configuration or the output file cannot be packed as asked.

    The text names what is wrong, what was expected and what to do. Nothing was written.

    Attributes:
        model: Name of the model; "" where the error is not about one, or its name is not known yet.
        tensor: Name of the input, output or constant; "" where the error is not about one.
    """

    def __init__(self, text: str = "", *, model: str = "", tensor: str = "") -> None:
        super().__init__(text)
        self.model = model
        self.tensor = tensor


class PackWarning(UserWarning):
    """Something was packed otherwise than it may have been meant: a deprecated key, or ranges that were guessed."""


@contextmanager
def about(*, model: str = "", tensor: str = "") -> Iterator[None]:
    """Says of a `PackError` that comes out what it is about, unless it knows better."""
    try:
        yield
    except PackError as error:
        error.model = error.model or model
        error.tensor = error.tensor or tensor
        raise
