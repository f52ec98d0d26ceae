"""The demo's trained models as they are: the bits of ONNX Runtime's own interface, the numbers of OpenVINO."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from support.checks import same_bits
from support.demo_downloads import downloads

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.demo import assets
from hbm_runtime.demo.drawing import read_picture
from hbm_runtime.demo.ocr_models import OnnxFiles

SIZES = {"detection": (480, 320), "recognition": (320, 48)}
"""Width and height."""


@pytest.mark.no_sanitizer
@pytest.mark.parametrize("kind", SIZES)
def test_a_trained_model_computes_what_two_engines_compute(files: OnnxFiles, kind: str) -> None:
    """OpenVINO adds in another order; the outputs are probabilities."""
    import onnxruntime  # type: ignore[import-untyped]
    import openvino  # type: ignore[import-untyped]

    path = getattr(files, kind)
    page = cv2.resize(read_picture(assets.fetch(assets.PICTURE, downloads())), SIZES[kind])
    picture = np.ascontiguousarray((page[None].astype(np.float32) / 127.5 - 1).transpose(0, 3, 1, 2))

    runtime = HB_HBMRuntime(path)
    (model,) = runtime.model_names
    (result,) = runtime.run(picture)[model].values()

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (same,) = session.run(None, {session.get_inputs()[0].name: picture})
    assert same_bits(result, same)

    core = openvino.Core()
    core.set_property("CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": "1"})
    independent = core.compile_model(str(path), "CPU")([picture])[0]
    assert independent.shape == result.shape
    assert independent.max() > 0.5
    assert np.abs(result - independent).max() <= 1e-4
