"""The exceptions: their family, their attributes, and what scripts written for older runtimes catch."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.checks import mentions
from support.model_factory import ModelFactory

import hbm_runtime
from hbm_runtime import (
    DriverError,
    DriverNotFoundError,
    HB_HBMRuntime,
    HbmError,
    HbmTimeoutError,
    InputError,
    ModelError,
)

X = np.ones((2, 3), np.float32)

FAMILY: dict[type[Exception], tuple[type[Exception], ...]] = {
    HbmError: (RuntimeError,),
    InputError: (HbmError, ValueError, RuntimeError),
    ModelError: (HbmError, RuntimeError),
    DriverError: (HbmError, RuntimeError),
    DriverNotFoundError: (HbmError, RuntimeError),
    HbmTimeoutError: (HbmError, TimeoutError, RuntimeError),
}


@pytest.mark.parametrize("error", FAMILY, ids=lambda error: error.__name__)
def test_family(error: type[Exception]) -> None:
    assert issubclass(error, FAMILY[error])
    assert error.__module__.split(".")[0] == "hbm_runtime"
    assert getattr(hbm_runtime, error.__name__) is error
    assert error.__name__ in hbm_runtime.__all__
    assert error.__doc__


def wrong_type(models: ModelFactory, directory: Path) -> None:  # noqa: ARG001
    HB_HBMRuntime(models.mixed()).run(
        {"gain": X, "count": np.ones(4, np.int64), "mask": np.ones((2, 5), np.uint8)},
    )


def unknown_model(models: ModelFactory, directory: Path) -> None:  # noqa: ARG001
    HB_HBMRuntime(models.mixed()).run(X, model_name="nobody")


def missing_file(models: ModelFactory, directory: Path) -> None:  # noqa: ARG001
    HB_HBMRuntime(directory / "nowhere.hbm")


def no_model(models: ModelFactory, directory: Path) -> None:  # noqa: ARG001
    path = directory / "notes.txt"
    path.write_text("no model")
    HB_HBMRuntime(path)


def engine_refuses(models: ModelFactory, directory: Path) -> None:  # noqa: ARG001
    HB_HBMRuntime(models.total()).run({"a": np.ones(3, np.float32), "b": np.ones(2, np.float32)})


Trigger = Callable[..., None]
RAISED: dict[str, tuple[Trigger, type[Exception], dict[str, Any]]] = {
    "wrong type": (wrong_type, InputError, {"model": "mixed", "tensor": "count", "function": "", "status": 0}),
    "unknown model": (unknown_model, InputError, {"tensor": "", "function": "", "status": 0}),
    "missing file": (missing_file, FileNotFoundError, {"model": "", "tensor": ""}),
    "no model": (no_model, ModelError, {"function": "hbDNNInitializeFromFiles", "status": -600002, "tensor": ""}),
    "engine refuses": (engine_refuses, HbmError, {"model": "total"}),
}


def raised(case: str, models: ModelFactory, directory: Path) -> Any:
    trigger, kind, _ = RAISED[case]
    with pytest.raises(kind) as caught:
        trigger(models, directory)
    return caught.value


@pytest.mark.parametrize("case", RAISED)
def test_attributes_say_what_the_text_says(models: ModelFactory, tmp_path: Path, case: str) -> None:
    error = raised(case, models, tmp_path)
    assert isinstance(error, HbmError)
    for name, value in RAISED[case][2].items():
        assert (getattr(error, name) or type(value)()) == value, name
    for name in ("function", "status_name", "model", "tensor"):
        assert getattr(error, name) is None or type(getattr(error, name)) is str
    assert error.status is None or type(error.status) is int
    if error.function:
        assert error.status
        mentions(error, error.function, error.status)
        assert error.status_name
    if error.model:
        mentions(error, error.model)
    assert str(error).strip()
    assert "\n" not in str(error).strip()


@pytest.mark.parametrize("case", ["wrong type", "unknown model", "no model", "engine refuses"])
@pytest.mark.parametrize("way", ["copy", "pickle"])
def test_errors_survive_the_way_to_another_process(models: ModelFactory, tmp_path: Path, case: str, way: str) -> None:
    error = raised(case, models, tmp_path)
    twin = copy.copy(error) if way == "copy" else pickle.loads(pickle.dumps(error))
    assert type(twin) is type(error)
    assert str(twin) == str(error)
    for name in ("function", "status", "status_name", "model", "tensor"):
        assert getattr(twin, name) == getattr(error, name)


def test_the_engines_own_text_reaches_the_caller(models: ModelFactory, tmp_path: Path) -> None:
    error = raised("engine refuses", models, tmp_path)
    assert isinstance(error, hbm_runtime.ShapeError)
    assert error.status is not None
    assert error.status < 0
    mentions(error, "Add", "'total'")


def test_a_message_tells_expected_given_and_the_advice(models: ModelFactory, tmp_path: Path) -> None:
    mentions(raised("wrong type", models, tmp_path), "'mixed'", "'count'", "int32", "int64", "astype")


@pytest.mark.parametrize("caught_as", [ValueError, RuntimeError, HbmError, Exception], ids=lambda kind: kind.__name__)
def test_scripts_of_both_generations_catch_bad_inputs(models: ModelFactory, caught_as: type[Exception]) -> None:
    with pytest.raises(caught_as, match="float32"):
        HB_HBMRuntime(models.scaled(2)).run(X.astype(np.float64))


@pytest.mark.parametrize("caught_as", [FileNotFoundError, OSError, RuntimeError], ids=lambda kind: kind.__name__)
def test_scripts_of_both_generations_catch_missing_files(tmp_path: Path, caught_as: type[Exception]) -> None:
    with pytest.raises(caught_as, match=r"nowhere\.hbm"):
        HB_HBMRuntime(str(tmp_path / "nowhere.hbm"))


def test_errors_can_be_made_by_scripts() -> None:
    """Tests of user code raise them."""
    for kind in FAMILY:
        error: Any = kind("why")
        assert str(error) == "why"
        assert isinstance(error, kind)


def test_a_hundred_mistakes_in_a_row_cost_nothing(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.mixed())
    for _ in range(100):
        bad: Any
        for bad in (X, {}, {"gain": X}, {"mixed": {}}, {"nobody": {}}):
            with pytest.raises(InputError):
                runtime.run(bad)
    good = {"gain": X, "count": np.ones(4, np.int32), "mask": np.ones((2, 5), np.uint8)}
    assert list(runtime.run(good)["mixed"]) == ["zulu", "alpha", "mike"]
