"""The vendor's YAML: every key, every contradiction, and what the packed model shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import ImageRules, PackError, PackWarning, load_config, pack_config, read_file

from .small_models import image_model, model, reference


def write_config(folder: Path, trained: onnx.ModelProto | None = None, **changes: dict[str, Any]) -> Path:
    """A configuration for the image model, with sections changed key by key; None removes a key."""
    onnx.save(trained or image_model(), folder / "net.onnx")
    content: dict[str, dict[str, Any]] = {
        "model_parameters": {
            "onnx_model": str(folder / "net.onnx"),
            "march": "nash-p",
            "output_model_file_prefix": "net_240x320_nv12",
            "working_dir": str(folder / "out"),
        },
        "input_parameters": {
            "input_type_rt": "nv12",
            "input_type_train": "rgb",
            "input_layout_train": "NCHW",
            "mean_value": "123.675 116.28 103.53",
            "scale_value": "0.01712475 0.017507 0.01742919",
        },
        "calibration_parameters": {},
        "compiler_parameters": {"core_num": 2, "max_time_per_fc": 1000, "jobs": 8},
    }
    for section, keys in changes.items():
        for key, value in keys.items():
            content.setdefault(section, {})[key] = value
            if value is None:
                del content[section][key]
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def two_inputs() -> onnx.ModelProto:
    shape = (1, 3, 8, 8)
    nodes = [onnx.helper.make_node("Add", ["a", "b"], ["out"], name="add")]
    return model(nodes, [("a", 1, shape), ("b", 1, shape)], [("out", 1, shape)])


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


def test_the_description_has_the_keys_and_kinds_of_a_boards_model(tmp_path: Path) -> None:
    calibration = tmp_path / "cal"
    calibration.mkdir()
    np.save(calibration / "0.npy", np.zeros((1, 3, 240, 320), np.float32))
    config = write_config(
        tmp_path,
        calibration_parameters={"cal_data_dir": str(calibration), "calibration_type": "max"},
        compiler_parameters={"extra_params": {"output_no_padding": True}},
    )
    text = read_file(pack_config(config)).models[0].description.decode()
    found = json.loads(text)
    assert str(tmp_path) not in text
    expected = {
        "HBDK_RUNTIME_VERSION": None,
        "CAFFE_MODEL": None,
        "PROTOTXT": None,
        "ONNX_MODEL": "net.onnx",
        "MARCH": "nash-p",
        "LAYER_OUT_DUMP": "False",
        "LOG_LEVEL": None,
        "WORKING_DIR": "out",
        "MODEL_PREFIX": "net_240x320_nv12",
        "OUTPUT_NODES": "",
        "REMOVE_NODE_TYPE": "",
        "REMOVE_NODE_NAME": "",
        "DEBUG_MODE": "",
        "NODE_INFO": "{}",
        "INPUT_NAMES": "data",
        "INPUT_SPACE_AND_RANGE": "regular",
        "INPUT_TYPE_RT": "nv12",
        "INPUT_TYPE_TRAIN": "rgb",
        "INPUT_LAYOUT_TRAIN": "NCHW",
        "INPUT_LAYOUT_RT": "",
        "NORM_TYPE": "data_mean_and_scale",
        "MEAN_VALUE": "[123.675, 116.28, 103.53]",
        "SCALE_VALUE": "[0.01712475, 0.017507, 0.01742919]",
        "STD_VALUE": "[]",
        "INPUT_SHAPE": "1x3x240x320",
        "INPUT_BATCH": "",
        "SEPARATE_BATCH": "False",
        "SEPARATE_NAME": "",
        "CUSTOM_OP_METHOD": None,
        "CUSTOM_OP_DIR": None,
        "CUSTOM_OP_REGISTER_FILES": "",
        "OPTIMIZATION": "",
        "CALI_TYPE": "max",
        "CAL_DATA_DIR": "cal",
        "PER_CHANNEL": "False",
        "MAX_PERCENTILE": "None",
        "RUN_ON_CPU": "",
        "RUN_ON_BPU": "",
        "QUANT_CONFIG": None,
        "ADVICE": 0.0,
        "DEBUG": "True",
        "OPTIMIZE_LEVEL": "O2",
        "COMPILE_MODE": "latency",
        "CORE_NUM": 2,
        "MAX_TIME_PER_FC": 1000,
        "BALANCE_FACTOR": 100,
        "ABILITY_ENTRY": None,
        "INPUT_SOURCE": {"data": "pyramid"},
        "hbdk3_compatible_mode": None,
        "cache_mode": "disable",
        "cache_path": "",
        "max_l2m_size": 0,
        "CALI_EXTRA_PARAM": {},
        "EXTRA_PARAMS": {"output_no_padding": True},
    }
    assert {key: value for key, value in found.items() if not key.endswith("_VERSION") or value is None} == expected
    assert {key for key in found if key not in expected} == {"BUILDER_VERSION", "HBDK_VERSION", "HMCT_VERSION"}
    assert all(isinstance(found[key], str) for key in found if key not in expected)


def test_several_inputs_are_joined_by_semicolons(tmp_path: Path) -> None:
    config = write_config(
        tmp_path,
        two_inputs(),
        input_parameters={
            "input_name": "a;b;",
            "input_type_rt": "nv12;featuremap",
            "input_type_train": "bgr;featuremap",
            "input_layout_train": "NHWC;NCHW",
            "input_shape": None,
            "mean_value": "1,2,3;None",
            "scale_value": None,
            "std_value": None,
        },
    )
    with pytest.raises(PackError, match="bgr in NHWC needs 3 channels"):
        pack_config(config)
    config.write_text(config.read_text(encoding="utf-8").replace("NHWC;NCHW", "NCHW;NCHW"), encoding="utf-8")
    written = read_file(pack_config(config)).models[0]
    assert [tensor.name for tensor in written.inputs] == ["a_y", "a_uv", "b"]
    found = json.loads(written.description)
    assert found["NORM_TYPE"] == "data_mean;no_preprocess"
    assert found["MEAN_VALUE"] == "[1.0, 2.0, 3.0];[]"
    assert found["INPUT_SHAPE"] == "1x3x8x8;1x3x8x8"
    assert found["INPUT_SOURCE"] == {"a": "pyramid", "b": "ddr"}


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


def test_keys_without_meaning_on_a_cpu_are_recorded(tmp_path: Path) -> None:
    config = write_config(
        tmp_path,
        model_parameters={"layer_out_dump": True, "node_info": "Conv_0:int16", "enable_vpu": False},
        compiler_parameters={"compile_mode": "balance", "balance_factor": 30, "optimize_level": "O1", "advice": 1.5},
    )
    found = json.loads(read_file(pack_config(config)).models[0].description)
    assert found["LAYER_OUT_DUMP"] == "True"
    assert found["NODE_INFO"] == "Conv_0:int16"
    assert (found["COMPILE_MODE"], found["BALANCE_FACTOR"], found["ADVICE"]) == ("balance", 30, 1.5)


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


WRONG: list[tuple[str, dict[str, Any], str]] = [
    (
        "model_parameters",
        {"onxx_model": "a"},
        r"model_parameters: unknown key 'onxx_model' \(did you mean 'onnx_model'",
    ),
    ("model_parameters", {"core_num": 1}, r"unknown key 'core_num' \(it belongs to compiler_parameters\)"),
    ("compiler_params", {"core_num": 1}, "unknown section 'compiler_params'.*did you mean 'compiler_parameters'"),
    ("model_parameters", {"onnx_model": None}, "model_parameters.onnx_model: it is required"),
    ("model_parameters", {"onnx_model": "none.onnx"}, "model_parameters.onnx_model: there is no file none.onnx"),
    ("model_parameters", {"march": None}, "model_parameters.march: it is required"),
    ("model_parameters", {"march": "bayes-e"}, "march: 'bayes-e' is not possible; choose from .*nash-p"),
    ("model_parameters", {"caffe_model": "a.caffemodel"}, "caffe_model: Caffe models cannot be packed"),
    (
        "model_parameters",
        {"remove_node_type": "Conv"},
        "remove_node_type: 'Conv' is not possible; choose from Quantize",
    ),
    (
        "model_parameters",
        {"remove_node_name": "nothing"},
        "no removable node is called 'nothing'; removable are .*/head/Conv",
    ),
    ("model_parameters", {"output_nodes": "/head/Con"}, "no node '/head/Con' to cut at; similar names: /head/Conv"),
    ("model_parameters", {"layer_out_dump": "maybe"}, "layer_out_dump: true or false is expected, not 'maybe'"),
    ("input_parameters", {"input_type_rt": None}, "input_type_rt: it is required"),
    ("input_parameters", {"input_type_rt": "nv21"}, "input_type_rt: 'nv21' is not possible; choose from nv12"),
    ("input_parameters", {"input_type_rt": "yuv444_128"}, "'yuv444_128' is not open to users"),
    ("input_parameters", {"input_type_rt": "gray"}, "trained on rgb cannot take gray at run time"),
    (
        "input_parameters",
        {"input_type_rt": "featuremap"},
        "rgb at training and featuremap at run time exclude each other",
    ),
    ("input_parameters", {"input_type_rt": "nv12;nv12"}, r"input_type_rt: 2 values for 1 inputs \(data\)"),
    ("input_parameters", {"input_type_rt": ["nv12"]}, "texts separated by ';' are expected, such as 'a;b'"),
    ("input_parameters", {"input_layout_train": None}, "input_layout_train: it is required for input 'data'"),
    ("input_parameters", {"input_layout_train": "NCWH"}, "'NCWH' is not possible; choose from NCHW, NHWC"),
    ("input_parameters", {"input_name": "image"}, "input_name: the model has no input 'image', it has data"),
    ("input_parameters", {"input_shape": "1x3xAx2"}, "'1x3xAx2' is no shape; write it as 1x3x224x224"),
    ("input_parameters", {"input_shape": "1x3x240"}, "input_shape: input 'data': 3 dimensions, the model has 4"),
    ("input_parameters", {"input_shape": "1x3x240x322"}, r"shape \[1, 3, 240, 322\] does not fit \[1, 3, 240, 320\]"),
    ("input_parameters", {"input_batch": 0}, "input_batch: 0 is too small; the least is 1"),
    ("input_parameters", {"input_batch": 5000}, "input_batch: 5000 is too large; the most is 4096"),
    ("input_parameters", {"input_space_and_range": "full"}, "'full' is not possible; choose from regular, bt601_video"),
    (
        "input_parameters",
        {"input_type_rt": "rgb", "input_space_and_range": "bt601_video"},
        "video range is for nv12, not for rgb",
    ),
    ("input_parameters", {"std_value": "1 2 3"}, "std_value and scale_value exclude each other"),
    ("input_parameters", {"mean_value": "1 2"}, "2 mean values for 3 channels"),
    ("input_parameters", {"mean_value": "1 b 2"}, "numbers separated by .* are expected, not '1 b 2'"),
    ("input_parameters", {"separate_batch": True, "separate_name": "data"}, "exclude each other"),
    ("input_parameters", {"separate_name": "other"}, "separate_name: there is no input 'other', but data"),
    ("calibration_parameters", {"cal_data_dir": "nowhere"}, "cal_data_dir: there is no folder nowhere"),
    ("calibration_parameters", {"cal_data_dir": "a;b"}, "cal_data_dir: 2 folders for 1 inputs"),
    ("calibration_parameters", {"calibration_type": "best"}, "'best' is not possible; choose from kl, max, skip"),
    ("calibration_parameters", {"max_percentile": 1.5}, "max_percentile: 1.5 is too large"),
    ("calibration_parameters", {"optimization": "faster"}, "optimization: 'faster' is not possible"),
    ("calibration_parameters", {"quant_config": "none.json"}, "quant_config: there is no file none.json"),
    ("compiler_parameters", {"core_num": 5}, "core_num: 5 is too large; the most is 4"),
    ("compiler_parameters", {"core_num": "two"}, "core_num: a whole number is expected, not 'two'"),
    ("compiler_parameters", {"optimize_level": "O3"}, "optimize_level: 'O3' is not possible; choose from O0, O1, O2"),
    ("compiler_parameters", {"compile_mode": "throughput"}, "'throughput' is not possible; choose from latency"),
    ("compiler_parameters", {"compile_mode": "balance"}, "balance_factor: it is required for compile_mode balance"),
    ("compiler_parameters", {"balance_factor": 3}, "balance_factor: it is for compile_mode balance, not latency"),
    ("compiler_parameters", {"max_time_per_fc": 10}, "max_time_per_fc: 10 us; 0 or 1000 to 10000000 are possible"),
    ("compiler_parameters", {"cache_mode": "enable"}, "cache_path: it is required for cache_mode enable"),
    ("compiler_parameters", {"max_l2m_size": 99999999}, "max_l2m_size: 99999999 is too large"),
    (
        "compiler_parameters",
        {"input_source": {"data": "ddr"}},
        "nv12 does not come from ddr; possible are pyramid, resizer",
    ),
    ("compiler_parameters", {"input_source": {"data": "camera"}}, "input_source: 'camera' is not possible"),
    ("compiler_parameters", {"input_source": {"other": "ddr"}}, "input_source: there is no input 'other', but data"),
    ("compiler_parameters", {"input_source": "pyramid"}, "input_source: a mapping is expected, not 'pyramid'"),
    (
        "compiler_parameters",
        {"output_no_padding": True, "extra_params": {"output_no_padding": False}},
        "output_no_padding: extra_params says the opposite",
    ),
]


@pytest.mark.parametrize(
    ("section", "keys", "message"), WRONG, ids=[f"{s}-{'-'.join(k)}-{i}" for i, (s, k, _) in enumerate(WRONG)]
)
def test_wrong_values_and_contradictions_name_the_key(
    section: str, keys: dict[str, Any], message: str, tmp_path: Path
) -> None:
    config = write_config(tmp_path, None, **{section: keys})
    with pytest.raises(PackError, match=message):
        pack_config(config, tmp_path / "never.hbm")
    assert not (tmp_path / "never.hbm").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"march": "nash-e"}, "core_num: nash-e has one core, 2 are asked for"),
        ({"march": "nash-m"}, "core_num: nash-m has one core, 2 are asked for"),
    ],
)
def test_only_some_marches_have_several_cores(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(PackError, match=message):
        load_config(write_config(tmp_path, model_parameters=change))


def test_featuremaps_are_not_normalised(tmp_path: Path) -> None:
    keys: dict[str, Any] = {"input_type_rt": "featuremap", "input_type_train": "featuremap", "input_layout_train": None}
    with pytest.raises(PackError, match="mean_value: input 'data' is a featuremap, which is not normalised"):
        load_config(write_config(tmp_path, input_parameters=keys))
    keys |= {"mean_value": "None", "scale_value": None}
    written = read_file(pack_config(write_config(tmp_path, input_parameters=keys))).models[0]
    assert [(tensor.name, tensor.dtype.name, tensor.shape) for tensor in written.inputs] == [
        ("data", "F32", (1, 3, 240, 320))
    ]


def test_several_inputs_need_names(tmp_path: Path) -> None:
    keys: dict[str, Any] = {
        "input_type_rt": "nv12;nv12",
        "input_type_train": "rgb;rgb",
        "input_layout_train": "NCHW;NCHW",
    }
    keys |= {"mean_value": None, "scale_value": None}
    with pytest.raises(PackError, match=r"input_name: the model has 2 inputs \(a, b\); name them all"):
        load_config(write_config(tmp_path, two_inputs(), input_parameters=keys))
    with pytest.raises(PackError, match="input_name: the inputs b of the model are missing"):
        load_config(write_config(tmp_path, two_inputs(), input_parameters=keys | {"input_name": "a"}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model_parameters: [", "is not valid YAML"),
        ("", "holds no configuration"),
        ("- a\n- b", "holds no configuration"),
        ("model_parameters: 3", "a mapping of keys is expected, not 3"),
        ("a: 1\nb: 2", "unknown section 'a'; .*unknown section 'b'|unknown section 'a'.*unknown section 'b'"),
        ("model_parameters:\n  march: nash-e\n  march: nash-p", "the key 'march' stands twice"),
    ],
)
def test_broken_files_are_one_clear_message(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PackError, match=message):
        load_config(tmp_path / "c.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"cannot read .*none\.yaml: No such file"):
        load_config(tmp_path / "none.yaml")


def test_all_wrong_keys_are_told_at_once(tmp_path: Path) -> None:
    config = write_config(tmp_path, model_parameters={"a": 1}, compiler_parameters={"core_num": 9})
    with pytest.raises(PackError, match=r"unknown key 'a'.*core_num: 9 is too large"):
        load_config(config)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 10, 10), np.float32), r"has the shape \[1, 3, 10, 10\], the input has \[1, 3, 240, 320\]"),
        (None, "has no .npy files"),
        (b"no array", "is no .npy file"),
    ],
)
def test_calibration_files_are_checked(array: Any, message: str, tmp_path: Path) -> None:
    folder = tmp_path / "cal"
    folder.mkdir()
    if isinstance(array, bytes):
        (folder / "a.npy").write_bytes(array)
    elif array is not None:
        np.save(folder / "a.npy", array)
    with pytest.raises(PackError, match=message):
        load_config(write_config(tmp_path, calibration_parameters={"cal_data_dir": str(folder)}))


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
