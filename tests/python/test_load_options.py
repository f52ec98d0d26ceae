"""Load options: each reaches the driver, mistakes are reported; `keep` has a file of its own."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import hbm_runtime
from hbm_runtime import HB_HBMRuntime

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

X = np.arange(6, dtype=np.float32).reshape(2, 3)
CPUS = sorted(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    "options",
    [
        {"threads": 2},
        {"threads": np.int64(1), "cpu_affinity": range(CPUS[0], CPUS[0] + 1)},
        {"cpu_affinity": CPUS},
        {"flush_denormals": True},
        {"save_memory": True},
        {"profile_operators": True},
        {
            "threads": 1,
            "cpu_affinity": CPUS[:1],
            "flush_denormals": True,
            "save_memory": True,
            "profile_operators": True,
        },
    ],
    ids=str,
)
def test_results_do_not_depend_on_them(models: ModelFactory, options: dict[str, Any]) -> None:
    with HB_HBMRuntime(models.scaled(2), **options) as runtime:
        np.testing.assert_array_equal(runtime.run(X)["times_2"]["y"], 2 * X)


@pytest.mark.parametrize("flush", [False, True])
@pytest.mark.parametrize("others", [False, True])
def test_denormals_count_as_zero_when_asked(models: ModelFactory, flush: bool, others: bool) -> None:
    tiny = np.full((2, 3), 1e-40, np.float32)
    with HB_HBMRuntime(
        models.scaled(2), flush_denormals=flush, save_memory=others, profile_operators=others
    ) as runtime:
        np.testing.assert_array_equal(runtime.run(tiny)["times_2"]["y"], 0 * tiny if flush else 2 * tiny)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"threads": -1}, hbm_runtime.InputError, "-1 threads; 0 to 1024 are possible"),
        ({"threads": 2**40}, hbm_runtime.InputError, "threads is 1099511627776"),
        ({"threads": 1.5}, hbm_runtime.InputTypeError, "threads must be an int, not float"),
        ({"threads": "2"}, hbm_runtime.InputTypeError, "threads must be an int, not str"),
        ({"cpu_affinity": [99999]}, hbm_runtime.InputError, "CPU 99999 does not exist"),
        ({"cpu_affinity": [-1]}, hbm_runtime.InputError, "CPU -1 does not exist"),
        ({"cpu_affinity": "01"}, hbm_runtime.InputTypeError, "cpu_affinity must be a list of int, not str"),
        ({"cpu_affinity": 0}, hbm_runtime.InputTypeError, "cpu_affinity must be a list of int, not int"),
        ({"cpu_affinity": ["0"]}, hbm_runtime.InputTypeError, "a number in cpu_affinity must be an int, not str"),
        ({"flush_denormals": "yes"}, hbm_runtime.InputTypeError, "flush_denormals must be True or False, not str"),
        ({"save_memory": None}, hbm_runtime.InputTypeError, "save_memory must be True or False, not NoneType"),
        ({"keep": 3}, hbm_runtime.InputTypeError, "keep must be a list of names of tensors, not int"),
        ({"keep": [3]}, hbm_runtime.InputTypeError, "one of them is of type int"),
        ({"keep": [""]}, hbm_runtime.InputError, "a name in keep is empty"),
    ],
    ids=str,
)
def test_mistakes_are_reported(models: ModelFactory, options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        HB_HBMRuntime(models.scaled(2), **options)
    with HB_HBMRuntime(models.scaled(2)) as runtime:  # options of a failed load do not stay behind
        assert runtime.run(X)


def test_the_old_name_of_cpu_affinity_works(models: ModelFactory) -> None:
    with pytest.warns(DeprecationWarning, match="cpu_affinity"), HB_HBMRuntime(models.scaled(2), cores=CPUS[:1]) as old:
        assert old.run(X)
    with (
        pytest.warns(DeprecationWarning, match="cores"),
        pytest.raises(hbm_runtime.InputError, match="CPU 99999 does not exist"),
    ):
        HB_HBMRuntime(models.scaled(2), cores=[99999])


def test_a_pickle_of_1_0_0_has_the_old_name(models: ModelFactory) -> None:
    made = HB_HBMRuntime(models.scaled(2), cpu_affinity=CPUS[:1])
    made._source.options["cores"] = made._source.options.pop("cpu_affinity")
    with pickle.loads(pickle.dumps(made)) as twin:
        assert twin._source.options["cpu_affinity"] == CPUS[:1]


def test_a_folder_of_any_name_takes_the_tensors(models: ModelFactory, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/\xff"
    with HB_HBMRuntime(models.conv_net(), keep="*", keep_path=os.fsdecode(folder)) as runtime:
        inputs = runtime["conv_net"].empty_inputs()
        runtime["conv_net"].run(inputs)
    assert list(Path(os.fsdecode(folder)).rglob("*.npy"))
