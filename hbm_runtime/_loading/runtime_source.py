"""How a runtime is made again in another process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any


class RuntimeSource:
    """Files and options of a runtime.

    Attributes:
        files: Absolute paths of the files that were loaded first.
        options: Keyword arguments of the constructor.
        replaced: Absolute paths of files that were loaded later, by model.
    """

    def __init__(self, keys: Sequence[str], options: dict[str, Any], *, in_memory: bool, encrypted: bool) -> None:
        self.files = [] if in_memory else [os.path.abspath(key) for key in keys]
        self.options = options
        self.replaced: dict[str, str] = {}
        self._obstacles: dict[str, str] = {}  # by model; "" for all
        self._note("", in_memory=in_memory, encrypted=encrypted)

    def reloaded(self, model: str, path: str | None, *, encrypted: bool) -> None:
        """Notes that a model comes from another file now, or from memory."""
        self._note(model, in_memory=path is None, encrypted=encrypted)
        if path is not None:
            self.replaced[model] = os.path.abspath(path)

    @property
    def all_files(self) -> list[str]:
        """Absolute paths of all files that models came from."""
        return [*self.files, *self.replaced.values()]

    def check(self) -> None:
        """Raises TypeError when a file alone does not make the runtime again."""
        for text in self._obstacles.values():
            raise TypeError(text)

    def _note(self, model: str, *, in_memory: bool, encrypted: bool) -> None:
        self._obstacles.pop(model, None)
        if in_memory:
            self._obstacles[model] = "a runtime that was loaded from memory cannot be pickled; load it from a file"
        elif encrypted:
            self._obstacles[model] = "a runtime of encrypted models cannot be pickled: it does not keep the passphrase"


Recipe = RuntimeSource  # the name in pickles of 1.0.0
