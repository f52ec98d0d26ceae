"""The example behind the page about frame rates: it measures steps that all find the same."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hbm_runtime import HB_HBMRuntime

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "python" / "frame_rate.py"


@pytest.fixture(scope="module")
def example() -> Any:
    spec = importlib.util.spec_from_file_location("frame_rate", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_decoding_by_hand_finds_what_the_detector_finds(example: Any, tmp_path: Path) -> None:
    files = [tmp_path / "detector.hbm", tmp_path / "second.hbm"]
    for file in files:
        example.write_detector(file)
    with HB_HBMRuntime([str(file) for file in files]) as runtime:
        frame = np.full((90, 160, 3), 77, np.uint8)
        steps = example.Steps(runtime, frame)
        luma, chroma = example.nv12_by_hand(frame)
        outputs = steps.model.run({"images_y": luma, "images_uv": chroma})
        found = steps.detector.decode(outputs)
        assert len(found) == example.decode_by_hand(outputs, steps.model.outputs) > 10
        del steps


def test_the_table_has_every_step_of_the_page() -> None:
    command = [sys.executable, str(SCRIPT), "--frames", "2", "--device_ms", "1"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=200).stdout
    rows = [line.split(maxsplit=3) for line in output.splitlines() if line[:4].strip().isdigit()]
    page = (SCRIPT.parents[2] / "docs" / "guide" / "frame-rate.md").read_text(encoding="utf-8")
    assert len(rows) == 8
    assert [row for row in rows if f"| {row[0]} | {row[3]} |" not in page] == []
    assert len(re.findall(r"^ {3}\d ", page, re.MULTILINE)) == len(rows), "the page has figures of each step"
