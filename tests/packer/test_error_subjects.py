"""Errors of the packer say which model and which tensor they are about."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from hbm_runtime.packer import (
    DataType,
    FeatureInput,
    ImageInput,
    ImageType,
    ModelOptions,
    PackError,
    Quantise,
    TensorOptions,
    build_model,
    pack,
)

pytestmark = pytest.mark.usefixtures("trials_here")

NET = "net (float[2, n] x) => (float[2, n] y) { y = Neg(x) }"
NO_RANK = "net (float[] x) => (float[] y) { y = Neg(x) }"
TEXTS = "net (string[2] x) => (string[2] y) { y = Identity(x) }"

CASES: dict[str, tuple[str, Mapping[str, Any], str]] = {
    "shape of another rank": (NET, {"input_shapes": {"x": (2,)}}, "x"),
    "shape for no input": (NET, {"input_shapes": {"a": (2,)}}, "a"),
    "overlapping strides": (NET, {"tensors": {"y": TensorOptions(strides=(2, 4))}}, "y"),
    "strides for no tensor": (NET, {"tensors": {"a": TensorOptions(strides=(2, 4))}}, "a"),
    "type of an input": (TEXTS, {}, "x"),
    "rank of an input": (NO_RANK, {"check_operators": False}, "x"),
    "no such output": (NET, {"outputs": {"a": Quantise()}}, "a"),
    "axis of an output": (NET, {"outputs": {"y": Quantise(scale=(1.0, 2.0), axis=7)}}, "y"),
    "type of a quantised input": (NET, {"inputs": {"x": FeatureInput(quantise=Quantise(dtype=DataType.F32))}}, "x"),
    "image of two dimensions": (NET, {"inputs": {"x": ImageInput(ImageType.NV12, ImageType.RGB)}}, "x"),
    "sample without values": (
        NET,
        {"outputs": {"y": Quantise()}, "samples": [{"a": np.zeros((2, 1), np.float32)}]},
        "x",
    ),
    "operator": ("net (float[1] x) => (float[1] y) { y = a.b.Missing(x) }", {}, ""),
}


@pytest.mark.parametrize("name", CASES)
def test_the_error_names_model_and_tensor(name: str) -> None:
    text, options, tensor = CASES[name]
    domains = '"" : 17' + (', "a.b" : 1' if "a.b" in text else "")
    proto = onnx.parser.parse_model(f"<ir_version: 8, opset_import: [{domains}]> {text}")
    with pytest.raises(PackError) as caught:
        build_model(proto, ModelOptions(name="net", **options))
    assert (caught.value.model, caught.value.tensor) == ("net", tensor)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.model, again.tensor) == (str(caught.value), "net", tensor)


def test_missing_weights_name_their_constant(tmp_path: Path) -> None:
    weights = onnx.numpy_helper.from_array(np.ones((64, 64), np.float32), "w")
    proto = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> net (float[2, 64] x) => (float[2, 64] y) { y = MatMul(x, w) }'
    )
    proto.graph.initializer.append(weights)
    onnx.save(proto, tmp_path / "net.onnx", save_as_external_data=True, location="gone", size_threshold=0)
    (tmp_path / "gone").unlink()
    with pytest.raises(PackError) as caught:
        pack(tmp_path / "net.onnx", tmp_path / "net.hbm")
    assert (caught.value.model, caught.value.tensor) == ("net", "w")


def test_what_is_about_no_tensor_names_none(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"nonsense" * 9)
    with pytest.raises(PackError) as caught:
        pack(tmp_path / "m.onnx", tmp_path / "m.hbm")
    assert (caught.value.model, caught.value.tensor) == ("m", "")
