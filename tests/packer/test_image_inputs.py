"""Image inputs against OpenCV's conversion in front of the original model, on a real picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import (
    ImageInput,
    ImageRules,
    ImageType,
    InputSource,
    ModelOptions,
    PackError,
    pack,
)

from .small_models import cosine, image_model, picture, reference

pytestmark = pytest.mark.usefixtures("trials_here")

Array = NDArray[Any]
MEAN, SCALE, STD = (103.5, 116.3, 123.7), (0.017, 0.0175, 0.0174), (57.1, 57.4, 58.4)
# OpenCV converts with rounded coefficients and rounds each result to a whole number.
LARGEST_PIXEL_ERROR = 2.0
# The reference cuts colours off before it resizes, the model afterwards: they differ where colours are saturated.
LARGEST_RESIZED_ERROR = 8.0


def to_yuv444(bgr: Array) -> Array:
    """Full range YUV (H, W, 3)."""
    luma, red, blue = cv2.split(cv2.cvtColor(bgr, cv2.COLOR_BGR2YCrCb))
    return np.stack([luma, blue, red], axis=-1)


def from_yuv444(yuv: Array) -> Array:
    return cv2.cvtColor(np.ascontiguousarray(yuv[:, :, [0, 2, 1]]), cv2.COLOR_YCrCb2BGR)


def to_planes(bgr: Array, *, video_range: bool) -> tuple[Array, Array]:
    """NV12 planes (H, W) and (H/2, W/2, 2)."""
    height, width = bgr.shape[:2]
    if video_range:
        flat = cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420).reshape(-1)
        luma, u, v = np.split(flat, [height * width, height * width * 5 // 4])
        return luma.reshape(height, width), np.stack([u, v], -1).reshape(height // 2, width // 2, 2)
    yuv = to_yuv444(bgr)
    return yuv[:, :, 0], cv2.resize(yuv[:, :, 1:], (width // 2, height // 2), interpolation=cv2.INTER_AREA)


def from_planes(luma: Array, chroma: Array, *, video_range: bool) -> Array:
    """BGR by OpenCV."""
    if video_range:
        height, width = luma.shape
        joined = np.concatenate([luma.reshape(-1), chroma.reshape(-1)]).reshape(height * 3 // 2, width)
        return cv2.cvtColor(joined, cv2.COLOR_YUV2BGR_NV12)
    return from_yuv444(upsampled(luma, chroma))


def upsampled(luma: Array, chroma: Array) -> Array:
    return np.dstack([luma, cv2.resize(chroma, luma.shape[::-1], interpolation=cv2.INTER_NEAREST)])


@dataclass(frozen=True)
class Case:
    """What the user gives and what OpenCV says that the model gets."""

    option: ImageInput
    given: dict[str, Array]
    pixels: Array


def in_order(bgr: Array, kind: ImageType) -> Array:
    return bgr if kind == ImageType.BGR else bgr[:, :, ::-1]


def make_case(option: ImageInput) -> Case:
    bgr = picture()
    if option.runtime == ImageType.NV12:
        luma, chroma = to_planes(bgr, video_range=option.video_range)
        given = {"data_y": luma[None, :, :, None], "data_uv": chroma[None]}
        if option.train == ImageType.YUV444:
            return Case(option, given, upsampled(luma, chroma))
        return Case(option, given, in_order(from_planes(luma, chroma, video_range=option.video_range), option.train))
    if option.runtime == ImageType.GRAY:
        gray = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
        shaped = gray[None, None] if option.source == InputSource.DDR else gray[None, :, :, None]
        name = "data" if option.source == InputSource.DDR else "data" + option.rules.gray_plane_suffix
        return Case(option, {name: shaped}, gray[:, :, None])
    if option.runtime == ImageType.YUV444:
        yuv = to_yuv444(bgr)
        trained = yuv if option.train == ImageType.YUV444 else in_order(from_yuv444(yuv), option.train)
        return Case(option, {"data": signed(yuv[None], option)}, trained)
    return Case(option, {"data": signed(in_order(bgr, option.runtime)[None], option)}, in_order(bgr, option.train))


def signed(pixels: Array, option: ImageInput) -> Array:
    return (pixels.astype(np.int16) - 128).astype(np.int8) if option.rules.signed else pixels


def options() -> list[ImageInput]:
    nv12, yuv, rgb, bgr, gray = (ImageType[name] for name in ("NV12", "YUV444", "RGB", "BGR", "GRAY"))
    pairs = [(rgb, rgb), (bgr, rgb), (rgb, bgr), (bgr, bgr), (yuv, rgb), (yuv, bgr), (yuv, yuv), (gray, gray)]
    pairs += [(nv12, rgb), (nv12, bgr), (nv12, yuv)]
    found = []
    for runtime, train in pairs:
        for layout in ("NCHW", "NHWC"):
            ranges = (False, True) if runtime == nv12 else (False,)
            found += [ImageInput(runtime, train, layout, video_range=video_range) for video_range in ranges]
    found += [replace(option, source=InputSource.DDR) for option in found if option.runtime == gray]
    plain = [ImageInput(nv12, rgb), ImageInput(bgr, rgb, "NHWC"), ImageInput(nv12, bgr, "NHWC", video_range=True)]
    found += [replace(option, mean=MEAN, scale=SCALE) for option in plain]
    found += [replace(option, mean=MEAN, std=STD) for option in plain]
    found += [replace(option, scale=(1 / 255,)) for option in plain]
    found += [replace(option, rules=ImageRules(signed=True)) for option in (ImageInput(rgb, bgr), ImageInput(yuv, rgb))]
    found += [replace(ImageInput(gray, gray), rules=ImageRules(gray_plane_suffix=""))]
    found += [ImageInput(nv12, rgb, rules=ImageRules(round=True))]
    return found


def identify(option: ImageInput) -> str:
    parts = [option.runtime.value, option.train.value, option.layout, "video" if option.video_range else "full"]
    parts += [what for what in ("mean", "scale", "std") if getattr(option, what)]
    parts += [option.source.value] if option.source else []
    return "-".join(parts + ([] if option.rules == ImageRules() else [str(option.rules)]))


def normalised(pixels: Array, option: ImageInput) -> Array:
    """Batch of one in the model's layout."""
    value: Array = pixels.astype(np.float32)
    value = value - np.array(option.mean or 0, np.float32)
    if option.std:
        value = value / np.array(option.std, np.float32)
    value = value * np.array(option.scale or 1, np.float32)
    return value[None] if option.layout == "NHWC" else value.transpose(2, 0, 1)[None]


