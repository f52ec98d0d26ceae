"""Importing the package: quiet, cheap, everywhere; and what the engine may not do to a user's machine."""

from __future__ import annotations

import dataclasses
import shutil
import typing
from pathlib import Path

import pytest
from support.child import output_of, run_python
from support.model_factory import ModelFactory

import hbm_runtime

ROOT = Path(__file__).resolve().parents[2]

PUBLIC = {
    "HB_HBMRuntime",
    "QuantParams",
    "SchedParam",
    "hbDNNDataType",
    "hbDNNQuantiType",
    "HbmError",
    "InputError",
    "ModelError",
    "DriverError",
    "DriverNotFoundError",
    "HbmTimeoutError",
    "driver_info",
    "__version__",
}


def test_public_names() -> None:
    assert set(hbm_runtime.__all__) >= PUBLIC
    assert all(hasattr(hbm_runtime, name) for name in hbm_runtime.__all__)
    assert len(set(hbm_runtime.__all__)) == len(hbm_runtime.__all__)


def test_public_names_are_documented() -> None:
    undocumented = [name for name in hbm_runtime.__all__ if not (getattr(hbm_runtime, name).__doc__ or "").strip()]
    assert undocumented == []
    assert hbm_runtime.__doc__


def test_classes_say_the_name_that_users_import() -> None:
    classes = [
        value for value in (getattr(hbm_runtime, name) for name in hbm_runtime.__all__) if isinstance(value, type)
    ]
    assert {cls.__name__ for cls in classes if cls.__module__ != "hbm_runtime"} == set()
    assert len(classes) > 40


def test_fields_of_dataclasses_have_types_that_programs_can_read() -> None:
    for name in hbm_runtime.__all__:
        cls = getattr(hbm_runtime, name)
        if dataclasses.is_dataclass(cls):
            hints = typing.get_type_hints(cls)
            assert {field.name for field in dataclasses.fields(cls)} <= set(hints)


QUIET = """
import os, sys
import numpy
before = len(os.listdir("/proc/self/task"))
import hbm_runtime
maps = open("/proc/self/maps").read()
print(len(os.listdir("/proc/self/task")) - before)
print([name for name in ("libdnn.so", "libhbucp.so", "libonnxruntime") if name in maps])
print([name for name in ("onnxruntime", "onnx", "xxhash", "yaml", "cv2", "PIL") if name in sys.modules])
"""


def test_importing_loads_no_driver_starts_no_thread_and_pulls_in_nothing(tmp_path: Path) -> None:
    completed = run_python(QUIET, cwd=tmp_path)
    assert output_of(completed).splitlines() == ["0", "[]", "[]"]
    assert completed.stderr == ""


LOADED = """
import sys
import numpy
before = set(sys.modules)
import hbm_runtime
loaded = {name for name in set(sys.modules) - before if not name.startswith("numpy.")}
print(*sorted({name.partition(".")[0] for name in loaded} - {"hbm_runtime"}))
print(*sorted(name for name in loaded if name.startswith(("hbm_runtime.encryption", "hbm_runtime.image"))))
import asyncio, json
print(hbm_runtime.image.bgr_to_nv12.__name__, hbm_runtime.encryption.encrypt_model.__name__)
"""

STANDARD = {
    *("_heapq", "_queue", "_string", "_weakrefset", "atexit", "concurrent", "copy", "dataclasses", "errno", "fnmatch"),
    *("heapq", "importlib", "ipaddress", "logging", "ntpath", "pathlib", "queue", "re", "signal", "string"),
    *("threading", "traceback", "urllib", "warnings", "weakref"),
}
"""What a bare import may bring beside numpy's own: no event loop, no hashing, no encryption, no network, no parser."""


def test_importing_brings_what_everybody_needs_and_the_rest_comes_when_asked_for(tmp_path: Path) -> None:
    brought, optional, later = output_of(run_python(LOADED, cwd=tmp_path)).splitlines()
    assert set(brought.split()) - STANDARD == set()
    assert optional == ""
    assert later == "bgr_to_nv12 encrypt_model"


