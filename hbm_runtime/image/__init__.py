"""Camera pictures for models: NV12 to and from BGR or RGB, and letterbox resizing.

Everything is uint8. Pictures are arrays (height, width, channels) of any memory layout, as OpenCV has them; sizes are
(width, height), as OpenCV gives them to `cv2.resize`. OpenCV itself is not needed. Every function releases the GIL and
may be called from any number of threads.
"""

from __future__ import annotations

from .nv12 import bgr_to_nv12, nv12_to_bgr, nv12_to_rgb, rgb_to_nv12, split_nv12
from .resizing import Letterbox, letterbox, resize

__all__ = [
    "Letterbox",
    "bgr_to_nv12",
    "letterbox",
    "nv12_to_bgr",
    "nv12_to_rgb",
    "resize",
    "rgb_to_nv12",
    "split_nv12",
]