def step_of(option: ImageInput) -> float:
    """How much one count of a pixel changes the model's input at most."""
    return max(option.scale) if option.scale else 1 / min(option.std) if option.std else 1.0


def untried(option: ImageInput) -> ModelOptions:
    """Options for a matrix: a trial of each of its models would only cost time, and the tests below try some."""
    return ModelOptions(name="m", inputs={"data": option}, trial_seconds=0)


@pytest.mark.parametrize("option", options(), ids=identify)
def test_the_model_gets_what_opencv_makes_of_the_picture(option: ImageInput, tmp_path: Path) -> None:
    case = make_case(option)
    trained = image_model(1 if option.train == ImageType.GRAY else 3, layout=option.layout)
    pack(trained, tmp_path / "m.hbm", untried(option))
    runtime = HB_HBMRuntime(str(tmp_path / "m.hbm"))
    assert runtime.input_names["m"] == list(case.given)
    outputs = runtime.run(case.given)["m"]
    expected = reference(trained, {"data": normalised(case.pixels, option)})
    assert np.abs(outputs["pixels"] - expected["pixels"]).max() <= LARGEST_PIXEL_ERROR * step_of(option)
    assert cosine(outputs["pixels"], expected["pixels"]) >= 0.9999
    assert cosine(outputs["features"], expected["features"]) >= 0.9999


REGIONS = {
    "whole": (0, 0, 319, 239),
    "part": (40, 20, 199, 179),
    "odd corner": (41, 21, 198, 178),
    "small": (100, 60, 131, 91),
    "one pixel wide": (100, 60, 100, 91),
}


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("region", REGIONS.values(), ids=list(REGIONS))
@pytest.mark.parametrize("kind", [ImageType.NV12, ImageType.GRAY])
def test_a_region_is_cut_out_and_resized_as_opencv_does(
    kind: ImageType, region: tuple[int, int, int, int], inclusive: bool, tmp_path: Path
) -> None:
    train = ImageType.GRAY if kind == ImageType.GRAY else ImageType.RGB
    trained = image_model(1 if kind == ImageType.GRAY else 3, (96, 128))
    option = ImageInput(kind, train, source=InputSource.RESIZER, rules=ImageRules(roi_end_inclusive=inclusive))
    pack(trained, tmp_path / "m.hbm", untried(option))
    runtime = HB_HBMRuntime(str(tmp_path / "m.hbm"))
    assert runtime.input_shapes["m"]["data_y"] == [1, -1, -1, 1]
    luma, chroma = to_planes(picture(), video_range=False)
    left, top, right, bottom = region
    roi = np.array([[left, top, right + (not inclusive), bottom + (not inclusive)]], np.int32)
    given = {"data_y": luma[None, :, :, None], "data_uv": chroma[None], "data_roi": roi}
    converted = in_order(from_planes(luma, chroma, video_range=False), ImageType.RGB)
    if kind == ImageType.GRAY:
        given.pop("data_uv")
        converted = luma
    resized = cv2.resize(converted[top : bottom + 1, left : right + 1], (128, 96), interpolation=cv2.INTER_LINEAR)
    outputs = runtime.run(given)["m"]
    expected = reference(trained, {"data": normalised(resized.reshape(96, 128, -1), ImageInput(train, train))})
    errors = np.abs(outputs["pixels"] - expected["pixels"])
    assert errors.max() <= LARGEST_RESIZED_ERROR
    assert errors.mean() <= 0.5
    assert cosine(outputs["features"], expected["features"]) >= 0.9999


