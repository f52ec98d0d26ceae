"""Packing without conversions: names, shapes, types, strides, sizes, sources, limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import (
    FeatureInput,
    ModelOptions,
    PackError,
    TensorOptions,
    build_model,
    pack,
)
from hbm_runtime.packer.layout import aligned_size, strides_of

from .small_models import model

pytestmark = pytest.mark.usefixtures("trials_here")

F32 = TensorProto.FLOAT


def identity(shape: tuple[int | str, ...], kind: int = F32, name: str = "x") -> onnx.ModelProto:
    return model([helper.make_node("Identity", [name], ["y"])], [(name, kind, shape)], [("y", kind, shape)])


@pytest.mark.parametrize(
    ("shape", "size", "alignment", "strides", "allocated"),
    [
        ((1, 1000), 4, 32, (4000, 4), 4096),
        ((1, 1000), 4, 64, (4032, 4), 4096),
        ((1, 84, 84, 255), 4, 64, (7225344, 86016, 1024, 4), 7225344),
        ((1, 21, 21, 255), 4, 32, (451584, 21504, 1024, 4), 451584),
        ((1, 3, 212, 212), 2, 64, (284928, 94976, 448, 2), 284928),
        ((1, 10, 6625), 4, 1, (265000, 26500, 4), 265088),
        ((3,), 4, 64, (4,), 128),
        ((), 4, 64, (), 128),
        ((1, -1, 4), 4, 64, (-1, 64, 4), -1),
        ((2, 3, -1), 1, 64, (-1, -1, 1), -1),
        ((-1, 3, 5), 4, 32, (96, 32, 4), -1),
    ],
)
def test_rows_and_sizes_are_rounded_up(
    shape: tuple[int, ...], size: int, alignment: int, strides: tuple[int, ...], allocated: int
) -> None:
    assert strides_of(shape, size, alignment) == strides
    assert aligned_size(shape, strides, size) == allocated


@pytest.mark.parametrize(("march", "row"), [("", 64), ("nash-p", 64), ("nash-e", 32), ("nash-m", 32)])
def test_output_rows_follow_the_march(march: str, row: int, tmp_path: Path) -> None:
    pack(identity((2, 3, 5)), tmp_path / "m.hbm", ModelOptions(name="m", march=march))
    runtime = HB_HBMRuntime(str(tmp_path / "m.hbm"))
    assert runtime.output_strides["m"]["y"] == [3 * row, row, 4]
    assert runtime.input_strides["m"]["x"] == [60, 20, 4]
    given = np.arange(30, dtype=np.float32).reshape(2, 3, 5)
    output = runtime.run(given)["m"]["y"]
    assert output.strides == (3 * row, row, 4)
    np.testing.assert_array_equal(output, given)


def test_strides_and_descriptions_can_be_given(tmp_path: Path) -> None:
    tensors = {"y": TensorOptions((400, 100, 4), "what comes out"), "x": TensorOptions(None, "what goes in")}
    options = ModelOptions(name="m", tensors=tensors, description="a model", core_count=3)
    pack(identity((2, 3, 5)), tmp_path / "m.hbm", options, description="a file")
    runtime = HB_HBMRuntime(str(tmp_path / "m.hbm"))
    assert runtime.output_strides["m"]["y"] == [400, 100, 4]
    assert runtime.output_descs["m"]["y"] == "what comes out"
    assert runtime.input_descs["m"]["x"] == "what goes in"
    assert runtime.model_descs["m"] == "a model"
    assert runtime.hbm_descs[str(tmp_path / "m.hbm")] == "a file"
    assert runtime.compile_bpu_core_num["m"] == 3
    given = np.arange(30, dtype=np.float32).reshape(2, 3, 5)
    np.testing.assert_array_equal(runtime.run(given)["m"]["y"], given)


@pytest.mark.parametrize(
    "kind",
    ["FLOAT", "FLOAT16", "DOUBLE", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64", "BOOL"],
)
def test_every_data_type_of_the_driver_can_be_packed(kind: str, tmp_path: Path) -> None:
    element = getattr(TensorProto, kind)
    pack(identity((2, 3), element), tmp_path / "m.hbm", ModelOptions(name="m"))
    runtime = HB_HBMRuntime(str(tmp_path / "m.hbm"))
    given = np.array([[0, 1, 2], [3, 100, 1]]).astype(helper.tensor_dtype_to_np_dtype(element))
    np.testing.assert_array_equal(runtime.run(given)["m"]["y"], given)


@pytest.mark.parametrize("kind", [TensorProto.STRING, TensorProto.BFLOAT16])
def test_other_data_types_are_refused_by_name(kind: int) -> None:
    with pytest.raises(PackError, match=r"input 'x': data type (STRING|BFLOAT16) cannot be packed"):
        build_model(identity((2,), kind))


def test_eleven_dimensions_are_refused() -> None:
    with pytest.raises(PackError, match="11 dimensions, at most 10"):
        build_model(identity((1,) * 11))


def test_constants_that_are_also_listed_as_inputs_stay_what_they_are_to_engines() -> None:
    proto = model(
        [helper.make_node("Add", ["x", "c"], ["y"])],
        [("x", F32, (3,)), ("c", F32, (3,))],
        [("y", F32, (3,))],
        {"c": np.ones(3, np.float32)},
    )
    built = build_model(proto)
    assert [tensor.name for tensor in built.inputs] == ["x"]
    # An engine neither folds nor prepacks what is listed, so the list is kept where it says that.
    assert [info.name for info in onnx.ModelProto.FromString(bytes(built.graph)).graph.input] == ["x", "c"]
    proto.ir_version = 3
    assert [info.name for info in onnx.ModelProto.FromString(bytes(build_model(proto).graph)).graph.input] == ["x"]


def test_operations_are_listed_and_named() -> None:
    nodes = [helper.make_node("Relu", ["x"], ["h"]), helper.make_node("Abs", ["h"], ["y"], name="last")]
    built = build_model(model(nodes, [("x", F32, (3,))], [("y", F32, (3,))]))
    assert [(entry.name, entry.type) for entry in built.operations] == [("Relu_0", "Relu"), ("last", "Abs")]


def test_unsupported_operators_are_named_all_of_them() -> None:
    nodes = [
        helper.make_node("Warp", ["x"], ["h"], domain="com.example"),
        helper.make_node("Warp", ["h"], ["i"], domain="com.example"),
        helper.make_node("Frobnicate", ["i"], ["y"]),
    ]
    proto = model(nodes, [("x", F32, (3,))], [("y", F32, (3,))])
    proto.opset_import.append(helper.make_opsetid("com.example", 1))
    with pytest.raises(PackError, match=r"Frobnicate \(1 node\), com\.example\.Warp \(2 nodes\)"):
        build_model(proto)


def test_functions_of_the_model_are_operators_too(tmp_path: Path) -> None:
    proto = model([helper.make_node("Twice", ["x"], ["y"], domain="own")], [("x", F32, (3,))], [("y", F32, (3,))])
    proto.opset_import.append(helper.make_opsetid("own", 1))
    body = [helper.make_node("Add", ["a", "a"], ["b"])]
    proto.functions.append(helper.make_function("own", "Twice", ["a"], ["b"], body, [helper.make_opsetid("", 13)]))
    pack(proto, tmp_path / "m.hbm", ModelOptions(name="m"))
    output = HB_HBMRuntime(str(tmp_path / "m.hbm")).run(np.ones(3, np.float32))["m"]["y"]
    np.testing.assert_array_equal(output, [2, 2, 2])


def test_a_graph_that_the_engine_refuses_is_refused_when_packing() -> None:
    nodes = [helper.make_node("Add", ["x", "s"], ["y"])]
    proto = model(nodes, [("x", F32, (6,))], [("y", F32, (6,))], {"s": np.array([4, 2], np.int64)})
    with pytest.raises(PackError, match="engine refuses the model"):
        build_model(proto)


def test_old_operator_sets_are_raised(tmp_path: Path) -> None:
    nodes = [helper.make_node("Clip", ["x"], ["y"], min=0.0, max=1.0)]
    proto = model(nodes, [("x", F32, (3,))], [("y", F32, (3,))], opset=9)
    pack(proto, tmp_path / "m.hbm", ModelOptions(name="m"))
    output = HB_HBMRuntime(str(tmp_path / "m.hbm")).run(np.array([-1, 0.5, 3], np.float32))["m"]["y"]
    np.testing.assert_array_equal(output, [0, 0.5, 1])


def test_dynamic_dimensions_stay_dynamic_and_get_bounds(tmp_path: Path) -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    constants = {"w": np.ones((4, 6), np.float32)}
    proto = model(nodes, [("x", F32, ("n", 4))], [("y", F32, ("n", 6))], constants)
    free = build_model(proto)
    assert (free.inputs[0].shape, free.outputs[0].shape, free.outputs[0].aligned_size) == ((-1, 4), (-1, 6), -1)
    options = ModelOptions(name="m", max_input_shapes={"x": (100, 4)})
    bounded = build_model(proto, options).outputs[0]
    assert bounded.shape == (-1, 6)
    assert bounded.aligned_size >= 100 * bounded.strides[0]
    pack(proto, tmp_path / "m.hbm", options)
    runtime = HB_HBMRuntime(str(tmp_path / "m.hbm"))
    for count in (1, 7, 100):
        assert runtime.run(np.ones((count, 4), np.float32))["m"]["y"].shape == (count, 6)


def test_metadata_of_the_model_is_kept() -> None:
    proto = identity((3,))
    entry = proto.metadata_props.add()
    entry.key, entry.value = "labels", "cat,dog"
    kept = onnx.load_model_from_string(bytes(build_model(proto).graph))
    assert [(one.key, one.value) for one in kept.metadata_props] == [("labels", "cat,dog")]


def test_batch_items_can_be_inputs_of_their_own(tmp_path: Path) -> None:
    proto = model([helper.make_node("Neg", ["x"], ["y"])], [("x", F32, (3, 4))], [("y", F32, (3, 4))])
    pack(proto, tmp_path / "m.hbm", ModelOptions(name="m", inputs={"x": FeatureInput(separate_batch=True)}))
    given = {f"x_{i}": np.full((1, 4), i, np.float32) for i in range(3)}
    output = HB_HBMRuntime(str(tmp_path / "m.hbm")).run(given)["m"]["y"]
    np.testing.assert_array_equal(output, -np.repeat([[0], [1], [2]], 4, axis=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": {"z": FeatureInput()}}, "there is no input 'z'; the inputs are 'x'"),
        ({"input_shapes": {"z": (1,)}}, "there is no input 'z'"),
        ({"input_shapes": {"x": (1, 2)}}, r"shape \[1, 2\] has 2 dimensions, the model has 3"),
        ({"input_shapes": {"x": (2, 3, 6)}}, r"shape \[2, 3, 6\] does not fit \[2, 3, 5\]"),
        ({"input_shapes": {"x": (0, 3, 5)}}, "dimension 0"),
        ({"tensors": {"z": TensorOptions()}}, "there is no tensor 'z'; there are 'x', 'y'"),
        ({"core_count": 5}, "core number is 1 to 4, not 5"),
        ({"tensors": {"y": TensorOptions((10, 4))}}, "2 strides for 3 dimensions"),
        ({"tensors": {"y": TensorOptions((60, 19, 4))}}, r"stride\[1\] = 19 in \[60, 19, 4\] is below the 20 bytes"),
        ({"tensors": {"x": TensorOptions((64, -1, 4))}}, r"stride\[0\] = 64 in \[64, -1, 4\] is below the 192 bytes"),
        ({"tensors": {"y": TensorOptions((-1, 19, 4))}}, r"stride\[1\] = 19 in \[-1, 19, 4\] is below the 20 bytes"),
        ({"tensors": {"y": TensorOptions((2**63 - 1, 2**60, 4))}}, "is too large"),
        ({"output_nodes": ["nothing"]}, "no node 'nothing' to cut at"),
        ({"remove_types": ["Relu"]}, "'Relu' cannot be removed"),
        ({"remove_names": ["nothing"]}, "no removable node is called 'nothing'"),
    ],
)
def test_impossible_options_are_one_clear_message(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(PackError, match=message):
        pack(identity((2, 3, 5)), tmp_path / "m.hbm", ModelOptions(**options))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read .*net.onnx: No such file"),
        (b"", "is not an ONNX model"),
        (b"\x00\x01garbage" * 50, "is not an ONNX model"),
    ],
)
def test_files_that_are_no_models_are_named(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PackError, match=message):
        pack(path, tmp_path / "m.hbm")
    assert not (tmp_path / "m.hbm").exists()
