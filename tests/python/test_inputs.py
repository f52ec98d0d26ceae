"""Input arrays: every type, rank and memory layout arrives bit for bit."""

from __future__ import annotations

import array
import ctypes
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest
from support.checks import same_bits
from support.dtypes import NUMPY_OF, Array, sample
from support.layouts import LAYOUTS
from support.model_factory import ModelFactory

from hbm_runtime import HB_HBMRuntime

SHAPES: dict[str, tuple[int, ...]] = {"1-D": (7,), "2-D": (3, 5), "4-D": (2, 3, 4, 5)}


def arrays_in(layouts: Iterable[str], dtype: str, shape: tuple[int, ...]) -> Iterator[tuple[str, Array, Array]]:
    """For each layout its name, values of its own, so that those of an earlier run would be noticed, and an array."""
    for seed, layout in enumerate(layouts):
        values = np.roll(sample(NUMPY_OF[dtype], shape, seed), seed)
        yield layout, values, LAYOUTS[layout](values)


@pytest.mark.parametrize("rank", SHAPES)
@pytest.mark.parametrize("dtype", NUMPY_OF)
def test_every_type_rank_and_layout(models: ModelFactory, dtype: str, rank: str) -> None:
    runtime = HB_HBMRuntime(models.identity(dtype, SHAPES[rank]))
    for layout, values, given in arrays_in(LAYOUTS, dtype, SHAPES[rank]):
        assert same_bits(runtime.run(given)[runtime.model_names[0]]["y"], values), layout
        assert same_bits(np.asarray(given), values), f"{layout}: the input was changed"


@pytest.mark.parametrize("dtype", ["U8", "F16", "F32", "S64"])
def test_every_layout_into_padded_device_rows(models: ModelFactory, dtype: str) -> None:
    runtime = HB_HBMRuntime(models.padded(dtype, (2, 3, 4, 5)))
    for layout, values, given in arrays_in(LAYOUTS, dtype, (2, 3, 4, 5)):
        assert same_bits(runtime.run(given)["padded"]["y"], values), layout


@pytest.mark.parametrize("rank", range(11))
@pytest.mark.parametrize("dtype", ["U8", "F32"])
def test_ranks_from_none_to_ten(models: ModelFactory, dtype: str, rank: int) -> None:
    shape = (2, 1, 3, 1, 2, 1, 1, 2, 1, 3)[:rank]
    values = sample(NUMPY_OF[dtype], shape, seed=rank)
    runtime = HB_HBMRuntime(models.identity(dtype, shape))
    name = runtime.model_names[0]
    assert same_bits(runtime.run(values)[name]["y"], values)
    turned = np.asfortranarray(values[..., ::-1])[..., ::-1] if rank else values
    assert same_bits(runtime.run(turned)[name]["y"], values)


BROADCASTS: dict[str, Callable[[], Array]] = {
    "one number": lambda: np.broadcast_to(np.float32(2.5), (2, 3, 4)),
    "one row": lambda: np.broadcast_to(np.arange(4, dtype=np.float32), (2, 3, 4)),
    "one column": lambda: np.broadcast_to(np.arange(3, dtype=np.float32)[:, None], (2, 3, 4)),
    "overlapping windows": lambda: np.lib.stride_tricks.as_strided(
        np.arange(9, dtype=np.float32), (2, 3, 4), (12, 4, 4)
    ),
}


@pytest.mark.parametrize("kind", BROADCASTS)
def test_arrays_whose_elements_share_memory(models: ModelFactory, kind: str) -> None:
    values = BROADCASTS[kind]()
    runtime = HB_HBMRuntime(models.identity("F32", (2, 3, 4)))
    assert same_bits(runtime.run(values)["identity_F32_2_3_4"]["y"], np.array(values))


LARGE: dict[str, Callable[[], Array]] = {
    "HWC seen as CHW": lambda: sample(np.dtype(np.float32), (255, 257, 3)).transpose(2, 0, 1),
    "Fortran": lambda: np.asfortranarray(sample(np.dtype(np.float32), (3, 255, 257))),
    "rows backwards": lambda: sample(np.dtype(np.float32), (3, 255, 257))[:, ::-1],
    "columns backwards": lambda: sample(np.dtype(np.float32), (3, 255, 257))[..., ::-1],
    "axes swapped": lambda: sample(np.dtype(np.float32), (255, 3, 257)).swapaxes(0, 1),
}