def test_what_lies_beyond_the_image_is_black(tmp_path: Path) -> None:
    option = ImageInput(ImageType.NV12, ImageType.BGR, source=InputSource.RESIZER)
    pack(image_model(size=(96, 128)), tmp_path / "m.hbm", ModelOptions(name="m", inputs={"data": option}))
    luma, chroma = to_planes(picture(128, 96), video_range=False)
    roi = np.array([[-64, -48, 63, 47]], np.int32)
    given = {"data_y": luma[None, :, :, None], "data_uv": chroma[None], "data_roi": roi}
    pixels = HB_HBMRuntime(str(tmp_path / "m.hbm")).run(given)["m"]["pixels"][0]
    inside = from_planes(luma, chroma, video_range=False)[:48, :64].transpose(2, 0, 1)
    assert not pixels[:, :48, :].any()
    assert not pixels[:, :, :64].any()
    assert np.abs(pixels[:, 48:, 64:] - inside).max() <= LARGEST_PIXEL_ERROR


@pytest.mark.parametrize("runtime_type", [ImageType.NV12, ImageType.BGR])
@pytest.mark.parametrize("separate", [False, True])
def test_a_batch_is_one_input_or_one_for_each_picture(runtime_type: ImageType, separate: bool, tmp_path: Path) -> None:
    trained = image_model(batch=2)
    option = ImageInput(runtime_type, ImageType.BGR, separate_batch=separate)
    pack(trained, tmp_path / "m.hbm", ModelOptions(name="m", inputs={"data": option}))
    cases = [make_case(option), make_case(option)]
    second = {name: np.ascontiguousarray(value[:, ::-1]) for name, value in cases[1].given.items()}
    if separate:
        given = {
            name.replace("data", f"data_{i}"): value
            for i, one in enumerate((cases[0].given, second))
            for name, value in one.items()
        }
    else:
        given = {name: np.concatenate([value, second[name]]) for name, value in cases[0].given.items()}
    outputs = HB_HBMRuntime(str(tmp_path / "m.hbm")).run(given)["m"]
    single = normalised(cases[0].pixels, option)
    expected = reference(trained, {"data": np.concatenate([single, single[:, :, ::-1]])})
    assert np.abs(outputs["pixels"] - expected["pixels"]).max() <= LARGEST_PIXEL_ERROR
    assert cosine(outputs["features"], expected["features"]) >= 0.9999


@pytest.mark.parametrize(
    ("option", "trained", "message"),
    [
        (
            ImageInput(ImageType.NV12, ImageType.RGB),
            image_model(size=(241, 320)),
            "an even width and an even height, given 320 x 241",
        ),
        (ImageInput(ImageType.NV12, ImageType.RGB), image_model(1), "needs 3 channels"),
        (ImageInput(ImageType.NV12, ImageType.RGB, "NHWC"), image_model(), "check input_layout_train"),
        (ImageInput(ImageType.GRAY, ImageType.RGB), image_model(), "cannot take gray at run time"),
        (ImageInput(ImageType.RGB, ImageType.YUV444), image_model(), "possible are nv12, yuv444"),
        (ImageInput(ImageType.RGB, ImageType.NV12), image_model(), "cannot be trained on nv12"),
        (ImageInput(ImageType.RGB, ImageType.RGB, "CHW"), image_model(), "neither NCHW nor NHWC"),
        (ImageInput(ImageType.RGB, ImageType.RGB, source=InputSource.PYRAMID), image_model(), "possible are ddr"),
        (ImageInput(ImageType.NV12, ImageType.RGB, scale=(1.0,), std=(1.0,)), image_model(), "exclude each other"),
        (ImageInput(ImageType.NV12, ImageType.RGB, mean=(1.0, 2.0)), image_model(), "2 mean values for 3 channels"),
        (ImageInput(ImageType.NV12, ImageType.RGB, std=(0.0,)), image_model(), "a std value is zero"),
        (ImageInput(ImageType.RGB, ImageType.RGB, video_range=True), image_model(), "video range is for nv12"),
        (
            ImageInput(ImageType.NV12, ImageType.RGB, source=InputSource.RESIZER),
            image_model(batch=2),
            "takes one image, the batch is 2",
        ),
    ],
)
def test_what_does_not_fit_is_one_clear_message(option: ImageInput, trained: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(PackError, match=message):
        pack(trained, tmp_path / "m.hbm", ModelOptions(inputs={"data": option}))
    assert not list(tmp_path.iterdir())
