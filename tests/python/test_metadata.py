"""What a runtime reports about its models: exact values, plain Python types, snapshots."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from support.host_models import QUANT_SCALES
from support.model_factory import ModelFactory

from hbm_runtime import HB_HBMRuntime, QuantParams, SchedParam, hbDNNDataType

PROPERTIES = [
    "model_names",
    "model_count",
    "model_descs",
    "hbm_descs",
    "compile_bpu_core_num",
    "input_counts",
    "input_names",
    "input_descs",
    "input_shapes",
    "input_dtypes",
    "input_quants",
    "input_strides",
    "output_counts",
    "output_names",
    "output_descs",
    "output_shapes",
    "output_dtypes",
    "output_quants",
    "output_strides",
    "sched_params",
]

BY_TENSOR = [f"{side}_{what}" for side in ("input", "output") for what in ("descs", "shapes", "dtypes", "strides")]

CAMERA: dict[str, Any] = {
    "model_names": ["yolov5x_672x672_nv12"],
    "model_count": 1,
    "model_descs": {"yolov5x_672x672_nv12": '{"BUILDER_VERSION": "1", "MARCH": "nash-e"}'},
    "compile_bpu_core_num": {"yolov5x_672x672_nv12": 1},
    "input_counts": {"yolov5x_672x672_nv12": 2},
    "input_names": {"yolov5x_672x672_nv12": ["data_y", "data_uv"]},
    "input_descs": {"yolov5x_672x672_nv12": {"data_y": "", "data_uv": ""}},
    "input_shapes": {"yolov5x_672x672_nv12": {"data_y": [1, 672, 672, 1], "data_uv": [1, 336, 336, 2]}},
    "input_dtypes": {"yolov5x_672x672_nv12": {"data_y": hbDNNDataType.U8, "data_uv": hbDNNDataType.U8}},
    "input_strides": {"yolov5x_672x672_nv12": {"data_y": [-1, -1, 1, 1], "data_uv": [-1, -1, 2, 1]}},
    "output_counts": {"yolov5x_672x672_nv12": 3},
    "output_names": {"yolov5x_672x672_nv12": ["output", "1310", "1312"]},
    "output_descs": {"yolov5x_672x672_nv12": {"output": "", "1310": "", "1312": ""}},
    "output_shapes": {
        "yolov5x_672x672_nv12": {"output": [1, 84, 84, 255], "1310": [1, 42, 42, 255], "1312": [1, 21, 21, 255]}
    },
    "output_dtypes": {
        "yolov5x_672x672_nv12": {"output": hbDNNDataType.S32, "1310": hbDNNDataType.S32, "1312": hbDNNDataType.S32}
    },
    "output_strides": {
        "yolov5x_672x672_nv12": {
            "output": [7225344, 86016, 1024, 4],
            "1310": [1806336, 43008, 1024, 4],
            "1312": [451584, 21504, 1024, 4],
        }
    },
}


@pytest.mark.parametrize("name", CAMERA)
def test_a_camera_model_shows_what_the_manual_shows(models: ModelFactory, name: str) -> None:
    runtime = HB_HBMRuntime(models.sample("yolov5x_672x672_nv12"))
    assert getattr(runtime, name) == CAMERA[name]


@pytest.mark.parametrize("name", BY_TENSOR)
def test_tensors_stand_in_index_order(models: ModelFactory, name: str) -> None:
    runtime = HB_HBMRuntime([models.many(12), models.mixed()])
    side = name.partition("_")[0]
    names = {"input": runtime.input_names, "output": runtime.output_names}[side]
    assert names["many_12"] == [f"_{side}_{i}" for i in range(12)]
    assert names["mixed"] == {"input": ["gain", "count", "mask"], "output": ["zulu", "alpha", "mike"]}[side]
    values = getattr(runtime, name)
    assert list(values) == ["many_12", "mixed"]
    assert {model: list(tensors) for model, tensors in values.items()} == names


def test_the_version_of_an_onnx_model_is_null_where_it_has_none(models: ModelFactory, tmp_path: Path) -> None:
    proto = onnx.load(str(models.scaled(2)))
    versions = {}
    for version in (0, 7):
        proto.model_version = version
        onnx.save(proto, str(tmp_path / f"v{version}.onnx"))
        (text,) = HB_HBMRuntime(str(tmp_path / f"v{version}.onnx")).model_descs.values()
        versions[version] = json.loads(text)["version"]
    (text,) = HB_HBMRuntime(str(models.scaled(2))).model_descs.values()
    assert json.loads(text)["version"] is None
    assert versions == {0: 0, 7: 7}


def test_onnx_models_show_their_graphs_tensors(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.mixed())
    assert runtime.input_shapes == {"mixed": {"gain": [2, 3], "count": [4], "mask": [2, 5]}}
    assert {name: dtype.name for name, dtype in runtime.input_dtypes["mixed"].items()} == {
        "gain": "F32",
        "count": "S32",
        "mask": "U8",
    }
    assert runtime.input_strides == {"mixed": {"gain": [12, 4], "count": [4], "mask": [5, 1]}}
    assert runtime.output_shapes == {"mixed": {"zulu": [2, 3], "alpha": [4], "mike": [5, 2]}}
    assert runtime.compile_bpu_core_num == {"mixed": 1}
    assert runtime.hbm_descs == {str(models.mixed()): ""}


def test_dynamic_dimensions_are_minus_one(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime([models.dynamic(), models.nonzero()])
    assert runtime.input_shapes == {"dynamic": {"x": [-1, 3, -1, -1]}, "nonzero": {"x": [-1]}}
    assert runtime.output_shapes["dynamic"] == {"same": [-1, 3, -1, -1], "top": [-1, 3], "half": [-1, 3, -1, -1]}
    assert runtime.output_shapes["nonzero"] == {"where": [1, -1]}
    assert all(stride == -1 or stride > 0 for stride in runtime.input_strides["dynamic"]["x"])
    runtime.run(np.ones((2, 3, 4, 6), np.float32), model_name="dynamic")
    assert runtime.input_shapes["dynamic"]["x"] == [-1, 3, -1, -1]
    assert runtime.output_shapes["dynamic"]["same"] == [-1, 3, -1, -1]


def test_a_tensor_without_dimensions_has_empty_lists(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.identity("F32", ()))
    assert runtime.input_shapes == {"identity_F32": {"x": []}}
    assert runtime.input_strides == {"identity_F32": {"x": []}}


def test_descriptions_keep_every_character(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.pair())
    assert runtime.model_descs == {
        "first": '{"name": "first"}\0 t\u00e4il',
        "second": '{"name": "second"}\0 t\u00e4il',
    }
    assert runtime.input_descs == {"first": {"in": "input of first"}, "second": {"in": "input of second"}}
    assert runtime.output_descs["first"] == {"out": "before\0after"}


@pytest.mark.parametrize("kind", ["str", "Path", "relative", "bytes"])
def test_file_descriptions_are_found_by_the_path_as_given(
    models: ModelFactory, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    pair, other = models.pair(), models.scaled(2)
    monkeypatch.chdir(pair.parent)
    given: dict[str, Any] = {"str": str(pair), "Path": pair, "relative": pair.name, "bytes": str(pair).encode()}
    runtime = HB_HBMRuntime([other, given[kind]])
    key = pair.name if kind == "relative" else str(pair)
    assert runtime.hbm_descs == {str(other): "", key: "file \u63cf\u8ff0"}


def test_compile_core_numbers(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime([models.cores(2), models.cores(4), models.scaled(2)])
    assert runtime.compile_bpu_core_num == {"cores_2": 2, "cores_4": 4, "times_2": 1}


def plain(value: Any) -> bool:
    """Returns True if a value consists of plain Python types, enum members and the module's two classes."""
    if type(value) is dict:
        return all(type(key) is str and plain(item) for key, item in value.items())
    if type(value) is list:
        return all(plain(item) for item in value)
    return type(value) in {int, str} or isinstance(value, hbDNNDataType | QuantParams | SchedParam)


