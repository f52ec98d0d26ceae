"""The channel axis that options name is what the driver reports, also where one scale serves all channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx.parser import parse_model

from hbm_runtime import HB_HBMRuntime, QuantParams
from hbm_runtime.packer import DataType, FeatureInput, ModelOptions, Quantise, pack

NEGATED = parse_model(
    '<ir_version: 8, opset_import: ["": 17]> g (float[1, 4, 2, 3] x) => (float[1, 4, 2, 3] y) { y = Neg(x) }'
)


def test_the_axis_of_a_single_scale_is_reported_as_given(tmp_path: Path) -> None:
    options = ModelOptions(
        inputs={"x": FeatureInput(Quantise(DataType.S8, (0.5,), (3,), axis=3))},
        outputs={"y": Quantise(DataType.S8, (0.25,), (-7,), axis=1)},
    )
    pack(NEGATED, tmp_path / "m.hbm", options)
    runtime = HB_HBMRuntime(tmp_path / "m.hbm")
    model = runtime[runtime.model_names[0]]
    assert model.inputs["x"].quant == QuantParams(scale=0.5, zero_point=3, axis=3)
    assert model.outputs["y"].quant == QuantParams(scale=0.25, zero_point=-7, axis=1)
    x = np.arange(-12, 12, dtype=np.int8).reshape(1, 4, 2, 3)
    real = model.outputs["y"].dequantize(model.run(x)["y"])
    np.testing.assert_array_equal(real, -model.inputs["x"].dequantize(x))