@pytest.mark.parametrize("kind", LARGE)
def test_pictures_larger_than_any_block_of_a_copy(models: ModelFactory, kind: str) -> None:
    values = LARGE[kind]()
    runtime = HB_HBMRuntime(models.identity("F32", (3, 255, 257)))
    assert same_bits(runtime.run(values)["identity_F32_3_255_257"]["y"], np.ascontiguousarray(values))


SPELLINGS: dict[str, tuple[str, str]] = {
    "int64 as l": ("S64", "l"),
    "int64 as q": ("S64", "q"),
    "uint64 as L": ("U64", "L"),
    "uint64 as Q": ("U64", "Q"),
    "int32 as i": ("S32", "i"),
    "explicit native order": ("F32", "=f4"),
}


@pytest.mark.parametrize("case", SPELLINGS)
def test_a_type_in_every_spelling(models: ModelFactory, case: str) -> None:
    dtype, spelling = SPELLINGS[case]
    values = sample(NUMPY_OF[dtype], (3, 5))
    runtime = HB_HBMRuntime(models.identity(dtype, (3, 5)))
    result = runtime.run(values.astype(spelling))[runtime.model_names[0]]["y"]
    assert same_bits(result, values)
    assert result.dtype == NUMPY_OF[dtype]


VALUES = np.arange(6, dtype=np.float32).reshape(2, 3)


