"""Broken, wrong and contradictory configurations: each is one message that names the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hbm_runtime.packer import PackError, PackWarning, load_config, pack_config, read_file

from .configurations import two_inputs, write_config

pytestmark = pytest.mark.usefixtures("trials_here")

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
    ("calibration_parameters", {"cal_data_dir": "a;b"}, "cal_data_dir: 2 folders for 1 inputs"),
    ("calibration_parameters", {"calibration_type": "best"}, "'best' is not possible; choose from kl, max, skip"),
    ("calibration_parameters", {"max_percentile": 1.5}, "max_percentile: 1.5 is too large"),
    ("calibration_parameters", {"optimization": "faster"}, "optimization: 'faster' is not possible"),
    ("calibration_parameters", {"quant_config": "none.json"}, "quant_config: there is no file none.json"),
    (
        "calibration_parameters",
        {"quant_config": {"modle_config": {}}},
        "quant_config: unknown key 'modle_config' .did you mean 'model_config'",
    ),
    (
        "calibration_parameters",
        {"quant_config": {"model_config": {"all_nodes": 1}}},
        "quant_config: unknown key 'model_config.all_nodes'",
    ),
    (
        "calibration_parameters",
        {"quant_config": {"op_config": {"softmax": {"type": "int8"}}}},
        "unknown key 'op_config.softmax.type' .did you mean 'qtype'",
    ),
    (
        "calibration_parameters",
        {"quant_config": {"node_config": {"Conv_0": {"qtype": "int7"}}}},
        "quant_config: node_config.Conv_0.qtype: 'int7' is no type",
    ),
    (
        "calibration_parameters",
        {"quant_config": {"model_config": {"model_output_type": "int4"}}},
        "model_config.model_output_type: 'int4' is not possible; choose from int8, int16",
    ),
    ("calibration_parameters", {"quant_config": {"op_config": 3}}, "op_config: a mapping is expected, not 3"),
    ("calibration_parameters", {"quant_config": "{a"}, "quant_config: '{a' is no mapping"),
    ("model_parameters", {"node_info": "Conv_0=int16"}, "node_info: 'Conv_0=int16' is no node and type"),
    ("model_parameters", {"node_info": {"Conv_0": {"ON": "GPU"}}}, "node_info: Conv_0: ON is BPU or CPU, not 'GPU'"),
    ("model_parameters", {"node_info": {"Conv_0": {"Type": "int8"}}}, "node_info: Conv_0: unknown key 'Type'"),
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
        pack_config(config)
    assert not (tmp_path / "out").exists()


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


def test_models_can_be_packed_without_calibration_data_that_is_not_here(tmp_path: Path) -> None:
    keys = {"cal_data_dir": "nowhere"}
    with pytest.warns(PackWarning, match="cal_data_dir: there is no folder nowhere"):
        pack_config(write_config(tmp_path, calibration_parameters=keys))
    removal = {"remove_node_name": "/head/Conv"}
    with pytest.warns(PackWarning, match="there is no folder"), pytest.warns(PackWarning, match="from random inputs"):
        pack_config(write_config(tmp_path, model_parameters=removal, calibration_parameters=keys))
    removal = {"remove_node_name": "pixels_HzCalibration"}
    with (
        pytest.warns(PackWarning, match="there is no folder nowhere"),
        pytest.raises(PackError, match="the scale of 'pixels' is neither in the graph nor given"),
    ):
        pack_config(write_config(tmp_path, model_parameters=removal, calibration_parameters=keys))
