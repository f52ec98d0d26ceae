"""Pickles that 1.0.0 has written: they name the modules that its classes were defined in."""

from __future__ import annotations

import pickle

import pytest

import hbm_runtime

# module of 1.0.0 -> its public classes
PLACES = {
    "_benchmark": ["Benchmark"],
    "_bound": ["BoundRun"],
    "_core": ["QuantParams", "hbDNNDataType", "hbDNNQuantiType"],
    "_devices": ["Device", "HostInfo"],
    "_durations": ["Durations", "ModelDurations"],
    "_errors": ["HbmError", "InputError", "ShapeError", "TamperedModelError"],
    "_model": ["Model", "TensorInfo"],
    "_operations": ["Operation"],
    "_profile": ["Profile", "ProfileEvent"],
    "_queue": ["InferQueue", "QueueStats"],
    "_queue_results": ["QueueResult"],
    "_request": ["InferRequest", "RequestInfo"],
    "_runtime": ["HB_HBMRuntime"],
    "_scheduling": ["SchedParam"],
    "_scheme": ["QuantParam", "QuantScheme"],
    "_shape": ["Shape"],
    "_version": ["Version"],
}


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in PLACES.items() for name in names])
def test_classes_are_found_by_the_place_that_they_had(module: str, name: str) -> None:
    assert pickle.loads(f"chbm_runtime.{module}\n{name}\n.".encode()) is getattr(hbm_runtime, name)


def test_what_a_pickled_runtime_is_made_from_is_found() -> None:
    recipe = pickle.loads(b"chbm_runtime._pickling\nRecipe\n.")
    restore = pickle.loads(b"chbm_runtime._runtime\n_restore\n.")
    assert recipe.__name__ == "RuntimeSource"
    assert callable(restore)
