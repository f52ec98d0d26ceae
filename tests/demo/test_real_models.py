"""The demo's trained models as they are: the bits of ONNX Runtime's own interface, the numbers of OpenVINO."""

from __future__ import annotations

import numpy as np
import pytest
from support.checks import same_bits

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.demo.ocr_models import OnnxFiles

SHAPES = {"detection": (1, 3, 320, 480), "recognition": (2, 3, 48, 320)}


@pytest.mark.parametrize("kind", SHAPES)
def test_a_trained_model_computes_what_two_engines_compute(files: OnnxFiles, kind: str) -> None:
    """OpenVINO adds in another order; the bound is relative to the largest value."""
    import onnxruntime  # type: ignore[import-untyped]
    import openvino  # type: ignore[import-untyped]

    path = getattr(files, kind)
    picture = np.random.default_rng(7).uniform(-1, 1, SHAPES[kind]).astype(np.float32)

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
    assert np.abs(result - independent).max() <= 1e-5 * np.abs(independent).max()
