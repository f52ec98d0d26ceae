"""``infer`` computes what the Python API computes, from every kind of input file into every kind of dump."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.parser import parse_model
from support.dtypes import Array
from support.host_models import padded_strides
from support.model_factory import ModelFactory
from support.program import run

from hbm_runtime import HB_HBMRuntime

X: Array = np.array([[1.5, -2.25, 0], [1e-8, 3e7, 7]], np.float32)
MIXED: dict[str, Array] = {
    "gain": X,
    "count": np.array([5, -6, 7, 2**31 - 1], np.int32),
    "mask": np.arange(10, dtype=np.uint8).reshape(2, 5),
}


def infer(*words: object, cwd: Path) -> dict[str, Array]:
    """Runs the command with a dump into .npy files; returns the outputs."""
    document = run("infer", *words, "--enable_dump", "--dump_format=npy", "--json", cwd=cwd).json()
    return {output["name"]: np.load(cwd / output["file"]) for output in document["outputs"]}


def expect_equal(actual: dict[str, Array], expected: dict[str, Array]) -> None:
    assert list(actual) == list(expected)
    for name, array in expected.items():
        assert (actual[name].dtype, actual[name].shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(actual[name], array)


def write(folder: Path, kind: str, values: dict[str, Array]) -> dict[str, str]:
    """Writes each array into a file of that kind; returns the files by name."""
    for name, array in values.items():
        path = folder / f"{name}.{kind}"
        if kind == "npy":
            np.save(path, array)
        elif kind == "bin":
            array.tofile(path)
        else:
            path.write_text("\n".join(str(value) for value in array.ravel().tolist()))
    return {name: f"{name}.{kind}" for name in values}


def test_statistics_beyond_float64_are_left_out(tmp_path: Path) -> None:
    text = '<ir_version: 8, opset_import: ["": 17]> g (double[2] x) => (double[2] y) { y = Neg(x) }'
    onnx.save(parse_model(text), tmp_path / "large.onnx")
    np.save(tmp_path / "x.npy", np.full(2, 1.7e308))
    done = run("infer", "--model_file", "large.onnx", "--input_file", "x.npy", "--json", cwd=tmp_path)
    assert "Warning" not in done.err
    (output,) = done.json()["outputs"]
    assert [output[name] for name in ("min", "max", "mean", "std")] == [-1.7e308, -1.7e308, None, None]


def test_a_scalar_stays_one(tmp_path: Path) -> None:
    text = '<ir_version: 8, opset_import: ["": 17]> g (float[2] x) => (float y) { y = ReduceSum<keepdims=0>(x) }'
    onnx.save(parse_model(text), tmp_path / "total.onnx")
    np.save(tmp_path / "x.npy", np.array([1, 2], np.float32))
    expect_equal(infer("total.onnx", "--input_file", "x.npy", cwd=tmp_path), {"y": np.array(3, np.float32)})


@pytest.mark.parametrize("kind", ["npy", "bin", "txt"])
@pytest.mark.parametrize("named", [False, True], ids=["by-place", "by-name"])
def test_all_kinds_of_numbers_give_the_results_of_the_api(
    kind: str, named: bool, models: ModelFactory, tmp_path: Path
) -> None:
    files = write(tmp_path, kind, MIXED)
    given = [f"{name}={file}" for name, file in reversed(files.items())] if named else list(files.values())
    outputs = infer(models.mixed(), "--input_file", ",".join(given), cwd=tmp_path)
    expect_equal(outputs, HB_HBMRuntime(str(models.mixed())).run(MIXED)["mixed"])


def test_an_archive_gives_all_inputs_by_name(models: ModelFactory, tmp_path: Path) -> None:
    np.savez(tmp_path / "all.npz", **MIXED)  # type: ignore[arg-type]
    outputs = infer(models.mixed(), "--input_file", "all.npz", cwd=tmp_path)
    expect_equal(outputs, HB_HBMRuntime(str(models.mixed())).run(MIXED)["mixed"])


def test_the_shown_figures_are_those_of_the_outputs(models: ModelFactory, tmp_path: Path) -> None:
    write(tmp_path, "npy", {"x": X})
    ended = run("infer", models.scaled(2), "--input_file=x.npy", "--values=2", "--json", cwd=tmp_path)
    (output,) = ended.json()["outputs"]
    wide = 2 * X.astype(np.float64)
    assert (output["name"], output["dtype"], output["shape"]) == ("y", "float32", [2, 3])
    assert (output["min"], output["max"]) == (wide.min(), wide.max())
    assert output["mean"] == pytest.approx(wide.mean())
    assert output["std"] == pytest.approx(wide.std())
    assert output["values"] == [3.0, -4.5]
    assert output["file"] is None
    text = run("infer", models.scaled(2), "--input_file=x.npy", "--values=2", cwd=tmp_path).out
    assert "y: 3 -4.5" in text.splitlines()


def test_infinities_and_nan_are_counted_and_keep_json_valid(models: ModelFactory, tmp_path: Path) -> None:
    write(tmp_path, "npy", {"x": np.array([[np.inf, np.nan, 1], [2, 3, -np.inf]], np.float32)})
    ended = run("infer", models.scaled(2), "--input_file=x.npy", "--values=3", "--json", cwd=tmp_path)
    (output,) = ended.json()["outputs"]
    assert (output["non_finite"], output["min"], output["max"]) == (3, 2.0, 6.0)
    assert output["values"] == ["inf", "nan", 2.0]


PADDED = (1, 2, 3, 5)


def padded_values() -> Array:
    return np.arange(30, dtype=np.int16).reshape(PADDED)


def padded_file() -> bytes:
    """The values as a board's tool writes them: rows of 64 bytes."""
    rows = np.full((6, 32), -1, np.int16)
    rows[:, :5] = padded_values().reshape(6, 5)
    return rows.tobytes()


