"""The demo: two OCR models in one host ``.hbm`` read a picture through HB_HBMRuntime.

``python -m hbm_runtime.demo [PICTURE]``
"""

from __future__ import annotations
