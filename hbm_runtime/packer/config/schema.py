"""The keys of a configuration: kinds of value, defaults, allowed values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hbm_runtime.packer.transform.removal import REMOVABLE_TYPES


class Kind(Enum):
    """Kinds of value, with the words that messages use."""

    TEXT = "a text"
    LIST = "texts separated by ';'"
    NUMBERS = "numbers separated by ',' or blanks, inputs by ';'"
    BOOL = "true or false"
    INTEGER = "a whole number"
    NUMBER = "a number"
    MAPPING = "a mapping"
    TEXT_OR_MAPPING = "a text or a mapping"


class Use(Enum):
    """What the packer does with a key."""

    USED = 0
    RECORDED = 1
    """It has no meaning on a CPU; the model's description keeps it."""
    DEPRECATED = 2
    """It has been given up; a warning says what counts instead."""


@dataclass(frozen=True)
class Key:
    """One key of the configuration.

    Attributes:
        kind: Kind of its value.
        default: Value when it is missing.
        use: What the packer does with it.
        choices: Allowed texts; empty allows all.
        least: Smallest number.
        most: Largest number.
        instead: The key to use now, for deprecated keys.
        none_counts: None is a value of its own, not the default.
    """

    kind: Kind
    default: object = None
    use: Use = Use.USED
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    instead: str = ""
    none_counts: bool = False


def _recorded(kind: Kind, default: object = None, choices: tuple[str, ...] = ()) -> Key:
    return Key(kind, default, Use.RECORDED, choices)


def _deprecated(kind: Kind, instead: str) -> Key:
    return Key(kind, None, Use.DEPRECATED, instead=instead)


MARCHES = ("nash-b-lite", "nash-b", "nash-b-plus", "nash-e", "nash-m", "nash-h", "nash-p", "nash-starry-p")
MULTI_CORE_MARCHES = ("nash-h", "nash-p", "nash-starry-p")
MAX_L2M_SIZE = 25165824
MAX_BATCH = 4096
RUNTIME_TYPES = ("nv12", "yuv444", "rgb", "bgr", "gray", "featuremap")
CLOSED_RUNTIME_TYPES = ("yuv444_128", "yuv_bt601_full", "yuv_bt601_video")
TRAIN_TYPES = ("rgb", "bgr", "yuv444", "gray", "featuremap")
INPUT_SOURCES = ("pyramid", "ddr", "resizer")

MODEL = "model_parameters"
INPUT = "input_parameters"
CALIBRATION = "calibration_parameters"
COMPILER = "compiler_parameters"
CUSTOM = "custom_op"

