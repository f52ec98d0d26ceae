"""Picture files as inputs: sizes, colours, the range that the model was compiled for."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from onnx import helper
from support import host_models, onnx_models
from support.dtypes import Array
from support.pictures import noise
from support.program import Ended, run

import hbm_runtime
from hbm_runtime import image
from hbm_runtime.compare import read_samples
from hbm_runtime.compare.models import TensorInfo
from hbm_runtime.image.nv12 import Range
from hbm_runtime.packer import ImageInput, ImageType, ModelOptions, PackError, pack
from hbm_runtime.packer.container import HostFile, Model, write_file

PICTURE = Path(__file__).parents[1] / "packer" / "data" / "astronaut.jpg"
HEIGHT, WIDTH = 64, 96


def description(kind: str = "nv12", pixel_range: str | None = "regular", name: str = "data") -> bytes:
    values = {"INPUT_NAMES": name, "INPUT_TYPE_RT": kind, "INPUT_TYPE_TRAIN": "rgb"}
    if pixel_range is not None:
        values["INPUT_SPACE_AND_RANGE"] = pixel_range
    return json.dumps(values).encode()


def camera(folder: Path, pixel_range: str | None = "regular") -> Path:
    """A model with NV12 inputs that gives back its planes."""
    model = host_models.nv12_planes("camera", HEIGHT, WIDTH)
    return written(folder, dataclasses.replace(model, description=description(pixel_range=pixel_range)))


def written(folder: Path, model: Model) -> Path:
    path = folder / f"{model.name}.hbm"
    write_file(path, HostFile((model,)))
    return path


def smooth_picture(folder: Path, height: int = HEIGHT, width: int = WIDTH) -> tuple[str, Array]:
    """A .png whose colours change slowly, and its RGB pixels: sizes and chroma positions hardly matter in it."""
    down, along = np.mgrid[0:height, 0:width].astype(np.float32)
    channels = [255 * along / width, 255 * down / height, 255 * (1 - along / width)]
    rgb = np.stack(channels, axis=-1).astype(np.uint8)
    cv2.imwrite(str(folder / "picture.png"), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return "picture.png", rgb


def dumped(ended: Ended, folder: Path) -> dict[str, Array]:
    return {output["name"]: np.load(folder / output["file"]) for output in ended.json()["outputs"]}


def infer(model: Path, *words: object, cwd: Path) -> tuple[dict[str, Array], str]:
    ended = run("infer", model, *words, "--enable_dump", "--dump_format=npy", "--json", cwd=cwd)
    return dumped(ended, cwd), ended.err


def full_range(rgb: Array) -> tuple[Array, Array]:
    """Y and interleaved UV as OpenCV's full-range conversion has them, with the chroma of the upper left pixels."""
    y, cr, cb = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb))
    return y, np.stack([cb, cr], axis=-1)[::2, ::2]


def video_range(rgb: Array) -> tuple[Array, Array]:
    """Y and interleaved UV as OpenCV's I420 conversion has them, which is video range."""
    height, width = rgb.shape[:2]
    planes = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420)
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    return planes[:height], chroma.transpose(1, 2, 0)


def expect_planes(outputs: dict[str, Array], expected: tuple[Array, Array], tolerance: int = 2) -> None:
    luma, chroma = outputs["y"][0, ..., 0].astype(int), outputs["uv"][0].astype(int)
    assert np.abs(luma - expected[0]).max() <= tolerance
    assert np.abs(chroma - expected[1]).max() <= tolerance


WAYS = {
    "as the vendor does": ["--input_file", "{0},{0}", "--input_img_properties", "Y,UV"],
    "twice": ["--input_file", "{0},{0}"],
    "once": ["--input_file", "{0}"],
    "by name": ["--input_file", "data={0}"],
    "by plane": ["--input_file", "data_uv={0},data_y={0}"],
}


