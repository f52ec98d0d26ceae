"""The vendor's YAML: every key, every contradiction, and what the packed model shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import ImageRules, PackError, PackWarning, load_config, pack_config, read_file

from .configurations import write_config
from .small_models import image_model, reference

pytestmark = pytest.mark.usefixtures("trials_here")


def test_a_configuration_gives_the_tensors_of_the_board(tmp_path: Path) -> None:
    written = pack_config(write_config(tmp_path))
    assert written == tmp_path / "out" / "net_240x320_nv12.hbm"
    runtime = HB_HBMRuntime(str(written))
    name = "net_240x320_nv12"
    assert runtime.model_names == [name]
    assert runtime.input_names[name] == ["data_y", "data_uv"]
    assert runtime.input_shapes[name] == {"data_y": [1, 240, 320, 1], "data_uv": [1, 120, 160, 2]}
    assert runtime.input_strides[name] == {"data_y": [-1, -1, 1, 1], "data_uv": [-1, -1, 2, 1]}
    assert {kind.name for kind in runtime.input_dtypes[name].values()} == {"U8"}
    assert runtime.compile_bpu_core_num[name] == 2
    assert read_file(written).march == "nash-p"


@pytest.mark.parametrize("separator", [" ", ",", ", ", "  "])
def test_numbers_are_separated_by_blanks_or_commas(separator: str, tmp_path: Path) -> None:
    text = separator.join(["123.675", "116.28", "103.53"])
    job = load_config(write_config(tmp_path, input_parameters={"mean_value": text + ";"}))
    assert job.options.inputs["data"].mean == (123.675, 116.28, 103.53)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({"separate_batch": True}, ["data_0_y", "data_0_uv", "data_1_y", "data_1_uv"]),
        ({"separate_name": "data"}, ["data_0_y", "data_0_uv", "data_1_y", "data_1_uv"]),
        ({}, ["data_y", "data_uv"]),
    ],
)
def test_input_batch_sets_the_batch(keys: dict[str, Any], names: list[str], tmp_path: Path) -> None:
    written = read_file(pack_config(write_config(tmp_path, input_parameters={"input_batch": 2, **keys})))
    assert [tensor.name for tensor in written.models[0].inputs] == names
    assert [tensor.shape[0] for tensor in written.models[0].outputs] == [2, 2]


def test_input_shape_fixes_dynamic_dimensions(tmp_path: Path) -> None:
    trained = image_model()
    for at, name in ((0, "n"), (2, "h"), (3, "w")):
        trained.graph.input[0].type.tensor_type.shape.dim[at].dim_param = name
    with pytest.raises(PackError, match="has dynamic dimensions; give a fixed one"):
        pack_config(write_config(tmp_path, trained))
    config = write_config(tmp_path, trained, input_parameters={"input_shape": "1x3x120x160"})
    written = read_file(pack_config(config)).models[0]
    assert [tensor.shape for tensor in written.inputs] == [(1, 120, 160, 1), (1, 60, 80, 2)]
    assert [tensor.shape for tensor in written.outputs] == [(1, 3, 120, 160), (1, 60, 80, 6)]


@pytest.mark.parametrize(
    ("removal", "dtypes"),
    [
        ({"remove_node_type": "Quantize;Dequantize"}, ["S8", "S32"]),
        ({"remove_node_name": "/head/Conv"}, ["F32", "S32"]),
        ({"remove_node_name": "/head/Conv;"}, ["F32", "S32"]),
        ({"remove_node_name": "features_HzDequantize"}, ["F32", "S32"]),
        ({"remove_node_name": "pixels_HzCalibration"}, ["S8", "F32"]),
        ({}, ["F32", "F32"]),
    ],
)
def test_removed_dequantize_nodes_leave_integers(removal: dict[str, str], dtypes: list[str], tmp_path: Path) -> None:
    calibration = tmp_path / "cal"
    calibration.mkdir()
    given = np.random.default_rng(0).normal(size=(3, 240, 320)).astype(np.float32)
    np.save(calibration / "0.npy", given)
    keys = {"cal_data_dir": str(calibration)}
    config = write_config(tmp_path, model_parameters=removal, calibration_parameters=keys)
    outputs = read_file(pack_config(config)).models[0].outputs
    assert [tensor.dtype.name for tensor in outputs] == dtypes
    if dtypes[1] == "S32":
        assert outputs[1].quantisation.axis == 3
        assert len(outputs[1].quantisation.scales) == 6
        assert outputs[1].strides == (120 * 160 * 64, 160 * 64, 64, 4)


@pytest.mark.parametrize(
    "keys",
    [
        {"optimization": "set_model_output_int16"},
        {"quant_config": {"model_config": {"model_output_type": "int16"}}},
        {"quant_config": {"model_output_type": "int16"}},
        {"quant_config": "quant.json"},
        {"quant_config": "{'model_config': {'model_output_type': 'int16'}}"},
    ],
)
def test_int16_outputs_can_be_asked_for(keys: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "cal").mkdir()
    (tmp_path / "quant.json").write_text('{"model_config": {"model_output_type": "int16"}}', encoding="utf-8")
    np.save(tmp_path / "cal" / "0.npy", np.ones((1, 3, 240, 320), np.float32))
    config = write_config(
        tmp_path,
        model_parameters={"remove_node_type": "Dequantize"},
        calibration_parameters={"cal_data_dir": "cal", **keys},
    )
    assert [tensor.dtype.name for tensor in read_file(pack_config(config)).models[0].outputs] == ["S16", "S32"]


PUBLISHED = """
model_parameters:
  onnx_model: 'net.onnx'
  march: "nash-e"
  layer_out_dump: False
  working_dir: 'out'
  output_model_file_prefix: 'net_nashe_240x320_nv12'
  remove_node_name: "/head/Conv;"
