"""The model description: the JSON that a board's models carry, with the same keys and kinds of value.

Lists and booleans are texts, several inputs are joined by ';', some numbers and mappings are real ones, and what is
unset is null or an empty text. Paths are reduced to their last part.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hbm_runtime.packer.config.inputs import ConfiguredInput
from hbm_runtime.packer.config.quantisation import quantisation_config
from hbm_runtime.packer.config.read import Configuration
from hbm_runtime.packer.config.schema import CALIBRATION, COMPILER, CUSTOM, EXTRA_PARAMETERS, INPUT, MODEL
from hbm_runtime.packer.options import ImageInput

# Newer than the descriptions that are known; recorded when they are given.
_NEWER = {
    "ENABLE_VPU": (MODEL, "enable_vpu"),
    "ENABLE_SPU": (MODEL, "enable_spu"),
    "JOBS": (COMPILER, "jobs"),
}
_BALANCE = {"latency": 100, "bandwidth": 0}


def describe(
    configuration: Configuration,
    inputs: Sequence[ConfiguredInput],
    shapes: dict[str, tuple[int | str | None, ...]],
    version: str,
) -> str:
    """The description as JSON text.

    Args:
        configuration: What was read.
        inputs: The inputs, taken apart.
        shapes: Shapes of the ONNX model's inputs, for those that the configuration gives none.
        version: The packer's version.
    """
    content: dict[str, Any] = {
        **_of_the_model(configuration, version),
        **_of_the_inputs(configuration, inputs, shapes),
        **_of_the_calibration(configuration),
        **_of_the_compiler(configuration, inputs),
    }
    for name, (section, key) in _NEWER.items():
        if (section, key) in configuration.given:
            value = configuration.values[section][key]
            content[name] = str(value) if isinstance(value, bool) else value
    return json.dumps(content, ensure_ascii=False)


def _of_the_model(configuration: Configuration, version: str) -> dict[str, Any]:
    model = configuration.values[MODEL]
    return {
        "BUILDER_VERSION": version,
        "HBDK_VERSION": version,
        "HBDK_RUNTIME_VERSION": None,
        "HMCT_VERSION": version,
        "CAFFE_MODEL": None,
        "PROTOTXT": None,
        "ONNX_MODEL": _name(model["onnx_model"]),
        "MARCH": model["march"],
        "LAYER_OUT_DUMP": str(model["layer_out_dump"]),
        "LOG_LEVEL": model["log_level"],
        "WORKING_DIR": _name(model["working_dir"]),
        "MODEL_PREFIX": model["output_model_file_prefix"],
        "OUTPUT_NODES": ";".join(model["output_nodes"]),
        "REMOVE_NODE_TYPE": ";".join(model["remove_node_type"]),
        "REMOVE_NODE_NAME": ";".join(model["remove_node_name"]),
        "DEBUG_MODE": model["debug_mode"] or "",
        "NODE_INFO": str(model["node_info"] or {}),
    }


def _of_the_inputs(
    configuration: Configuration,
    inputs: Sequence[ConfiguredInput],
    shapes: dict[str, tuple[int | str | None, ...]],
) -> dict[str, Any]:
    given = configuration.values[INPUT]
    return {
        "INPUT_NAMES": _joined(entry.name for entry in inputs),
        "INPUT_SPACE_AND_RANGE": _joined(entry.space_and_range for entry in inputs),
        "INPUT_TYPE_RT": _joined(entry.runtime for entry in inputs),
        "INPUT_TYPE_TRAIN": _joined(entry.train for entry in inputs),
        "INPUT_LAYOUT_TRAIN": _joined(entry.layout for entry in inputs),
        "INPUT_LAYOUT_RT": ";".join(given["input_layout_rt"] or ()),
        "NORM_TYPE": _joined(_normalisation(entry) for entry in inputs),
        "MEAN_VALUE": _joined(str(_numbers(entry, "mean")) for entry in inputs),
        "SCALE_VALUE": _joined(str(_numbers(entry, "scale")) for entry in inputs),
        "STD_VALUE": _joined(str(_numbers(entry, "std")) for entry in inputs),
        "INPUT_SHAPE": _joined(_shape(entry, shapes) for entry in inputs),
        "INPUT_BATCH": "" if given["input_batch"] is None else str(given["input_batch"]),
        "SEPARATE_BATCH": str(given["separate_batch"]),
        "SEPARATE_NAME": ";".join(given["separate_name"]),
    }


def _of_the_calibration(configuration: Configuration) -> dict[str, Any]:
    calibration, custom = configuration.values[CALIBRATION], configuration.values[CUSTOM]
    quant = quantisation_config(configuration)
    return {
        "CUSTOM_OP_METHOD": custom["custom_op_method"],
        "CUSTOM_OP_DIR": None if custom["custom_op_dir"] is None else _name(custom["custom_op_dir"]),
        "CUSTOM_OP_REGISTER_FILES": ";".join(_name(file) for file in custom["op_register_files"]),
        "OPTIMIZATION": ";".join(calibration["optimization"]),
        "CALI_TYPE": calibration["calibration_type"],
        "CAL_DATA_DIR": ";".join(_name(folder) for folder in calibration["cal_data_dir"]),
        "PER_CHANNEL": str(calibration["per_channel"]),
        "MAX_PERCENTILE": str(calibration["max_percentile"]),
        "RUN_ON_CPU": ";".join(calibration["run_on_cpu"]),
        "RUN_ON_BPU": ";".join(calibration["run_on_bpu"]),
        "QUANT_CONFIG": quant or None,
    }


def _of_the_compiler(configuration: Configuration, inputs: Sequence[ConfiguredInput]) -> dict[str, Any]:
    compiler = configuration.values[COMPILER]
    extra = dict(compiler["extra_params"] or {})
    for name in EXTRA_PARAMETERS:
        if compiler.get(name) is not None:
            extra[name] = compiler[name]
    return {
        "ADVICE": compiler["advice"],
        "DEBUG": str(compiler["debug"]),
        "OPTIMIZE_LEVEL": compiler["optimize_level"],
        "COMPILE_MODE": compiler["compile_mode"],
        "CORE_NUM": compiler["core_num"],
        "MAX_TIME_PER_FC": compiler["max_time_per_fc"],
        "BALANCE_FACTOR": _BALANCE.get(compiler["compile_mode"], compiler["balance_factor"]),
        "ABILITY_ENTRY": compiler["ability_entry"],
        "INPUT_SOURCE": {entry.name: entry.source for entry in inputs},
        "hbdk3_compatible_mode": compiler["hbdk3_compatible_mode"],
        "cache_mode": compiler["cache_mode"],
        "cache_path": _name(compiler["cache_path"]),
        "max_l2m_size": compiler["max_l2m_size"],
        "CALI_EXTRA_PARAM": {},
        "EXTRA_PARAMS": extra,
    }


def _name(path: str) -> str:
    """The last part of a path: descriptions must not reveal the names of somebody's folders."""
    return Path(path).name if path else ""


def _joined(values: Any) -> str:
    return ";".join(values)


def _numbers(entry: ConfiguredInput, kind: str) -> list[float]:
    return list(getattr(entry.option, kind)) if isinstance(entry.option, ImageInput) else []


def _normalisation(entry: ConfiguredInput) -> str:
    parts = [kind for kind in ("mean", "scale", "std") if _numbers(entry, kind)]
    return "data_" + "_and_".join(parts) if parts else "no_preprocess"


def _shape(entry: ConfiguredInput, shapes: dict[str, tuple[int | str | None, ...]]) -> str:
    shape = entry.shape if entry.shape is not None else shapes[entry.name]
    return "x".join(str(dimension) if dimension is not None else "?" for dimension in shape)
