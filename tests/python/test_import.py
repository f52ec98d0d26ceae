"""Importing the package: quiet, cheap, everywhere; and what the engine may not do to a user's machine."""

from __future__ import annotations

import ast
import dataclasses
import shutil
import typing
from importlib import import_module
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
    completed = run_python(QUIET, cwd=tmp_path, fresh=True)
    assert output_of(completed).splitlines() == ["0", "[]", "[]"]
    assert completed.stderr == ""


LOADED = """
import sys
import numpy
before = set(sys.modules)
{line}
print(*sorted(name for name in set(sys.modules) - before - {{"atexit", "importlib._abc", "importlib.util"}}
              if getattr(sys.modules[name], "__file__", "")))
"""
"""Prints what numpy has not brought. Editable installs import `importlib.util`; `atexit` is built in."""

ALWAYS = {
    "hbm_runtime",
    *(f"hbm_runtime.{name}" for name in ("_core", "_enums", "_errors", "_machine", "_machine.engine_path")),
    *(f"hbm_runtime.{name}" for name in ("_other_names", "_printable")),
}
FOR_THE_CLASS = {
    *(
        "_loading",
        "_loading.options",
        "_loading.runtime_source",
        "_loading.sources",
        "_observing",
        "_observing.observable",
    ),
    *("_observing.slots", "_running", "_running.native", "_running.preparing", "_running.runnable", "_runtime"),
}


@pytest.mark.parametrize(
    ("line", "more"),
    [("import hbm_runtime", set()), ("from hbm_runtime import HB_HBMRuntime", FOR_THE_CLASS)],
    ids=["package", "class"],
)
def test_importing_brings_what_every_program_needs_and_nothing_else(tmp_path: Path, line: str, more: set[str]) -> None:
    """Above numpy not one module of the standard library: no threads, no logging, no futures, no parser."""
    loaded = output_of(run_python(LOADED.format(line=line), cwd=tmp_path, fresh=True)).split()
    assert set(loaded) - ALWAYS - {f"hbm_runtime.{name}" for name in more} == set()


def test_what_is_imported_later_is_declared_to_type_checkers_from_the_same_place() -> None:
    """`__getattr__` and the imports for type checkers are two lists of one thing."""
    tree = ast.parse(Path(hbm_runtime.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    declared = {alias.name: node.module for node in imports for alias in node.names}
    assert set(declared) == {*hbm_runtime._HOME_OF, "encryption", "image"}
    assert set(hbm_runtime.__all__) - set(vars(hbm_runtime)) <= set(declared)
    for name, home in hbm_runtime._HOME_OF.items():
        value = getattr(import_module(f"hbm_runtime.{declared[name]}"), name)
        assert value is getattr(import_module(f"hbm_runtime.{home}"), name) is getattr(hbm_runtime, name)


USED = """
import sys, hbm_runtime
print(hbm_runtime.image.bgr_to_nv12.__name__, hbm_runtime.encryption.encrypt_model.__name__,
      hbm_runtime.quant.quantize.__name__, hbm_runtime.serving.__name__)
print("logging" in sys.modules, "HbmCancelledError" in dir(hbm_runtime), hbm_runtime.HbmCancelledError.__mro__[2:4])
print(hasattr(hbm_runtime, "nothing"), hasattr(hbm_runtime._errors, "nothing"), "quantize" in vars(hbm_runtime))
"""


def test_what_is_imported_later_is_there_when_it_is_asked_for(tmp_path: Path) -> None:
    lines = output_of(run_python(USED, cwd=tmp_path, fresh=True)).splitlines()
    assert lines[0] == "bgr_to_nv12 encrypt_model quantize hbm_runtime.serving"
    assert lines[1].startswith("False True (<class 'RuntimeError'>") or "CancelledError" in lines[1]
    assert lines[2] == "False False False"


def test_a_run_writes_nothing_to_the_terminal(models: ModelFactory, tmp_path: Path) -> None:
    script = """
import sys, numpy as np
from hbm_runtime import HB_HBMRuntime
HB_HBMRuntime(sys.argv[1]).run(np.ones((2, 3), np.float32))
"""
    completed = run_python(script, models.scaled(2), cwd=tmp_path, fresh=True)
    assert (output_of(completed), completed.stderr) == ("", "")


@pytest.mark.parametrize("way", ["-c", "-m pytest", "script"])
def test_importing_works_in_the_repositorys_root(tmp_path: Path, way: str) -> None:
    if way == "script":
        script = tmp_path / "inside.py"
        script.write_text("import hbm_runtime; print(hbm_runtime.__version__)")
        completed = run_python(f"import runpy; runpy.run_path({str(script)!r})", cwd=ROOT, fresh=True)
        assert output_of(completed).strip() == hbm_runtime.__version__
    elif way == "-c":
        completed = run_python("import hbm_runtime; print(hbm_runtime.HB_HBMRuntime.version)", cwd=ROOT, fresh=True)
        assert output_of(completed).strip() == hbm_runtime.HB_HBMRuntime.version
    else:
        arguments = ["-q", "-p", "no:cacheprovider", "tests/python/test_import.py::test_public_names"]
        script_text = (
            f"import runpy, sys; sys.argv[1:] = {arguments!r}; runpy.run_module('pytest', run_name='__main__')"
        )
        assert "1 passed" in output_of(run_python(script_text, cwd=ROOT, fresh=True))


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
    none = dict.fromkeys(("BPUSIM_ENGINE_PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX"))
    environment = {"HBM_RUNTIME_DRIVER": str(driver), **none}
    completed = run_python(NO_ENGINE, models.scaled(2), cwd=tmp_path, environment=environment, fresh=True)
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
    completed = run_python(PRIVATE, models.scaled(2), cwd=tmp_path, environment=environment, fresh=True)
    assert output_of(completed).splitlines() == ["[]", "[]"]
    assert list(home.rglob("*")) == []


def test_the_package_may_be_imported_again_under_reload(tmp_path: Path) -> None:
    script = "import importlib, hbm_runtime\nprint(importlib.reload(hbm_runtime).__version__)"
    assert output_of(run_python(script, cwd=tmp_path, fresh=True)).strip() == hbm_runtime.__version__
