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
    return [_text(part).strip() for part in (value if isinstance(value, list) else _text(value).split(","))]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


_OPTIONS: dict[str, Callable[[Any], Any]] = {
    "threads": int,
    "cpu_affinity": _numbers,
    "cores": _numbers,  # its name in 1.0.0
    "flush_denormals": _truth,
    "save_memory": _truth,
    "profile_operators": _truth,
    "keep": _texts,
    "engine": _text,
    "rewrite": _truth,
    PASSPHRASE: _text,
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
        given = document.get("parameters", {}).items()
    except (ValueError, AttributeError, RecursionError):
        raise InputError(f"model '{model}': the configuration is no JSON object", model=model) from None
    options = {}
    for name, value in given:
        if name not in _OPTIONS:
            continue  # a configuration may have parameters that are meant for others
        try:
            options["cpu_affinity" if name == "cores" else name] = _OPTIONS[name](_plain(value))
        except (ValueError, TypeError, KeyError, OverflowError):
            shown = "" if name == PASSPHRASE else f" {str(value)[:80]!r}"
            raise InputError(f"model '{model}': the load option {name} has a wrong value{shown}", model=model) from None
    return options


def _plain(value: Any) -> Any:
    """What stands in Triton's form of a parameter."""
    if not isinstance(value, Mapping):
        return value
    plain = value["string_value"]
    if not isinstance(plain, (str, int, float)):
        raise TypeError
    return plain
