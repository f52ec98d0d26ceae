"""Decodes raw outputs of camera models: boxes, masks, key points, classes and text.

`Detector` runs a YOLO model on a picture and returns `Detections`. The outputs may be quantised: thresholds are
compared with the stored integers, and only what passes them is dequantised. All functions and objects may be used from
any thread at the same time. Needs OpenCV: ``pip install 'hbm_runtime[vision]'``.
"""

from __future__ import annotations

from .._errors import MissingPackageError

try:
    import cv2  # noqa: F401
except ImportError as error:
    raise MissingPackageError(
        f"hbm_runtime.vision needs OpenCV ({error}); install it with: pip install 'hbm_runtime[vision]'"
    ) from error

from .classification import Classes, classify
from .detections import Detections
from .detector import Detector
from .preparing import PictureInput
from .suppression import non_maximum_suppression
from .text_boxes import find_text
from .text_lines import cut_out, read_text, to_strip

__all__ = [
    "Classes",
    "Detections",
    "Detector",
    "PictureInput",
    "classify",
    "cut_out",
    "find_text",
    "non_maximum_suppression",
    "read_text",
    "to_strip",
]
