"""The findings, in the order in which they are reported."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import hbm_runtime
from hbm_runtime import _core
from hbm_runtime._installing import how_to_install, optional_packages
from hbm_runtime.cli.diagnosis import machine
from hbm_runtime.cli.diagnosis.findings import Findings
from hbm_runtime.cli.diagnosis.probe import probe_driver, probe_libraries
from hbm_runtime.cli.diagnosis.serving import examine_serving
from hbm_runtime.serving.settings import Settings

_VENDOR_FOLDER = Path("/usr/hobot/lib")
_VARIABLES = re.compile(r"(HBM_RUNTIME|BPUSIM|HB_UCP|HB_DNN|HB_NN)_\w+")

_PURPOSES = {
    "onnx": "pack, link, compare, samples, model_info --graph",
    "xxhash": "pack, link, compare, samples",
    "PyYAML": "pack -c",
    "pillow": "pictures as inputs",
    "matplotlib": "perf --plot",
    "rich": "tables and bars in terminals",
    "shtab": "completion",
    "cryptography": "encrypting models",
    "opencv-python-headless": "hbm_runtime.vision, hbm_runtime.ros, demo",
    "onnxruntime-ep-openvino": 'engine="openvino" on Intel\'s processors',
    "msgpack": "policies for openpi-client",
    "websockets": "policies for openpi-client",
}
_ENGINE = "onnxruntime"  # the driver's part of the report covers it


def examine(choice: str, settings: Settings) -> list[Findings]:
    """Looks at everything.

    Args:
        choice: The driver to try, as ``load_driver`` takes it; "" for the usual order.
        settings: The settings that a server would use; the defaults are checked without reporting problems.
    """
    answer = probe_driver(choice)
    serving = examine_serving(settings, asked=settings != Settings())
    return [_package(), _machine(answer), _search(choice, answer), _driver(answer), _extras(), serving, _variables()]


def _package() -> Findings:
    found = Findings("package", "Package")
    version = platform.python_version()
    found.ok("Python", f"{version} ({platform.python_implementation()}), {sys.executable}")
    found.ok("hbm_runtime", f"{hbm_runtime.__version__}, {Path(hbm_runtime.__file__).parent}")
    found.ok("extension", _core.__file__)
    for other in _other_copies():
        found.note("another copy", other, "Python finds the one above first; remove the one that is not wanted")
    found.ok("numpy", f"{np.__version__}, {Path(np.__file__).parent}")
    found.facts = {
        "python": version,
        "executable": sys.executable,
        "hbm_runtime": hbm_runtime.__version__,
        "extension": _core.__file__,
        "numpy": np.__version__,
    }
    return found


def _other_copies() -> Iterator[str]:
    """Further packages or single-file modules of our name on Python's path, such as the vendor's."""
    own = {Path(folder).resolve() for folder in hbm_runtime.__path__}
    for entry in sys.path:
        folder = Path(entry or ".").resolve()
        modules = [folder / "hbm_runtime", *folder.glob("hbm_runtime*.so")]
        for module in modules:
            is_package = module.is_dir() and any(module.glob("__init__.py"))
            if (is_package or module.suffix == ".so") and module.resolve() not in own:
                yield str(module)


def _machine(answer: dict[str, Any]) -> Findings:
    found = Findings("machine", "Machine")
    board, name = machine.is_board(), machine.board_name()
    found.ok("system", machine.system_name())
    found.ok("CPUs, memory", f"{machine.cpu_count()}, {machine.memory_bytes() / 2**30:.1f} GiB")
    simulated = answer.get("info", {}).get("kind") == "bpusim"
    if not board:
        found.ok("BPU", "none: this is a PC" + (f" ({name})" if name else ""))
    elif simulated:
        found.note(
            "BPU",
            f"there is one ({name or 'unnamed board'}), but the driver in use computes on the CPU",
            "unset HBM_RUNTIME_DRIVER, or install the vendor's package hobot-dnn",
        )
    else:
        found.ok("BPU", f"{name or 'a board'}: {', '.join(machine.bpu_devices()) or machine.BPU_FOLDER}")
    found.facts = {"board": board, "name": name, "cpus": machine.cpu_count(), "devices": machine.bpu_devices()}
    return found


def _search(choice: str, answer: dict[str, Any]) -> Findings:
    """Every place in order, and why it was not taken."""
    found = Findings("search", "Where the driver was looked for")
    places = _core.driver_search(choice)
    wanted = choice or os.environ.get("HBM_RUNTIME_DRIVER", "")
    if not choice:
        found.ok("HBM_RUNTIME_DRIVER", f"{wanted!r}: nothing else is tried" if wanted else "not set")
    if not wanted and not any(str(place["hbucp"]).startswith(f"{_VENDOR_FOLDER}/") for place in places):
        found.ok(str(_VENDOR_FOLDER), "no driver there")
    used = answer.get("info", {})
    taken = False
    facts = []
    for place in places:
        hbucp, dnn = str(place["hbucp"]), str(place["dnn"])
        where = str(Path(hbucp).parent) if "/" in hbucp else "the dynamic linker's path"
        if taken:
            result = "not needed"
        elif used and used["chosen_by"] == place["chosen_by"]:
            taken, result = True, "in use"
        else:
            result = str(probe_libraries([hbucp, dnn]).get("error", "its libraries can be opened"))
        facts.append({**place, "result": result})
        if not taken and place["required"]:
            found.problem(where, result, "put a driver there, or unset what asks for it (HBM_RUNTIME_DRIVER, --driver)")
        else:
            found.ok(where, result)
    found.facts = {"places": facts}
    return found


def _driver(answer: dict[str, Any]) -> Findings:
    found = Findings("driver", "Driver", facts=answer)
    if "error" in answer:
        found.problem(
            "driver",
            answer["error"],
            "follow the last lines of the driver's message",
        )
        return found
    info = answer["info"]
    kinds = {"bpusim": "bpusim: computes on the CPU", "vendor": "the vendor's"}
    found.ok("kind", kinds.get(info["kind"], info["kind"]))
    found.ok("SoC", info["soc"] or "not reported")
    found.ok("libhbucp", f"{info['hbucp_version'] or 'no version'}, {info['hbucp_path']}")
    found.ok("libdnn", f"{info['dnn_version']}, {info['dnn_path']}")
    if info["kind"] == "bpusim":
        _engine(found, answer)
    return found


def _engine(found: Findings, answer: dict[str, Any]) -> None:
    path = answer.get("engine_path")
    answer["engine_version"] = version = _version("onnxruntime")
    if "run_error" in answer:
        found.problem(
            "engine",
            f"{path or 'not loaded'}: {answer['run_error']}",
            f"{how_to_install('bpusim', 'onnxruntime')}, or set BPUSIM_ENGINE_PATH to libonnxruntime.so",
        )
        return
    named = f"ONNX Runtime {version}" if version and "onnxruntime" in str(path) else "ONNX Runtime"
    found.ok("engine", f"{named}, {path}")
    found.ok("test model", f"loaded and run in {answer['run_ms']:.1f} ms")


def _extras() -> Findings:
    found = Findings("optional_packages", "Optional packages")
    for distribution, extra in _optional_packages().items():
        purpose = _PURPOSES.get(distribution, f"the extra {extra}")
        version = found.facts[distribution] = _version(distribution)
        if version is None:
            found.note(distribution, f"not installed; for: {purpose}", how_to_install("", distribution))
        else:
            found.ok(distribution, f"{version}; for: {purpose}")
    return found


def _optional_packages() -> dict[str, str]:
    """Distributions that only extras need, with the first of these."""
    found: dict[str, str] = {}
    for distribution, extra in optional_packages():
        if distribution != _ENGINE:
            found.setdefault(distribution, extra)
    return found


def _variables() -> Findings:
    found = Findings("environment", "Environment")
    found.facts = {name: value for name, value in sorted(os.environ.items()) if _VARIABLES.fullmatch(name)}
    for name, value in found.facts.items():
        found.ok(name, value)
    if not found.facts:
        found.ok("variables", "none of HBM_RUNTIME_*, BPUSIM_*, HB_* is set")
    return found


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
