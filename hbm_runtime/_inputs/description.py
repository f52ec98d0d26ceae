"""What a model's description says about its inputs: the JSON text that compiled models carry.

Values are mixed there: lists and truth values may be text, and several inputs are joined by semicolons. Models that
were not compiled from a configuration have another text or none.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..image.nv12 import Range

FULL_RANGE: Final = "full"
VIDEO_RANGE: Final = "video"
_RANGES: dict[str, Range] = {"regular": FULL_RANGE, "bt601_video": VIDEO_RANGE}


@dataclass(frozen=True)
class InputFacts:
    """How one input of the original model takes its values.

    Attributes:
        name: The original name; NV12 inputs are called ``<name>_y`` and ``<name>_uv``.
        runtime_type: nv12, yuv444, rgb, bgr, gray or featuremap; empty where the description does not say.
        train_type: The same, as trained.
        layout: NCHW or NHWC, as trained.
        pixel_range: "full" or "video", or None where the description does not say.
        source: ddr, pyramid or resizer, or empty.
        mean: Subtracted from each channel; empty when nothing is, None when the text has no numbers.
        scale: Multiplied with each channel, likewise.
        std: Divides each channel, likewise.
    """

    name: str
    runtime_type: str
    train_type: str
    layout: str
    pixel_range: Range | None
    source: str
    mean: tuple[float, ...] | None
    scale: tuple[float, ...] | None
    std: tuple[float, ...] | None


@dataclass(frozen=True)
class Description:
    """A model's description.

    Attributes:
        values: The JSON object; empty when the text is none.
        inputs: What it says about each input, in order; empty when it says nothing about their types.
    """

    values: Mapping[str, Any]
    inputs: tuple[InputFacts, ...]

    @classmethod
    def read(cls, text: str) -> Description:
        """Reads a description; what is not understood counts as unknown."""
        try:
            values = json.loads(text)
        except ValueError:
            values = None
        return cls.of(values if isinstance(values, dict) else {})

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Description:
        """Takes the JSON object of a description apart."""
        types = _each(values.get("INPUT_TYPE_RT"))
        names = _each(values.get("INPUT_NAMES")) or [""] * len(types)
        texts = {
            key: _each(values.get(key)) for key in ("INPUT_TYPE_TRAIN", "INPUT_LAYOUT_TRAIN", "INPUT_SPACE_AND_RANGE")
        }
        numbers = {key: _each_numbers(values.get(key)) for key in ("MEAN_VALUE", "SCALE_VALUE", "STD_VALUE")}
        sources = _mapping(values.get("INPUT_SOURCE"))
        inputs = tuple(
            InputFacts(
                name,
                _at(types, index),
                _at(texts["INPUT_TYPE_TRAIN"], index),
                _at(texts["INPUT_LAYOUT_TRAIN"], index),
                _RANGES.get(_at(texts["INPUT_SPACE_AND_RANGE"], index)),
                str(sources.get(name, "")),
                *(_numbers(_at(each, index)) for each in numbers.values()),
            )
            for index, name in enumerate(names)
        )
        return cls(values, inputs if types else ())

    def input(self, base: str) -> InputFacts | None:
        """Returns what is said about the input of that name; with one input its name does not matter."""
        for facts in self.inputs:
            if facts.name == base:
                return facts
        return self.inputs[0] if len(self.inputs) == 1 else None


def _each(value: Any) -> list[str]:
    """The value of each input. An empty one keeps its place, but the last semicolon only ends the text."""
    if isinstance(value, (list, tuple)):
        return [str(part).strip() for part in value]
    if not isinstance(value, str) or not value.strip():
        return []
    text = value.strip()
    if text.startswith("["):
        listed = _literal(text)
        if isinstance(listed, (list, tuple)):
            return [str(part).strip() for part in listed]
        text = text.strip("[]")
    parts = [part.strip() for part in text.split(";")]
    return parts if parts[-1] else parts[:-1]


def _each_numbers(value: Any) -> list[str]:
    """The same of numbers, of which one input has several: ``[1, 2, 3];[4, 5, 6]``."""
    if isinstance(value, (list, tuple)):
        several = all(isinstance(part, (list, tuple, str)) for part in value)
        return [str(part) for part in value] if several else [str(list(value))]
    parts = [part.strip() for part in value.split(";")] if isinstance(value, str) else [""]
    return parts if parts[-1] else parts[:-1]


def _numbers(text: str) -> tuple[float, ...] | None:
    try:
        return tuple(float(word) for word in re.split(r"[\s,]+", text.strip("[]() ")) if word)
    except ValueError:
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    value = _literal(value) if isinstance(value, str) else value
    return value if isinstance(value, dict) else {}


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _at(values: list[str], index: int) -> str:
    # One value for all inputs is common.
    if index < len(values):
        return values[index]
    return values[0] if len(values) == 1 else ""
