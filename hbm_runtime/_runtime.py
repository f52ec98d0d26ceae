"""The class that scripts use."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Union

from . import _core
from ._errors import InputError
from ._scheduling import SchedParam

PathOrBuffer = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]", bytearray, memoryview]

_LONGEST_PATH = 4096


class HB_HBMRuntime(_core.Runtime):  # noqa: N801 (the vendor's name)
    """Loads compiled models and runs them on the BPU, or on the CPU where bpusim is the driver.

    Safe to use from any number of threads. Results of `run` stay valid after the runtime is gone.
    """

    def __init__(
        self,
        model_file: PathOrBuffer | Iterable[PathOrBuffer] | None = None,
        *,
        model_files: PathOrBuffer | Iterable[PathOrBuffer] | None = None,
        threads: int = 0,
        cores: Iterable[int] = (),
        flush_denormals: bool = False,
        save_memory: bool = False,
        profile_operators: bool = False,
        keep: Iterable[str] = (),
    ) -> None:
        """Loads the models of one or several files; several models may come from one file.

        Args:
            model_file: Path of a ``.hbm`` file (on bpusim also ``.onnx``), or a sequence of paths. A `bytearray`,
                `memoryview` or other buffer is the model itself; `bytes` are a path, unless they are longer than any
                path or contain a NUL byte.
            model_files: The same, under the name that the manual has for sequences.
            threads: Threads of one inference. This and the following need a driver that honours them, as bpusim does.
            cores: CPUs that those threads are pinned to.
            flush_denormals: Count denormal numbers as zero.
            save_memory: Trade speed for memory.
            profile_operators: Record times of single operators.
            keep: Names of intermediate tensors that become outputs after the model's own.

        Raises:
            InputError: No files, or two models of one name.
            ModelNotFoundError: No such file; also a `FileNotFoundError`.
            ModelError: Not a model, truncated, corrupt, or for another SoC.
            DriverNotFoundError: No driver could be loaded.
            UnsupportedError: The driver honours no load options.
            TypeError: An argument of a wrong type.
        """
        if (model_file is None) == (model_files is None):
            raise TypeError("HB_HBMRuntime() takes one path, or a sequence of paths, as model_file or model_files")
        given = model_file if model_file is not None else model_files
        sources: list[Any] = [given] if _is_source(given) else _listed(given)
        options = _core.LoadOptions(
            threads=threads,
            cpus=list(cores),
            flush_denormals=flush_denormals,
            save_memory=save_memory,
            profile=profile_operators,
            keep=list(keep),
        )
        buffers = [source for source in sources if not _is_path(source)]
        if buffers and len(buffers) != len(sources):
            raise TypeError("HB_HBMRuntime() takes paths or models in memory, not both in one call")
        if buffers:
            keys = [f"<memory:{index}>" for index in range(len(buffers))]
            super().__init__(buffers=buffers, options=options)
        else:
            keys = [os.fsdecode(os.fspath(source)) for source in sources]
            for key in keys:
                if "\0" in key:
                    raise InputError(f"a path cannot contain a NUL character: {key!r}")
            super().__init__(files=[os.fsencode(key) for key in keys], options=options)
        # A second call of __init__ loads nothing and changes nothing.
        if not hasattr(self, "_keys"):
            self._keys = keys

    @property
    def hbm_descs(self) -> dict[str, str]:
        """Descriptions of the files, by their paths as given (``<memory:0>`` for buffers)."""
        return dict(zip(self._keys, self._file_descs, strict=True))

    @property
    def sched_params(self) -> dict[str, SchedParam]:
        """The present scheduling defaults by model name; changing the copies has no effect."""
        return {model: SchedParam._of(*fields) for model, fields in self._sched_params.items()}

    def __repr__(self) -> str:
        return f"<HB_HBMRuntime: {', '.join(self.model_names)}>"


def _is_path(source: Any) -> bool:
    if isinstance(source, bytes):
        return len(source) <= _LONGEST_PATH and b"\0" not in source
    return isinstance(source, (str, os.PathLike))


def _is_source(source: Any) -> bool:
    return isinstance(source, (str, bytes, os.PathLike, bytearray, memoryview)) or (
        hasattr(source, "__buffer__") or hasattr(source, "__array_interface__")
    )


def _listed(sources: Any) -> list[Any]:
    if not isinstance(sources, Iterable) or isinstance(sources, Mapping):
        raise TypeError(f"a model must be a path or a buffer, not {type(sources).__name__}")
    listed = list(sources)
    for source in listed:
        if not _is_source(source):
            raise TypeError(f"a model must be a path or a buffer, not {type(source).__name__}")
    return listed