input_parameters:
  input_name: ""
  input_type_rt: 'nv12;'
  input_type_train: 'rgb;'
  input_layout_train: 'NCHW;'
  input_shape: ''
  norm_type: 'data_scale'
  mean_value: ''
  scale_value: '0.003921568627451;'
calibration_parameters:
  cal_data_dir: './cal'
  cal_data_type: 'float32'
  calibration_type: 'default'
  optimization: 'set_Softmax_input_int8,set_Softmax_output_int8;'
  quant_config: {"op_config": {"softmax": {"qtype": "int16"}}, "node_config": {"/head/Conv": {"input0": "int16"}}}
compiler_parameters:
  extra_params: {'input_no_padding': True, 'output_no_padding': True}
  jobs: 16
  compile_mode: 'latency'
  debug: true
  advice: 1
  optimize_level: 'O2'
"""


def test_a_configuration_as_people_publish_them_is_taken(tmp_path: Path) -> None:
    write_config(tmp_path)
    (tmp_path / "published.yaml").write_text(PUBLISHED, encoding="utf-8")
    (tmp_path / "cal").mkdir()
    np.save(tmp_path / "cal" / "0.npy", np.ones((1, 3, 240, 320), np.float32))
    with pytest.warns(PackWarning) as warned:
        job = load_config(tmp_path / "published.yaml")
    reported = " ".join(str(warning.message) for warning in warned)
    for key in ("norm_type", "cal_data_type", "calibration_type", "set_Softmax_input_int8", "set_Softmax_output_int8"):
        assert key in reported
    assert (job.options.name, job.options.pad_outputs, job.options.remove_names) == (
        "net_nashe_240x320_nv12",
        False,
        ("/head/Conv",),
    )
    assert json.loads(job.options.description)["QUANT_CONFIG"]["op_config"] == {"softmax": {"qtype": "int16"}}


def test_output_nodes_cut_the_model(tmp_path: Path) -> None:
    config = write_config(tmp_path, model_parameters={"output_nodes": "/head/Conv"})
    written = pack_config(config)
    assert [tensor.name for tensor in read_file(written).models[0].outputs] == ["c"]


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("extra_params", {"output_no_padding": True}),
        ("output_no_padding", True),
        ("extra_params", "{output_no_padding: true}"),
    ],
)
def test_rows_are_padded_unless_told_otherwise(where: str, value: Any, tmp_path: Path) -> None:
    padded = read_file(pack_config(write_config(tmp_path))).models[0].outputs[1]
    assert padded.strides == (120 * 160 * 64, 160 * 64, 64, 4)
    dense = read_file(pack_config(write_config(tmp_path, compiler_parameters={where: value}))).models[0].outputs[1]
    assert dense.strides == (120 * 160 * 24, 160 * 24, 24, 4)


def test_undecided_facts_are_options(tmp_path: Path) -> None:
    rules = ImageRules(signed=True, gray_plane_suffix="", roi_end_inclusive=False)
    config = write_config(tmp_path, input_parameters={"input_type_rt": "rgb"})
    assert read_file(pack_config(config, rules=rules)).models[0].inputs[0].dtype.name == "S8"
    keys = {"input_type_rt": "gray", "input_type_train": "gray", "mean_value": None, "scale_value": None}
    config = write_config(tmp_path, image_model(1), input_parameters=keys)
    assert read_file(pack_config(config, rules=rules)).models[0].inputs[0].name == "data"


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("input_parameters", "norm_type", "data_mean", "norm_type is deprecated"),
        ("input_parameters", "input_layout_rt", "NHWC", "input_layout_rt is deprecated"),
        ("calibration_parameters", "cal_data_type", "float32", "cal_data_type is deprecated"),
        ("calibration_parameters", "preprocess_on", False, "preprocess_on is deprecated"),
        ("calibration_parameters", "calibration_type", "default", "'default' is deprecated"),
        ("calibration_parameters", "optimization", "set_all_nodes_int16", "set_all_nodes_int16' is deprecated"),
        ("model_parameters", "log_level", "debug", "log_level is deprecated"),
        ("compiler_parameters", "hbdk3_compatible_mode", True, "hbdk3_compatible_mode is deprecated"),
    ],
)
def test_deprecated_keys_warn(section: str, key: str, value: Any, message: str, tmp_path: Path) -> None:
    config = write_config(tmp_path, None, **{section: {key: value}})
    with pytest.warns(PackWarning, match=message):
        load_config(config)


def test_the_packed_model_computes_what_the_trained_one_does(tmp_path: Path) -> None:
    trained = image_model()
    keys = {"input_type_rt": "bgr", "mean_value": "10 20 30"}
    runtime = HB_HBMRuntime(str(pack_config(write_config(tmp_path, trained, input_parameters=keys))))
    given = np.random.default_rng(0).integers(0, 256, (1, 240, 320, 3)).astype(np.uint8)
    rgb = given[..., ::-1].astype(np.float32).transpose(0, 3, 1, 2)
    scale = np.array([0.01712475, 0.017507, 0.01742919], np.float32).reshape(1, 3, 1, 1)
    expected = reference(trained, {"data": (rgb - np.array([10, 20, 30], np.float32).reshape(1, 3, 1, 1)) * scale})
    outputs = runtime.run({"data": given})[runtime.model_names[0]]
    np.testing.assert_array_equal(outputs["pixels"], expected["pixels"])
    np.testing.assert_allclose(outputs["features"], expected["features"], rtol=1e-4, atol=1e-4)
