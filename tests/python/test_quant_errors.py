"""What dequantize(), quantize() and QuantParams() refuse, and how they say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hbm_runtime
from hbm_runtime import InputError, QuantParams, dequantize, hbDNNDataType, hbDNNQuantiType, quantize

PER_CHANNEL = QuantParams(scale=[0.5, 1.0, 2.0], axis=1)
BYTES = np.zeros((2, 3, 4), np.uint8)
REALS = np.zeros((2, 3, 4), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: dequantize(BYTES.swapaxes(1, 2), PER_CHANNEL), InputError, r"3 scales.*axis 1.*\[2, 4, 3\].*axis=2"),
        (lambda: dequantize(BYTES[:, 0], PER_CHANNEL), InputError, r"shape \[2, 4\]$"),
        (lambda: dequantize(BYTES[0, 0], PER_CHANNEL), InputError, "axis 1"),
        (lambda: dequantize(BYTES.astype(np.int64), PER_CHANNEL), InputError, "not int64"),
        (lambda: dequantize(BYTES.astype(bool), PER_CHANNEL), InputError, "not bool"),
        (lambda: dequantize(BYTES.astype(">i2"), PER_CHANNEL), InputError, "newbyteorder"),
        (lambda: dequantize(BYTES.astype(complex), PER_CHANNEL), InputError, "complex128"),
        (lambda: dequantize(np.array(["a"]), PER_CHANNEL), InputError, "<U1"),
        (lambda: dequantize(np.zeros((1,) * 11, np.int8), QuantParams()), InputError, "11 dimensions"),
        (lambda: dequantize(BYTES, PER_CHANNEL, out=np.zeros((2, 3, 5), np.float32)), InputError, r"\[2, 3, 5\]"),
        (lambda: dequantize(BYTES, PER_CHANNEL, out=np.zeros((2, 3), np.float32)), InputError, r"\[2, 3\]"),
        (lambda: dequantize(BYTES, PER_CHANNEL, out=np.zeros((2, 3, 4))), InputError, "float64"),  # type: ignore[arg-type]
        (lambda: dequantize(BYTES, {"scale": [], "quant_type": 1}), InputError, "scale"),
        (lambda: dequantize(BYTES, {"scale": [1, 2, 3]}), InputError, "axis"),
        (lambda: dequantize(BYTES, {"scale": 1, "quant_type": "SHIFT"}), InputError, "'SHIFT'"),
        (lambda: dequantize(BYTES, {"scale": 1, "quant_type": 2}), InputError, "2"),
        (lambda: dequantize(BYTES, {"zero_point": 1}), TypeError, "dict"),
        (lambda: dequantize(BYTES, 0.5), TypeError, "float"),  # type: ignore[arg-type]
        (lambda: dequantize([1, 2], PER_CHANNEL), TypeError, "list"),  # type: ignore[arg-type]
        (lambda: dequantize(3, PER_CHANNEL), TypeError, "int"),  # type: ignore[arg-type]
        (lambda: dequantize(BYTES, PER_CHANNEL, out=[1.0]), TypeError, "list"),  # type: ignore[arg-type]
        (lambda: quantize(BYTES, PER_CHANNEL, np.int8), InputError, "uint8.*astype"),
        (lambda: quantize(REALS, PER_CHANNEL, np.int64), InputError, "int64"),
        (lambda: quantize(REALS, PER_CHANNEL, np.float32), InputError, "float32"),
        (lambda: quantize(REALS, PER_CHANNEL, hbDNNDataType.F32), InputError, "F32"),
        (lambda: quantize(REALS, PER_CHANNEL, ">i2"), InputError, ">i2"),
        (lambda: quantize(REALS, QuantParams(scale=0.0), np.int8), InputError, "scale 0 is 0"),
        (lambda: quantize(REALS, PER_CHANNEL, np.int8, out=np.zeros((2, 3, 4), np.int16)), InputError, "int16"),
        (lambda: quantize(REALS, PER_CHANNEL, 2), TypeError, "dtype"),  # type: ignore[arg-type]
        (lambda: quantize(REALS, PER_CHANNEL, None), TypeError, "dtype"),  # type: ignore[arg-type]
        (lambda: quantize(REALS, PER_CHANNEL, "int7"), TypeError, "int7"),
    ],
)
def test_mistakes_are_named(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert isinstance(caught.value, hbm_runtime.HbmError)


def test_a_read_only_result_is_refused() -> None:
    out = np.zeros((2, 3, 4), np.float32)
    out.flags.writeable = False
    with pytest.raises(InputError, match="read-only"):
        dequantize(BYTES, PER_CHANNEL, out=out)


def test_parameters_can_be_made() -> None:
    params = QuantParams(scale=[0.5, 0.25], zero_point=[1, -2], axis=-1)
    assert params.scale.dtype == np.float32
    assert params.scale.tolist() == [0.5, 0.25]
    assert params.zero_point.dtype == np.int32
    assert params.zero_point.tolist() == [1, -2]
    assert params.axis == -1
    assert params.quant_type is hbDNNQuantiType.SCALE
    assert params == QuantParams(
        scale=(0.5, 0.25), zero_point=np.array([1, -2]), axis=-1, quant_type=hbDNNQuantiType.SCALE
    )
    assert QuantParams().quant_type is hbDNNQuantiType.NONE
    assert QuantParams(scale=0.5).zero_point.size == 0


@pytest.mark.parametrize(
    ("fields", "error", "text"),
    [
        ({"scale": -1.0}, InputError, r"scale\[0\] is -1.0"),
        ({"scale": [1.0, np.nan], "axis": 0}, InputError, r"scale\[1\] is nan"),
        ({"scale": np.inf}, InputError, "inf"),
        ({"scale": 1e300}, InputError, "float32"),
        ({"scale": [[1.0]]}, InputError, "1 dimension"),
        ({"scale": "0.5"}, TypeError, "scale must be a number"),
        ({"scale": True}, TypeError, "scale must be a number"),
        ({"scale": [1.0, None]}, TypeError, "scale must be a number"),
        ({"scale": 1.0, "zero_point": 0.5}, InputError, r"zero_point\[0\] is 0.5"),
        ({"scale": 1.0, "zero_point": 2**31}, InputError, "int32"),
        ({"scale": [1, 2], "zero_point": [1, 2, 3], "axis": 0}, InputError, "2 scales and 3 zero points"),
        ({"scale": [1, 2]}, InputError, "axis"),
        ({"zero_point": 3}, InputError, "NONE"),
        ({"quant_type": hbDNNQuantiType.SCALE}, InputError, "SCALE needs a scale"),
        ({"scale": 1.0, "quant_type": hbDNNQuantiType.NONE}, InputError, "NONE"),
        ({"scale": 1.0, "axis": 1.5}, TypeError, "axis"),
    ],
    ids=str,
)
def test_parameters_that_make_no_sense_are_refused(fields: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        QuantParams(**fields)
