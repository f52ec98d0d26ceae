"""Configurations for the packer's tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import yaml

from .small_models import image_model, model


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
