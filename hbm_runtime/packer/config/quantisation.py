"""What ``quant_config`` and ``node_info`` may hold. A CPU does not compute by them; they are checked and recorded."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hbm_runtime.packer.config.read import Configuration, similar
from hbm_runtime.packer.config.schema import CALIBRATION, MODEL
from hbm_runtime.packer.errors import PackError

_SEARCHES = {"activation", "weight", "modelwise_search", "layerwise_search"}
_MODEL_KEYS = {"all_node_type", "model_output_type", *_SEARCHES}
_PARTS = {"model_config", "op_config", "subgraph_config", "node_config"}
# Keys without the numbers that some of them end in.
_NODE_KEYS = {
    "op_config": {"qtype"},
    "subgraph_config": {"qtype", "inputs", "outputs"},
    "node_config": {"qtype", "input", "ec", "ON", "InputType", "OutputType"},
}
_TYPE_KEYS = {"qtype", "input", "InputType", "OutputType"}
_TYPES = re.compile(r"u?int(4|8|16|32)|float(16|32)|dual-int16|int16-ec|nvfp4|mx\w+")
_NODE_INFO_KEYS = {"ON", "InputType", "OutputType"}
_DIGITS = "0123456789"
_MODEL_OUTPUT_TYPES = ("int8", "int16")


def quantisation_config(configuration: Configuration) -> dict[str, Any]:
    """The quantisation settings, read from their JSON file where a path is given.

    Raises:
        PackError: The file is missing or no JSON, or a key or value in it is wrong.
    """
    given = configuration.values[CALIBRATION]["quant_config"] or {}
    settings = _read(configuration, given) if isinstance(given, str) else given
    _check_quantisation(configuration, settings)
    return dict(settings)


def model_output_type(settings: Mapping[str, Any]) -> str:
    """What ``quant_config`` says of the model's outputs, inside of ``model_config`` or beside it; empty for nothing."""
    inner = settings.get("model_config") or {}
    return str(inner.get("model_output_type") or settings.get("model_output_type") or "")


def check_node_info(configuration: Configuration) -> None:
    """Raises PackError unless ``node_info`` is "node:type;…" or says of nodes where and in which types they run."""
    given = configuration.values[MODEL]["node_info"]
    if isinstance(given, str):
        for part in filter(None, map(str.strip, given.split(";"))):
            name, _, kind = part.rpartition(":")
            if not name or not _TYPES.fullmatch(kind.strip()):
                raise configuration.error(MODEL, "node_info", f"'{part}' is no node and type, such as Conv_0:int16")
        return
    for node, settings in (given or {}).items():
        if not isinstance(settings, dict):
            raise configuration.error(MODEL, "node_info", f"{node}: a mapping is expected, not {settings!r}")
        for key, value in settings.items():
            if str(key).rstrip(_DIGITS) not in _NODE_INFO_KEYS:
                raise configuration.error(
                    MODEL,
                    "node_info",
                    f"{node}: unknown key '{key}'; known are ON, InputType, InputType0 … and OutputType",
                )
            if key == "ON" and value not in {"BPU", "CPU"}:
                raise configuration.error(MODEL, "node_info", f"{node}: ON is BPU or CPU, not {value!r}")
            if key != "ON" and not _TYPES.fullmatch(str(value)):
                raise configuration.error(MODEL, "node_info", f"{node}: {key}: '{value}' is no type, such as int16")


def _read(configuration: Configuration, given: str) -> Any:
    if given.startswith("{"):
        # Templates carry mappings as quoted text.
        try:
            return yaml.safe_load(given)
        except yaml.YAMLError:
            raise configuration.error(CALIBRATION, "quant_config", f"'{given}' is no mapping") from None
    for path in (Path(given), configuration.path.parent / given):
        if path.exists():
            try:
                return json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise configuration.error(CALIBRATION, "quant_config", f"{path} is no JSON file: {error}") from None
    raise configuration.error(CALIBRATION, "quant_config", f"there is no file {given}")


def _check_quantisation(configuration: Configuration, settings: Any) -> None:
    top = _mapping(configuration, "it", settings)
    for name, value in top.items():
        if name in _MODEL_KEYS:
            _check_model_key(configuration, name, value)
        elif name == "model_config":
            for key, inner in _mapping(configuration, name, value).items():
                if key not in _MODEL_KEYS:
                    raise _unknown(configuration, f"{name}.{key}", key, _MODEL_KEYS)
                _check_model_key(configuration, f"{name}.{key}", inner)
        elif name in _PARTS:
            for entry, inner in _mapping(configuration, name, value).items():
                _check_node(configuration, name, f"{name}.{entry}", _mapping(configuration, f"{name}.{entry}", inner))
        else:
            raise _unknown(configuration, name, name, _PARTS | _MODEL_KEYS)


def _check_model_key(configuration: Configuration, path: str, value: Any) -> None:
    key = path.rpartition(".")[2]
    if key == "model_output_type" and value not in _MODEL_OUTPUT_TYPES:
        raise configuration.error(
            CALIBRATION,
            "quant_config",
            f"{path}: '{value}' is not possible; choose from {', '.join(_MODEL_OUTPUT_TYPES)}",
        )
    if key == "all_node_type":
        _check_type(configuration, path, value)
    if key in _SEARCHES:
        _mapping(configuration, path, value)


def _check_node(configuration: Configuration, part: str, path: str, settings: Mapping[str, Any]) -> None:
    for key, value in settings.items():
        name = str(key).rstrip(_DIGITS)
        if name not in _NODE_KEYS[part]:
            raise _unknown(configuration, f"{path}.{key}", str(key), _NODE_KEYS[part])
        if name in _TYPE_KEYS:
            _check_type(configuration, f"{path}.{key}", value)


def _check_type(configuration: Configuration, path: str, value: Any) -> None:
    if not _TYPES.fullmatch(str(value)):
        raise configuration.error(CALIBRATION, "quant_config", f"{path}: '{value}' is no type, such as int8 or int16")


def _mapping(configuration: Configuration, path: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise configuration.error(CALIBRATION, "quant_config", f"{path}: a mapping is expected, not {value!r}")
    return value


def _unknown(configuration: Configuration, path: str, key: str, known: set[str]) -> PackError:
    hint = similar(key, known)
    return configuration.error(CALIBRATION, "quant_config", f"unknown key '{path}'{hint}")
