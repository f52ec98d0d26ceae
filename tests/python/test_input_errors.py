"""Input arrays that are refused: what the error says, and that nothing was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from support.checks import Part, mentions
from support.dtypes import NUMPY_OF, sample
from support.live import Held, allocation_calls
from support.model_factory import ModelFactory

from hbm_runtime import HB_HBMRuntime, HbmError, InputError

GOOD = {
    "gain": np.ones((2, 3), np.float32),
    "count": np.ones(4, np.int32),
    "mask": np.ones((2, 5), np.uint8),
}


@pytest.mark.parametrize("expected", NUMPY_OF)
def test_no_type_is_cast_to_another(models: ModelFactory, expected: str) -> None:
    runtime = HB_HBMRuntime(models.identity(expected, (3, 5)))
    name = runtime.model_names[0]
    for given, dtype in NUMPY_OF.items():
        if given == expected:
            continue
        with pytest.raises(InputError) as caught:
            runtime.run(sample(dtype, (3, 5)))
        mentions(caught.value, f"'{name}'", "'x'", NUMPY_OF[expected].name, dtype.name)
        assert caught.value.model == name
        assert caught.value.tensor == "x"
    runtime.run(sample(NUMPY_OF[expected], (3, 5)))


class Refusal(NamedTuple):
    """The input that is replaced, by what, the error and what its text has."""

    tensor: str
    value: Callable[[], Any]
    parts: tuple[Part, ...]
    error: type[Exception] = InputError


class WrongArray:
    """Gives an array of a type that would have to be cast."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.ones((2, 3), np.float64 if dtype is None else dtype)


