"""Models that are sound and cannot run here: not called damaged, and `model` and `tensor` say what it is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.parser import parse_model

from hbm_runtime import ContainerError, HB_HBMRuntime, ModelError
from hbm_runtime.packer import PackError, pack


def identity(code: int, shape: list[int] | None, output: int | None = None) -> ModelProto:
    node = helper.make_node("Identity", ["x"], ["y"])
    if output is not None:
        node = helper.make_node("Cast", ["x"], ["y"], to=output)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", code, shape)],
        [helper.make_tensor_value_info("y", code if output is None else output, shape)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def parsed(text: str, opsets: str = '"": 17') -> ModelProto:
    return parse_model(f"<ir_version: 8, opset_import: [{opsets}]> {text}")


def external(location: str, size: int | None) -> Callable[[Path], ModelProto]:
    """A model whose constants w and ww lie elsewhere; w does where `location` says, in a file of `size` bytes."""

    def make(folder: Path) -> ModelProto:
        constants = [numpy_helper.from_array(np.ones((64, 64), np.float32), name) for name in ("ww", "w")]
        model = parsed("g (float[2, 64] x) => (float[2, 64] y) { a = MatMul(x, ww) y = MatMul(a, w) }")
        model.graph.initializer.extend(constants)
        for tensor, place in zip(model.graph.initializer, ("good.data", location), strict=True):
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value=place)
        (folder / "good.data").write_bytes(np.ones((64, 64), np.float32).tobytes())
        if size is not None:
            (folder / location).write_bytes(bytes(size))
        return model

    return make


MODELS: dict[str, tuple[Callable[[Path], ModelProto], str | None]] = {
    "string": (lambda _: identity(TensorProto.STRING, [2]), "x"),
    "bfloat16": (lambda _: identity(TensorProto.BFLOAT16, [2]), "x"),
    "bfloat16 output": (lambda _: identity(TensorProto.FLOAT, [2], TensorProto.BFLOAT16), "y"),
    "float8": (lambda _: identity(TensorProto.FLOAT8E4M3FN, [2]), "x"),
    "complex": (lambda _: identity(TensorProto.COMPLEX64, [2]), None),  # the engine has no Identity of it
    "eleven dimensions": (lambda _: identity(TensorProto.FLOAT, [1] * 11), "x"),
    "no shape": (lambda _: identity(TensorProto.FLOAT, None), "x"),
    "custom operator": (
        lambda _: parsed("g (float[2] x) => (float[2] y) { y = acme.Foo(x) }", '"": 17, "acme": 1'), None,
    ),
    "unknown operator": (lambda _: parsed("g (float[2] x) => (float[2] y) { y = NoSuchOperator(x) }"), None),
    "sequence": (lambda _: parsed("g (float[2] x) => (seq(float[2]) y) { y = SequenceConstruct(x, x) }"), "y"),
    "optional": (lambda _: parsed("g (float[2] x) => (optional(float[2]) y) { y = Optional(x) }"), "y"),
    "missing external data": (external("absent.data", None), "w"),
    "external data that is too short": (external("short.data", 5), "w"),
    "external data outside the folder": (external("../outside.data", 64 * 64 * 4), "w"),
    "external data by an absolute path": (external("/etc/hostname", None), "w"),
}  # fmt: skip


@pytest.mark.parametrize("case", MODELS)
def test_a_sound_model_that_cannot_run_is_not_called_damaged(tmp_path: Path, case: str) -> None:
    make, tensor = MODELS[case]
    folder = tmp_path / "inner"
    folder.mkdir()
    (folder / "sound.onnx").write_bytes(make(folder).SerializeToString())
    with pytest.raises(ModelError) as caught:
        HB_HBMRuntime(folder / "sound.onnx")
    error = caught.value
    assert not isinstance(error, ContainerError), error
    assert (error.model, error.tensor) == ("sound", tensor), error
    assert error.function == "hbDNNInitializeFromFiles"
    assert "sound.onnx" in str(error)


def test_in_memory_it_is_called_by_its_graph() -> None:
    with pytest.raises(ModelError) as caught:
        HB_HBMRuntime(bytearray(identity(TensorProto.STRING, [2]).SerializeToString()))
    assert not isinstance(caught.value, ContainerError)
    assert (caught.value.model, caught.value.tensor) == ("g", "x")


def test_what_is_damaged_is_called_so_and_names_nothing_of_the_model_before(tmp_path: Path) -> None:
    onnx.save(identity(TensorProto.STRING, [2]), tmp_path / "string.onnx")
    (tmp_path / "cut.onnx").write_bytes((tmp_path / "string.onnx").read_bytes()[:-3])
    with pytest.raises(ModelError):
        HB_HBMRuntime(tmp_path / "string.onnx")
    with pytest.raises(ContainerError) as caught:
        HB_HBMRuntime(tmp_path / "cut.onnx")
    assert (caught.value.model, caught.value.tensor) == (None, None)


def varint(number: int) -> bytes:
    """As protobuf writes numbers."""
    return bytes([number & 127 | (128 if number > 127 else 0)]) + (varint(number >> 7) if number > 127 else b"")


def test_an_onnx_file_beyond_what_protobuf_can_is_told_to_use_external_data(tmp_path: Path) -> None:
    graph = parsed("g (float[2] x) => (float[2] y) { y = Neg(x) }").graph.SerializeToString()
    count = 2**29
    values = b"\x08" + varint(count) + b"\x10\x01\x42\x01w\x4a" + varint(4 * count)
    constant = b"\x2a" + varint(len(values) + 4 * count) + values
    with (tmp_path / "big.onnx").open("wb") as file:  # a sparse file: what is left out are zeros
        file.write(b"\x08\x08\x42\x02\x10\x11\x3a" + varint(len(graph) + len(constant) + 4 * count) + graph + constant)
        file.truncate(file.tell() + 4 * count)
    message = r"big\.onnx.*at most 2 GiB; save the weights as external data"
    with pytest.raises(ModelError, match=message) as caught:
        HB_HBMRuntime(tmp_path / "big.onnx")
    assert (type(caught.value), caught.value.model) == (ModelError, "big")
    with pytest.raises(PackError, match=message):
        pack(tmp_path / "big.onnx", tmp_path / "big.hbm")
