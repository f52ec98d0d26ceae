"""Kinds of calls that read and write files: what they map, and the arrays of the packer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from exhaustion.scenarios import Call, X, arrays, scenario
from support.onnx_models import build

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import ImageInput, ImageType, ModelOptions, PackError, Quantise, pack
from hbm_runtime.packer.container import DataType

_SIDE = 16
_CHANNELS = 64  # numpy keeps small arrays for later
OF_ARRAYS = ("pack_a_model", "pack_with_images", "pack_with_samples")
"""Where arrays of numpy and mappings of Python fail, too."""


def _model(folder: Path) -> Path:
    """A convolution with weights in a file beside the model."""
    weights = np.linspace(-1, 1, _CHANNELS * 3 * 3 * 3, dtype=np.float32).reshape(_CHANNELS, 3, 3, 3)
    model = build(
        [onnx.helper.make_node("Conv", ["x", "w"], ["y"])],
        [("x", "F32", (1, 3, _SIDE, _SIDE))],
        [("y", "F32", (1, _CHANNELS, _SIDE - 2, _SIDE - 2))],
        {"w": weights},
    )
    path = folder / "conv.onnx"
    onnx.save(model, path, save_as_external_data=True, location="conv.weights", size_threshold=0)
    return path


def _beside(one: Path) -> Path:
    folder = one.parent / "exhaustion"
    folder.mkdir(exist_ok=True)
    return folder


def _packing(source: Path, options: ModelOptions) -> Iterator[Call]:
    """Packs over an older file, which stays whole where that fails."""
    target = source.with_name("packed.hbm")

    def call() -> Any:
        target.write_bytes(b"older")
        before = sorted(path.name for path in target.parent.iterdir())
        try:
            pack(source, target, options)
        except BaseException as error:
            assert target.read_bytes() == b"older", "half a file"
            assert sorted(path.name for path in target.parent.iterdir()) == before, "a temporary file is left"
            if isinstance(error, PackError):  # it is none of HbmError
                raise MemoryError from error
            raise
        return hash(target.read_bytes())

    yield call


@scenario
def pack_a_model(one: Path, _two: Path) -> Iterator[Call]:
    """As it is."""
    yield from _packing(_model(_beside(one)), ModelOptions(trial_seconds=0))


@scenario
def pack_with_images(one: Path, _two: Path) -> Iterator[Call]:
    """With another input, whose nodes and constants are made."""
    image = ImageInput(ImageType.NV12, ImageType.RGB, mean=(1.0, 2.0, 3.0), scale=(0.1, 0.2, 0.3))
    yield from _packing(_model(_beside(one)), ModelOptions(inputs={"x": image}, trial_seconds=0))


@scenario
def pack_with_samples(one: Path, _two: Path) -> Iterator[Call]:
    """With an output whose range is measured."""
    samples = [{"x": np.full((1, 3, _SIDE, _SIDE), value, np.float32)} for value in (0.5, 1.0)]
    options = ModelOptions(outputs={"y": Quantise(DataType.S8)}, samples=samples, trial_seconds=0)
    yield from _packing(_model(_beside(one)), options)


def _loading(path: Path) -> Call:
    x = np.ones((1, 3, _SIDE, _SIDE), np.float32)

    def call() -> Any:
        with HB_HBMRuntime(str(path)) as runtime:
            return arrays(runtime.run(x))

    return call


@scenario
def load_a_packed_file(one: Path, _two: Path) -> Iterator[Call]:
    """Graph and weights are mapped."""
    source = _model(_beside(one))
    packed = source.with_name("mapped.hbm")
    pack(source, packed, ModelOptions(trial_seconds=0))
    yield _loading(packed)


@scenario
def load_weights_beside_a_model(one: Path, _two: Path) -> Iterator[Call]:
    """The model is read, its weights are mapped."""
    yield _loading(_model(_beside(one)))


@scenario
def device_arrays(one: Path, _two: Path) -> Iterator[Call]:
    """Blocks of memory of any size, which are shared with what is made of them."""
    with HB_HBMRuntime(str(one)) as runtime:
        name = runtime.model_names[0]

        def call() -> Any:
            bound = runtime.bind(name, inputs={"x": X})
            again = runtime.bind(name, inputs={"x": bound.outputs["y"]})
            bound.run()
            return again.run()["y"].ravel().tolist()

        yield call