@pytest.mark.parametrize("way", WAYS.values(), ids=[way.replace(" ", "-") for way in WAYS])
@pytest.mark.parametrize(("space", "reference"), [("regular", full_range), ("bt601_video", video_range)])
def test_a_picture_becomes_nv12_of_the_models_range(
    way: list[str], space: str, reference: Callable[[Array], tuple[Array, Array]], tmp_path: Path
) -> None:
    file, rgb = smooth_picture(tmp_path)
    outputs, errors = infer(camera(tmp_path, space), *(word.format(file) for word in way), cwd=tmp_path)
    expect_planes(outputs, reference(rgb))
    assert errors == ""


def test_a_real_photograph_is_stretched_to_the_models_size(tmp_path: Path) -> None:
    outputs, _ = infer(camera(tmp_path), "--input_file", PICTURE, cwd=tmp_path)
    bgr = cv2.resize(cv2.imread(str(PICTURE)), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)  # type: ignore[arg-type]
    luma, chroma = full_range(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
    assert np.abs(outputs["y"][0, ..., 0] - luma.astype(int)).mean() < 4
    assert np.abs(outputs["uv"][0] - chroma.astype(int)).mean() < 2


RANGES = {
    "video for a full-range model": ("regular", "video", "--image_range is video, but the model was compiled for full"),
    "full for a video-range model": ("bt601_video", "full", "--image_range is full, but the model was compiled for v"),
    "nobody says": (None, "auto", "does not say which range"),
}  # fmt: skip


@pytest.mark.parametrize("case", RANGES, ids=lambda case: case.replace(" ", "-"))
def test_a_range_that_may_be_wrong_warns_once(case: str, tmp_path: Path) -> None:
    space, option, text = RANGES[case]
    file, rgb = smooth_picture(tmp_path)
    outputs, errors = infer(camera(tmp_path, space), "--input_file", file, "--image_range", option, cwd=tmp_path)
    assert errors.count("warning:") == 1
    assert text in errors
    expect_planes(outputs, video_range(rgb) if option == "video" else full_range(rgb))


def test_quiet_keeps_the_warning_back(tmp_path: Path) -> None:
    file, _ = smooth_picture(tmp_path)
    _, errors = infer(camera(tmp_path, None), "--input_file", file, "--quiet", cwd=tmp_path)
    assert errors == ""


@pytest.mark.parametrize(
    ("space", "make", "warned"),
    [("regular", video_range, True), ("regular", full_range, False), ("bt601_video", full_range, True),
     ("bt601_video", video_range, False)],
)  # fmt: skip
@pytest.mark.parametrize("whole", [True, False], ids=["frame", "planes"])
def test_raw_nv12_of_the_other_range_is_noticed(
    space: str, make: Callable[[Array], tuple[Array, Array]], warned: bool, whole: bool, tmp_path: Path
) -> None:
    _, rgb = smooth_picture(tmp_path)
    rgb[:4], rgb[-4:] = 0, 255  # black and white bars: the ends of the range are there
    luma, chroma = make(rgb)
    (tmp_path / "frame.nv12").write_bytes(luma.tobytes() + chroma.tobytes())
    (tmp_path / "y.bin").write_bytes(luma.tobytes())
    (tmp_path / "uv.bin").write_bytes(chroma.tobytes())
    outputs, errors = infer(
        camera(tmp_path, space), "--input_file", "frame.nv12" if whole else "y.bin,uv.bin", cwd=tmp_path
    )
    expect_planes(outputs, (luma, chroma), tolerance=0)
    assert ("warning:" in errors) is warned, errors


def pixels_model(name: str, kind: str, dtype: str, shape: tuple[int, ...], input_name: str = "data") -> Model:
    """Gives back a picture of that kind."""
    graph = onnx_models.build(
        [helper.make_node("Identity", [input_name], ["pixels"])],
        [(input_name, dtype, shape)],
        [("pixels", dtype, shape)],
    )
    tensors = [host_models.tensor(input_name, dtype, shape)], [host_models.tensor("pixels", dtype, shape)]
    return host_models.packed(name, graph, *tensors, description=description(kind, "regular", input_name))


PLAIN: dict[str, tuple[str, str, tuple[int, ...], Callable[[Array], Array]]] = {
    "rgb": ("rgb", "U8", (1, HEIGHT, WIDTH, 3), lambda rgb: rgb),
    "bgr": ("bgr", "U8", (1, HEIGHT, WIDTH, 3), lambda rgb: rgb[..., ::-1]),
    "bgr planes": ("bgr", "U8", (1, 3, HEIGHT, WIDTH), lambda rgb: rgb[..., ::-1].transpose(2, 0, 1)),
    "signed rgb": ("rgb", "S8", (1, HEIGHT, WIDTH, 3), lambda rgb: rgb.astype(int) - 128),
    "gray": ("gray", "U8", (1, HEIGHT, WIDTH, 1), lambda rgb: full_range(rgb)[0][..., None]),
    "yuv444": ("yuv444", "U8", (1, HEIGHT, WIDTH, 3),
               lambda rgb: cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)[..., [0, 2, 1]]),
}  # fmt: skip


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.replace(" ", "-"))
def test_the_description_says_which_pixels_an_input_takes(case: str, tmp_path: Path) -> None:
    kind, dtype, shape, reference = PLAIN[case]
    file, rgb = smooth_picture(tmp_path)
    model = written(tmp_path, pixels_model("plain", kind, dtype, shape))
    outputs, _ = infer(model, "--input_file", file, cwd=tmp_path)
    tolerance = 1 if kind in {"gray", "yuv444"} else 0
    assert np.abs(outputs["pixels"][0].astype(int) - reference(rgb)).max() <= tolerance


