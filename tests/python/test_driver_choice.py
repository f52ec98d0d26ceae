"""Which driver a process gets, what it says about it, and what it says when there is none."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.child import output_of, run_python
from support.driver_files import build
from support.host_models import doubler
from support.model_factory import ModelFactory

import hbm_runtime
from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer.container import HostFile

LIBRARIES = ("libhbucp.so", "libdnn.so")

TELL = """
import sys, hbm_runtime
try:
    print(hbm_runtime.driver_info())
except hbm_runtime.HbmError as error:
    print((type(error).__name__, str(error)))
"""


def reported(cwd: Path, **environment: str | None) -> Any:
    """``driver_info()`` of a fresh process, or the type and text of the error."""
    return ast.literal_eval(output_of(run_python(TELL, cwd=cwd, environment=environment)))


def bpusim() -> Path:
    """Where the package keeps its driver."""
    return Path(hbm_runtime.driver_info()["dnn_path"]).parent


def copied(directory: Path) -> Path:
    """bpusim's libraries in another place."""
    directory.mkdir(exist_ok=True)
    for name in LIBRARIES:
        shutil.copy(bpusim() / name, directory / name)
    return directory


def test_what_the_information_has() -> None:
    info = hbm_runtime.driver_info()
    assert set(info) == {"kind", "soc", "hbucp_path", "hbucp_version", "dnn_path", "dnn_version", "chosen_by", "engine"}
    assert all(type(value) is str and value for value in info.values())
    assert info["kind"] == "bpusim"
    assert info["chosen_by"] == "HBM_RUNTIME_DRIVER"
    assert "S600" in info["soc"]
    assert info["dnn_version"] == HB_HBMRuntime.version
    assert Path(info["dnn_path"]).is_file()
    assert Path(info["hbucp_path"]).is_file()
    assert hbm_runtime.driver_info() == info
    hbm_runtime.driver_info()["kind"] = "changed"
    assert hbm_runtime.driver_info() == info


@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_without_a_vendors_driver_the_package_has_one(tmp_path: Path, value: str | None) -> None:
    info = reported(tmp_path, HBM_RUNTIME_DRIVER=value, LD_LIBRARY_PATH=None)
    assert (info["kind"], info["chosen_by"]) == ("bpusim", "package")
    assert Path(info["dnn_path"]).parent == bpusim()


RUN = """
import sys, numpy as np, hbm_runtime
from hbm_runtime import HB_HBMRuntime
print(float(HB_HBMRuntime(sys.argv[1]).run(np.ones((2, 3), np.float32))["times_2"]["y"].sum()))
info = hbm_runtime.driver_info()
print(info["kind"], info["chosen_by"], info["dnn_path"])
"""


@pytest.mark.parametrize("library", LIBRARIES)
def test_one_library_of_bpusim_on_the_linkers_path_is_no_half_of_a_vendors_driver(
    models: ModelFactory, tmp_path: Path, library: str
) -> None:
    # As PyInstaller puts it there.
    shutil.copy(bpusim() / library, tmp_path / library)
    environment = {"HBM_RUNTIME_DRIVER": None, "LD_LIBRARY_PATH": str(tmp_path)}
    lines = output_of(run_python(RUN, models.scaled(2), cwd=tmp_path, environment=environment)).splitlines()
    assert lines == ["12.0", f"bpusim package {bpusim() / 'libdnn.so'}"]


def test_it_is_not_the_vendors_driver_either(tmp_path: Path) -> None:
    shutil.copy(bpusim() / "libhbucp.so", tmp_path / "libhbucp.so")
    kind, text = reported(tmp_path, HBM_RUNTIME_DRIVER="vendor", LD_LIBRARY_PATH=str(tmp_path))
    assert kind == "DriverNotFoundError"
    assert "the libhbucp.so there is bpusim's" in text


def test_bpusim_by_name(tmp_path: Path) -> None:
    info = reported(tmp_path, HBM_RUNTIME_DRIVER="bpusim")
    assert (info["kind"], info["chosen_by"]) == ("bpusim", "HBM_RUNTIME_DRIVER")


