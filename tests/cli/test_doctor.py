"""``doctor`` says which driver is used and why, and what is wrong when nothing works."""

from __future__ import annotations

import platform
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from support.program import run, run_in_terminal

import hbm_runtime


def findings(document: dict[str, Any], group: str) -> dict[str, dict[str, str]]:
    return {row["subject"]: row for row in document[group]["findings"]}


def test_a_healthy_machine_is_called_so() -> None:
    ended = run("doctor")
    assert ended.code == 0
    assert ended.err == ""
    assert ended.out.splitlines()[-1] == "models can run on this machine"
    for part in (platform.python_version(), np.__version__, "libdnn", "ONNX Runtime", "test model"):
        assert part in ended.out


def test_json_has_the_facts_of_the_api() -> None:
    document = run("doctor", "--json").json()
    assert document["healthy"] is True
    assert document["package"]["facts"]["numpy"] == np.__version__
    assert document["package"]["facts"]["hbm_runtime"] == hbm_runtime.__version__
    info = document["driver"]["facts"]["info"]
    assert {**info, "engine": ""} == {
        **hbm_runtime.driver_info(),
        "engine": "",
    }  # of its own process
    assert Path(document["driver"]["facts"]["engine_path"]).name.startswith("libonnxruntime")
    assert document["driver"]["facts"]["engine_version"] in document["driver"]["facts"]["engine_path"]


def test_every_place_is_told_with_its_result() -> None:
    document = run("doctor", "--json", env={"HBM_RUNTIME_DRIVER": None}).json()
    places = findings(document, "search")
    assert places["HBM_RUNTIME_DRIVER"]["text"] == "not set"
    used = [place for place in document["search"]["facts"]["places"] if place["result"] == "in use"]
    assert [place["dnn"] for place in used] == [hbm_runtime.driver_info()["dnn_path"]]
    linker = places["the dynamic linker's path"]
    assert linker["state"] == "ok"
    assert "cannot open shared object file" in linker["text"]


def test_a_driver_that_was_asked_for_and_is_missing_is_a_problem(tmp_path: Path) -> None:
    ended = run("doctor", env={"HBM_RUNTIME_DRIVER": str(tmp_path)})
    assert ended.code == 4
    assert "PROBLEM" in ended.out
    assert f"{tmp_path}/libhbucp.so: cannot open shared object file" in ended.out
    assert "what to do:" in ended.out


def test_a_driver_that_is_no_library_is_a_problem(tmp_path: Path) -> None:
    for name in ("libhbucp.so", "libdnn.so"):
        (tmp_path / name).write_text("no library")
    ended = run("doctor", "--driver", tmp_path, "--json", env={"HBM_RUNTIME_DRIVER": None})
    assert ended.code == 4
    assert "file too short" in ended.out or "invalid ELF header" in ended.out


def test_a_driver_that_crashes_does_not_take_the_doctor_along(tmp_path: Path) -> None:
    # Opening it runs abort(): the C library's own abort is what it calls.
    import subprocess

    source = tmp_path / "crash.c"
    source.write_text("#include <stdlib.h>\n__attribute__((constructor)) static void crash(void) { abort(); }\n")
    for name in ("libhbucp.so", "libdnn.so"):
        subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / name, source], check=True)
    ended = run("doctor", "--driver", tmp_path)
    assert ended.code == 4
    assert "died of signal 6" in ended.out


def test_a_missing_engine_is_a_problem(tmp_path: Path) -> None:
    ended = run("doctor", "--json", env={"BPUSIM_ENGINE_PATH": str(tmp_path / "gone.so")})
    assert ended.code == 1  # the driver itself is there
    assert '"state": "problem"' in ended.out
    assert "BPUSIM_ENGINE_PATH" in ended.out


def test_every_optional_package_is_listed() -> None:
    listed = findings(run("doctor", "--json").json(), "optional_packages")
    for name in ("onnx", "PyYAML", "matplotlib", "cryptography", "opencv-python-headless"):
        assert listed[name]["text"] == f"{metadata.version(name)}; for: {listed[name]['text'].partition('for: ')[2]}"
    requirements = metadata.requires("hbm_runtime") or []
    declared = {re.split(r"[\s<>=!~;\[(]", line)[0] for line in requirements if "extra ==" in line}
    assert set(listed) == declared - {"hbm_runtime", "onnxruntime"}


def test_states_are_coloured(tmp_path: Path) -> None:
    for words, env in ((["--color=always"], {}), ([], {"TERM": "xterm"})):
        runner = run if words else run_in_terminal
        ended = runner("doctor", *words, env={**env, "HBM_RUNTIME_DRIVER": str(tmp_path)})
        assert re.search("\033\\[(1;)?31m *PROBLEM", ended.out)
        assert re.search("\033\\[32m *ok", ended.out)


def test_variables_that_matter_are_shown() -> None:
    document = run("doctor", "--json", env={"BPUSIM_SOC": "s100", "HB_UCP_LOG_LEVEL": "5"}).json()
    facts = document["environment"]["facts"]
    assert (facts["BPUSIM_SOC"], facts["HB_UCP_LOG_LEVEL"]) == ("s100", "5")
    assert "S100" in document["driver"]["facts"]["info"]["soc"]
