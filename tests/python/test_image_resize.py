"""Resizing against OpenCV and against the definition, letterboxes and the way back from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.gil import ticks_during
from support.pictures import LAYOUTS, Pixels, noise

from hbm_runtime import HbmError, InputError, image


def bilinear(pixels: Pixels, width: int, height: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The definition: pixel centres at halves, edges repeated, unrounded."""

    def positions(source: int, target: int) -> tuple[Any, Any, Any]:
        centre = ((np.arange(target) + 0.5) * source / target - 0.5).clip(0, source - 1)
        first = np.floor(centre).astype(int)
        return first, np.minimum(first + 1, source - 1), centre - first

    top, bottom, down = positions(pixels.shape[0], height)
    left, right, across = positions(pixels.shape[1], width)
    values = pixels.astype(np.float64)
    rows = values[top] * (1 - down)[:, None, None] + values[bottom] * down[:, None, None]
    return np.asarray(rows[:, left] * (1 - across)[:, None] + rows[:, right] * across[:, None])


PAIRS = [
    ((640, 480), (320, 240)),
    ((640, 480), (640, 480)),
    ((641, 479), (224, 224)),
    ((100, 50), (333, 77)),
    ((1, 1), (5, 3)),
    ((2, 300), (7, 1)),
    ((1280, 720), (640, 360)),
    ((50, 40), (1, 1)),
    ((13, 9), (1500, 4)),
]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(("source", "target"), PAIRS, ids=str)
def test_numbers_are_within_one_of_opencv_and_of_the_definition(
    source: tuple[int, int], target: tuple[int, int], channels: int
) -> None:
    pixels = noise(source[1], source[0], channels)
    resized = image.resize(pixels, target)
    assert resized.shape == (target[1], target[0], channels)
    of_opencv = cv2.resize(pixels, target, interpolation=cv2.INTER_LINEAR).reshape(resized.shape)
    assert np.abs(resized.astype(int) - of_opencv).max() <= 1
    assert np.abs(resized - bilinear(pixels, *target)).max() < 1


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_any_sizes(data: st.DataObject) -> None:
    size = st.integers(1, 90)
    source, target = (data.draw(size), data.draw(size)), (data.draw(size), data.draw(size))
    pixels = noise(source[1], source[0], 3, seed=data.draw(st.integers(0, 99)))
    assert np.abs(image.resize(pixels, target) - bilinear(pixels, *target)).max() < 1


def test_the_same_size_is_a_copy_and_a_flat_picture_stays_flat() -> None:
    pixels = noise(31, 17)
    np.testing.assert_array_equal(image.resize(pixels, (17, 31)), pixels)
    assert (image.resize(np.full((31, 17, 3), 255, np.uint8), (200, 3)) == 255).all()


@pytest.mark.parametrize("to", LAYOUTS)
@pytest.mark.parametrize("of", LAYOUTS)
def test_any_layout_on_both_sides(of: str, to: str) -> None:
    pixels = noise(20, 30)
    out = LAYOUTS[to](np.zeros((9, 41, 3), np.uint8))
    assert image.resize(LAYOUTS[of](pixels), (41, 9), out) is out
    np.testing.assert_array_equal(out, image.resize(pixels, (41, 9)))

    expected, _ = image.letterbox(pixels, (41, 9), 7)
    filled, _ = image.letterbox(LAYOUTS[of](pixels), (41, 9), 7, out=LAYOUTS[to](np.zeros((9, 41, 3), np.uint8)))
    np.testing.assert_array_equal(filled, expected)


def test_gray_pictures_keep_their_two_dimensions() -> None:
    gray = noise(20, 30, 1)[..., 0]
    assert image.resize(gray, 16).shape == (16, 16)
    assert image.letterbox(gray, (16, 24))[0].shape == (24, 16)


CASES = [  # source, size, options, place: left, top, width, height
    ((640, 480), (640, 640), {}, (0, 80, 640, 480)),
    ((480, 640), (640, 640), {}, (80, 0, 480, 640)),
    ((1920, 1080), (640, 640), {}, (0, 140, 640, 360)),
    ((1920, 1080), (640, 640), {"center": False}, (0, 0, 640, 360)),
    ((100, 50), (640, 640), {}, (0, 160, 640, 320)),
    ((100, 50), (640, 640), {"enlarge": False}, (270, 295, 100, 50)),
    ((1000, 50), (640, 640), {"enlarge": False}, (0, 304, 640, 32)),
    ((810, 1080), (640, 640), {}, (80, 0, 480, 640)),
    ((333, 500), (224, 224), {}, (37, 0, 149, 224)),
    ((5000, 1), (64, 64), {}, (0, 31, 64, 1)),
]


@pytest.mark.parametrize(("source", "size", "options", "place"), CASES, ids=str)
def test_a_letterbox_is_the_resized_picture_in_its_place_and_color_around_it(
    source: tuple[int, int], size: tuple[int, int], options: dict[str, Any], place: tuple[int, int, int, int]
) -> None:
    pixels = noise(source[1], source[0])
    result, box = image.letterbox(pixels, size, (1, 2, 3), **options)
    left, top, width, height = place
    assert box == image.Letterbox(source, size, left, top, (width, height))
    expected = np.empty((size[1], size[0], 3), np.uint8)
    expected[:] = (1, 2, 3)
    expected[top : top + height, left : left + width] = image.resize(pixels, (width, height))
    np.testing.assert_array_equal(result, expected)


def test_the_padding_is_the_usual_gray_by_default() -> None:
    result, _ = image.letterbox(np.zeros((10, 20, 3), np.uint8), 20)
    assert set(np.unique(result)) == {0, 114}