@pytest.mark.parametrize("name", PROPERTIES)
def test_properties_are_plain_values(models: ModelFactory, name: str) -> None:
    runtime = HB_HBMRuntime([models.sample("yolov5x_672x672_nv12"), models.mixed(), models.dynamic()])
    value = getattr(runtime, name)
    assert plain(value), value
    if "quants" not in name and name != "sched_params":
        assert json.loads(json.dumps(value)) == value


@pytest.mark.parametrize("name", [*PROPERTIES, "version"])
def test_properties_are_read_only(models: ModelFactory, name: str) -> None:
    runtime = HB_HBMRuntime(models.scaled(2))
    with pytest.raises(AttributeError):
        setattr(runtime, name, getattr(runtime, name))
    with pytest.raises(AttributeError):
        delattr(runtime, name)


def spoil(value: Any) -> None:
    """Changes a list or dict in every way that reaches into it."""
    for inner in list(value.values()) if isinstance(value, dict) else list(value):
        if isinstance(inner, dict | list):
            spoil(inner)
    value.clear()


@pytest.mark.parametrize("name", [name for name in PROPERTIES if name != "model_count"])
def test_a_snapshot_belongs_to_the_caller(models: ModelFactory, name: str) -> None:
    runtime = HB_HBMRuntime(models.mixed())
    kept, spoiled = getattr(runtime, name), getattr(runtime, name)
    assert kept is not spoiled
    before = repr(kept)
    spoil(spoiled)
    assert spoiled != kept
    runtime.run({"gain": np.ones((2, 3), np.float32), "count": np.ones(4, np.int32), "mask": np.ones((2, 5), np.uint8)})
    runtime.set_scheduling_params(priority={"mixed": 7})
    del runtime
    assert repr(kept) == before