def test_a_directory(tmp_path: Path) -> None:
    directory = copied(tmp_path / "my driver")
    info = reported(tmp_path, HBM_RUNTIME_DRIVER=str(directory))
    assert info["chosen_by"] == "HBM_RUNTIME_DRIVER"
    assert info["hbucp_path"] == str(directory / "libhbucp.so")
    assert info["dnn_path"] == str(directory / "libdnn.so")


def test_libraries_on_the_linkers_path_come_before_the_packages(tmp_path: Path) -> None:
    directory = copied(tmp_path / "system")
    info = reported(tmp_path, HBM_RUNTIME_DRIVER=None, LD_LIBRARY_PATH=str(directory))
    assert info["chosen_by"] == "system"
    assert Path(info["dnn_path"]).parent == directory


BAD_CHOICES: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "vendor, but there is none": ({"HBM_RUNTIME_DRIVER": "vendor"}, ("libhbucp.so", "hobot-dnn", "bpusim")),
    "no such directory": ({"HBM_RUNTIME_DRIVER": "{tmp}/nowhere"}, ("{tmp}/nowhere/libhbucp.so", "No such file")),
    "an empty directory": ({"HBM_RUNTIME_DRIVER": "{tmp}/empty"}, ("{tmp}/empty/libhbucp.so", "No such file")),
    "one library missing": ({"HBM_RUNTIME_DRIVER": "{tmp}/half"}, ("{tmp}/half/libdnn.so", "No such file")),
    "files that are no libraries": ({"HBM_RUNTIME_DRIVER": "{tmp}/text"}, ("{tmp}/text/libhbucp.so", "ELF")),
    "unknown word": ({"HBM_RUNTIME_DRIVER": "simulator"}, ("simulator", "bpusim", "vendor")),
    "broken libraries on the linker's path": (
        {"HBM_RUNTIME_DRIVER": "", "LD_LIBRARY_PATH": "{tmp}/text"},
        ("{tmp}/text/libhbucp.so", "ELF"),
    ),
    "half a driver on the linker's path": (
        {"HBM_RUNTIME_DRIVER": "", "LD_LIBRARY_PATH": "{tmp}/other"},
        ("libdnn.so", "No such file"),
    ),
}


@pytest.mark.parametrize("case", BAD_CHOICES)
def test_a_driver_that_does_not_load_is_an_error_that_says_why(tmp_path: Path, case: str) -> None:
    (tmp_path / "empty").mkdir()
    (copied(tmp_path / "half") / "libdnn.so").unlink()
    (tmp_path / "other").mkdir()
    (tmp_path / "other.c").write_text("int hbUCPNothing = 0;\n")
    build(tmp_path / "other" / "libhbucp.so", tmp_path / "other.c", options=["-shared", "-fPIC"])
    (tmp_path / "text").mkdir()
    for name in LIBRARIES:
        (tmp_path / "text" / name).write_text("no library, only text\n" * 100)
    environment, parts = BAD_CHOICES[case]
    kind, text = reported(tmp_path, **{key: value.format(tmp=tmp_path) for key, value in environment.items()})
    assert kind == "DriverNotFoundError"
    for part in parts:
        assert part.format(tmp=tmp_path) in text


FIRST_USES = {
    "the constructor": "HB_HBMRuntime(sys.argv[1])",
    "a model that is missing": "HB_HBMRuntime('nowhere.hbm')",
    "the version": "HB_HBMRuntime.version",
    "driver_info": "hbm_runtime.driver_info()",
}


@pytest.mark.parametrize("use", FIRST_USES)
def test_importing_works_without_a_driver_and_first_use_says_what_to_do(
    models: ModelFactory, tmp_path: Path, use: str
) -> None:
    script = f"""
import sys, hbm_runtime
from hbm_runtime import HB_HBMRuntime, SchedParam, hbDNNDataType
print(hbDNNDataType.F32, SchedParam().priority)
for _ in range(2):
    try:
        {FIRST_USES[use]}
    except FileNotFoundError as error:
        print("no file")
    except hbm_runtime.DriverNotFoundError as error:
        print("nowhere/libhbucp.so" in str(error), "hobot-dnn" in str(error), "HBM_RUNTIME_DRIVER" in str(error))
"""
    completed = run_python(script, models.scaled(2), cwd=tmp_path, environment={"HBM_RUNTIME_DRIVER": "/nowhere"})
    expected = ["no file"] * 2 if "missing" in use else ["True True True"] * 2
    assert output_of(completed).splitlines() == ["hbDNNDataType.F32 0", *expected]


