"""What the manuals of both generations show, as programs that users write: S100 (no per-call scheduling) and S600."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
from support.child import SOC_UNDER_TEST
from support.dtypes import Array
from support.model_factory import ModelFactory

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, SchedParam, hbDNNDataType, hbDNNQuantiType

LANENET, YOLO, RESNET, ASR = "lanenet256x512", "yolov5x_672x672_nv12", "resnet18_224x224_nv12", "asr"

NUMPY_BY_NAME: dict[str, Any] = {
    "U8": np.uint8,
    "S8": np.int8,
    "F32": np.float32,
    "F16": np.float16,
    "U16": np.uint16,
    "S16": np.int16,
    "S32": np.int32,
    "U32": np.uint32,
    "S64": np.int64,
    "U64": np.uint64,
    "BOOL8": np.bool_,
}


def ones_for(runtime: HB_HBMRuntime, model: str) -> dict[str, Array]:
    """An array of ones for each input, from the metadata alone."""
    return {
        name: np.ones(
            runtime.input_shapes[model][name],
            dtype=NUMPY_BY_NAME.get(runtime.input_dtypes[model][name].name, np.float32),
        )
        for name in runtime.input_names[model]
    }


def test_one_model_with_one_input(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.sample(LANENET)))
    model = runtime.model_names[0]
    name = runtime.input_names[model][0]
    frame = np.ones(runtime.input_shapes[model][name], dtype=np.float32)
    outputs = runtime.run(frame)[model]
    np.testing.assert_array_equal(outputs["instance"], 0.5 * frame)
    np.testing.assert_array_equal(outputs["binary"], np.ones((1, 1, 256, 512), np.int8))


def test_one_model_with_several_inputs_and_defaults_set_before(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.sample(YOLO)))
    model = runtime.model_names[0]
    runtime.set_scheduling_params(priority={model: 5}, bpu_cores={model: [0]})
    results = runtime.run(ones_for(runtime, model))
    assert {name: data.shape for name, data in results[model].items()} == {
        "output": (1, 84, 84, 255),
        "1310": (1, 42, 42, 255),
        "1312": (1, 21, 21, 255),
    }
    np.testing.assert_array_equal(results[model]["1312"][0, 3, 4], np.arange(1, 256) + 1)


def test_several_models_in_one_call(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime([str(models.sample(YOLO)), str(models.sample(RESNET))])
    inputs = {
        model: {
            name: np.random.default_rng(0)
            .integers(0, 255, runtime.input_shapes[model][name])
            .astype(NUMPY_BY_NAME[runtime.input_dtypes[model][name].name])
            for name in runtime.input_names[model]
        }
        for model in runtime.model_names
    }
    runtime.set_scheduling_params(
        priority=dict.fromkeys(runtime.model_names, 5), bpu_cores={model: [0] for model in runtime.model_names}
    )
    outputs = runtime.run(inputs)
    assert list(outputs) == [YOLO, RESNET]
    luma, chroma = inputs[RESNET]["data_y"], inputs[RESNET]["data_uv"]
    np.testing.assert_allclose(
        outputs[RESNET]["prob"][0], np.linspace(0, 1, 1000) * (luma.mean() - chroma.mean()), rtol=1e-4, atol=1e-4
    )


def test_float_and_camera_models_in_one_call(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime([str(models.sample(LANENET)), str(models.sample(YOLO))])
    results = runtime.run({model: ones_for(runtime, model) for model in runtime.model_names})
    kinds = {model: {name: data.dtype.name for name, data in outputs.items()} for model, outputs in results.items()}
    assert kinds == {
        LANENET: {"instance": "float32", "binary": "int8"},
        YOLO: {"output": "int32", "1310": "int32", "1312": "int32"},
    }


FORMS = ["one input", "several inputs", "several models"]


@pytest.mark.parametrize("form", FORMS)
def test_a_thread_for_each_core(models: ModelFactory, form: str) -> None:
    names = {"one input": [ASR], "several inputs": [YOLO], "several models": [YOLO, RESNET]}[form]
    runtime = HB_HBMRuntime([str(models.sample(name)) for name in names])
    inputs = {model: ones_for(runtime, model) for model in runtime.model_names}
    argument: Any = {
        "one input": inputs[names[0]][runtime.input_names[names[0]][0]],
        "several inputs": inputs[names[0]],
        "several models": inputs,
    }[form]
    reference = runtime.run(argument)
    results: dict[int, dict[str, dict[str, Array]]] = {}

    def worker(core: int) -> None:
        keywords: dict[str, Any] = {} if form == "several models" else {"model_name": names[0]}
        results[core] = runtime.run(
            argument,
            priority=dict.fromkeys(names, 5),
            bpu_cores={name: [core] for name in names},
            custom_id=dict.fromkeys(names, core),
            **keywords,
        )

    cores = len(hbm_runtime.get_devices())
    threads = [threading.Thread(target=worker, args=(core,)) for core in range(cores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == list(range(cores))
    for result in results.values():
        for model in names:
            for name, values in reference[model].items():
                np.testing.assert_array_equal(result[model][name], values)
    assert all(param.priority == 0 for param in runtime.sched_params.values())


def test_choosing_one_of_several_models(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime([str(models.sample(LANENET)), str(models.sample(ASR))])
    sound = np.ones((1, 30000), np.float32)
    outputs = runtime.run(sound, model_name="asr")
    assert list(outputs) == ["asr"]
    np.testing.assert_allclose(outputs["asr"]["logits"][0, 7], np.linspace(0, 1, 64), rtol=1e-6)


def test_enums_print_as_shown() -> None:
    assert str(hbDNNDataType.F32) == "hbDNNDataType.F32"
    assert str(hbDNNQuantiType.SCALE) == "hbDNNQuantiType.SCALE"
    assert repr({"output": hbDNNDataType.S32}) == "{'output': <hbDNNDataType.S32: 8>}"


def test_reading_quantisation_as_shown(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.sample(YOLO)))
    lines = [
        (model, name, info.quant_type.name, info.axis, len(info.scale.tolist()), info.zero_point.tolist())
        for model, outputs in runtime.output_quants.items()
        for name, info in outputs.items()
    ]
    assert lines == [(YOLO, name, "SCALE", 3, 255, []) for name in ("output", "1310", "1312")]
    assert [
        (name, info.quant_type.name, info.scale.tolist(), info.zero_point.tolist())
        for name, info in runtime.input_quants[YOLO].items()
    ] == [("data_y", "NONE", [], []), ("data_uv", "NONE", [], [])]


def test_defaults_are_read_back_and_a_call_overrides_them(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime([str(models.scaled(2, "model1")), str(models.scaled(3, "model2"))])
    runtime.set_scheduling_params(priority={"model1": 200, "model2": 100}, bpu_cores={"model1": [0, 1], "model2": [0]})
    params = runtime.sched_params
    assert (params["model1"].priority, params["model1"].bpu_cores) == (200, [0, 1])
    assert (params["model2"].customId, params["model2"].deviceId) == (0, 0)
    inputs = {name: {"x": np.ones((2, 3), np.float32)} for name in runtime.model_names}
    runtime.run(inputs, priority={"model1": 50})
    assert runtime.sched_params["model1"].priority == 200


def test_a_param_object_filled_for_a_model(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.scaled(2, "modelA")))
    sched = SchedParam()
    sched.priority = {"modelA": 8}
    sched.customId = {"modelA": 1001}
    sched.bpu_cores = {"modelA": [0, 1]}
    sched.deviceId = {"modelA": 0}
    runtime.set_scheduling_params(
        priority=sched.priority, custom_id=sched.customId, bpu_cores=sched.bpu_cores, device_id=sched.deviceId
    )
    for name, param in runtime.sched_params.items():
        assert (name, param.priority, param.customId, param.bpu_cores, param.deviceId) == (
            "modelA", 8, 1001, [0, 1], 0,
        )  # fmt: skip


def test_old_scripts_catch_value_errors_for_shape_and_type(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(str(models.sample(LANENET)))
    for bad in (np.ones((1, 3, 256, 511), np.float32), np.ones((1, 3, 256, 512))):
        with pytest.raises(ValueError, match=LANENET):
            runtime.run(bad)


@pytest.mark.parametrize("cores", [[0, 1], [0, 1, 2, 3]], ids=str)
def test_a_list_of_cores_that_a_smaller_board_has_only_some_of(models: ModelFactory, cores: list[int]) -> None:
    runtime = HB_HBMRuntime(models.scaled(2))
    runtime.set_scheduling_params(bpu_cores={"times_2": cores})
    assert runtime.sched_params["times_2"].bpu_cores == cores
    x = np.ones((2, 3), np.float32)
    for result in (runtime.run(x), runtime.run(x, bpu_cores={"times_2": cores}), runtime.run_async(x).result()):
        np.testing.assert_array_equal(result["times_2"]["y"], 2 * x)


@pytest.mark.skipif(SOC_UNDER_TEST in os.environ, reason="this run imitates one board")
@pytest.mark.parametrize("soc", ["s100", "s100p", "s600"])
def test_all_of_this_on_each_board(soc: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", __file__]
    done = subprocess.run(
        command, env={**os.environ, SOC_UNDER_TEST: soc}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
