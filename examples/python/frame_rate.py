"""What makes Python slow beside a BPU, measured step by step: ``python examples/python/frame_rate.py``.

A detector with quantised heads and a device that takes 4 ms for a picture, on any PC: the model's own work is next to
nothing, and the driver's simulator waits the rest of the time. The table that is printed is the one of the guide's page
"From 30 to 200 frames a second".
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import DataType, ModelOptions, pack
from hbm_runtime.packer.options import Quantise
from hbm_runtime.testing import faults
from hbm_runtime.vision import Detector

SIDE, CLASSES, DISTANCES, CONFIDENCE, IOU = 640, 80, 64, 0.5, 0.45
Picture = NDArray[np.uint8]


def write_detector(path: Path) -> None:
    """Inputs and outputs are those of YOLO11 on boards: NV12 in, S32 heads out. It finds the same in every picture."""
    rng = np.random.default_rng(11)
    nodes, constants, outputs, options = [], [], [], {}
    for stride in (8, 16, 32):
        cells = SIDE // stride
        scores = rng.normal(-8, 1, (1, cells, cells, CLASSES))
        for x, y, kind in rng.integers(0, (cells - 2, cells - 2, CLASSES), (6, 3)):
            scores[0, y : y + 2, x : x + 2, kind] = rng.uniform(1, 3)
        for name, values in (("class", scores), ("box", rng.normal(0, 1, (1, cells, cells, DISTANCES)))):
            head, scales = f"{name}{stride}", np.geomspace(1e-5, 1e-4, values.shape[3]).astype(np.float32)
            stored = np.round(values / scales).astype(np.int32)
            constants += [
                numpy_helper.from_array(stored, f"stored_{head}"),
                numpy_helper.from_array(scales, f"s_{head}"),
            ]
            nodes.append(helper.make_node("DequantizeLinear", [f"stored_{head}", f"s_{head}"], [head], axis=3))
            outputs.append(helper.make_tensor_value_info(head, TensorProto.FLOAT, values.shape))
            options[head] = Quantise(DataType.S32, tuple(scales.tolist()), axis=3)
    planes = {"images_y": [1, SIDE, SIDE, 1], "images_uv": [1, SIDE // 2, SIDE // 2, 2]}
    inputs = [helper.make_tensor_value_info(name, TensorProto.UINT8, shape) for name, shape in planes.items()]
    graph = helper.make_graph(nodes, "detector", inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path) + ".onnx")
    pack(str(path) + ".onnx", path, ModelOptions(name=path.stem, outputs=options))


def nv12_by_hand(frame: Picture) -> tuple[Picture, Picture]:
    """As most scripts make it: the picture goes through I420 and a copy for each plane."""
    small = cv2.resize(frame, (SIDE, SIDE))
    planar = cv2.cvtColor(small, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    luma = planar[: SIDE * SIDE].reshape(1, SIDE, SIDE, 1)
    chroma = planar[SIDE * SIDE :].reshape(2, SIDE // 2, SIDE // 2).transpose(1, 2, 0)
    return np.ascontiguousarray(luma, np.uint8), np.ascontiguousarray(chroma[None], np.uint8)


def decode_by_hand(outputs: dict[str, NDArray[Any]], infos: Any) -> int:
    """As most scripts do it: everything becomes floats, and then most of it is thrown away."""
    boxes, scores = [], []
    for stride in (8, 16, 32):
        real = {kind: outputs[f"{kind}{stride}"] * infos[f"{kind}{stride}"].quant.scale for kind in ("class", "box")}
        scores.append(1 / (1 + np.exp(-real["class"].reshape(-1, CLASSES))))
        bins = np.exp(real["box"].reshape(-1, 4, 16))
        distances = (bins / bins.sum(-1, keepdims=True)) @ np.arange(16)
        cells = SIDE // stride
        centres = np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), -1).reshape(-1, 2) + 0.5
        corner, size = centres - distances[:, :2], distances[:, :2] + distances[:, 2:]
        boxes.append(np.concatenate([corner, size], 1) * stride)
    score = np.concatenate(scores)
    best = score.max(1)
    kept = best > CONFIDENCE
    found = cv2.dnn.NMSBoxesBatched(
        np.concatenate(boxes)[kept].tolist(), best[kept].tolist(), score.argmax(1)[kept].tolist(), CONFIDENCE, IOU
    )
    return len(found)


class Steps:
    """Each step handles some frames, and is what the one before it was with one thing changed."""

    def __init__(self, runtime: HB_HBMRuntime, frame: Picture) -> None:
        self.runtime, self.frame = runtime, frame
        self.model, self.other = runtime["detector"], runtime["second"]
        self.detector = Detector(self.model, confidence=CONFIDENCE, iou=IOU)
        self.bound = [runtime.bind("detector") for _ in range(2)]

    def in_order(self) -> list[Callable[[int], None]]:
        """The rows of the table."""
        alone = [self.by_hand, self.two_threads, self.integers, self.prepared, self.bound_run, self.overlapped]
        return [*alone, self.models_in_turn, self.models_at_once]

    def by_hand(self, count: int) -> None:
        """Everything becomes floats in numpy, one frame after the other."""
        for _ in range(count):
            luma, chroma = nv12_by_hand(self.frame)
            outputs = self.model.run({"images_y": luma, "images_uv": chroma})
            decode_by_hand(outputs, self.model.outputs)

    def two_threads(self, count: int) -> None:
        """The same in two threads, for which there are two processors."""
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self.by_hand, [count // 2] * 2))

    def integers(self, count: int) -> None:
        """Thresholds are compared with the stored integers."""
        for _ in range(count):
            luma, chroma = nv12_by_hand(self.frame)
            self.detector.decode(self.model.run({"images_y": luma, "images_uv": chroma}))

    def prepared(self, count: int) -> None:
        """Pictures are made by hbm_runtime.image, in C++ and without the lock."""
        for _ in range(count):
            inputs, place = self.detector.input.prepare(self.frame)
            self.detector.decode(self.model.run(inputs), place)

    def bound_run(self, count: int) -> None:
        """Inputs and outputs stay in device memory; nothing is allocated."""
        for _ in range(count):
            place = self._fill(0)
            self.detector.decode(self.bound[0].run(), place)

    def overlapped(self, count: int) -> None:
        """The next picture is made, and the last result read, while the device works."""
        place = self._fill(0)
        request = self.bound[0].run_async()
        for number in range(1, count + 1):
            coming = self._fill(number % 2) if number < count else place
            outputs = request.result()
            if number < count:
                request = self.bound[number % 2].run_async()
            self.detector.decode(outputs, place)
            place = coming

    def models_in_turn(self, count: int) -> None:
        """Two models for each frame, one after the other."""
        inputs, _ = self.detector.input.prepare(self.frame)
        for _ in range(count):
            self.model.run(inputs)
            self.other.run(inputs)

    def models_at_once(self, count: int) -> None:
        """Two models for each frame in one call, each on a core of its own."""
        inputs, _ = self.detector.input.prepare(self.frame)
        for _ in range(count):
            self.runtime.run({"detector": inputs, "second": inputs})

    def _fill(self, which: int) -> Any:
        inputs, place = self.detector.input.prepare(self.frame)
        for name, array in inputs.items():
            self.bound[which].inputs[name][...] = array
        return place


def measure(step: Callable[[int], None], count: int) -> float:
    """Milliseconds for a frame: the best of five rounds."""
    step(2)
    rounds = []
    for _ in range(5):
        begin = time.perf_counter()
        step(count)
        rounds.append((time.perf_counter() - begin) / count * 1e3)
    return min(rounds)


def _processor() -> str:
    """Its name and instruction set, for whoever reads the figures elsewhere."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    flags = next((line for line in lines if line.startswith("flags")), "")
    widest = next((name for name in ("avx512f", "avx2", "sse4_2") if name in flags.split()), "")
    return " ".join(filter(None, [names[0] if names else "", platform.machine(), widest]))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--device_ms", type=float, default=4, help="what the simulated device takes; default: 4")
    parser.add_argument("--frames", type=int, default=40, help="of each round; default: 40")
    given = parser.parse_args()
    frame = cv2.resize(np.random.default_rng(3).integers(0, 256, (27, 48, 3), np.uint8), (1920, 1080))
    with tempfile.TemporaryDirectory() as folder, faults(f"task:delay={given.device_ms:g}ms"):
        files = [Path(folder) / f"{name}.hbm" for name in ("detector", "second")]
        for file in files:
            write_detector(file)
        runtime = HB_HBMRuntime([str(file) for file in files])
        steps = Steps(runtime, np.asarray(frame, np.uint8))
        print(f"{_processor()}, {os.cpu_count()} processors, device {given.device_ms:g} ms\n")
        print("step  ms for a frame  frames/s")
        for number, step in enumerate(steps.in_order(), 1):
            taken = measure(step, given.frames)
            print(f"{number:4}{taken:16.1f}{1e3 / taken:10.0f}  {step.__doc__}", flush=True)
        del steps
        runtime.close()


if __name__ == "__main__":
    main()