SOCS = {"s100": ("S100", 1), "s100p": ("S100P", 1), "s600": ("S600", 4)}

CORES = """
import sys, numpy as np, hbm_runtime
runtime = hbm_runtime.HB_HBMRuntime(sys.argv[1])
x, name = np.ones((2, 3), np.float32), runtime.model_names[0]
for core in range(4):
    try:
        print(runtime.run(x, bpu_cores={name: [core]})[name]["y"][0, 0])
    except hbm_runtime.InputError as error:
        print("refused" if name in str(error) and str(core) in str(error) else error)
"""


@pytest.mark.parametrize("soc", SOCS)
def test_bpusim_imitates_the_chosen_soc(models: ModelFactory, tmp_path: Path, soc: str) -> None:
    name, cores = SOCS[soc]
    assert name in reported(tmp_path, BPUSIM_SOC=soc)["soc"]
    lines = output_of(run_python(CORES, models.scaled(2), cwd=tmp_path, environment={"BPUSIM_SOC": soc})).split()
    assert lines == ["2.0"] * cores + ["refused"] * (4 - cores)


LOAD = """
import sys, hbm_runtime
try:
    print(hbm_runtime.HB_HBMRuntime(sys.argv[1]).model_names)
except hbm_runtime.ModelError as error:
    print(error.status, sys.argv[2] in str(error))
"""


@pytest.mark.parametrize(
    ("soc", "march", "fits"),
    [
        (None, "nash-e", True),
        ("s100", "nash-e", True),
        ("s100p", "nash-m", True),
        ("s600", "nash-p", True),
        ("s600", "", True),
        ("s600", "nash-e", False),
        ("s100", "nash-p", False),
    ],
    ids=str,
)
def test_a_model_for_another_march_is_refused_where_the_soc_was_chosen(
    models: ModelFactory, tmp_path: Path, soc: str | None, march: str, fits: bool
) -> None:
    path = models.hbm(
        f"march_{march or 'any'}", lambda: HostFile(models=(doubler("m"),), march=march, description=b"", producer="")
    )
    lines = output_of(run_python(LOAD, path, march, cwd=tmp_path, environment={"BPUSIM_SOC": soc})).strip()
    assert lines == ("['m']" if fits else "-600004 True")


def test_the_choice_can_be_made_in_the_program(tmp_path: Path) -> None:
    directory = copied(tmp_path / "chosen")
    script = """
import pathlib, sys, hbm_runtime
hbm_runtime.load_driver(pathlib.Path(sys.argv[1]))
hbm_runtime.load_driver(sys.argv[1])
info = hbm_runtime.driver_info()
print(info["chosen_by"], info["dnn_path"].startswith(sys.argv[1]))
try:
    hbm_runtime.load_driver("bpusim")
except hbm_runtime.HbmStateError as error:
    print(sys.argv[1] in str(error))
"""
    completed = run_python(script, directory, cwd=tmp_path, environment={"HBM_RUNTIME_DRIVER": None})
    assert output_of(completed).splitlines() == ["load_driver True", "True"]


def test_results_are_the_same_wherever_the_driver_lies(models: ModelFactory, tmp_path: Path) -> None:
    script = """
import sys, numpy as np
from hbm_runtime import HB_HBMRuntime
print(HB_HBMRuntime(sys.argv[1]).run(np.arange(6, dtype=np.float32).reshape(2, 3))["times_2"]["y"].tolist())
"""
    completed = run_python(
        script, models.scaled(2), cwd=tmp_path, environment={"HBM_RUNTIME_DRIVER": str(copied(tmp_path / "there"))}
    )
    expected = (2 * np.arange(6, dtype=np.float32).reshape(2, 3)).tolist()
    assert ast.literal_eval(output_of(completed)) == expected
