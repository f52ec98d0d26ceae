"""The whole way from a picture to the texts in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hbm_runtime.demo import ocr_models
from hbm_runtime.image import Letterbox, bgr_to_nv12, letterbox
from hbm_runtime.vision import cut_out, find_text, read_text, to_strip
from hbm_runtime.vision.text_boxes import Box, Image

Run = Callable[[str, dict[str, Image]], NDArray[np.float32]]
"""Runs a model by name on its inputs and gives its only output."""

_MIN_CONFIDENCE = 0.5


@dataclass(frozen=True)
class Line:
    """One piece of text.

    Attributes:
        text: What it says.
        confidence: 0 to 1.
        box: Where it is.
    """

    text: str
    confidence: float
    box: Box


def fit_into_square(image: Image) -> tuple[Image, Letterbox]:
    """The picture as the detection takes it, scaled into the upper left corner of a gray square."""
    return letterbox(image, ocr_models.DETECTION_SIZE, 128, center=False)


def read_lines(image: Image, run: Run, characters: Sequence[str]) -> Iterator[Line]:
    """Reads a BGR picture (H, W, 3) with the two models that ``run`` runs."""
    square, box_of_picture = fit_into_square(image)
    luma, chroma = bgr_to_nv12(square)
    probabilities = run(ocr_models.DETECTION, {"x_y": luma, "x_uv": chroma})
    for box in find_text(np.ascontiguousarray(probabilities[0, 0]), box_of_picture):
        strip = to_strip(cut_out(image, box), ocr_models.RECOGNITION_HEIGHT, ocr_models.RECOGNITION_WIDTH)
        text, confidence = read_text(run(ocr_models.RECOGNITION, {"x": strip})[0], characters)
        if text and confidence >= _MIN_CONFIDENCE:
            yield Line(text, confidence, box)
