"""``model_info`` prints what the Python API reports."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from support import host_models
from support.model_factory import ModelFactory
from support.program import run

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer.container import HostFile, write_file

KINDS = ["mixed", "dynamic", "quantised", "pair"]
SAMPLES = ["yolov5x_672x672_nv12", "asr"]


def path_of(models: ModelFactory, kind: str) -> Path:
    return models.sample(kind) if kind in SAMPLES else getattr(models, kind)()


@pytest.mark.parametrize("kind", KINDS + SAMPLES)
def test_json_has_what_the_api_has(kind: str, models: ModelFactory) -> None:
    path = path_of(models, kind)
    document = run("model_info", path, "--json").json()
    runtime = HB_HBMRuntime(str(path))
    assert document["driver_version"] == runtime.version
    assert document["files"] == [{"path": str(path), "description": runtime.hbm_descs[str(path)]}]
    assert [model["name"] for model in document["models"]] == runtime.model_names
    for model in document["models"]:
        name = model["name"]
        assert model["compile_bpu_core_num"] == runtime.compile_bpu_core_num[name]
        assert model["description"] == runtime.model_descs[name]
        for side in ("input", "output"):
            tensors = {tensor["name"]: tensor for tensor in model[f"{side}s"]}
            assert list(tensors) == getattr(runtime, f"{side}_names")[name]
            for tensor, reported in tensors.items():
                quant = getattr(runtime, f"{side}_quants")[name][tensor]
                assert reported["dtype"] == getattr(runtime, f"{side}_dtypes")[name][tensor].name
                assert reported["shape"] == getattr(runtime, f"{side}_shapes")[name][tensor]
                assert reported["strides"] == getattr(runtime, f"{side}_strides")[name][tensor]
                assert reported["description"] == getattr(runtime, f"{side}_descs")[name][tensor]
                assert reported["quantisation"] == {
                    "type": quant.quant_type.name,
                    "axis": quant.axis,
                    "scale": quant.scale.tolist(),
                    "zero_point": quant.zero_point.tolist(),
                }


def test_one_of_several_models_can_be_chosen(models: ModelFactory) -> None:
    document = run("model_info", models.pair(), "--model_name", "second", "--json").json()
    assert [model["name"] for model in document["models"]] == ["second"]


def test_several_files_are_shown_together(models: ModelFactory) -> None:
    files = [models.scaled(2), models.scaled(3)]
    document = run("model_info", "--model_file", ",".join(map(str, files)), "--json").json()
    assert [model["name"] for model in document["models"]] == ["times_2", "times_3"]
    assert [file["path"] for file in document["files"]] == [str(file) for file in files]


def test_the_table_has_a_line_for_every_tensor(models: ModelFactory) -> None:
    lines = run("model_info", models.mixed()).out.splitlines()
    cells = [line.split() for line in lines]
    assert ["0", "gain", "F32", "(2,3)", "(12,4)", "24", "NONE"] in cells
    assert ["1", "count", "S32", "(4)", "(4)", "16", "NONE"] in cells
    assert [row[1] for row in cells if len(row) == 7 and row[0].isdigit()] == [
        "gain", "count", "mask", "zulu", "alpha", "mike",
    ]  # fmt: skip


def test_dynamic_tensors_have_no_size(models: ModelFactory) -> None:
    (model,) = run("model_info", models.dynamic(), "--json").json()["models"]
    assert [tensor["bytes"] for tensor in model["inputs"]] == [None]


def test_quantisation_is_summarised_and_told_in_full_when_asked(models: ModelFactory) -> None:
    short = run("model_info", models.quantised()).out
    assert "SCALE axis 3: 5 from 0.03125 to 0.5 zero points" in short
    assert "SCALE 0.25 zero point -7" in short
    assert "[0.5, 0.25, 0.125, 0.0625, 0.03125]" in run("model_info", models.quantised(), "--verbose").out


def test_the_description_of_a_compiled_model_is_a_table(tmp_path: Path) -> None:
    values = {"BUILDER_VERSION": "3.5.16", "INPUT_TYPE_RT": "nv12", "CORE_NUM": 1, "ADVICE": 0.0, "NODE_INFO": "{}"}
    model = dataclasses.replace(host_models.nv12_planes("camera", 4, 6), description=json.dumps(values).encode())
    write_file(tmp_path / "camera.hbm", HostFile((model,)))
    ended = run("model_info", tmp_path / "camera.hbm")
    assert ["INPUT_TYPE_RT", "nv12"] in [line.split() for line in ended.out.splitlines()]
    assert "ADVICE" not in ended.out
    assert "ADVICE" in run("model_info", tmp_path / "camera.hbm", "--verbose").out
    (reported,) = run("model_info", tmp_path / "camera.hbm", "--json").json()["models"]
    assert reported["configuration"] == values
