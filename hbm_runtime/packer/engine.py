"""Runs graphs in ONNX Runtime while packing, for measuring ranges and for checking results."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from hbm_runtime._installing import how_to_install
from hbm_runtime._signals import signals_blocked
from hbm_runtime.packer.errors import PackError
from hbm_runtime.packer.graph.weights import Weights

Array = NDArray[Any]
ReportedOutputs = Mapping[str, tuple[str, Sequence[int | str | None]]]
"""Type and dimensions of outputs by name, in the engine's words. No dimensions: a scalar, or nobody knows."""


class Session:
    """A graph with its weights, or any ONNX file, ready to compute on the CPU.

    Args:
        graph: A path or a serialized model.
        weights: External data of a serialized model.
        optimise: False computes node by node exactly as the graph says. True is the engine's default, because with
            other levels it reports other shapes where a declaration is wrong.
        threads: CPU threads of one run; 0 is one for each core.

    Raises:
        PackError: ONNX Runtime is missing or refuses the model.
    """

    def __init__(
        self,
        graph: str | os.PathLike[str] | bytes,
        weights: Weights | None = None,
        *,
        optimise: bool = True,
        threads: int = 0,
    ) -> None:
        ort = _onnxruntime()
        options = ort.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = threads
        # A few runs are not worth what makes the later ones faster: pools of memory, and rearranged copies of weights.
        options.enable_cpu_mem_arena = False
        options.add_session_config_entry("session.disable_prepacking", "1")
        levels = ort.GraphOptimizationLevel
        options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimise else levels.ORT_DISABLE_ALL
        model = graph if isinstance(graph, bytes) else os.fspath(graph)
        if isinstance(graph, bytes) and weights is not None and len(weights):
            model = os.fspath(weights.beside(graph))
        try:
            with signals_blocked():
                self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # The engine's exceptions have no common base.
            raise PackError(f"the engine refuses the model: {first_line(str(error))}") from error

    @property
    def input_names(self) -> list[str]:
        """Inputs in order."""
        return [entry.name for entry in self._session.get_inputs()]

    @property
    def output_names(self) -> list[str]:
        """Outputs in order."""
        return [entry.name for entry in self._session.get_outputs()]

    def reported_outputs(self) -> ReportedOutputs:
        """What the engine knows about the outputs before it runs."""
        return {entry.name: (entry.type, entry.shape) for entry in self._session.get_outputs()}

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str] | None = None) -> dict[str, Array]:
        """Computes outputs by name.

        Raises:
            PackError: The inputs do not fit the model.
        """
        names = list(outputs) if outputs is not None else self.output_names
        if not names:
            return {}
        try:
            values = self._session.run(names, dict(inputs))
        except Exception as error:  # The engine's exceptions have no common base.
            raise PackError(f"the engine cannot run the model on these inputs: {first_line(str(error))}") from error
        return {name: np.asarray(value) for name, value in zip(names, values, strict=True)}


def engine_available() -> bool:
    """Returns True if ONNX Runtime is installed."""
    return importlib.util.find_spec("onnxruntime") is not None


def _onnxruntime() -> Any:
    # Newer releases report usage over the network unless this is set before they are loaded.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        with _signals_deferred():
            import onnxruntime  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError:
        raise PackError(f"this needs ONNX Runtime: {how_to_install('bpusim', 'onnxruntime')}") from None
    return onnxruntime


@contextmanager
def _signals_deferred() -> Iterator[None]:
    """Ctrl-C and SIGTERM take effect at the end: the engine's import loses them, and leaves half a module behind."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    if "onnxruntime" in sys.modules or threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    for number in handlers:
        signal.signal(number, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for caught in came:
        signal.raise_signal(caught)


def unsupported_operators(operators: Mapping[tuple[str, str], int], opsets: Mapping[str, int]) -> list[str] | None:
    """Operators that the engine has neither a kernel nor a decomposition for; None when that is not known.

    Args:
        operators: How often each (domain, operator) is used.
        opsets: Version by domain.
    """
    try:
        ort = _onnxruntime()
        state = ort.capi.onnxruntime_pybind11_state
        kernels, schemas = state.get_all_opkernel_def(), state.get_all_operator_schema()
    except (PackError, AttributeError):
        return None
    versions: dict[tuple[str, str], list[int]] = {}
    for schema in schemas:
        versions.setdefault((schema.domain, schema.name), []).append(schema.since_version)
    ranges: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for kernel in kernels:
        if kernel.provider == "CPUExecutionProvider":
            ranges.setdefault((kernel.domain, kernel.op_name), []).append(kernel.version_range)
    missing = []
    for (domain, operator), count in operators.items():
        key = ("" if domain == "ai.onnx" else domain, operator)
        since = max((v for v in versions.get(key, []) if v <= opsets.get(key[0], 1)), default=0)
        has_kernel = any(low <= since <= high for low, high in ranges.get(key, []))
        if since == 0 or not (has_kernel or _is_composed(key, opsets.get(key[0], 1))):
            missing.append(f"{domain + '.' if domain else ''}{operator} ({count} node{'s' if count > 1 else ''})")
    return sorted(missing)


def _is_composed(key: tuple[str, str], opset: int) -> bool:
    """Returns True if the operator is defined by others; it is not known of operators outside the standard."""
    domain, operator = key
    # Constants become initializers before anything looks for a kernel.
    if domain or operator == "Constant":
        return True
    try:
        schema = onnx.defs.get_schema(operator, opset, domain)
    except onnx.defs.SchemaError:
        return False
    # The package's type stubs miss these two.
    return any(getattr(schema, name) for name in ("has_function", "has_context_dependent_function"))


def first_line(text: str, *, last: bool = False) -> str:
    """The first (or last) line of a message that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no reason given"]
    return lines[-1 if last else 0]
