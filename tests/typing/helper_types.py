"""The types that users' code sees: helpers beside the runtime, and tools that pack and compare. Checked, never run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type

import hbm_runtime
from hbm_runtime import (
    HB_HBMRuntime,
    QuantParams,
    compare,
    encryption,
    hbDNNDataType,
    image,
    packer,
    samples,
    testing,
    vision,
)
from hbm_runtime.testing.fixtures import hbm_faults

runtime = HB_HBMRuntime("model.hbm")
frame: NDArray[np.float32] = np.ones((2, 3), np.float32)

quant = runtime.output_quants["m"]["y"]
stored = np.zeros((2, 3), np.int8)
assert_type(hbm_runtime.dequantize(stored, quant), NDArray[np.float32])
assert_type(hbm_runtime.dequantize(stored, {"scale": 0.5}, out=frame), NDArray[np.float32])
assert_type(hbm_runtime.quantize(frame, quant, hbDNNDataType.S8), NDArray[Any])
assert_type(hbm_runtime.quantize(frame, quant, "int8", out=stored), NDArray[Any])
hbm_runtime.dequantize([1, 2], quant)  # type: ignore[arg-type]
hbm_runtime.quantize(frame, quant)  # type: ignore[call-arg]
assert_type(QuantParams(scale=0.5, zero_point=[1], axis=-1), QuantParams)
QuantParams(0.5)  # type: ignore[call-arg]

Pixels = NDArray[np.uint8]
pixels = np.zeros((4, 6, 3), np.uint8)
assert_type(image.bgr_to_nv12(pixels, range="video"), tuple[Pixels, Pixels])
assert_type(image.rgb_to_nv12(pixels, pixels, pixels), tuple[Pixels, Pixels])
assert_type(image.nv12_to_bgr(pixels, pixels, range="full"), Pixels)
assert_type(image.nv12_to_rgb(pixels, pixels), Pixels)
assert_type(image.split_nv12(pixels), tuple[Pixels, Pixels])
assert_type(image.resize(pixels, (6, 4), pixels), Pixels)
boxed, placed = image.letterbox(pixels, 640, (0, 0, 0), center=False, enlarge=False, out=pixels)
assert_type(boxed, Pixels)
assert_type(placed, image.Letterbox)
assert_type((placed.source, placed.size, placed.inner), tuple[tuple[int, int], tuple[int, int], tuple[int, int]])
assert_type((placed.left, placed.top), tuple[int, int])
assert_type(placed.points_to_source([[1, 2]], clip=True), NDArray[Any])
assert_type(placed.boxes_to_source(frame), NDArray[Any])
image.bgr_to_nv12(pixels, range="limited")  # type: ignore[arg-type]

encryption.encrypt_model("model.hbm", Path("model.secret"), "words", cost=15)
encryption.decrypt_model("model.secret", "model.hbm", b"words")
assert_type(encryption.decrypt_to_memory("model.secret", b"words"), bytearray)
assert_type(encryption.is_encrypted("model.secret"), bool)
HB_HBMRuntime("model.secret", passphrase="words")
HB_HBMRuntime("model.secret", passphrase=3)  # type: ignore[arg-type]

with testing.faults("hbUCPMemFlush:fail@2"):
    testing.release_hanging_tasks()
held = testing.live()
assert_type(held, testing.Live)
assert_type([held.tasks, held.packed_models, held.allocations], list[int])
assert_type([held.allocated_bytes, held.allocation_calls], list[int])


def test_of_a_user(hbm_faults: Callable[[str], None]) -> None:
    hbm_faults("task:delay=5ms")


print(hbm_faults)


def progress(stage: str, part: float) -> None:
    print(stage, part)


options = packer.ModelOptions(
    name="m",
    inputs={
        "x": packer.ImageInput(
            packer.ImageType.NV12, packer.ImageType.RGB, source=packer.InputSource.PYRAMID, rules=packer.ImageRules()
        ),
        "z": packer.FeatureInput(quantise=packer.Quantise(packer.DataType.S8, (0.1,))),
    },
    tensors={"y": packer.TensorOptions(strides=(64, 1))},
    unsigned_activations=packer.UnsignedActivations.NEVER,
    integer_layers=packer.Rewriting.ALWAYS,
    trial_seconds=5.0,
)
packed = packer.pack("model.onnx", "model.hbm", options, description="text", progress=progress)
assert_type(packed, packer.HostFile)
assert_type(packer.build_model(b"onnx", options, progress), packer.Model)
assert_type(packer.pack_config("config.yaml", None, rules=packer.ImageRules()), Path)
assert_type(packer.load_config("config.yaml"), packer.PackJob)
assert_type(packer.link(["a.hbm", Path("b.hbm")], "both.hbm", description=None), packer.HostFile)
assert_type(packer.read_file("model.hbm"), packer.HostFile)
packer.write_file("again.hbm", packed)
assert_type(packer.is_host_model("model.hbm"), bool)
for model in packed.models:
    tensors: tuple[packer.Tensor, ...] = tuple(model.inputs)
    quantisations: list[packer.Quantisation] = [tensor.quantisation for tensor in tensors]
    kinds: list[packer.QuantisationType] = [each.type for each in quantisations]
pack_error: Exception = packer.PackError("text")
pack_warning: Warning = packer.PackWarning("text")

reference: compare.ComparedModel = compare.open_model("model.onnx")
other = compare.open_model("model.hbm", "m")
batches = compare.read_samples(reference, ["picture.png", Path("arrays.npz")])
report = compare.compare_models(reference, other, batches)
assert_type(report, compare.Report)
assert_type(report.passes(least_cosine=0.9, largest_error=None), bool)
assert_type(report.to_json(), dict[str, Any])
assert_type(report.outputs, tuple[compare.OutputReport, ...])

assert_type(samples.write_samples("models", ["s600"], names=["m"]), list[Path])
known: list[samples.Sample] = list(samples.SAMPLES)
boards: Mapping[str, Any] = samples.BOARDS

detector = vision.Detector(runtime, confidence=0.3, iou=0.5, size=(640, 480), keypoints=17, center=False, range="video")
vision.Detector(runtime["yolo"])
vision.Detector("model.hbm")  # type: ignore[arg-type]
assert_type(detector.input, vision.PictureInput)
planes, placed = detector.input.prepare(pixels, color=0)
assert_type(vision.PictureInput.of(runtime["yolo"], (640, 480)), vision.PictureInput)
taken = vision.PictureInput((640, 480), luma="y", chroma=None, planar=True, dtype=np.dtype(np.uint8))
print(taken.size, taken.luma, taken.chroma, taken.planar, taken.dtype)
found = detector(pixels, priority={"yolo": 5})
assert_type(detector.decode({"output0": frame}, placed), vision.Detections)
assert_type(found[0], vision.Detections)
print(detector.model, found.boxes, found.scores, found.classes, found.masks, found.keypoints, found.to_supervision())
assert_type(found.draw(pixels, ["cat"]), Pixels)
best = vision.classify(frame, quant, count=3, logits=True)
assert_type(best, vision.Classes)
assert_type(best.classes, NDArray[np.int64])
assert_type(best.scores, NDArray[np.float32])
kept = vision.non_maximum_suppression(found.boxes, found.scores, found.classes, iou=0.4, confidence=0.1, limit=9)
assert_type(kept, NDArray[np.int64])
boxes = vision.find_text(frame, placed, pixel_confidence=0.3, box_confidence=0.3, growth=2.0)
assert_type(vision.to_strip(vision.cut_out(pixels, boxes[0]), 48, 320), Pixels)
assert_type(vision.read_text(frame, ["", "a"]), tuple[str, float])
