"""Reads sidecars, which other people's programs may have edited: everything is checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hbm_runtime import QuantParams, hbDNNDataType, hbDNNQuantiType
from hbm_runtime.cli.errors import CommandError

_WRITER = "'hbm-runtime model_info --json'"


@dataclass(frozen=True)
class SidecarTensor:
    """One input or output, with the names of `hbm_runtime.TensorInfo`."""

    index: int
    name: str
    dtype: hbDNNDataType
    shape: tuple[int, ...]
    dim_names: tuple[str, ...]
    strides: tuple[int, ...]
    quant: QuantParams
    desc: str

    @property
    def is_dynamic(self) -> bool:
        """Returns True if a dimension is dynamic."""
        return -1 in self.shape

    @property
    def nbytes(self) -> int | None:
        """Bytes of its elements without padding."""
        if self.is_dynamic or not self.dtype.has_dtype:
            return None
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.to_dtype().itemsize


@dataclass(frozen=True)
class SidecarModel:
    """One model, with the names of `ModelFacts`."""

    name: str
    description: str
    core_count: int
    inputs: tuple[SidecarTensor, ...]
    outputs: tuple[SidecarTensor, ...]
    engine: str = ""
    engine_reason: str = ""


@dataclass(frozen=True)
class Sidecar:
    """What a sidecar says.

    Attributes:
        path: The sidecar's path.
        document: All of it.
        driver_version: Version of the driver that it was made with.
        description: The file's description.
        models: The file's models, at least one.
    """

    path: Path
    document: Mapping[str, Any]
    driver_version: str
    description: str
    models: tuple[SidecarModel, ...]

    def model(self, name: str | None) -> SidecarModel:
        """The model of that name, or the only one.

        Raises:
            CommandError: There is no such model, or several and none is named.
        """
        names = [model.name for model in self.models]
        if name is None and len(names) == 1:
            return self.models[0]
        if name not in names:
            raise CommandError(f"{self.path} has the models {', '.join(names)}; choose one of them by its name")
        return self.models[names.index(name)]


def beside(model: Path) -> Path | None:
    """The sidecar of a model file: ``yolo.hbm.json`` or ``yolo.json`` beside ``yolo.hbm``; None where there is none."""
    candidates = (model.with_name(f"{model.name}.json"), model.with_suffix(".json"))
    return next((path for path in candidates if path.is_file()), None)


def read_sidecar(path: Path) -> Sidecar:
    """Reads a file that ``hbm-runtime model_info --json`` has written.

    Raises:
        CommandError: It cannot be read, or is another kind of file.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise CommandError(f"{path} is not what {_WRITER} writes: it is no JSON: {error}") from None
    try:
        return _sidecar(path, document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        raise CommandError(f"{path} is not what {_WRITER} writes: {what}") from None


def _sidecar(path: Path, document: Mapping[str, Any]) -> Sidecar:
    models = tuple(
        SidecarModel(
            _text(model["name"]),
            _text(model["description"]),
            int(model["compile_bpu_core_num"]),
            _tensors(model["inputs"]),
            _tensors(model["outputs"]),
        )
        for model in document["models"]
    )
    if not models:
        raise ValueError("it has no models")
    files = document["files"]
    description = _text(files[0]["description"]) if files else ""
    return Sidecar(path, document, _text(document["driver_version"]), description, models)


def _tensors(listed: Any) -> tuple[SidecarTensor, ...]:
    return tuple(_tensor(index, each) for index, each in enumerate(listed))


def _tensor(index: int, tensor: Mapping[str, Any]) -> SidecarTensor:
    name = _text(tensor["name"])
    shape, strides = _list(int, tensor["shape"]), _list(int, tensor["strides"])
    if len(shape) != len(strides) and -1 not in shape:
        raise ValueError(f"tensor '{name}' has {len(shape)} dimensions and {len(strides)} strides")
    kinds = {member.name: member for member in hbDNNDataType}
    if tensor["dtype"] not in kinds:
        raise ValueError(f"tensor '{name}' has the unknown type {tensor['dtype']!r}")
    quant = tensor["quantisation"]
    if quant["type"] == hbDNNQuantiType.NONE.name:
        params = QuantParams()
    else:
        params = QuantParams(
            scale=_list(float, quant["scale"]), zero_point=_list(int, quant["zero_point"]), axis=int(quant["axis"])
        )
    dims = _list(_text, tensor.get("dim_names") or [""] * len(shape))
    return SidecarTensor(
        index, name, kinds[tensor["dtype"]], shape, dims, strides, params, _text(tensor.get("description", ""))
    )


def _list(kind: Callable[[Any], Any], values: Any) -> tuple[Any, ...]:
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is no list")
    return tuple(kind(value) for value in values)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
