"""The class that scripts use."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from ._errors import HbmClosedError
from ._loading import options as load_options
from ._loading.runtime_source import RuntimeSource
from ._loading.sources import sources_of
from ._observing.observable import ObservableRuntime
from ._observing.slots import DropCounts, ProfileSlot
from ._running.native import checked

# What not every program needs is imported by the methods that need it, before they change anything.
# ruff: noqa: PLC0415

if TYPE_CHECKING:
    from ._errors import HbmError
    from ._loading.sources import PathOrBuffer, Sources
    from ._models.operations import Operation
    from ._models.shape_inference import Shapes
    from ._running.queue import InferQueue
    from ._running.queue_items import Policy, QueueResult, Reason
    from ._running.scheduling import SchedParam

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self


class HB_HBMRuntime(ObservableRuntime):  # noqa: N801 (the vendor's name)
    """Loads compiled models and runs them on the BPU, or on the CPU where bpusim is the driver.

    Safe to use from any number of threads. Results of `run` stay valid after the runtime is gone.

    An ONNX file is a program that runs in this process: the engine does whatever the graph says, and some graphs crash
    it. A host file that `hbm-runtime pack` made has been loaded and run once in a process of its own.
    """

    __module__ = "hbm_runtime"

    @checked
    def __init__(
        self,
        model_file: PathOrBuffer | Iterable[PathOrBuffer] | None = None,
        *,
        model_files: PathOrBuffer | Iterable[PathOrBuffer] | None = None,
        threads: int = 0,
        cpu_affinity: Iterable[int] = (),
        flush_denormals: bool = False,
        save_memory: bool = False,
        profile_operators: bool = False,
        keep: Iterable[str] = (),
        keep_path: str | os.PathLike[str] | None = None,
        engine: str | None = None,
        rewrite: bool = False,
        passphrase: str | bytes | None = None,
        cores: Iterable[int] | None = None,
    ) -> None:
        """Loads the models of one or several files; several models may come from one file.

        Args:
            model_file: Path of a ``.hbm`` file (on bpusim also ``.onnx``), or a sequence of paths. A folder stands for
                the ``.hbm`` files in it, or where it has none for the ``.onnx`` files, sorted by name. A `bytearray`,
                `memoryview` or other buffer is the model itself; `bytes` are a path, unless they are longer than any
                path or contain a NUL byte.
            model_files: Another name for `model_file`, which the manual uses for sequences.
            threads: Threads of one inference. This and the following need a driver that honours them, as bpusim does.
            cpu_affinity: CPUs that those threads are pinned to.
            flush_denormals: Treat denormal numbers as zero.
            save_memory: Trade speed for memory.
            profile_operators: Record times of single operators.
            keep: Names of intermediate tensors that become outputs after the model's own; ``"*"`` or ``["*"]`` for all
                that numpy can hold.
            keep_path: A folder; each run writes those tensors to ``<keep_path>/<model>/<run>/<index>_<name>.npy``.
            engine: The engine that computes: "onnxruntime", or a plug-in of it such as "openvino"; None for
                ``BPUSIM_ENGINE``, else ONNX Runtime itself. `Model.engine` names the one in use.
            rewrite: Rewrite quantised layers of ONNX models as packing does, so that engines compute them in integers.
                Needs the extra `tools`, and works with every driver.
            passphrase: For models that `hbm_runtime.encryption.encrypt_model` encrypted; then all of them must be. They
                are decrypted in memory.
            cores: The old name of `cpu_affinity`.

        Raises:
            InputError: No files, or two models of one name.
            ModelNotFoundError: No such file; also a `FileNotFoundError`.
            ModelError: Not a model, truncated, corrupt, or for another SoC.
            EncryptedModelError: Encrypted and no passphrase given, a wrong passphrase, tampering; a `ModelError`.
            DriverNotFoundError: No driver could be loaded.
            MissingPackageError: A passphrase is given, and OpenSSL's libcrypto cannot be loaded; `rewrite` is, and the
                packages of the extra `tools` are not installed.
            UnsupportedError: The driver honours no load options.
            TypeError: An argument of a wrong type.
        """
        if (model_file is None) == (model_files is None):
            raise TypeError("HB_HBMRuntime() takes one path, or a sequence of paths, as model_file or model_files")
        sources = sources_of(model_file if model_file is not None else model_files)  # type: ignore[arg-type]
        options = load_options.checked(
            {
                "threads": threads,
                "cpu_affinity": load_options.cpu_affinity_of(cpu_affinity, cores),
                "flush_denormals": flush_denormals,
                "save_memory": save_memory,
                "profile_operators": profile_operators,
                "keep": keep,
                "keep_path": keep_path,
                "engine": engine,
                load_options.REWRITE: rewrite,
            }
        )
        given = load_options.for_extension(options, passphrase)
        loaded = self._as_loaded(sources, options)
        if loaded.in_memory:
            super().__init__(buffers=loaded.buffers, options=given)
        else:
            super().__init__(files=[os.fsencode(key) for key in loaded.keys], options=given)
        # A second call of __init__ loads nothing and changes nothing.
        if not hasattr(self, "_source"):
            self._keys = sources.keys
            source = RuntimeSource(sources.keys, options, in_memory=sources.in_memory, encrypted=passphrase is not None)
            self._source = source
            self._drops = DropCounts()
            self._profiles = ProfileSlot(options["profile_operators"], lambda: source.all_files)
            self._queues: WeakSet[InferQueue] = WeakSet()

    @staticmethod
    def _as_loaded(sources: Sources, options: Mapping[str, Any]) -> Sources:
        if not options.get(load_options.REWRITE):
            return sources
        from ._loading.rewriting import rewritten

        return rewritten(sources)

    @property
    def hbm_descs(self) -> dict[str, str]:
        """Descriptions of the files, by their paths as given (``<memory:0>`` for buffers)."""
        return dict(zip(self._keys, self._file_descs, strict=True))

    @property
    @checked
    def sched_params(self) -> dict[str, SchedParam]:
        """The present scheduling defaults by model name; changing the copies has no effect."""
        from ._running.scheduling import SchedParam

        return {model: SchedParam._of(*fields) for model, fields in self._sched_params.items()}

    def __iter__(self) -> Iterator[str]:
        """Yields the names of the models."""
        return iter(self.model_names)

    def _ipython_key_completions_(self) -> list[str]:
        return self.model_names

    def __contains__(self, name: object) -> bool:
        """Returns True if a model of that name is loaded."""
        return name in self.model_names

    @checked
    def queue(
        self,
        model: str,
        size: int = 4,
        policy: Policy = "block",
        *,
        on_result: Callable[[QueueResult], object] | None = None,
        on_drop: Callable[[Any, Reason, HbmError | None], object] | None = None,
    ) -> InferQueue:
        """Makes a bounded queue in front of a model.

        Args:
            model: Name of the model.
            size: Items that may wait; with the policy "latest" always one.
            policy: What happens when the queue is full: the submitter waits ("block"), the new item replaces the
                waiting one ("latest") or the oldest one ("drop_oldest"), or it is refused ("reject").
            on_result: Called with each `QueueResult`; without it results are read by iterating over the queue.
            on_drop: Called with the tag, the reason and the error (or None) of each item that gave no result.
        """
        from ._running.queue import InferQueue

        queue = InferQueue(
            self, self._checked(model), size=size, policy=policy, on_result=on_result, on_drop=on_drop,
            count_drop=self._drops.add,
        )  # fmt: skip
        self._queues.add(queue)
        return queue

    @checked
    def operations(self, model: str) -> list[Operation]:
        """Lists a model's operations with name, ONNX type and device.

        Raises:
            UnsupportedError: The driver does not know them.
        """
        from ._models.operations import operations

        return operations(self, model)

    @checked
    def infer_shapes(self, model: str, shapes: Shapes) -> dict[str, tuple[int, ...]]:
        """Returns the output shapes for given input shapes, without running the model.

        Args:
            model: Name of the model.
            shapes: Shapes by input name, where inputs without dynamic dimensions may be left out, or a list or tuple of
                all of them in the model's order.

        Raises:
            InputError, ShapeError: Unknown names, shapes that do not fit the model or each other.
            InputTypeError: `shapes` holds something else than shapes.
            UnsupportedError: The driver cannot infer shapes, or they depend on the data.
        """
        from ._models.shape_inference import infer_shapes

        return infer_shapes(self, model, self.model(model).inputs, shapes)

    @checked
    def reload(self, model: str, path: PathOrBuffer, *, passphrase: str | bytes | None = None) -> None:
        """Replaces a model while others may run it: runs in flight finish on the old model, new ones use the new model.

        The new model is the file's model of the same name, or its only one, which then takes the old name. Scheduling
        defaults stay, and so do `hbm_descs`, which describe what was loaded first. When loading fails, nothing changes.
        `Model` views that were made before describe the old model. Bound runs use the new model if its tensors are the
        same, and raise `InputError` otherwise.

        Args:
            model: Name of the model.
            path: A file, or a model in memory, as for the constructor.
            passphrase: The passphrase of an encrypted model.

        Raises:
            InputError, ModelNotFoundError, ModelError, EncryptedModelError: As the constructor.
        """
        sources = sources_of([path])
        given = load_options.for_extension(self._source.options, passphrase)
        loaded = self._as_loaded(sources, self._source.options)
        if loaded.in_memory:
            self._replace_by_buffer(model, loaded.buffers[0], given)
        else:
            self._replace_by_file(model, os.fsencode(sources.keys[0]), given)
        file = None if sources.in_memory else sources.keys[0]
        self._source.reloaded(model, file, encrypted=passphrase is not None)

    def close(self) -> None:
        """Releases the models and their memory. Runs in flight finish, results stay valid; closing twice is fine.

        Its queues are closed, too. Every other method raises `HbmClosedError` afterwards.
        """
        try:
            for queue in list(self._queues):
                queue.close()
        finally:
            self._close()

    @checked
    def __enter__(self) -> Self:
        if self.closed:
            raise HbmClosedError("the runtime is closed; a with block needs a new one")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def summary(self) -> dict[str, Any]:
        """Describes driver, files and models as a plain dict that `json.dumps` takes."""
        from ._models.summary import summarise

        return summarise(self.hbm_descs, map(self.model, self.model_names), self.sched_params)

    def __reduce__(self) -> tuple[Any, ...]:
        self._source.check()
        ours = ("_keys", "_source", "_drops", "_profiles", "_queues")
        others = {name: value for name, value in vars(self).items() if name not in ours}
        return _restore, (type(self), self._keys, self._source, self._sched_params), others or None

    def __repr__(self) -> str:
        if not hasattr(self, "_keys"):
            return "<HB_HBMRuntime: not loaded>"
        return "<HB_HBMRuntime: closed>" if self.closed else f"<HB_HBMRuntime: {', '.join(self.model_names)}>"


def _restore(
    cls: type[HB_HBMRuntime], keys: list[str], source: RuntimeSource, sched_params: dict[str, tuple[Any, ...]]
) -> HB_HBMRuntime:
    runtime = cls.__new__(cls)
    HB_HBMRuntime.__init__(runtime, source.files, **load_options.of_today(source.options))
    runtime._keys = keys
    for model, path in source.replaced.items():
        runtime.reload(model, path)
    columns = {model: fields for model, fields in sched_params.items() if model in runtime.model_names}
    runtime.set_scheduling_params(*({model: fields[i] for model, fields in columns.items()} for i in (0, 2, 1, 3)))
    return runtime
