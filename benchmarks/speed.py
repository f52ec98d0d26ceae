"""Latency and throughput by default, beside ONNX Runtime's settings and OpenVINO, and whether the numbers are equal."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray

from benchmarks import models
from benchmarks.figures import Figure
from benchmarks.latency import session
from benchmarks.threads import rate
from benchmarks.timing import best_of, median_ns
from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import pack
from hbm_runtime.packer.transform.processors import sums_in_32_bits

RUNS = 9
SECONDS = 0.8
Arrays = list[NDArray[Any]]
Call = Callable[[], Arrays]


@dataclass(frozen=True)
class Subject:
    """A model that is measured.

    Attributes:
        name: Its name in the table.
        original: The ONNX file, which the others run.
        ours: What we run: the same, or what packing made of it.
        shape: The shape of its only input.
    """

    name: str
    original: Path
    ours: Path
    shape: tuple[int, ...]

    @property
    def quantised(self) -> bool:
        """True if it is compared as an int8 model."""
        return self.ours != self.original


def subjects() -> list[Subject]:
    """The models; the trained ones are fetched when they are not there."""
    from hbm_runtime.demo import assets  # noqa: PLC0415

    downloads = models.FOLDER / "downloads"
    picture = (1, 3, 224, 224)
    plain = [
        (models.written("resnet18", models.resnet18), "ResNet-18 f32", picture),
        (_yolo(), "YOLOv8n 320", (1, 3, 320, 320)),
        (assets.fetch(assets.DETECTION_MODEL, downloads), "OCR detection", (1, 3, 320, 320)),
        (assets.fetch(assets.RECOGNITION_MODEL, downloads), "OCR recognition", (1, 3, 48, 320)),
    ]
    found = [Subject(name, path, path, shape) for path, name, shape in plain if path.exists()]
    for name, file, dtype, symmetric in (
        ("ResNet-18 u8", "resnet18_u8", np.uint8, False),
        ("ResNet-18 s8", "resnet18_s8", np.int8, False),
        ("ResNet-18 s8 with Relu", "resnet18_s8_relu", np.int8, True),
    ):
        make = models.resnet18_maker(dtype, symmetric=symmetric)
        original, packed = models.written(file, make), models.FOLDER / f"{file}.hbm"
        pack(original, packed)
        found.append(Subject(name, original, packed, picture))
    return found


def _yolo() -> Path:
    """A trained YOLOv8n; `./build.sh test` fetches it with the other trained models."""
    folder = os.environ.get("HBM_RUNTIME_REAL_MODELS", str(models.FOLDER.parents[2] / "demo-output" / "downloads"))
    return Path(folder) / "models" / "nudenet-320n.onnx"


def sides(subject: Subject, inputs: Mapping[str, NDArray[Any]]) -> dict[str, Call]:
    """What is compared, by name."""
    runtime = HB_HBMRuntime(subject.ours)
    (name,) = runtime.model_names
    quiet = onnxruntime.SessionOptions()
    quiet.add_session_config_entry("session.intra_op.allow_spinning", "0")
    default = onnxruntime.InferenceSession(str(subject.original), providers=["CPUExecutionProvider"])
    sleeping = onnxruntime.InferenceSession(str(subject.original), quiet, providers=["CPUExecutionProvider"])
    single = session(subject.original)
    calls: dict[str, Call] = {
        "ours": lambda: list(runtime.run(inputs)[name].values()),
        "onnxruntime": lambda: default.run(None, inputs),
        "onnxruntime, threads that sleep": lambda: sleeping.run(None, inputs),
        "onnxruntime, 1 thread": lambda: single.run(None, inputs),
    }
    try:
        import openvino  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError:
        return calls
    request = openvino.Core().compile_model(str(subject.original), "CPU").create_infer_request()
    calls["openvino"] = lambda: list(request.infer(inputs).values())
    return calls


def different(subject: Subject, call: Call, inputs: Mapping[str, NDArray[Any]]) -> float:
    """How many values in a thousand are not those of ONNX Runtime: with one thread, or of quantised ones unoptimised.

    Behind quantised layers there is a sum in floats; a step of its last bit is no difference, one of an integer is.
    """
    expected = session(subject.original, optimised=not subject.quantised).run(None, inputs)
    step = 1e-5 if subject.quantised else 0.0
    pairs = list(zip(call(), expected, strict=True))
    found = sum(int((np.abs(a.astype(np.float64) - b) > step * np.abs(b).max()).sum()) for a, b in pairs)
    return 1000 * found / sum(int(b.size) for _, b in pairs)


def alone(subject: Subject, calls: Mapping[str, Call]) -> None:
    """Reports latencies of one caller."""
    times = best_of({side: lambda call=call: median_ns(call, RUNS) for side, call in calls.items()})  # type: ignore[misc]
    milliseconds = {side: value / 1e6 for side, value in times.items()}
    if not subject.quantised:
        value = times["ours"] / times["onnxruntime"]
        Figure(f"{subject.name} alone, in ONNX Runtime's", value, 1.03, "x", detail=milliseconds).report()
        return
    # Engines compute the unsigned one in integers as it is.
    gate = sums_in_32_bits() and " s8" in subject.name
    value = times["onnxruntime"] / times["ours"]
    name = f"{subject.name} packed, times ONNX Runtime's speed"
    Figure(name, value, 2, "x", at_least=True, gate=gate, detail=milliseconds).report()


def together(subject: Subject, calls: Mapping[str, Call], callers: int) -> None:
    """Reports throughput of several callers, in the best that ONNX Runtime has for them."""
    known = {side: call for side, call in calls.items() if side != "openvino"}  # its request takes one caller
    rate(known["ours"], callers, SECONDS)  # the sessions for callers that share are there afterwards
    rates = best_of(
        {side: lambda call=call: rate(call, callers, SECONDS) for side, call in known.items()},  # type: ignore[misc]
        rounds=3,
        best=max,
    )
    value = rates["ours"] / max(value for side, value in rates.items() if side != "ours")
    Figure(
        f"{subject.name}, {callers} callers, in ONNX Runtime's best", value, 0.97, "x", at_least=True, detail=rates
    ).report()


def main() -> None:
    """Reports all figures."""
    for subject in subjects():
        (name,) = (each.name for each in session(subject.original).get_inputs())
        inputs = {name: np.random.default_rng(1).normal(0, 1, subject.shape).astype(np.float32)}
        calls = sides(subject, inputs)
        against = "unoptimised" if subject.quantised else "one thread's"
        # Optimised, ONNX Runtime itself has other values than unoptimised, whose sums in floats are not exact.
        detail = {"onnxruntime": different(subject, calls["onnxruntime"], inputs)} if subject.quantised else {}
        Figure(
            f"{subject.name}, values that are not the {against}",
            different(subject, calls["ours"], inputs), 0, "o/oo", gate=not subject.quantised, detail=detail,
        ).report()  # fmt: skip
        alone(subject, calls)
        if not subject.quantised:
            for callers in (2, 4):
                together(subject, calls, callers)


if __name__ == "__main__":
    main()
