"""Packs the two OCR models into one host file, with the inputs that a board's models have."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import onnx

from hbm_runtime.packer import HostFile, ImageInput, ImageType, ModelOptions, build_model, write_file

DETECTION = "ppocrv4_det_960x960_nv12"
RECOGNITION = "ppocrv4_rec_48x1280_bgr"
DETECTION_SIZE = 960
RECOGNITION_HEIGHT = 48
RECOGNITION_WIDTH = 1280
# Both models were trained on BGR pixels brought to -1..1.
_MIDDLE = (127.5,)


@dataclass(frozen=True)
class OnnxFiles:
    """The trained models."""

    detection: Path
    recognition: Path


def pack_models(files: OnnxFiles, output: str | os.PathLike[str]) -> HostFile:
    """Writes a host ``.hbm`` with a detection model that takes NV12 and a recognition model that takes BGR."""
    scale = (1 / _MIDDLE[0],)
    detection = ModelOptions(
        name=DETECTION,
        march="nash-p",
        input_shapes={"x": (1, 3, DETECTION_SIZE, DETECTION_SIZE)},
        inputs={"x": ImageInput(ImageType.NV12, ImageType.BGR, mean=_MIDDLE, scale=scale)},
        description="text detection (PP-OCRv4)",
    )
    recognition = ModelOptions(
        name=RECOGNITION,
        march="nash-p",
        input_shapes={"x": (1, 3, RECOGNITION_HEIGHT, RECOGNITION_WIDTH)},
        inputs={"x": ImageInput(ImageType.BGR, ImageType.BGR, mean=_MIDDLE, scale=scale)},
        description="text recognition (PP-OCRv4)",
    )
    models = (build_model(files.detection, detection), build_model(files.recognition, recognition))
    content = HostFile(models, march="nash-p", description=b"the two models of the demo", producer="hbm_runtime.demo")
    write_file(output, content)
    return content


def read_characters(recognition: Path) -> list[str]:
    """The characters that the recognition model distinguishes, by class; class 0 stands for none."""
    metadata = {entry.key: entry.value for entry in onnx.load(recognition).metadata_props}
    return ["", *metadata["character"].splitlines(), " "]
