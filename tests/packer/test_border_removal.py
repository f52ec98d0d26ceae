"""Nodes that are taken off the border of the graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import ModelOptions, PackError, build_model, pack, read_file

from .small_models import Array, model

pytestmark = pytest.mark.usefixtures("trials_here")

F32 = TensorProto.FLOAT


def bordered() -> onnx.ModelProto:
    """Cast and Transpose in front, Transpose, Reshape and Softmax behind."""
    nodes = [
        helper.make_node("Cast", ["x"], ["f"], to=F32, name="in_cast"),
        helper.make_node("Transpose", ["f"], ["t"], perm=[0, 2, 1], name="in_transpose"),
        helper.make_node("Mul", ["t", "two"], ["m"], name="core"),
        helper.make_node("Transpose", ["m"], ["u"], perm=[0, 2, 1], name="out_transpose"),
        helper.make_node("Reshape", ["u", "shape"], ["r"], name="out_reshape"),
        helper.make_node("Softmax", ["r"], ["y"], axis=-1, name="out_softmax"),
    ]
    constants: dict[str, Array] = {"two": np.array(2, np.float32), "shape": np.array([1, 12], np.int64)}
    return model(nodes, [("x", TensorProto.UINT8, (1, 3, 4))], [("y", F32, (1, 12))], constants)


@pytest.mark.parametrize(
    ("types", "names", "given", "taken"),
    [
        ([], [], (1, 12), ("U8", (1, 3, 4))),
        (["Softmax"], [], (1, 12), ("U8", (1, 3, 4))),
        (["Softmax", "Reshape"], [], (1, 3, 4), ("U8", (1, 3, 4))),
        (["Softmax", "Reshape", "Transpose"], [], (1, 4, 3), ("U8", (1, 3, 4))),
        (["Cast"], [], (1, 12), ("F32", (1, 3, 4))),
        (["Cast", "Transpose", "Softmax"], [], (1, 12), ("F32", (1, 4, 3))),
        ([], ["out_softmax", "out_reshape"], (1, 3, 4), ("U8", (1, 3, 4))),
        (["Transpose"], ["in_cast"], (1, 12), ("F32", (1, 4, 3))),
    ],
)
def test_nodes_are_removed_from_the_border_inwards(
    types: list[str], names: list[str], given: tuple[int, ...], taken: tuple[str, tuple[int, ...]], tmp_path: Path
) -> None:
    options = ModelOptions(name="m", remove_types=types, remove_names=names)
    pack(bordered(), tmp_path / "m.hbm", options)
    built = read_file(tmp_path / "m.hbm").models[0]
    assert (built.outputs[0].name, built.outputs[0].shape) == ("y", given)
    assert (built.inputs[0].name, built.inputs[0].dtype.name, built.inputs[0].shape) == ("x", *taken)
    runtime = HB_HBMRuntime(str(tmp_path / "m.hbm"))
    pixels = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    tensor: Array = pixels if taken[0] == "U8" else pixels.astype(np.float32)
    if taken[1] == (1, 4, 3):
        tensor = np.ascontiguousarray(tensor.transpose(0, 2, 1))
    plain = pixels.astype(np.float32) * 2
    expected = plain.transpose(0, 2, 1) if given == (1, 4, 3) else plain.reshape(given)
    if "Softmax" not in types and "out_softmax" not in names:
        expected = np.exp(expected - expected.max()) / np.exp(expected - expected.max()).sum()
    np.testing.assert_allclose(runtime.run(tensor)["m"]["y"], expected, rtol=1e-5, atol=1e-7)


def test_a_removal_that_is_not_at_the_border_names_what_is() -> None:
    with pytest.raises(PackError, match=r"called 'out_transpose'; removable are 'out_softmax', .*'in_cast'"):
        build_model(bordered(), ModelOptions(remove_names=["out_transpose"]))