SECTIONS: dict[str, dict[str, Key]] = {
    MODEL: {
        "onnx_model": Key(Kind.TEXT),
        "caffe_model": _recorded(Kind.TEXT),
        "prototxt": _recorded(Kind.TEXT),
        "march": Key(Kind.TEXT, choices=MARCHES),
        "output_model_file_prefix": Key(Kind.TEXT, "model"),
        "working_dir": Key(Kind.TEXT, "./model_output"),
        "layer_out_dump": _recorded(Kind.BOOL, False),
        "output_nodes": Key(Kind.LIST, ()),
        "remove_node_type": Key(Kind.LIST, (), choices=REMOVABLE_TYPES),
        "remove_node_name": Key(Kind.LIST, ()),
        "node_info": _recorded(Kind.TEXT_OR_MAPPING),
        "debug_mode": _recorded(Kind.TEXT, "", ("dump_calibration_data",)),
        "enable_vpu": _recorded(Kind.BOOL, True),
        "enable_spu": _recorded(Kind.BOOL, True),
        "log_level": _deprecated(Kind.TEXT, "it is ignored"),
        "set_node_data_type": _deprecated(Kind.TEXT_OR_MAPPING, "quant_config decides data types"),
    },
    INPUT: {
        "input_name": Key(Kind.LIST, ()),
        "input_type_rt": Key(Kind.LIST, (), choices=RUNTIME_TYPES),
        "input_type_train": Key(Kind.LIST, (), choices=TRAIN_TYPES),
        "input_layout_train": Key(Kind.LIST, (), choices=("NCHW", "NHWC")),
        "input_layout_rt": _deprecated(Kind.LIST, "the layout follows input_type_rt"),
        "input_space_and_range": Key(Kind.LIST, (), choices=("regular", "bt601_video")),
        "input_shape": Key(Kind.LIST, ()),
        "input_batch": Key(Kind.INTEGER, least=1, most=MAX_BATCH),
        "separate_batch": Key(Kind.BOOL, False),
        "separate_name": Key(Kind.LIST, ()),
        "mean_value": Key(Kind.NUMBERS, ()),
        "scale_value": Key(Kind.NUMBERS, ()),
        "std_value": Key(Kind.NUMBERS, ()),
        "norm_type": _deprecated(Kind.LIST, "mean_value, scale_value and std_value decide"),
    },
    CALIBRATION: {
        "cal_data_dir": Key(Kind.LIST, ()),
        "calibration_type": Key(Kind.TEXT, "", choices=("kl", "max", "skip", "mix", "default")),
        "per_channel": _recorded(Kind.BOOL, False),
        "max_percentile": Key(Kind.NUMBER, None, Use.RECORDED, least=0.0, most=1.0),
        "run_on_cpu": _recorded(Kind.LIST, ()),
        "run_on_bpu": _recorded(Kind.LIST, ()),
        "optimization": Key(Kind.LIST, ()),
        "quant_config": Key(Kind.TEXT_OR_MAPPING),
        "cal_data_type": _deprecated(Kind.LIST, "the type of the .npy files counts"),
        "preprocess_on": _deprecated(Kind.BOOL, "calibration data is what the trained model takes"),
    },
    COMPILER: {
        "compile_mode": _recorded(Kind.TEXT, "latency", ("latency", "bandwidth", "balance")),
        "balance_factor": Key(Kind.INTEGER, None, Use.RECORDED, least=0, most=100),
        "optimize_level": _recorded(Kind.TEXT, "O2", ("O0", "O1", "O2")),
        "core_num": Key(Kind.INTEGER, 1, least=1, most=4),
        "jobs": Key(Kind.INTEGER, 16, Use.RECORDED, least=1),
        "max_time_per_fc": Key(Kind.INTEGER, 0, Use.RECORDED, least=0, most=10_000_000),
        "input_source": Key(Kind.MAPPING),
        "debug": _recorded(Kind.BOOL, True),
        "advice": Key(Kind.NUMBER, 0.0, Use.RECORDED, least=0.0),
        "cache_mode": _recorded(Kind.TEXT, "disable", ("disable", "enable", "force_overwrite")),
        "cache_path": _recorded(Kind.TEXT, ""),
        "max_l2m_size": Key(Kind.INTEGER, 0, Use.RECORDED, least=0, most=MAX_L2M_SIZE, none_counts=True),
        "ability_entry": _recorded(Kind.TEXT),
        "input_no_padding": Key(Kind.BOOL),
        "output_no_padding": Key(Kind.BOOL),
        "extra_params": Key(Kind.MAPPING),
        "hbdk3_compatible_mode": _deprecated(Kind.BOOL, "it is ignored"),
    },
    CUSTOM: {
        "custom_op_method": _recorded(Kind.TEXT, None, ("register",)),
        "op_register_files": _recorded(Kind.LIST, ()),
        "custom_op_dir": _recorded(Kind.TEXT),
    },
}

EXTRA_PARAMETERS = {"input_no_padding": Kind.BOOL, "output_no_padding": Kind.BOOL, "enable_hpc": Kind.BOOL}
"""What ``extra_params`` may hold that is known here; anything else in it is recorded."""

MODEL_OUTPUT_TYPES = {"set_model_output_int8": "int8", "set_model_output_int16": "int16"}
OLDER_OPTIMIZATIONS = ("set_all_nodes_int16", "set_Softmax_input_int8", "set_Softmax_output_int8", "run_fast")
