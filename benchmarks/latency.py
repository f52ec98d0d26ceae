"""Whole inferences against ONNX Runtime's Python API with one thread, on the same file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]

from benchmarks import models
from benchmarks.figures import Figure
from benchmarks.timing import best_of, median_ns
from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import pack
from hbm_runtime.packer.transform.processors import sums_in_32_bits

RUNS = 15


def session(path: Path, *, optimised: bool = True) -> onnxruntime.InferenceSession:
    """ONNX Runtime on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def times_of(ours: Path, original: Path, inputs: dict[str, Any]) -> dict[str, float]:
    """Medians in nanoseconds, interleaved."""
    runtime, reference = HB_HBMRuntime(str(ours)), session(original)
    return best_of(
        {
            "ours": lambda: median_ns(lambda: runtime.run(inputs), RUNS),
            "onnxruntime": lambda: median_ns(lambda: reference.run(None, inputs), RUNS),
        }
    )


def ratio(name: str, path: Path, inputs: dict[str, Any]) -> None:
    """Reports our latency in that of ONNX Runtime."""
    times = times_of(path, path, inputs)
    Figure(f"{name}, latency in ONNX Runtime's", times["ours"] / times["onnxruntime"], 1.05, "x", detail=times).report()


def main() -> None:
    """Reports the figures of ResNet-18 and of the OCR models."""
    image = {"image": np.random.default_rng(1).normal(0, 1, (1, 3, 224, 224)).astype(np.float32)}
    ratio("ResNet-18 f32", models.written("resnet18", models.resnet18), image)
    ratio("ResNet-18 QDQ u8", models.written("resnet18_u8", lambda: models.resnet18(quantised=np.uint8)), image)

    original = models.written("resnet18_s8", lambda: models.resnet18(quantised=np.int8))
    packed = models.FOLDER / "resnet18_s8.hbm"
    pack(str(original), packed)
    times = times_of(packed, original, image)
    value = times["onnxruntime"] / times["ours"]
    gate = sums_in_32_bits()  # without VNNI unsigned bytes are worth less than twice
    Figure("ResNet-18 QDQ s8 packed, speed-up", value, 2, "x", at_least=True, gate=gate, detail=times).report()

    from hbm_runtime.demo import assets  # noqa: PLC0415

    downloads = models.FOLDER / "downloads"
    detection = assets.fetch(assets.DETECTION_MODEL, downloads)
    recognition = assets.fetch(assets.RECOGNITION_MODEL, downloads)
    ratio("OCR detection 320x320", detection, {"x": np.ones((1, 3, 320, 320), np.float32)})
    ratio("OCR recognition 48x320", recognition, {"x": np.ones((1, 3, 48, 320), np.float32)})


if __name__ == "__main__":
    main()
