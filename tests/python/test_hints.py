"""What errors tell users to do: all that is wrong with an array at once, and the line that mends it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from support import onnx_models
from support.child import output_of, run_python

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, InputError
from hbm_runtime._running.hints import Tensor, about_input, about_output

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

PICTURE = np.zeros((48, 64, 3), np.uint8)

# Shape and dtype of what is given and what is wanted, and the line.
LINES: list[tuple[tuple[int, ...], str, tuple[int, ...], str, str]] = [
    ((48, 64, 3), "uint8", (1, 3, 48, 64), "float32", "array.transpose(2, 0, 1)[None].astype(numpy.float32)"),
    ((48, 64, 3), "uint8", (1, 48, 64, 3), "uint8", "array[None]"),
    ((48, 64, 3), "float32", (3, 48, 64), "float32", "array.transpose(2, 0, 1)"),
    ((3, 48, 64), "float32", (1, 48, 64, 3), "float32", "array.transpose(1, 2, 0)[None]"),
    ((1, 48, 64, 3), "float32", (1, 3, 48, 64), "float32", "array.transpose(0, 3, 1, 2)"),
    ((1, 3, 48, 64), "float32", (-1, 48, 64, 3), "float32", "array.transpose(0, 2, 3, 1)"),
    ((1, 3, 48, 64), "float64", (3, 48, 64), "float32", "array[0].astype(numpy.float32)"),
    ((2, 3), "float64", (2, 3), "float32", "array.astype(numpy.float32)"),
    ((2, 3), "int64", (2, 3), "bool_", "array.astype(numpy.bool_)"),
    ((3,), "float32", (1, 3), "float32", "array[None]"),
]


@pytest.mark.parametrize("case", LINES, ids=lambda case: case[4])
def test_the_line_mends_the_array(case: tuple[tuple[int, ...], str, tuple[int, ...], str, str]) -> None:
    given_shape, given_dtype, shape, dtype, line = case
    hint = about_input(Tensor(given_shape, given_dtype), Tensor(shape, dtype), "x", {})
    assert hint == f"use {line}"
    mended = eval(line, {"array": np.zeros(given_shape, given_dtype), "numpy": np})
    assert mended.dtype == np.dtype(dtype.rstrip("_"))
    assert all(own in {-1, size} for own, size in zip(shape, mended.shape, strict=True))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (Tensor((5, 7), "float32"), Tensor((7, 5), "float32")),  # rows and columns may be mixed up, or all is wrong
        (Tensor((4, 4, 4), "float32"), Tensor((1, 4, 5, 4), "float32")),
        (Tensor((12,), "float32"), Tensor((3, 4), "float32")),
    ],
)
def test_nothing_is_guessed(given: Tensor, wanted: Tensor) -> None:
    assert "transpose" not in about_input(given, wanted, "x", {}) or given.shape == (5, 7)
    assert "reshape" not in about_input(given, wanted, "x", {})


def test_outputs_are_allocated_and_not_converted() -> None:
    assert about_output(Tensor((2, 3), "uint8"), Tensor((2, 3), "float32")) == (
        "allocate it: numpy.empty((2, 3), numpy.float32)"
    )
    assert about_output(Tensor((5,), "uint8"), Tensor((-1,), "float32")).endswith("numpy.empty((5,), numpy.float32)")
    assert about_output(Tensor((5, 1), "uint8"), Tensor((-1,), "float32")) == ""


def picture_model(models: ModelFactory) -> HB_HBMRuntime:
    def identity() -> Any:
        return onnx_models.identity("F32", (1, 3, 48, 64))

    return HB_HBMRuntime(str(models.onnx("picture", identity)))


def test_a_picture_is_told_all_that_is_wrong(models: ModelFactory) -> None:
    runtime = picture_model(models)
    call: Callable[[Any], object]
    for call in (runtime.run, runtime.run_async, lambda x: runtime.bind("picture", inputs=x)):
        with pytest.raises(InputError) as caught:
            call(PICTURE)
        text = str(caught.value)
        assert "expected dtype float32 (F32), given uint8" in text
        assert "[1, 3, 48, 64]" in text
        assert "[48, 64, 3]" in text
        assert text.endswith("; use array.transpose(2, 0, 1)[None].astype(numpy.float32)")
    with pytest.raises(InputError, match=r"resize the picture to 64 x 48 first: hbm_runtime\.image\.letterbox"):
        runtime.run(np.zeros((100, 100, 3), np.uint8))


def test_pictures_for_nv12_inputs_name_the_function(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.nv12(4, 6))
    luma, chroma = runtime.input_names[runtime.model_names[0]]
    picture, packed = np.zeros((4, 6, 3), np.uint8), np.zeros((6, 6), np.uint8)
    call: Callable[[Any], object]
    run = f"run {{'{luma}': y, '{chroma}': uv}}"
    for call in (runtime.run, lambda array: runtime.run({luma: array, chroma: array})):
        for array, function in ((picture, "bgr_to_nv12(picture)"), (packed, "split_nv12(frame)")):
            with pytest.raises(InputError) as caught:
                call(array)
            assert f"hbm_runtime.image.{function}" in str(caught.value)
            assert run in str(caught.value)
    with pytest.raises(InputError, match="after resizing it to 6 x 4"):
        runtime.run(PICTURE)
    y, uv = hbm_runtime.image.bgr_to_nv12(picture)
    runtime.run({luma: y, chroma: uv})
    y, uv = hbm_runtime.image.split_nv12(packed)
    runtime.run({luma: y, chroma: uv})


class FakeGpuTensor:
    """As torch's tensors of another device behave."""

    __module__ = "torch"
    device = "cuda:0"

    def __array__(self) -> Any:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