def test_without_a_description_the_option_says_it(tmp_path: Path) -> None:
    file, rgb = smooth_picture(tmp_path)
    shape = (1, HEIGHT, WIDTH, 3)
    model = dataclasses.replace(pixels_model("plain", "rgb", "U8", shape), description=b"")
    path = written(tmp_path, model)
    ended = run("infer", path, "--input_file", file, cwd=tmp_path)
    assert ended.code == 1
    assert "--input_img_properties" in ended.err
    outputs, _ = infer(path, "--input_file", file, "--input_img_properties", "BGR", cwd=tmp_path)
    np.testing.assert_array_equal(outputs["pixels"][0], rgb[..., ::-1])


def test_an_unknown_property_is_a_usage_error(tmp_path: Path) -> None:
    file, _ = smooth_picture(tmp_path)
    ended = run("infer", camera(tmp_path), "--input_file", file, "--input_img_properties", "Y,VU", cwd=tmp_path)
    assert ended.code == 2
    assert "'VU'; expected Y, UV, RGB" in ended.err


def test_a_frame_of_another_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "frame.nv12").write_bytes(bytes(100))
    ended = run("infer", camera(tmp_path), "--input_file", "frame.nv12", cwd=tmp_path)
    assert ended.code == 1
    assert f"100 bytes; an NV12 frame of {WIDTH} x {HEIGHT}" in ended.err


def dynamic_camera(folder: Path) -> Path:
    graph = onnx_models.build(
        [helper.make_node("Cast", ["data_y"], ["y"], to=6), helper.make_node("Cast", ["data_uv"], ["uv"], to=6)],
        [("data_y", "U8", (1, "h", "w", 1)), ("data_uv", "U8", (1, "h2", "w2", 2))],
        [("y", "S32", (1, "h", "w", 1)), ("uv", "S32", (1, "h2", "w2", 2))],
    )
    path = folder / "camera.onnx"
    path.write_bytes(graph.SerializeToString())
    return path


