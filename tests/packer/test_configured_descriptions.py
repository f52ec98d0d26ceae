"""What a packed model says of the configuration that it was made with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hbm_runtime.packer import PackError, load_config, pack_config, read_file

from .configurations import two_inputs, write_config

pytestmark = pytest.mark.usefixtures("trials_here")

DESCRIPTION = {
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
    "JOBS": 8,
}


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
    assert {key: value for key, value in found.items() if not key.endswith("_VERSION") or value is None} == DESCRIPTION
    assert {key for key in found if key not in DESCRIPTION} == {"BUILDER_VERSION", "HBDK_VERSION", "HMCT_VERSION"}
    assert all(isinstance(found[key], str) for key in found if key not in DESCRIPTION)


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
    assert (found["ENABLE_VPU"], found["JOBS"]) == ("False", 8)


@pytest.mark.parametrize(("value", "recorded"), [(None, None), ("None", None), (1024, 1024)])
def test_none_leaves_the_l2_memory_to_the_compiler(value: Any, recorded: int | None, tmp_path: Path) -> None:
    config = write_config(tmp_path)
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("core_num: 2", f"core_num: 2\n  max_l2m_size: {value}"), encoding="utf-8")
    assert json.loads(load_config(config).options.description)["max_l2m_size"] == recorded