OBJECTS: dict[str, tuple[Callable[[], Any], str]] = {
    "None": (lambda: None, "cv2.imread() and dict.get() return None"),
    "str": (lambda: "image.jpg", "a file is read first: cv2.imread(path)"),
    "Path": (lambda: Path("image.jpg"), "a file is read first"),
    "PIL": (lambda: Image.new("RGB", (4, 4)), "numpy.asarray(image) gives the pixels of a PIL image"),
    "generator": (lambda: (each for each in [np.ones(3)]), "numpy.stack(list(values))"),
    "list": (lambda: [1.0, 2.0], "convert lists and scalars with numpy.asarray"),
    "list of arrays": (lambda: [np.ones(3), np.ones(3)], "numpy.stack(arrays) makes one array of several"),
    "file": (lambda: io.BytesIO(b"x"), "a file's content is read first: numpy.load(file)"),
    "GPU": (FakeGpuTensor, "the tensor is on cuda:0; tensor.cpu()"),
}


@pytest.mark.parametrize("case", OBJECTS)
def test_what_is_no_array_has_its_own_sentence(case: str, runtime: HB_HBMRuntime) -> None:
    make, sentence = OBJECTS[case]
    for call in (
        lambda value: runtime.run(value, "times_2"),
        lambda value: runtime.run({"x": value}, "times_2"),
        lambda value: runtime.run({"times_2": {"x": value}}),
        lambda value: runtime.run_async(value, "times_2"),
    ):
        value = make()
        with pytest.raises(TypeError) as caught:
            call(value)
        assert sentence in str(caught.value)


def test_objects_in_arrays_are_reported(runtime: HB_HBMRuntime) -> None:
    with pytest.raises(InputError, match=r"frame\.to_numpy\(numpy\.float32\) makes numbers of them"):
        runtime.run(np.array([[1, "a", None]] * 2, object), "times_2")


def test_an_output_of_a_wrong_dtype_is_to_be_allocated(runtime: HB_HBMRuntime) -> None:
    x = np.ones((2, 3), np.float32)
    with pytest.raises(InputError, match=r"allocate it: numpy\.empty\(\(2, 3\), numpy\.float32\)") as caught:
        runtime.run(x, "times_2", outputs={"y": np.empty((2, 3))})
    assert "astype" not in str(caught.value)


def test_a_device_that_does_not_exist_is_refused_where_it_is_set(runtime: HB_HBMRuntime) -> None:
    x = np.ones((2, 3), np.float32)
    with pytest.raises(InputError, match="device_id 7: this SoC has device 0 only"):
        runtime.set_scheduling_params(device_id={"times_2": 7})
    with pytest.raises(InputError, match="device 0 only"):
        runtime.run(x, "times_2", device_id={"times_2": 1})
    assert runtime.sched_params["times_2"].deviceId == 0


def test_a_folder_stands_for_its_models(models: ModelFactory, tmp_path: Path) -> None:
    for name, factor in (("b", 2), ("a", 3)):
        (tmp_path / f"{name}.onnx").write_bytes(models.scaled(factor).read_bytes())
    (tmp_path / "notes.txt").write_text("no model")
    runtime = HB_HBMRuntime(tmp_path)
    assert runtime.model_names == ["a", "b"]
    assert list(runtime.hbm_descs) == [str(tmp_path / "a.onnx"), str(tmp_path / "b.onnx")]
    packed = tmp_path / "packed.hbm"
    packed.write_bytes(models.cores(2).read_bytes())
    assert len(HB_HBMRuntime([tmp_path, models.scaled(2)]).model_names) == 2  # compiled models go first


ADVICE = """
import sys
import hbm_runtime
try:
    hbm_runtime.HB_HBMRuntime(sys.argv[1])
except hbm_runtime.DriverError as error:
    assert error.status_name == "HB_UCP_INIT_FAILED", error
    print("in Python: pip install" in str(error))
"""


@pytest.mark.parametrize(
    ("variables", "advised"),
    [
        ({"BPUSIM_ENGINE_PATH": "/nowhere.so"}, "True\n"),
        ({"BPUSIM_FAULT": "hbDNNInitializeFromFiles:fail=-100003"}, "False\n"),  # the same status, the engine is there
    ],
)
def test_a_missing_engine_is_told_by_the_driver(
    variables: dict[str, str | None], advised: str, models: ModelFactory, tmp_path: Path
) -> None:
    done = run_python(ADVICE, models.scaled(2), cwd=tmp_path, environment=variables)
    assert output_of(done) == advised