def test_a_dynamic_input_takes_the_pictures_own_size(tmp_path: Path) -> None:
    file, rgb = smooth_picture(tmp_path, 30, 46)
    outputs, _ = infer(dynamic_camera(tmp_path), "--input_file", file, cwd=tmp_path)
    assert (outputs["y"].shape, outputs["uv"].shape) == ((1, 30, 46, 1), (1, 15, 23, 2))
    expect_planes(outputs, full_range(rgb))


@pytest.mark.parametrize("pixel_range", ["full", "video"])
@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_a_picture_gives_the_bytes_of_the_image_functions(pixel_range: Range, order: str, tmp_path: Path) -> None:
    """Every pixel differs from its neighbours, so that another choice of the chroma shows."""
    rgb = noise(HEIGHT, WIDTH)
    cv2.imwrite(str(tmp_path / "noise.png"), rgb[..., ::-1])
    options = ["--input_file", "noise.png", "--image_range", pixel_range]
    outputs, _ = infer(camera(tmp_path, None), *options, cwd=tmp_path)
    y, uv = (
        image.rgb_to_nv12(rgb, range=pixel_range)
        if order == "rgb"
        else image.bgr_to_nv12(np.ascontiguousarray(rgb[..., ::-1]), range=pixel_range)
    )
    np.testing.assert_array_equal(outputs["y"], y)
    np.testing.assert_array_equal(outputs["uv"], uv)


def test_whole_chroma_and_gray_are_the_numbers_of_nv12(tmp_path: Path) -> None:
    rgb = noise(31, 47)
    cv2.imwrite(str(tmp_path / "noise.png"), rgb[..., ::-1])
    made = {}
    for kind, channels in (("yuv444", 3), ("gray", 1)):
        model = written(tmp_path, pixels_model(kind, kind, "U8", (1, 31, 47, channels)))
        made[kind] = infer(model, "--input_file", "noise.png", cwd=tmp_path)[0]["pixels"][0]
    even = rgb[:30, :46]
    y, uv = image.rgb_to_nv12(even)
    np.testing.assert_array_equal(made["yuv444"][:30, :46, :1], y[0])
    np.testing.assert_array_equal(made["yuv444"][:30:2, :46:2, 1:], uv[0])
    np.testing.assert_array_equal(made["gray"], made["yuv444"][..., :1])


@dataclasses.dataclass
class Compared:
    """What `read_samples` asks of a model."""

    inputs: Mapping[str, TensorInfo]
    description: Mapping[str, Any]
    computed_by: str = ""

    def run(self, _inputs: Any) -> dict[str, Array]:
        raise NotImplementedError


def test_odd_sizes_are_refused_everywhere_in_one_sentence(tmp_path: Path) -> None:
    sentence = "NV12 needs an even width and an even height, given 47 x 31"
    file, rgb = smooth_picture(tmp_path, 31, 47)
    with pytest.raises(hbm_runtime.InputError, match=sentence):
        image.rgb_to_nv12(rgb)
    ended = run("infer", dynamic_camera(tmp_path), "--input_file", file, cwd=tmp_path)
    assert ended.code == 1
    assert f"picture.png, for input 'data_y': {sentence}" in ended.err
    graph = onnx_models.build(
        [helper.make_node("Identity", ["x"], ["y"])], [("x", "F32", (1, 3, 31, 47))], [("y", "F32", (1, 3, 31, 47))]
    )
    (tmp_path / "net.onnx").write_bytes(graph.SerializeToString())
    options = ModelOptions(inputs={"x": ImageInput(ImageType.NV12, ImageType.RGB)})
    with pytest.raises(PackError, match=sentence):
        pack(tmp_path / "net.onnx", tmp_path / "net.hbm", options)
    planes = {"x_y": (1, -1, -1, 1), "x_uv": (1, -1, -1, 2)}
    infos = {name: TensorInfo(shape, np.dtype(np.uint8)) for name, shape in planes.items()}
    with pytest.raises(PackError, match=sentence):
        read_samples(Compared(infos, {"INPUT_NAMES": "x", "INPUT_TYPE_RT": "nv12"}), [tmp_path / file])
