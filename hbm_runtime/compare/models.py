"""The models that can be compared: ONNX files in ONNX Runtime, everything else through HB_HBMRuntime."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hbm_runtime.encryption import is_encrypted
from hbm_runtime.packer import DataType, PackError
from hbm_runtime.packer.engine import Session
from hbm_runtime.packer.graph.element_types import DATA_TYPES
from hbm_runtime.packer.graph.graph import shape_of
from hbm_runtime.packer.graph.load import ModelFile, read_inputs
from hbm_runtime.packer.options import TRIAL_SECONDS
from hbm_runtime.packer.trial import can_try, try_model

Array = NDArray[Any]


@dataclass(frozen=True)
class TensorInfo:
    """Shape (-1 where dynamic) and data type of an input."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class ComparedModel(Protocol):
    """A model that gives real numbers; `computed_by` says what computes it, and why not what was asked for."""

    inputs: Mapping[str, TensorInfo]
    description: Mapping[str, Any]
    computed_by: str

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs in order; integers with scale parameters as the real numbers that they stand for."""


def open_model(
    path: str | os.PathLike[str],
    model_name: str | None = None,
    *,
    passphrase: str | bytes | None = None,
    engine: str | None = None,
    rewrite: bool = False,
) -> ComparedModel:
    """Opens a model for comparing.

    Args:
        path: An ONNX file, or a ``.hbm``. ONNX Runtime computes the first node by node as it is, unless an engine or
            `rewrite` is given.
        model_name: Name of the model, where a file has several.
        passphrase: The passphrase of an encrypted model; one that is not encrypted needs none and ignores it.
        engine: The engine that computes, as for `HB_HBMRuntime`.
        rewrite: Rewrites quantised layers of an ONNX file, as for `HB_HBMRuntime`.

    Raises:
        PackError: The file is missing or no model, it has several and none was chosen, or the engine crashes with it.
        HbmError: The driver refuses the model.
    """
    encrypted = passphrase is not None and is_encrypted(path)
    if Path(path).suffix == ".onnx" and not encrypted and engine is None and not rewrite:
        return _OnnxModel(path)
    return _DriverModel(path, model_name, passphrase if encrypted else None, engine, rewrite)


class _OnnxModel:
    description: Mapping[str, Any] = {}
    computed_by = "onnxruntime, unoptimised"

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.inputs: Mapping[str, TensorInfo] = {
            info.name: TensorInfo(
                tuple(size if isinstance(size, int) else -1 for size in shape_of(info) or ()),
                np.dtype(DATA_TYPES[info.type.tensor_type.elem_type].numpy_name),
            )
            for info in read_inputs(ModelFile(path))
        }
        if can_try():
            try_model(path, f"model '{Path(path).stem}'", TRIAL_SECONDS)
        self._session = Session(path, optimise=False)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return self._session.run(inputs)


class _DriverModel:
    def __init__(
        self,
        path: str | os.PathLike[str],
        model_name: str | None,
        passphrase: str | bytes | None,
        engine: str | None,
        rewrite: bool,
    ) -> None:
        # Only here: packing and ONNX files need neither the compiled extension nor a driver.
        from hbm_runtime import HB_HBMRuntime  # noqa: PLC0415

        self._runtime = HB_HBMRuntime(os.fspath(path), passphrase=passphrase, engine=engine, rewrite=rewrite)
        names = self._runtime.model_names
        if model_name is None and len(names) > 1:
            raise PackError(f"{path} has several models ({', '.join(names)}); choose one with model_name")
        if model_name is not None and model_name not in names:
            raise PackError(f"{path} has no model '{model_name}'; it has {', '.join(names)}")
        self._name = model_name or names[0]
        shapes, dtypes = self._runtime.input_shapes[self._name], self._runtime.input_dtypes[self._name]
        self.inputs: Mapping[str, TensorInfo] = {
            name: TensorInfo(tuple(shape), np.dtype(DataType[dtypes[name].name].numpy_name))
            for name, shape in shapes.items()
        }
        model = self._runtime.model(self._name)
        self.computed_by = ": ".join(filter(None, (model.engine, model.engine_reason)))
        self.description = _parsed(self._runtime.model_descs[self._name])

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        outputs = self._runtime.run(dict(inputs), model_name=self._name)[self._name]
        quants = self._runtime.output_quants[self._name]
        return {name: real_numbers(value, quants[name]) for name, value in outputs.items()}


def real_numbers(value: Array, quant: Any) -> Array:
    """``(value - zero_point) * scale`` for tensors with scale parameters; others as they are."""
    if quant.scale.size == 0:
        return value
    shape = [1] * value.ndim
    if quant.scale.size > 1:
        shape[quant.axis] = -1
    zeros = quant.zero_point if quant.zero_point.size else np.zeros(1, np.int32)
    return np.asarray((value.astype(np.float64) - zeros.reshape(shape)) * quant.scale.reshape(shape))


def _parsed(description: str) -> Mapping[str, Any]:
    """The description as JSON, empty when it is none."""
    try:
        content = json.loads(description)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
