"""Every driver function that the runtime calls fails at its 1st, 2nd and 3rd call.

Each time there is the right exception, nothing is left in the driver, and what comes next works.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.child import output_of, run_python
from support.driver_files import listed_functions
from support.live import Held, wait_until, wait_until_held
from support.model_factory import ModelFactory

from hbm_runtime import (
    ContainerError,
    DriverError,
    HB_HBMRuntime,
    HbmError,
    HbmIOError,
    HbmTimeoutError,
    ModelError,
    OutOfResourcesError,
)
from hbm_runtime.testing import faults, live, release_hanging_tasks

MODELS = ("mixed", "dynamic", "times_3")
TENSORS = {
    "mixed": ({"gain", "count", "mask"}, {"zulu", "alpha", "mike"}),
    "dynamic": ({"x"}, {"same", "top", "half"}),
    "times_3": ({"x"}, {"y"}),
}
# In memory they are called like their graphs.
TENSORS["graph"] = (
    set.union(*(inputs for inputs, _ in TENSORS.values())),
    {"zulu", "alpha", "mike", "same", "top", "half", "y"},
)


@dataclass(frozen=True)
class Function:
    """What the error of a driver function names."""

    name: str
    model: bool = False
    tensor: str = ""

    def __str__(self) -> str:
        return self.name


FUNCTIONS = [
    Function("hbDNNInitializeFromFiles"),
    Function("hbDNNInitializeFromDDR"),
    Function("hbDNNGetModelNameList"),
    Function("hbDNNGetModelHandle", model=True),
    Function("hbDNNGetInputCount", model=True),
    Function("hbDNNGetInputName", model=True),
    Function("hbDNNGetInputTensorProperties", model=True, tensor="input"),
    Function("hbDNNGetInputDesc", model=True, tensor="input"),
    Function("hbDNNGetOutputCount", model=True),
    Function("hbDNNGetOutputName", model=True),
    Function("hbDNNGetOutputTensorProperties", model=True, tensor="output"),
    Function("hbDNNGetOutputDesc", model=True, tensor="output"),
    Function("hbDNNGetModelDesc", model=True),
    Function("hbDNNGetHBMDesc"),
    Function("hbDNNGetCompileBpuCoreNum", model=True),
    Function("hbUCPMallocCached", model=True, tensor="any"),
    Function("hbUCPMemFlush", model=True, tensor="any"),
    Function("hbDNNInferV2", model=True),
    Function("hbUCPSubmitTask", model=True),
    Function("hbUCPWaitTaskDone", model=True),
    Function("hbDNNGetTaskOutputTensorProperties", model=True, tensor="output"),
]
FORGIVEN = ["hbUCPFree", "hbUCPReleaseTask", "hbDNNRelease", "hbUCPSetTaskDoneCb"]
"""Giving back is tried again; without a callback a thread waits."""

TEXTS = ["hbUCPGetVersion", "hbUCPGetSocName", "hbUCPGetErrorDesc", "hbDNNGetVersion", "hbDNNGetErrorDesc"]
"""They have no status to fail with."""
NOT_CALLED = ["hbUCPMalloc"]
"""Core uses cached memory only."""

INPUTS: dict[str, dict[str, Any]] = {
    "mixed": {
        "gain": np.ones((2, 3), np.float32),
        "count": np.arange(4, dtype=np.int32),
        "mask": np.ones((2, 5), np.uint8),
    },
    "dynamic": {"x": np.ones((1, 3, 4, 4), np.float32)},
    "times_3": {"x": np.ones((2, 3), np.float32)},
}


@pytest.fixture(scope="module")
def paths(models: ModelFactory) -> list[Path]:
    return [models.mixed(), models.dynamic(), models.scaled(3)]


def use_everything(paths: list[Path]) -> None:
    """Calls every function at least three times: loading from files and memory, running in both ways, giving back."""
    for path in paths:
        HB_HBMRuntime(path.read_bytes())
    runtimes = [HB_HBMRuntime(path) for path in paths]
    together = HB_HBMRuntime(paths)
    for runtime, model in zip(runtimes, MODELS, strict=True):
        runtime.run(INPUTS[model])
        runtime.run_async(INPUTS[model]).result(timeout=60)
    result = together.run(INPUTS)
    np.testing.assert_array_equal(result["times_3"]["y"], np.full((2, 3), 3, np.float32))


def check_error(error: HbmError, function: Function) -> None:
    assert type(error) is DriverError
    assert error.function == function.name
    assert (error.status, error.status_name) == (-100002, "HB_UCP_API_USE_ERROR")
    assert function.name in str(error)
    assert "-100002" in str(error)
    if not function.model:
        assert (error.model, error.tensor) == (None, None)
        return
    assert error.model in TENSORS
    assert error.model in str(error)
    inputs, outputs = TENSORS[error.model]
    if not function.tensor:
        assert error.tensor is None
        return
    assert error.tensor in {"input": inputs, "output": outputs, "any": inputs | outputs}[function.tensor]
    assert error.tensor in str(error)


def test_every_function_of_the_driver_has_its_place_here() -> None:
    placed = [*(function.name for function in FUNCTIONS), *FORGIVEN, *TEXTS, *NOT_CALLED]
    assert sorted(placed) == sorted(listed_functions("hbucp") | listed_functions("dnn"))


@pytest.mark.parametrize("when", ["1", "2", "3", "1+", "3+"])
@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_a_failing_call_is_one_typed_error_and_nothing_is_left(
    paths: list[Path], function: Function, when: str
) -> None:
    before = Held.now()
    with faults(f"{function.name}:fail@{when}=HB_UCP_API_USE_ERROR"), pytest.raises(HbmError) as caught:
        use_everything(paths)
    check_error(caught.value, function)
    del caught
    assert wait_until_held(before) == before
    use_everything(paths)


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("function", FORGIVEN)
def test_what_has_a_second_way_does_not_fail_for_the_caller(paths: list[Path], function: str, call: int) -> None:
    before = Held.now()
    with faults(f"{function}:fail@{call}"):
        use_everything(paths)
        assert wait_until_held(before) == before
    use_everything(paths)


@pytest.mark.parametrize(
    ("function", "status", "exception"),
    [
        ("hbDNNInitializeFromFiles", "HB_UCP_MODEL_INVALID", ContainerError),
        ("hbDNNInitializeFromFiles", "HB_UCP_MODEL_INCOMPATIBLE", ModelError),
        ("hbDNNInitializeFromFiles", "HB_UCP_FILE_OPEN_FAILED", HbmIOError),
        ("hbDNNInitializeFromFiles", "HB_UCP_MODEL_NUMBER_EXCEED_LIMIT", OutOfResourcesError),
        ("hbUCPMallocCached", "HB_UCP_MEM_ALLOC_FAIL", OutOfResourcesError),
        ("hbUCPMemFlush", "HB_UCP_MEM_FLUSH_FAIL", DriverError),
        ("hbUCPSubmitTask", "HB_UCP_MEM_MAP_FAIL", DriverError),
        ("hbUCPSubmitTask", "-123456", DriverError),
        ("task", "HB_UCP_TASK_RUN_FAILED", DriverError),
        ("task", "HB_UCP_MEM_IS_INVALID", DriverError),
    ],
)
def test_statuses_decide_on_the_exception(
    models: ModelFactory, function: str, status: str, exception: type[HbmError]
) -> None:
    before = Held.now()
    with faults(f"{function}:fail={status}"), pytest.raises(HbmError) as caught:
        HB_HBMRuntime(models.scaled(3)).run(INPUTS["times_3"])
    assert type(caught.value) is exception
    named = status if status.startswith("HB_") else f"status {status}"
    assert caught.value.status_name == named
    assert caught.value.function == ("hbUCPWaitTaskDone" if function == "task" else function)
    del caught
    assert wait_until_held(before) == before


def test_a_full_task_pool_is_waited_for(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.scaled(3))
    with faults("hbDNNInferV2:fail@1..5=HB_UCP_TASK_NUMBER_EXCEED_LIMIT"):
        runtime.run(INPUTS["times_3"])


def test_a_failing_model_of_a_nested_run_names_itself(paths: list[Path]) -> None:
    runtime = HB_HBMRuntime(paths)
    with faults("task:fail@2"), pytest.raises(DriverError) as caught:
        runtime.run(INPUTS)
    assert caught.value.model in MODELS
    runtime.run(INPUTS)


def test_a_hanging_task_is_a_time_out_and_its_memory_comes_back(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.scaled(3))

    def run_while_one_hangs() -> None:
        with faults("task:hang@1"):
            with pytest.raises(HbmTimeoutError) as caught:
                runtime.run(INPUTS["times_3"], timeout=0.02)
            assert caught.value.model == "times_3"
            runtime.run(INPUTS["times_3"], bpu_cores={"times_3": [1]})
            assert live().tasks == 1
            release_hanging_tasks()
            assert wait_until(lambda held: held.tasks == 0).tasks == 0

    run_while_one_hangs()
    before = Held.now()  # the blocks of two runs, which the model keeps
    run_while_one_hangs()
    assert wait_until_held(before) == before


def test_a_lost_core_fails_its_task_and_the_next_one_finds_another(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.scaled(3))
    with faults("core0:lost"):
        runtime.run(INPUTS["times_3"])
        with pytest.raises(HbmTimeoutError):
            runtime.run(INPUTS["times_3"], bpu_cores={"times_3": [0]}, timeout=0.02)
    runtime.run(INPUTS["times_3"], bpu_cores={"times_3": [0]})


def test_a_driver_that_loses_its_texts_still_gives_errors(models: ModelFactory, tmp_path: Path) -> None:
    child = run_python(
        """
import sys, numpy, hbm_runtime
for expected in (hbm_runtime.DriverNotFoundError, None):
    try:
        print(hbm_runtime.HB_HBMRuntime.version)
    except hbm_runtime.HbmError as error:
        assert type(error) is expected, error
        assert "hbDNNGetVersion gives no version" in str(error)
try:
    hbm_runtime.HB_HBMRuntime(sys.argv[1]).run(numpy.ones((2, 3), numpy.float32))
except hbm_runtime.DriverError as error:
    print(error.function, error.status)
""",
        models.scaled(3),
        cwd=tmp_path,
        environment={
            "BPUSIM_FAULT": "hbDNNGetVersion:fail@1; hbUCPGetErrorDesc:fail; hbDNNGetErrorDesc:fail; "
            "hbUCPGetVersion:fail; hbUCPGetSocName:fail; hbDNNInferV2:fail=-5"
        },
    )
    version, failure = output_of(child).splitlines()
    assert "bpusim" in version
    assert failure == "hbDNNInferV2 -5"
