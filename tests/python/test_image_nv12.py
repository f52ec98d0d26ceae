"""NV12: against OpenCV, against BT.601's definition, and in every memory layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.gil import ticks_during
from support.pictures import LAYOUTS, Pixels, noise, rgb_of, yuv

from hbm_runtime import HbmError, InputError, image

SIZES = [(2, 2), (2, 6), (6, 2), (64, 48), (30, 1022), (4, 1024), (4, 1026), (6, 2050), (480, 640)]
RANGES: list[image.nv12.Range] = ["full", "video"]


def opencv_planes(bgr: Pixels) -> tuple[Pixels, Pixels]:
    height, width = bgr.shape[:2]
    i420: Pixels = cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420).reshape(-1).astype(np.uint8)
    y, u, v = np.split(i420, [height * width, height * width * 5 // 4])
    uv = np.stack([u, v], -1).reshape(1, height // 2, width // 2, 2)
    return y.reshape(1, height, width, 1), uv


def every_color(step: int = 5) -> Pixels:
    """A picture with the cube of colours, each 2 x 2 pixels big, corners included."""
    levels = np.unique(np.append(np.arange(0, 256, step), 255)).astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(len(levels), -1, 3)
    return np.repeat(np.repeat(cube, 2, 0), 2, 1)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_video_range_has_the_numbers_of_opencv(size: tuple[int, int]) -> None:
    bgr = noise(*size)
    y, uv = image.bgr_to_nv12(bgr, range="video")
    expected_y, expected_uv = opencv_planes(bgr)
    np.testing.assert_array_equal(y, expected_y)
    np.testing.assert_array_equal(uv, expected_uv)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_way_back_from_video_range_has_the_numbers_of_opencv(size: tuple[int, int]) -> None:
    height, width = size
    y, uv = noise(height, width, 1), noise(height // 2, width // 2, 2)
    packed = np.concatenate([y.reshape(height, width), uv.reshape(height // 2, width)])
    for convert, code in (
        (image.nv12_to_bgr, cv2.COLOR_YUV2BGR_NV12),
        (image.nv12_to_rgb, cv2.COLOR_YUV2RGB_NV12),
    ):
        np.testing.assert_array_equal(convert(y, uv, range="video"), cv2.cvtColor(packed, code))


@pytest.mark.parametrize("range_", RANGES)
def test_every_color_is_within_one_of_the_definition(range_: image.nv12.Range) -> None:
    rgb = every_color()
    y, uv = image.rgb_to_nv12(rgb, range=range_)
    expected = yuv(rgb, video=range_ == "video")
    assert np.abs(y[0, ..., 0] - expected[0]).max() <= 1
    for channel in (0, 1):
        assert np.abs(uv[0, ..., channel] - expected[1 + channel][::2, ::2]).max() <= 1
    if range_ == "full":  # weights with six digits: nothing but rounding, and 255.5 that does not fit
        assert np.abs(y[0, ..., 0] - expected[0]).max() < 0.501
        assert np.abs(uv[0, ..., 0] - expected[1][::2, ::2]).max() < 0.501


@pytest.mark.parametrize("range_", RANGES)
def test_every_yuv_is_within_one_of_the_definition(range_: image.nv12.Range) -> None:
    levels = every_color(7)
    y, uv = levels[..., 0], np.ascontiguousarray(levels[::2, ::2, 1:])
    u, v = (np.repeat(np.repeat(uv[..., channel], 2, 0), 2, 1) for channel in (0, 1))
    expected = rgb_of(y, u, v, video=range_ == "video").clip(0, 255)
    assert np.abs(image.nv12_to_rgb(y, uv, range=range_) - expected).max() <= 1


@pytest.mark.parametrize(("range_", "black", "white"), [("full", 0, 255), ("video", 16, 235)])
def test_gray_stays_gray_in_its_range(range_: image.nv12.Range, black: int, white: int) -> None:
    gray = np.repeat(np.repeat(np.arange(256, dtype=np.uint8), 2)[None, :, None], 2, 0).repeat(3, 2)
    y, uv = image.bgr_to_nv12(gray, range=range_)
    assert (y.min(), y.max()) == (black, white)
    assert (uv == 128).all()
    assert np.abs(image.nv12_to_bgr(y, uv, range=range_).astype(int) - gray).max() <= (1 if range_ == "video" else 0)


def test_full_range_is_the_default_and_not_opencvs() -> None:
    bgr = noise(8, 8)
    np.testing.assert_array_equal(image.bgr_to_nv12(bgr)[0], image.bgr_to_nv12(bgr, range="full")[0])
    assert (image.bgr_to_nv12(bgr)[0] != opencv_planes(bgr)[0]).any()


@pytest.mark.parametrize("range_", RANGES)
def test_bgr_and_rgb_are_each_others_mirror(range_: image.nv12.Range) -> None:
    bgr = noise(32, 20)
    rgb = np.ascontiguousarray(bgr[..., ::-1])
    planes = image.bgr_to_nv12(bgr, range=range_)
    for one, other in zip(planes, image.rgb_to_nv12(rgb, range=range_), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(image.nv12_to_bgr(*planes), image.nv12_to_rgb(*planes)[..., ::-1])


@pytest.mark.parametrize("to", LAYOUTS)
@pytest.mark.parametrize("of", LAYOUTS)
def test_any_layout_on_both_sides(of: str, to: str) -> None:
    bgr = noise(12, 1030)
    y, uv = image.bgr_to_nv12(bgr)
    y_to = LAYOUTS[to](np.zeros((12, 1030, 1), np.uint8))
    uv_to = LAYOUTS[to](np.zeros((6, 515, 2), np.uint8))
    returned = image.bgr_to_nv12(LAYOUTS[of](bgr), y_to, uv_to)
    assert returned[0] is y_to
    assert returned[1] is uv_to
    np.testing.assert_array_equal(y_to, y[0])
    np.testing.assert_array_equal(uv_to, uv[0])

    back = LAYOUTS[to](np.zeros((12, 1030, 3), np.uint8))
    assert image.nv12_to_bgr(LAYOUTS[of](y[0]), LAYOUTS[of](uv[0]), back) is back
    np.testing.assert_array_equal(back, image.nv12_to_bgr(y, uv))


@pytest.mark.parametrize("layout", ["padded rows", "every second pixel", "view of more channels"])
def test_bytes_between_the_pixels_are_left_alone(layout: str) -> None:
    for channels, height, width in ((1, 4, 8), (2, 2, 4)):
        plane = LAYOUTS[layout](np.zeros((height, width, channels), np.uint8))
        other = np.zeros((4, 8) if channels == 2 else (2, 8), np.uint8)
        image.bgr_to_nv12(noise(4, 8), *((plane, other) if channels == 1 else (other, plane)))
        memory = plane.base
        assert isinstance(memory, np.ndarray)
        assert (memory == 99).sum() >= memory.size - plane.size


@pytest.mark.parametrize("y_shape", [(1, 6, 8, 1), (6, 8, 1), (1, 6, 8), (6, 8)], ids=str)
@pytest.mark.parametrize("uv_shape", [(1, 3, 4, 2), (3, 4, 2), (1, 3, 8), (3, 8)], ids=str)
def test_every_shape_of_planes(y_shape: tuple[int, ...], uv_shape: tuple[int, ...]) -> None:
    bgr = noise(6, 8)
    y, uv = image.bgr_to_nv12(bgr)
    given_y, given_uv = image.bgr_to_nv12(bgr, np.zeros(y_shape, np.uint8), np.zeros(uv_shape, np.uint8))
    assert given_y.shape == y_shape
    assert given_uv.shape == uv_shape
    np.testing.assert_array_equal(given_y.reshape(y.shape), y)
    np.testing.assert_array_equal(given_uv.reshape(uv.shape), uv)
    np.testing.assert_array_equal(image.nv12_to_bgr(given_y, given_uv), image.nv12_to_bgr(y, uv))


def test_new_planes_have_the_shapes_of_a_models_inputs() -> None:
    y, uv = image.bgr_to_nv12(noise(6, 8))
    assert (y.shape, uv.shape) == ((1, 6, 8, 1), (1, 3, 4, 2))
    assert y.flags.c_contiguous
    assert uv.flags.c_contiguous


def test_a_packed_frame_can_be_filled_and_split() -> None:
    bgr = noise(6, 8)
    frame = np.zeros((9, 8), np.uint8)
    image.bgr_to_nv12(bgr, frame[:6], frame[6:], range="video")
    np.testing.assert_array_equal(
        image.nv12_to_bgr(*image.split_nv12(frame), range="video"), cv2.cvtColor(frame, cv2.COLOR_YUV2BGR_NV12)
    )
    y, uv = image.split_nv12(frame)
    assert (y.shape, uv.shape) == ((1, 6, 8, 1), (1, 3, 4, 2))
    assert np.shares_memory(y, frame)
    assert np.shares_memory(uv, frame)
    padded = np.zeros((9, 11), np.uint8)[:, :8]
    assert all(np.shares_memory(plane, padded) for plane in image.split_nv12(padded))


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_any_even_size(data: st.DataObject) -> None:
    half = st.integers(1, 40)
    height, width = 2 * data.draw(half), 2 * data.draw(half)
    bgr = noise(height, width, seed=data.draw(st.integers(0, 99)))
    expected_y, expected_uv = opencv_planes(bgr)
    y, uv = image.bgr_to_nv12(bgr, range="video")
    np.testing.assert_array_equal(y, expected_y)
    np.testing.assert_array_equal(uv, expected_uv)


GOOD = noise(4, 6)
Y, UV = np.zeros((4, 6), np.uint8), np.zeros((2, 6), np.uint8)
READ_ONLY = np.zeros((4, 6), np.uint8)
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: image.bgr_to_nv12(noise(5, 6)), InputError, "even width.*given 6 x 5.*letterbox"),
        (lambda: image.bgr_to_nv12(noise(4, 7)), InputError, "7 x 4"),
        (lambda: image.bgr_to_nv12(noise(0, 6)), InputError, "6 x 0"),
        (lambda: image.rgb_to_nv12(noise(4, 6, 4)), InputError, r"rgb_to_nv12.*\[4, 6, 4\]"),
        (lambda: image.bgr_to_nv12(Y), InputError, r"\(height, width, 3\), given \[4, 6\]"),
        (lambda: image.bgr_to_nv12(GOOD.astype(np.float32)), InputError, "uint8, not float32"),
        (lambda: image.bgr_to_nv12([[1]]), TypeError, "image must be a numpy array, not list"),  # type: ignore[arg-type]
        (lambda: image.bgr_to_nv12(GOOD, np.zeros((4, 8), np.uint8)), InputError, r"y must have.*\[4, 6\].*\[4, 8\]"),
        (lambda: image.bgr_to_nv12(GOOD, Y, np.zeros((2, 3), np.uint8)), InputError, r"uv must.*\[2, 6\].*\[2, 3\]"),
        (lambda: image.bgr_to_nv12(GOOD, Y.astype(np.int8)), InputError, "y must have dtype uint8, not int8"),
        (lambda: image.bgr_to_nv12(GOOD, Y, "uv"), TypeError, "uv must be a numpy array, not str"),  # type: ignore[arg-type]
        (lambda: image.bgr_to_nv12(GOOD, READ_ONLY), InputError, "y is read-only"),
        (lambda: image.bgr_to_nv12(GOOD, range="limited"), InputError, "'limited'"),  # type: ignore[arg-type]
        (lambda: image.bgr_to_nv12(GOOD, GOOD[..., 0]), InputError, "share memory"),
        (lambda: image.bgr_to_nv12(GOOD, Y, Y[:2]), InputError, "share memory"),
        (lambda: image.nv12_to_bgr(np.zeros((5, 6), np.uint8), UV), InputError, "6 x 5"),
        (lambda: image.nv12_to_bgr(GOOD, UV), InputError, r"\[4, 6, 3\].*not that of a Y plane"),
        (lambda: image.nv12_to_bgr(Y, Y), InputError, "uv must"),
        (lambda: image.nv12_to_bgr(Y, UV, Y), InputError, r"out must have the shape \[4, 6, 3\]"),
        (lambda: image.nv12_to_rgb(Y, None), TypeError, "nv12_to_rgb.*NoneType"),  # type: ignore[arg-type]
        (lambda: image.split_nv12(np.zeros((8, 8), np.uint8)), InputError, r"\[8, 8\]"),
        (lambda: image.split_nv12(np.zeros((3, 7), np.uint8)), InputError, "even"),
        (lambda: image.split_nv12(GOOD), InputError, "packed NV12"),
    ],
)  # fmt: skip
def test_mistakes_are_named(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert isinstance(caught.value, HbmError)


def test_halves_of_one_picture_are_not_one_memory() -> None:
    both = np.zeros((4, 12), np.uint8)
    image.bgr_to_nv12(GOOD, both[:, :6], np.zeros((2, 6), np.uint8))
    image.bgr_to_nv12(GOOD, both[:, ::2], both[:2, 1::2])


def test_other_threads_run_meanwhile() -> None:
    bgr = noise(1080, 1920)
    planes = image.bgr_to_nv12(bgr)
    assert ticks_during(lambda: [image.bgr_to_nv12(bgr, *planes) for _ in range(20)]) > 1
    assert ticks_during(lambda: [image.nv12_to_bgr(*planes, bgr) for _ in range(20)]) > 1
