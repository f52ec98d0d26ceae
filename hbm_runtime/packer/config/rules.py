"""Rules that concern several keys at once."""

from __future__ import annotations

import warnings

from hbm_runtime.packer.config.quantisation import check_node_info, model_output_type, quantisation_config
from hbm_runtime.packer.config.read import Configuration
from hbm_runtime.packer.config.schema import (
    CALIBRATION,
    COMPILER,
    MODEL,
    MODEL_OUTPUT_TYPES,
    MULTI_CORE_MARCHES,
    OLDER_OPTIMIZATIONS,
)
from hbm_runtime.packer.container import DataType
from hbm_runtime.packer.errors import PackWarning

_MIN_TIME_PER_FC = 1000


def check_rules(configuration: Configuration) -> None:
    """Raises PackError for the first contradiction."""
    model, compiler = configuration.values[MODEL], configuration.values[COMPILER]
    for key in ("caffe_model", "prototxt"):
        if model[key]:
            raise configuration.error(MODEL, key, "Caffe models cannot be packed; convert the model to ONNX")
    for key in ("onnx_model", "march"):
        if not model[key]:
            raise configuration.error(MODEL, key, "it is required")
    march = model["march"]
    if compiler["core_num"] > 1 and march not in MULTI_CORE_MARCHES:
        raise configuration.error(COMPILER, "core_num", f"{march} has one core, {compiler['core_num']} are asked for")
    if compiler["max_l2m_size"] and march not in MULTI_CORE_MARCHES:
        raise configuration.error(COMPILER, "max_l2m_size", f"{march} has no such memory; use 0")
    _check_balance(configuration)
    if 0 < compiler["max_time_per_fc"] < _MIN_TIME_PER_FC:
        raise configuration.error(
            COMPILER, "max_time_per_fc", f"{compiler['max_time_per_fc']} us; 0 or 1000 to 10000000 are possible"
        )
    if compiler["cache_mode"] != "disable" and not compiler["cache_path"]:
        raise configuration.error(COMPILER, "cache_path", f"it is required for cache_mode {compiler['cache_mode']}")
    _check_optimizations(configuration)
    check_node_info(configuration)
    if configuration.values[CALIBRATION]["calibration_type"] in {"mix", "default"}:
        warnings.warn(
            f"{configuration.path}: calibration_parameters.calibration_type "
            f"'{configuration.values[CALIBRATION]['calibration_type']}' is deprecated: use kl, max or skip",
            PackWarning,
            stacklevel=4,
        )


def output_type(configuration: Configuration) -> DataType:
    """What outputs become that no convolution computes, where Dequantize is removed."""
    names = [MODEL_OUTPUT_TYPES[entry] for entry in _optimizations(configuration) if entry in MODEL_OUTPUT_TYPES]
    asked = model_output_type(quantisation_config(configuration))
    if asked:
        names.append(asked)
    if len(set(names)) > 1:
        raise configuration.error(CALIBRATION, "optimization", "model outputs are asked to be int8 and int16")
    return DataType.S16 if "int16" in names else DataType.S8


def _optimizations(configuration: Configuration) -> list[str]:
    """Published configurations join them by commas too."""
    given = configuration.texts(CALIBRATION, "optimization")
    return [part.strip() for entry in given for part in entry.split(",") if part.strip()]


def _check_balance(configuration: Configuration) -> None:
    mode = configuration.values[COMPILER]["compile_mode"]
    factor = configuration.values[COMPILER]["balance_factor"]
    if mode == "balance" and factor is None:
        raise configuration.error(COMPILER, "balance_factor", "it is required for compile_mode balance")
    if mode != "balance" and factor is not None:
        raise configuration.error(COMPILER, "balance_factor", f"it is for compile_mode balance, not {mode}")


def _check_optimizations(configuration: Configuration) -> None:
    for entry in _optimizations(configuration):
        if entry in OLDER_OPTIMIZATIONS:
            warnings.warn(
                f"{configuration.path}: calibration_parameters.optimization '{entry}' is deprecated: use quant_config",
                PackWarning,
                stacklevel=5,
            )
        elif entry not in MODEL_OUTPUT_TYPES:
            known = ", ".join(MODEL_OUTPUT_TYPES)
            raise configuration.error(CALIBRATION, "optimization", f"'{entry}' is not possible; choose from {known}")
