"""Load options that travel in the configuration of a load call."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from hbm_runtime import InputError

PASSPHRASE = "passphrase"


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "false": False, "0": False}[str(value).lower()]


def _numbers(value: Any) -> list[int]:
    return [int(part) for part in (value if isinstance(value, list) else str(value).split(",")) if str(part).strip()]


def _texts(value: Any) -> list[str]:
    return [str(part).strip() for part in (value if isinstance(value, list) else str(value).split(","))]


_OPTIONS: dict[str, Callable[[Any], Any]] = {
    "threads": int,
    "cpu_affinity": _numbers,
    "cores": _numbers,  # its name in 1.0.0
    "flush_denormals": _truth,
    "save_memory": _truth,
    "profile_operators": _truth,
    "keep": _texts,
    "engine": str,
    PASSPHRASE: str,
}
"""What clients may choose. ``keep_path`` is a path, and paths never come from the wire."""


def load_options_of(model: str, config: str | None) -> dict[str, Any]:
    """Reads the keyword arguments of `HB_HBMRuntime` out of a model configuration in JSON.

    Args:
        model: Name of the model, for error texts.
        config: The configuration's text; its ``parameters`` are options, as values or as ``{"string_value": …}``.

    Raises:
        InputError: The text is no such configuration, or a value has a wrong type.
    """
    if not config:
        return {}
    try:
        document = json.loads(config)
        parameters = document.get("parameters", {})
        given = {name: _plain(value) for name, value in parameters.items()}
    except (ValueError, AttributeError, RecursionError):
        raise InputError(f"model '{model}': the configuration is no JSON object", model=model) from None
    options = {}
    for name, value in given.items():
        if name not in _OPTIONS:
            continue  # a configuration may have parameters that are meant for others
        try:
            options["cpu_affinity" if name == "cores" else name] = _OPTIONS[name](value)
        except (ValueError, TypeError, KeyError):
            shown = "" if name == PASSPHRASE else f" {str(value)[:80]!r}"
            raise InputError(f"model '{model}': the load option {name} has a wrong value{shown}", model=model) from None
    return options


def _plain(value: Any) -> Any:
    return value["string_value"] if isinstance(value, Mapping) else value
