"""The sample models have the names and signatures of a board's, and run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.trials import trials_in_this_process

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import PackError, read_file
from hbm_runtime.samples import BOARDS, SAMPLES, write_samples

NUMPY = {"U8": np.uint8, "F32": np.float32}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    with trials_in_this_process():
        write_samples(path, BOARDS)
    return path


def test_they_lie_where_a_board_has_them(folder: Path) -> None:
    found = {str(path.relative_to(folder)) for path in folder.rglob("*.hbm")}
    assert len(found) == len(SAMPLES) * len(BOARDS)
    assert {
        "s100/basic/lanenet256x512.hbm",
        "s100/basic/yolov5x_672x672_nv12.hbm",
        "s100/basic/yolo11n_detect_nashe_640x640_nv12.hbm",
        "s100p/basic/yolo11n_seg_nashm_640x640_nv12.hbm",
        "s600/basic/yolo11n_pose_nashp_640x640_nv12.hbm",
        "s600/basic/resnet18_224x224_nv12.hbm",
        "s600/basic/asr.hbm",
        "s600/basic/unet_mobilenet_1024x2048_nv12.hbm",
    } <= found


@pytest.mark.parametrize("board", BOARDS)
def test_every_model_runs_and_is_called_like_its_file(board: str, folder: Path) -> None:
    for path in sorted((folder / board / "basic").iterdir()):
        assert read_file(path).march == BOARDS[board].march
        runtime = HB_HBMRuntime(str(path))
        assert runtime.model_names == [path.stem]
        name = path.stem
        shapes = runtime.input_shapes[name]
        kinds = {tensor: NUMPY[runtime.input_dtypes[name][tensor].name] for tensor in shapes}
        outputs = runtime.run({tensor: np.ones(shape, kinds[tensor]) for tensor, shape in shapes.items()})[name]
        assert {tensor: list(value.shape) for tensor, value in outputs.items()} == runtime.output_shapes[name]
        assert json.loads(runtime.model_descs[name])["MODEL_PREFIX"] == name


def test_yolov5x_has_the_signature_of_the_manual(folder: Path) -> None:
    runtime = HB_HBMRuntime(str(folder / "s600/basic/yolov5x_672x672_nv12.hbm"))
    name = "yolov5x_672x672_nv12"
    assert runtime.input_names[name] == ["data_y", "data_uv"]
    assert runtime.input_shapes[name] == {"data_y": [1, 672, 672, 1], "data_uv": [1, 336, 336, 2]}
    assert runtime.input_strides[name] == {"data_y": [-1, -1, 1, 1], "data_uv": [-1, -1, 2, 1]}
    assert runtime.output_names[name] == ["output", "1310", "1312"]
    assert runtime.output_shapes[name] == {
        "output": [1, 84, 84, 255],
        "1310": [1, 42, 42, 255],
        "1312": [1, 21, 21, 255],
    }
    assert runtime.output_strides[name] == {
        "output": [7225344, 86016, 1024, 4],
        "1310": [1806336, 43008, 1024, 4],
        "1312": [451584, 21504, 1024, 4],
    }
    for tensor, kind in runtime.output_dtypes[name].items():
        quant = runtime.output_quants[name][tensor]
        assert (kind.name, quant.quant_type.name, quant.axis, quant.scale.size) == ("S32", "SCALE", 3, 255)


def test_the_same_models_are_written_every_time(folder: Path, tmp_path: Path) -> None:
    for path in write_samples(tmp_path, ["s600"], names=["asr", "yolo11n_detect_nashp_640x640_nv12"]):
        assert path.read_bytes() == (folder / path.relative_to(tmp_path)).read_bytes()


@pytest.mark.parametrize(
    ("boards", "names", "message"),
    [
        (["x5"], None, "no board 'x5'; there are s100, s100p, s600"),
        (["s100"], ["yolo"], "no sample model yolo; there are"),
    ],
)
def test_unknown_boards_and_models_are_named(
    boards: list[str], names: list[str] | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(PackError, match=message):
        write_samples(tmp_path, boards, names=names)
    assert not list(tmp_path.iterdir())