class WithArray:
    """Gives an array when asked."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return VALUES if dtype is None else VALUES.astype(dtype)


class WithDlpack:
    """Exchanges memory the way tensors of other libraries do."""

    def __init__(self, values: Array) -> None:
        self.values = values

    def __dlpack__(self, **keywords: Any) -> Any:
        return self.values.__dlpack__(**keywords)

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


class WithOldDlpack(WithDlpack):
    """As before the protocol had keywords."""

    def __dlpack__(self, stream: None = None) -> Any:  # type: ignore[override]
        return self.values.__dlpack__()


def ctypes_matrix() -> Any:
    matrix = ((ctypes.c_float * 3) * 2)()
    for i in range(6):
        matrix[i // 3][i % 3] = i
    return matrix


ARRAY_LIKES: dict[str, Callable[[], Any]] = {
    "__array__": WithArray,
    "memoryview": lambda: VALUES.data,
    "memoryview of array.array": lambda: memoryview(array.array("f", range(6))).cast("B").cast("f", (2, 3)),
    "ctypes array": ctypes_matrix,
    "__dlpack__": lambda: WithDlpack(VALUES),
    "__dlpack__ of strided memory": lambda: WithDlpack(np.asfortranarray(VALUES)),
    "__dlpack__ without keywords": lambda: WithOldDlpack(VALUES.copy()),
}


@pytest.mark.parametrize("form", ["single", "flat", "nested"])
@pytest.mark.parametrize("kind", ARRAY_LIKES)
def test_objects_that_are_as_good_as_an_array(models: ModelFactory, kind: str, form: str) -> None:
    runtime = HB_HBMRuntime(models.scaled(2))
    given = ARRAY_LIKES[kind]()
    argument: Any = {"single": given, "flat": {"x": given}, "nested": {"times_2": {"x": given}}}[form]
    np.testing.assert_array_equal(runtime.run(argument)["times_2"]["y"], 2 * VALUES)


FLAT_BUFFERS: dict[str, tuple[str, Callable[[], Any], list[int]]] = {
    "array.array of bytes": ("U8", lambda: array.array("B", [1, 2, 3]), [1, 2, 3]),
    "array.array of long": ("S64", lambda: array.array("l", [1, -2, 2**62]), [1, -2, 2**62]),
    "array.array of long long": ("S64", lambda: array.array("q", [1, -2, 2**62]), [1, -2, 2**62]),
    "array.array of double": ("F64", lambda: array.array("d", [1, 2, 3]), [1, 2, 3]),
    "memoryview of bool": ("BOOL8", lambda: memoryview(b"\1\0\1").cast("?"), [1, 0, 1]),
    "bytearray": ("U8", lambda: bytearray([1, 2, 255]), [1, 2, 255]),
    "memoryview of bytes": ("U8", lambda: memoryview(b"\1\2\xff"), [1, 2, 255]),
}


@pytest.mark.parametrize("kind", FLAT_BUFFERS)
def test_flat_buffers(models: ModelFactory, kind: str) -> None:
    dtype, make, expected = FLAT_BUFFERS[kind]
    runtime = HB_HBMRuntime(models.identity(dtype, (3,)))
    np.testing.assert_array_equal(runtime.run({"x": make()})[runtime.model_names[0]]["y"], expected)


def test_the_caller_may_reuse_his_array_at_once(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.scaled(2))
    frame = VALUES.copy()
    first = runtime.run(frame)["times_2"]["y"]
    frame[:] = -1
    second = runtime.run(frame)["times_2"]["y"]
    np.testing.assert_array_equal(first, 2 * VALUES)
    np.testing.assert_array_equal(second, np.full((2, 3), -2))


def test_inputs_are_not_changed_and_not_kept(models: ModelFactory) -> None:
    import sys

    runtime = HB_HBMRuntime(models.scaled(2))
    frame = VALUES.copy()
    references = sys.getrefcount(frame)
    results = [runtime.run({"x": frame}) for _ in range(10)]
    assert sys.getrefcount(frame) == references
    np.testing.assert_array_equal(frame, VALUES)
    assert len(results) == 10


ODD_SIZES = [(2, 2), (6, 10), (32, 64), (34, 66), (224, 224), (30, 127 * 2)]


@pytest.mark.parametrize(("height", "width"), ODD_SIZES, ids=[f"{h}x{w}" for h, w in ODD_SIZES])
def test_camera_planes_arrive_whatever_row_length_the_device_wants(
    models: ModelFactory, height: int, width: int
) -> None:
    runtime = HB_HBMRuntime(models.nv12(height, width))
    assert runtime.input_strides["camera"] == {"data_y": [-1, -1, 1, 1], "data_uv": [-1, -1, 2, 1]}
    layouts = ["C", "crop", "reversed", "Fortran"]
    planes = arrays_in(layouts, "U8", (1, height, width, 1)), arrays_in(layouts, "U8", (1, height // 2, width // 2, 2))
    for (layout, y, given_y), (_, uv, given_uv) in zip(*planes, strict=True):
        result = runtime.run({"data_y": given_y, "data_uv": given_uv})["camera"]
        np.testing.assert_array_equal(result["y"], y.astype(np.int32), layout)
        np.testing.assert_array_equal(result["uv"], uv.astype(np.int32), layout)


def test_planes_cut_from_one_nv12_frame(models: ModelFactory) -> None:
    """As cameras deliver it: one buffer, Y rows, then UV rows."""
    height, width = 48, 96
    frame = sample(NUMPY_OF["U8"], (height * 3 // 2, width), 3)
    runtime = HB_HBMRuntime(models.nv12(height, width))
    y, uv = frame[:height].reshape(1, height, width, 1), frame[height:].reshape(1, height // 2, width // 2, 2)
    result = runtime.run({"data_y": y, "data_uv": uv})["camera"]
    np.testing.assert_array_equal(result["y"], y)
    np.testing.assert_array_equal(result["uv"], uv)


@pytest.mark.parametrize("shape", [(1, 3, 2, 2), (4, 3, 6, 10), (1, 3, 50, 34)], ids=str)
def test_dynamic_dimensions_take_what_the_array_has(models: ModelFactory, shape: tuple[int, ...]) -> None:
    runtime = HB_HBMRuntime(models.dynamic())
    for seed, layout in enumerate(["C", "Fortran", "sliced", "reversed", "unaligned"]):
        values = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
        result = runtime.run(LAYOUTS[layout](values))["dynamic"]
        np.testing.assert_array_equal(result["same"], -values, layout)
        np.testing.assert_array_equal(result["top"], values.max(axis=(2, 3)), layout)


def test_shapes_may_change_from_call_to_call(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.dynamic())
    for height, width in [(2, 2), (64, 48), (6, 4), (64, 48), (2, 2)]:
        values = np.full((1, 3, height, width), height, np.float32)
        assert runtime.run(values)["dynamic"]["same"].shape == (1, 3, height, width)