@pytest.mark.parametrize("options", [[], ["--input_stride=384,192,64,2"]], ids=["model's", "given"])
def test_raw_files_with_padded_rows_are_read(options: list[str], models: ModelFactory, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(padded_file())
    outputs = infer(models.padded("S16", PADDED), "--input_file=x.bin", *options, cwd=tmp_path)
    np.testing.assert_array_equal(outputs["y"], padded_values())


def test_raw_dumps_have_real_shapes_or_the_devices_padding(models: ModelFactory, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", padded_values())
    common = ["infer", models.padded("S16", PADDED), "--input_file=x.npy", "--enable_dump"]
    run(*common, "--dump_path=dense", cwd=tmp_path)
    run(*common, "--dump_path=padded", "--dump_padded", cwd=tmp_path)
    dense, padded = [(tmp_path / name / "model_infer_output_0_y.bin").read_bytes() for name in ("dense", "padded")]
    assert dense == padded_values().tobytes()
    strides = padded_strides("S16", PADDED, 64)
    assert len(padded) == strides[0]
    np.testing.assert_array_equal(np.ndarray(PADDED, np.int16, padded, 0, strides), padded_values())


def test_text_dumps_have_one_number_a_line_and_lose_nothing(models: ModelFactory, tmp_path: Path) -> None:
    write(tmp_path, "npy", MIXED)
    given = ",".join(f"{name}.npy" for name in MIXED)
    run("infer", models.mixed(), "--input_file", given, "--enable_dump=true", "--dump_format=txt", cwd=tmp_path)
    lines = (tmp_path / "model_infer_output_0_zulu.txt").read_text().splitlines()
    np.testing.assert_array_equal(np.array(lines, np.float32), (MIXED["gain"] * 2).ravel())
    assert (tmp_path / "model_infer_output_1_alpha.txt").read_text().split() == ["-5", "6", "-7", "-2147483647"]


def test_nothing_is_written_unless_asked_for(models: ModelFactory, tmp_path: Path) -> None:
    write(tmp_path, "npy", {"x": X})
    assert run("infer", models.scaled(2), "--input_file=x.npy", "--noenable_dump", cwd=tmp_path).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]


@pytest.mark.parametrize(
    ("kind", "options"),
    [("npy", []), ("bin", ["--input_valid_shape=2,3,4,6"]), ("txt", ["--input_valid_shape", "2,3,4,6"])],
)
def test_dynamic_shapes_come_from_the_array_or_the_option(
    kind: str, options: list[str], models: ModelFactory, tmp_path: Path
) -> None:
    x = np.arange(144, dtype=np.float32).reshape(2, 3, 4, 6)
    write(tmp_path, kind, {"x": x})
    outputs = infer(models.dynamic(), f"--input_file=x.{kind}", *options, cwd=tmp_path)
    expect_equal(outputs, HB_HBMRuntime(str(models.dynamic())).run(x)["dynamic"])


def test_an_open_shape_asks_for_the_option(models: ModelFactory, tmp_path: Path) -> None:
    write(tmp_path, "bin", {"x": X})
    ended = run("infer", models.dynamic(), "--input_file=x.bin", cwd=tmp_path)
    assert ended.code == 1
    assert "--input_valid_shape" in ended.err


@pytest.mark.parametrize(
    ("array", "parts"),
    [
        (X.astype(np.float64), ["x.npy has float64 [2, 3]", "takes float32 [2, 3]"]),
        (X[:, :2], ["x.npy has float32 [2, 2]", "takes float32 [2, 3]"]),
        (X[0], ["x.npy has float32 [3]", "takes float32 [2, 3]"]),
    ],
    ids=["dtype", "size", "rank"],
)
def test_an_array_that_does_not_fit_names_its_file(
    array: Array, parts: list[str], models: ModelFactory, tmp_path: Path
) -> None:
    np.save(tmp_path / "x.npy", array)
    ended = run("infer", models.scaled(2), "--input_file", "x.npy", cwd=tmp_path)
    assert ended.code == 1
    assert [part for part in parts if part not in ended.err] == [], ended.err


def test_narrow_strides_are_refused(models: ModelFactory, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(padded_file())
    ended = run("infer", models.padded("S16", PADDED), "--input_file=x.bin", "--input_stride=384,192,8,2", cwd=tmp_path)
    assert ended.code == 2
    assert "8 bytes where 10 are needed" in ended.err


def test_one_of_several_models_runs_on_a_named_core(models: ModelFactory, tmp_path: Path) -> None:
    np.save(tmp_path / "in.npy", np.ones((1, 2), np.float32))
    outputs = infer(
        models.pair(), "--model_name=second", "--input_file=in.npy", "--core_id=4", "--task_priority=255", cwd=tmp_path
    )
    np.testing.assert_array_equal(outputs["out"], np.full((1, 2), 3, np.float32))


@pytest.mark.parametrize(("core_id", "code"), [("1,3", 0), ("2", 1)])
def test_multi_core_models_need_as_many_cores(core_id: str, code: int, models: ModelFactory, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    ended = run("infer", models.cores(2), "--input_file=x.npy", "--core_id", core_id, cwd=tmp_path)
    assert ended.code == code, ended.err


def test_frames_are_repeated(models: ModelFactory, tmp_path: Path) -> None:
    write(tmp_path, "npy", {"x": X})
    document = run("infer", models.scaled(2), "--input_file=x.npy", "--frame_count=5", "--json", cwd=tmp_path).json()
    assert len(document["infer_ms"]) == 5


def test_a_time_out_has_its_own_exit_code(models: ModelFactory, tmp_path: Path) -> None:
    write(tmp_path, "npy", {"x": X})
    ended = run(
        "infer", models.scaled(2), "--input_file=x.npy", "--task_timeout=50", cwd=tmp_path, env={"BPUSIM_FAULT": HANG}
    )
    assert ended.code == 5, ended.err
    assert ended.out == ""


HANG = "task:hang"


@pytest.mark.parametrize(("number", "kinds"), [(1, ["bin"]), (2, ["bin", "txt"]), (3, ["bin", "txt"])])
def test_intermediate_tensors_are_dumped(number: int, kinds: list[str], models: ModelFactory, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 64), (200, 100, 50)).save(tmp_path / "a.png")
    sample = models.sample("yolov5x_672x672_nv12")
    words = ["infer", sample, "--input_file=a.png", f"--dump_intermediate={number}", "--dump_path=d", "--json"]
    files = [Path(file) for file in run(*words, cwd=tmp_path).json()["intermediate_files"]]
    assert sorted({file.suffix.lstrip(".") for file in files}) == kinds
    assert sorted((tmp_path / "d").iterdir()) == sorted(tmp_path / file for file in files)
    luma = np.fromfile(tmp_path / "d" / "model_infer_intermediate_0_luma.bin", np.int32)
    assert luma.size == 672 * 672
    assert set(luma) == {round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)}


def test_precision_of_text_dumps_is_chosen(models: ModelFactory, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.full((2, 3), 1 / 3, np.float32))
    words = ["infer", models.scaled(2), "--input_file=x.npy", "--enable_dump", "--dump_format=txt"]
    run(*words, "--dump_precision=3", cwd=tmp_path)
    assert (tmp_path / "model_infer_output_0_y.txt").read_text().split() == ["0.667"] * 6


def test_a_word_behind_a_flag_is_its_value_only_when_it_is_a_truth_value(models: ModelFactory, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    assert run("infer", "--input_file=x.npy", "--enable_dump", models.scaled(2), cwd=tmp_path).code == 0
    assert (tmp_path / "model_infer_output_0_y.bin").exists()
    ended = run(
        "infer", "--input_file=x.npy", "--enable_dump", "false", models.scaled(2), "--dump_path=no", cwd=tmp_path
    )
    assert ended.code == 0
    assert not (tmp_path / "no").exists()
