"""The demo's trained models, where somebody has fetched them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hbm_runtime.demo import assets
from hbm_runtime.demo.ocr_models import OnnxFiles

CHOSEN = os.environ.get("HBM_RUNTIME_DEMO_DOWNLOADS")


def downloads() -> Path:
    """Where ``./build.sh test`` and ``./build.sh demo`` leave the models, or where a variable says."""
    return Path(CHOSEN) if CHOSEN else Path(__file__).parents[2] / "demo-output" / "downloads"


@pytest.fixture
def files() -> OnnxFiles:
    folder = downloads()
    detection = folder / Path(assets.DETECTION_MODEL).name
    recognition = folder / Path(assets.RECOGNITION_MODEL).name
    # Who says where they are wants the proof: then they may not be missing.
    if not (detection.exists() and recognition.exists()) and not CHOSEN:
        pytest.skip("the OCR models are not here; ./build.sh test downloads them")
    return OnnxFiles(detection, recognition)