def test_a_run_writes_nothing_to_the_terminal(models: ModelFactory, tmp_path: Path) -> None:
    script = """
import sys, numpy as np
from hbm_runtime import HB_HBMRuntime
HB_HBMRuntime(sys.argv[1]).run(np.ones((2, 3), np.float32))
"""
    completed = run_python(script, models.scaled(2), cwd=tmp_path)
    assert (output_of(completed), completed.stderr) == ("", "")


@pytest.mark.parametrize("way", ["-c", "-m pytest", "script"])
def test_importing_works_in_the_repositorys_root(tmp_path: Path, way: str) -> None:
    if way == "script":
        script = tmp_path / "inside.py"
        script.write_text("import hbm_runtime; print(hbm_runtime.__version__)")
        completed = run_python(f"import runpy; runpy.run_path({str(script)!r})", cwd=ROOT)
        assert output_of(completed).strip() == hbm_runtime.__version__
    elif way == "-c":
        completed = run_python("import hbm_runtime; print(hbm_runtime.HB_HBMRuntime.version)", cwd=ROOT)
        assert output_of(completed).strip() == hbm_runtime.HB_HBMRuntime.version
    else:
        arguments = ["-q", "-p", "no:cacheprovider", "tests/python/test_import.py::test_public_names"]
        script_text = (
            f"import runpy, sys; sys.argv[1:] = {arguments!r}; runpy.run_module('pytest', run_name='__main__')"
        )
        assert "1 passed" in output_of(run_python(script_text, cwd=ROOT))


NO_ENGINE = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "onnxruntime":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hide())
import hbm_runtime
print(hbm_runtime.driver_info()["kind"], hbm_runtime.HB_HBMRuntime.version != "")
for _ in range(2):
    try:
        hbm_runtime.HB_HBMRuntime(sys.argv[1])
    except hbm_runtime.HbmError as error:
        print("pip install" in str(error), "onnxruntime" in str(error) or "hbm_runtime[bpusim]" in str(error))
"""


def test_without_the_engine_loading_a_model_says_how_to_get_it(models: ModelFactory, tmp_path: Path) -> None:
    """bpusim lies where no engine is near; Python finds none either."""
    driver = tmp_path / "driver"
    driver.mkdir()
    info = hbm_runtime.driver_info()
    for library in (info["dnn_path"], info["hbucp_path"]):
        shutil.copy(library, driver)
    environment = {"HBM_RUNTIME_DRIVER": str(driver), "BPUSIM_ENGINE_PATH": None, "LD_LIBRARY_PATH": None}
    completed = run_python(NO_ENGINE, models.scaled(2), cwd=tmp_path, environment=environment)
    assert output_of(completed).splitlines() == ["bpusim True", "True True", "True True"]


PRIVATE = """
import os, socket, sys, numpy as np
from hbm_runtime import HB_HBMRuntime
runtime = HB_HBMRuntime(sys.argv[1])
runtime.run(np.ones((2, 3), np.float32))
names = {open(f"/proc/self/task/{task}/comm").read().strip() for task in os.listdir("/proc/self/task")}
print(sorted(name for name in names if not name.startswith(("python", "pytest", "bpusim", "hbm"))))
sockets = [fd for fd in os.listdir("/proc/self/fd")
           if os.path.islink(f"/proc/self/fd/{fd}") and os.readlink(f"/proc/self/fd/{fd}").startswith("socket:")]
print(sockets)
"""


def test_the_engine_reports_nothing_to_anybody(models: ModelFactory, tmp_path: Path) -> None:
    """No thread of its own, no socket, no file in the home folder."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "XDG_CACHE_HOME": None, "ORT_DISABLE_TELEMETRY": None}
    completed = run_python(PRIVATE, models.scaled(2), cwd=tmp_path, environment=environment)
    assert output_of(completed).splitlines() == ["[]", "[]"]
    assert list(home.rglob("*")) == []


def test_the_package_may_be_imported_again_under_reload(tmp_path: Path) -> None:
    script = "import importlib, hbm_runtime\nprint(importlib.reload(hbm_runtime).__version__)"
    assert output_of(run_python(script, cwd=tmp_path)).strip() == hbm_runtime.__version__
