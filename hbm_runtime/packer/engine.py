"""Runs graphs in ONNX Runtime while packing, for measuring ranges and for checking results."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from hbm_runtime.packer.container import Blob
from hbm_runtime.packer.errors import PackError
from hbm_runtime.packer.graph.weights import WEIGHTS_LOCATION

Array = NDArray[Any]


class Session:
    """A graph of a host model, or any ONNX model, ready to compute on the CPU.

    Args:
        graph: A path or a serialized model.
        weights: External data of a host model's graph.
        optimise: False computes node by node exactly as the graph says.
        threads: CPU threads of one run.

    Raises:
        PackError: ONNX Runtime is missing or refuses the model.
    """

    def __init__(
        self,
        graph: str | os.PathLike[str] | Blob,
        weights: Blob | None = None,
        *,
        optimise: bool = True,
        threads: int = 0,
    ) -> None:
        ort = _onnxruntime()
        options = ort.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = threads
        options.enable_cpu_mem_arena = False
        if not optimise:
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            if weights is None:
                model = os.fspath(graph) if isinstance(graph, str | os.PathLike) else bytes(graph)
                self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
                return
            # Files are the form of external data that every release reads. The engine maps them, so they may go
            # away as soon as it has them.
            with tempfile.TemporaryDirectory(prefix="hbm_runtime-") as folder:
                path = Path(folder) / "graph.onnx"
                path.write_bytes(Path(graph).read_bytes() if isinstance(graph, str | os.PathLike) else graph)
                (Path(folder) / WEIGHTS_LOCATION).write_bytes(weights)
                self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except OSError as error:
            raise PackError(f"cannot hand the model to the engine: {error}") from error
        except Exception as error:  # The engine's exceptions have no common base.
            raise PackError(f"the engine refuses the model: {_first_line(error)}") from error

    @property
    def input_names(self) -> list[str]:
        """Inputs in order."""
        return [entry.name for entry in self._session.get_inputs()]

    @property
    def output_names(self) -> list[str]:
        """Outputs in order."""
        return [entry.name for entry in self._session.get_outputs()]

    def output_shape(self, name: str) -> list[int | None]:
        """Dimensions of an output, None where the engine does not know them before it runs."""
        found = next(entry.shape for entry in self._session.get_outputs() if entry.name == name)
        return [dimension if isinstance(dimension, int) and dimension >= 0 else None for dimension in found]

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
            raise PackError(f"the engine cannot run the model on these inputs: {_first_line(error)}") from error
        return {name: np.asarray(value) for name, value in zip(names, values, strict=True)}


def engine_available() -> bool:
    """Whether ONNX Runtime is installed."""
    return importlib.util.find_spec("onnxruntime") is not None


def _onnxruntime() -> Any:
    # Newer releases report usage over the network unless told otherwise before they are loaded.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError:
        raise PackError("this needs ONNX Runtime; install it with: pip install onnxruntime") from None
    return onnxruntime


def unsupported_operators(operators: Mapping[tuple[str, str], int], opsets: Mapping[str, int]) -> list[str] | None:
    """Operators that the engine has neither a kernel nor a decomposition for; None when that cannot be told.

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
    """Whether the operator is defined by others; of operators outside the standard nobody can tell."""
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


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