def test_boxes_and_points_find_their_way_back() -> None:
    _, box = image.letterbox(noise(1080, 1920), 640)
    boxes = np.array([[0, 140, 640, 500], [320, 320, 330, 330.5], [-5, 100, 700, 600]], np.float32)
    expected = [[0.0, 0, 1920, 1080], [960, 540, 990, 571.5], [0, 0, 1920, 1080]]
    np.testing.assert_allclose(box.boxes_to_source(boxes), np.array(expected), rtol=1e-6)
    assert box.boxes_to_source(boxes).dtype == np.float32
    assert box.boxes_to_source(boxes.astype(np.float64)).dtype == np.float64
    assert box.boxes_to_source([0, 140, 640, 500]).tolist() == [0, 0, 1920, 1080]
    np.testing.assert_allclose(box.boxes_to_source(boxes, clip=False)[2], [-15, -120, 2100, 1380])
    np.testing.assert_allclose(box.points_to_source([[320, 320], [0, 0]]), [[960, 540], [0, -420]])
    assert box.points_to_source([[0, 0]], clip=True).tolist() == [[0, 0]]
    assert box.boxes_to_source(np.empty((0, 4), np.float32)).shape == (0, 4)


@settings(deadline=None, max_examples=100)
@given(
    source=st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
    size=st.tuples(st.integers(1, 700), st.integers(1, 700)),
    center=st.booleans(),
    enlarge=st.booleans(),
)
def test_the_corners_of_any_letterbox_are_those_of_its_picture(
    source: tuple[int, int], size: tuple[int, int], center: bool, enlarge: bool
) -> None:
    pixels = np.broadcast_to(np.uint8(9), (source[1], source[0], 1))
    result, box = image.letterbox(pixels, size, 0, center=center, enlarge=enlarge)
    inside = [box.left, box.top, box.left + box.inner[0], box.top + box.inner[1]]
    assert inside[2] <= size[0]
    assert inside[3] <= size[1]
    assert (result == 9).sum() == box.inner[0] * box.inner[1]
    np.testing.assert_allclose(box.boxes_to_source(np.array(inside, np.float64)), [0, 0, *source])
    if enlarge:
        assert box.inner[0] == size[0] or box.inner[1] == size[1]
    else:
        assert box.inner[0] <= source[0]
        assert box.inner[1] <= source[1]


def test_a_letterbox_can_be_an_input_in_device_memory() -> None:
    memory = np.full((64, 256), 99, np.uint8)
    y, uv = memory[:32, :200], memory[32:48, :200]
    boxed, _ = image.letterbox(noise(50, 70), (200, 32))
    image.bgr_to_nv12(boxed, y, uv)
    assert (memory[:, 200:] == 99).all()
    assert (memory[48:] == 99).all()


GOOD = noise(4, 6)
Size = tuple[int, int]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: image.resize(GOOD, 0), InputError, "at least 1, not 0"),
        (lambda: image.resize(GOOD, (4, -1)), InputError, r"\(4, -1\)"),
        (lambda: image.resize(GOOD, (1, 2, 3)), InputError, r"\(1, 2, 3\)"),  # type: ignore[arg-type]
        (lambda: image.resize(GOOD, (1.5, 2)), TypeError, r"\(1.5, 2\)"),  # type: ignore[arg-type]
        (lambda: image.resize(GOOD, None), TypeError, "None"),  # type: ignore[arg-type]
        (lambda: image.resize(GOOD, (2**20 + 1, 1)), InputError, "1048576"),
        (lambda: image.resize(noise(4, 6, 5), 8), InputError, r"1 to 4 channels, given \[4, 6, 5\]"),
        (lambda: image.resize(noise(0, 6), 8), InputError, r"\[0, 6, 3\]"),
        (lambda: image.resize(GOOD.astype(np.int16), 8), InputError, "int16"),
        (lambda: image.resize("picture", 8), TypeError, "str"),  # type: ignore[arg-type]
        (lambda: image.resize(GOOD, 8, np.zeros((8, 7, 3), np.uint8)), InputError, r"\[8, 8, 3\], given \[8, 7, 3\]"),
        (lambda: image.resize(GOOD, (6, 4), GOOD), InputError, "share memory"),
        (lambda: image.resize(GOOD, 4, np.broadcast_to(np.uint8(0), (4, 4, 3))), InputError, "read-only"),
        (lambda: image.letterbox(GOOD, 8, 256), InputError, "256"),
        (lambda: image.letterbox(GOOD, 8, (1, 2)), InputError, r"3 of them, not \(1, 2\)"),
        (lambda: image.letterbox(GOOD, 8, (1, 2, 0.5)), TypeError, "0.5"),  # type: ignore[arg-type]
        (lambda: image.Letterbox((1, 1), (1, 1), 0, 0, (1, 1)).boxes_to_source([1, 2, 3]), InputError, r"\[3\]"),
        (lambda: image.Letterbox((1, 1), (1, 1), 0, 0, (1, 1)).points_to_source([1, 2, 3]), InputError, r"\[3\]"),
    ],
)  # fmt: skip
def test_mistakes_are_named(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert isinstance(caught.value, HbmError)


def test_other_threads_run_meanwhile() -> None:
    pixels = noise(1080, 1920)
    out = np.zeros((640, 640, 3), np.uint8)
    assert ticks_during(lambda: [image.resize(pixels, 640, out) for _ in range(10)]) > 1
    assert ticks_during(lambda: [image.letterbox(pixels, 640, out=out) for _ in range(10)]) > 1