def test_snapshots_of_scheduling_keep_old_values_and_new_ones_show_the_change(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.scaled(2))
    before = runtime.sched_params["times_2"]
    runtime.set_scheduling_params(priority={"times_2": 7})
    assert (before.priority, runtime.sched_params["times_2"].priority) == (0, 7)


def test_the_version_is_a_text_of_the_class(models: ModelFactory) -> None:
    version = HB_HBMRuntime.version
    assert type(version) is str
    assert re.fullmatch(r"3\.13\.6_\(bpusim \d+\.\d+\.\d+\)", version)
    assert HB_HBMRuntime(models.scaled(2)).version == version
    assert json.loads(json.dumps({"version": HB_HBMRuntime.version})) == {"version": version}


def test_the_version_of_the_class_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        HB_HBMRuntime.version = "1"


def test_scales_of_a_camera_model(models: ModelFactory) -> None:
    quants = HB_HBMRuntime(models.sample("yolov5x_672x672_nv12")).output_quants["yolov5x_672x672_nv12"]
    assert list(quants) == ["output", "1310", "1312"]
    for quant in quants.values():
        assert quant.quant_type == 1
        assert quant.axis == 3
        np.testing.assert_array_equal(quant.scale, np.linspace(0.001, 0.01, 255).astype(np.float32))


def test_all_properties_agree_with_each_other(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime([models.quantised(), models.sample("lanenet256x512"), models.many(3)])
    assert runtime.model_count == len(runtime.model_names) == 3
    for side in ("input", "output"):
        names = getattr(runtime, f"{side}_names")
        assert getattr(runtime, f"{side}_counts") == {model: len(tensors) for model, tensors in names.items()}
        for what in ("descs", "shapes", "dtypes", "quants", "strides"):
            values = getattr(runtime, f"{side}_{what}")
            assert {model: list(tensors) for model, tensors in values.items()} == names
    assert runtime.output_quants["quantised"]["s16"].scale.tolist() == list(QUANT_SCALES)