class AngryArray:
    """Fails when asked for an array."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise RuntimeError("the sensor is unplugged")


class OnOtherDevice:
    """Memory that the CPU cannot read."""

    def __dlpack__(self, **_: Any) -> Any:
        raise BufferError("not on this device")

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 0


def shape(*dims: int) -> tuple[str, ...]:
    """A shape as a message may write it."""
    return str(dims), str(list(dims))


REFUSALS: dict[str, Refusal] = {
    "rank too small": Refusal("gain", lambda: np.ones(6, np.float32), ("2", "1")),
    "rank too large": Refusal("gain", lambda: np.ones((1, 2, 3), np.float32), (shape(2, 3), shape(1, 2, 3))),
    "no dimension": Refusal("gain", lambda: np.array(1, np.float32), (shape(2, 3),)),
    "wrong first dimension": Refusal("gain", lambda: np.ones((4, 3), np.float32), (shape(2, 3), shape(4, 3))),
    "wrong last dimension": Refusal("mask", lambda: np.ones((2, 7), np.uint8), (shape(2, 5), shape(2, 7))),
    "dimensions swapped": Refusal("mask", lambda: np.ones((5, 2), np.uint8), (shape(2, 5), shape(5, 2))),
    "empty": Refusal(
        "count",
        lambda: np.ones(0, np.int32),
        (
            shape(
                4,
            ),
            shape(
                0,
            ),
        ),
    ),
    "eleven dimensions": Refusal(
        "count",
        lambda: np.ones((1,) * 10 + (4,), np.int32),
        (
            shape(
                4,
            ),
        ),
    ),
    "double instead of float": Refusal("gain", lambda: np.ones((2, 3)), ("float32", "float64")),
    "int64 instead of int32": Refusal("count", lambda: np.ones(4, np.int64), ("int32", "int64")),
    "unsigned instead of signed": Refusal("count", lambda: np.ones(4, np.uint32), ("int32", "uint32")),
    "signed instead of unsigned": Refusal("mask", lambda: np.ones((2, 5), np.int8), ("uint8", "int8")),
    "bool instead of uint8": Refusal("mask", lambda: np.ones((2, 5), np.bool_), ("uint8", "bool")),
    "big-endian float": Refusal("gain", lambda: np.ones((2, 3), ">f4"), (("big-endian", "byte order"),)),
    "big-endian int": Refusal("count", lambda: np.ones(4, ">i4"), (("big-endian", "byte order"),)),
    "objects": Refusal("gain", lambda: np.ones((2, 3), object), ("float32", "object")),
    "text": Refusal("gain", lambda: np.full((2, 3), "1.0"), ("float32",)),
    "bytes text": Refusal("mask", lambda: np.full((2, 5), b"1"), ("uint8",)),
    "complex": Refusal("gain", lambda: np.ones((2, 3), np.complex64), ("float32", "complex64")),
    "long double": Refusal("gain", lambda: np.ones((2, 3), np.longdouble), ("float32",)),
    "dates": Refusal("gain", lambda: np.zeros((2, 3), "M8[s]"), ("float32",)),
    "records": Refusal("gain", lambda: np.zeros((2, 3), [("a", "f4")]), ("float32",)),
    "void": Refusal("gain", lambda: np.zeros((2, 3), "V4"), ("float32",)),
    "__array__ of a wrong type": Refusal("gain", WrongArray, ("float32", "float64")),
    "memoryview of a wrong type": Refusal("gain", lambda: np.ones((2, 3)).data, ("float32", "float64")),
    "memory on another device": Refusal("gain", OnOtherDevice, ("not on this device",), BufferError),
    "__array__ that fails": Refusal("gain", AngryArray, ("the sensor is unplugged",), RuntimeError),
    "list": Refusal("gain", lambda: [[1.0] * 3] * 2, ("'gain'", "list"), TypeError),
    "tuple": Refusal("count", lambda: (1, 2, 3, 4), ("'count'", "tuple"), TypeError),
    "int": Refusal("count", lambda: 1, ("'count'", "int"), TypeError),
    "float": Refusal("gain", lambda: 1.0, ("'gain'", "float"), TypeError),
    "None": Refusal("gain", lambda: None, ("'gain'", "None"), TypeError),
    "str": Refusal("gain", lambda: "abc", ("'gain'", "str"), TypeError),
    "numpy scalar": Refusal("gain", lambda: np.float32(1), ("'gain'", "float32"), TypeError),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_bad_tensor_is_refused_before_anything_happens(models: ModelFactory, case: str) -> None:
    refusal = REFUSALS[case]
    runtime = HB_HBMRuntime(models.mixed())
    runtime.run(GOOD)
    held, calls = Held.now(), allocation_calls()
    with pytest.raises(refusal.error) as caught:
        runtime.run({**GOOD, refusal.tensor: refusal.value()})
    mentions(caught.value, *refusal.parts)
    if refusal.error is InputError:
        mentions(caught.value, "'mixed'", f"'{refusal.tensor}'")
        assert isinstance(caught.value, HbmError)
        assert (caught.value.model, caught.value.tensor) == ("mixed", refusal.tensor)
    assert (Held.now(), allocation_calls()) == (held, calls)
    assert list(runtime.run(GOOD)["mixed"]) == ["zulu", "alpha", "mike"]


def test_a_bad_tensor_of_the_last_model_stops_the_whole_call(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime([models.scaled(2), models.scaled(3), models.mixed()])
    held, calls = Held.now(), allocation_calls()
    with pytest.raises(InputError) as caught:
        runtime.run(
            {
                "times_2": {"x": GOOD["gain"]},
                "times_3": {"x": GOOD["gain"]},
                "mixed": {**GOOD, "mask": np.ones((2, 6), np.uint8)},
            }
        )
    mentions(caught.value, "'mixed'", "'mask'")
    assert (Held.now(), allocation_calls()) == (held, calls)


CAMERA_MISTAKES: dict[str, tuple[dict[str, Any], tuple[Part, ...]]] = {
    "planes as float": (
        {"data_y": np.ones((1, 6, 10, 1), np.float32), "data_uv": np.ones((1, 3, 5, 2), np.uint8)},
        ("'data_y'", "uint8", "float32"),
    ),
    "one packed NV12 frame": ({"data": np.ones((9, 10), np.uint8)}, ("'data'", "data_y", "data_uv")),
    "uv plane missing": ({"data_y": np.ones((1, 6, 10, 1), np.uint8)}, ("'data_uv'", "missing")),
    "planes exchanged": (
        {"data_uv": np.ones((1, 6, 10, 1), np.uint8), "data_y": np.ones((1, 3, 5, 2), np.uint8)},
        ("'data_y'", shape(1, 6, 10, 1), shape(1, 3, 5, 2)),
    ),
}


@pytest.mark.parametrize("case", CAMERA_MISTAKES)
def test_usual_mistakes_with_camera_models(models: ModelFactory, case: str) -> None:
    inputs, parts = CAMERA_MISTAKES[case]
    runtime = HB_HBMRuntime(models.nv12(6, 10))
    with pytest.raises(InputError) as caught:
        runtime.run(inputs)
    mentions(caught.value, "'camera'", *parts)


DYNAMIC_MISTAKES: dict[str, tuple[int, ...]] = {
    "fixed dimension wrong": (1, 4, 8, 8),
    "rank too small": (3, 8, 8),
    "rank too large": (1, 1, 3, 8, 8),
}


@pytest.mark.parametrize("case", DYNAMIC_MISTAKES)
def test_mistakes_with_dynamic_models(models: ModelFactory, case: str) -> None:
    given = DYNAMIC_MISTAKES[case]
    runtime = HB_HBMRuntime(models.dynamic())
    with pytest.raises(InputError) as caught:
        runtime.run(np.ones(given, np.float32))
    mentions(caught.value, "'dynamic'", "'x'", shape(*given), shape(-1, 3, -1, -1))


def test_shapes_that_only_the_engine_can_refuse(models: ModelFactory) -> None:
    """Two dynamic inputs whose sizes do not fit each other."""
    runtime = HB_HBMRuntime(models.total())
    good = {"a": np.ones(3, np.float32), "b": np.ones(3, np.float32)}
    for _ in range(3):
        with pytest.raises(HbmError) as caught:
            runtime.run({**good, "b": np.ones(2, np.float32)})
        mentions(caught.value, "'total'")
        assert runtime.run(good)["total"]["y"].tolist() == [2, 2, 2]
