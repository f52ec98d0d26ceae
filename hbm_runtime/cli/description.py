"""What a model's description tells of its inputs: the JSON text that compiled models carry.

Values are mixed there: lists and truth values may be text, and several inputs are joined by semicolons. Models that
were not compiled from a configuration have another text or none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

FULL_RANGE, VIDEO_RANGE = "full", "video"
_RANGES = {"regular": FULL_RANGE, "bt601_video": VIDEO_RANGE}


@dataclass(frozen=True)
class ImageFacts:
    """How one input of the original model takes images.

    Attributes:
        name: The original name; NV12 inputs are called ``<name>_y`` and ``<name>_uv``.
        runtime_type: nv12, yuv444, rgb, bgr, gray or featuremap.
        train_type: The same, as trained.
        pixel_range: "full" or "video", or None where the description does not say.
    """

    name: str
    runtime_type: str
    train_type: str
    pixel_range: str | None


@dataclass(frozen=True)
class Description:
    """A model's description.

    Attributes:
        values: The JSON object; empty when the text is none.
        images: What it says of each input.
    """

    values: dict[str, Any]
    images: tuple[ImageFacts, ...]

    @classmethod
    def read(cls, text: str) -> Description:
        """Reads a description; anything that is not understood counts as unknown."""
        try:
            values = json.loads(text)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            return cls({}, ())
        types = _each(values.get("INPUT_TYPE_RT"))
        names = _each(values.get("INPUT_NAMES")) or [""] * len(types)
        trained = _each(values.get("INPUT_TYPE_TRAIN"))
        ranges = _each(values.get("INPUT_SPACE_AND_RANGE"))
        images = [
            ImageFacts(name, kind, _at(trained, index), _RANGES.get(_at(ranges, index)))
            for index, (name, kind) in enumerate(zip(names, types, strict=False))
        ]
        return cls(values, tuple(images))

    def image(self, base: str) -> ImageFacts | None:
        """What is said of the input of that name; with one input its name does not matter."""
        for facts in self.images:
            if facts.name == base:
                return facts
        return self.images[0] if len(self.images) == 1 else None


def _each(value: Any) -> list[str]:
    if isinstance(value, (list, tuple)):
        return [str(part).strip() for part in value]
    if not isinstance(value, str):
        return []
    return [part.strip() for part in value.strip().strip("[]").rstrip(";").split(";") if part.strip()]


def _at(values: list[str], index: int) -> str:
    # One value for all inputs is common.
    if index < len(values):
        return values[index]
    return values[0] if len(values) == 1 else ""
