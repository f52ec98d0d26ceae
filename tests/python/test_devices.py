"""What is reported about devices, host and version, on bpusim and from a board's kernel files."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import pytest
from support.child import output_of, run_python

import hbm_runtime
from hbm_runtime import UnsupportedError, _core
from hbm_runtime._machine import devices


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kernel files of a board with two cores, and a driver that reports nothing about cores."""
    write(
        tmp_path,
        {
            "sys/devices/system/bpu/bpu0/ratio": "37\n",
            "sys/devices/system/bpu/bpu1/ratio": "nonsense\n",
            "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
            "sys/class/thermal/thermal_zone0/temp": "51000\n",
            "sys/class/thermal/thermal_zone1/type": "pvt_bpu_pvtc1_t1\n",
            "sys/class/thermal/thermal_zone1/temp": "63500\n",
            "proc/meminfo": "MemTotal: 1000 kB\nCmaTotal: 400 kB\nCmaFree: 100 kB\n",
            "proc/cpuinfo": "processor : 0\nFeatures : fp asimd\n",
        },
    )

    def unsupported() -> Any:
        raise UnsupportedError("no extension")

    vendor = {**_core.driver_info(), "kind": "vendor"}
    monkeypatch.setattr(devices, "_root", tmp_path)
    monkeypatch.setattr(_core, "core_loads", unsupported)
    monkeypatch.setattr(_core, "driver_info", lambda: vendor)
    return tmp_path


@pytest.mark.usefixtures("board")
def test_a_boards_load_and_temperature_come_from_the_kernel() -> None:
    first, second = hbm_runtime.get_devices()
    assert (first.index, first.kind, first.load, first.temperature) == (0, "bpu", 0.37, 63.5)
    assert (second.index, second.load, second.temperature) == (1, None, 63.5)
    host = hbm_runtime.get_host_info()
    assert host.memory == {"CMA total": 409600, "CMA free": 102400, "memory total": 1024000}
    assert host.temperatures == {"cpu-thermal": 51.0, "pvt_bpu_pvtc1_t1": 63.5}
    assert host.capabilities == ("fp", "asimd")
    assert host.devices == (first, second)


def test_kernel_files_that_are_missing_are_no_error(board: Path) -> None:
    for path in sorted(board.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (device,) = hbm_runtime.get_devices()
    assert (device.load, device.temperature) == (None, None)
    host = hbm_runtime.get_host_info()
    assert (host.memory, host.temperatures, host.capabilities) == ({}, {}, ())


def test_bpusim_tells_what_its_cores_do() -> None:
    devices = hbm_runtime.get_devices()
    info = hbm_runtime.driver_info()
    assert [device.index for device in devices] == [0, 1, 2, 3]
    for device in devices:
        assert (device.kind, device.soc, device.driver_path) == ("bpusim", info["soc"], info["dnn_path"])
        assert set(device.details) == {"busy_ns", "finished_tasks", "running", "queued"}
        assert device.load is None


def test_the_host_is_described() -> None:
    host = hbm_runtime.get_host_info()
    assert (host.name, host.architecture, host.os) == (platform.node(), platform.machine(), "Linux")
    assert host.os_release == platform.release()
    assert host.cpus == len(os.sched_getaffinity(0))
    assert host.memory_bytes > 2**20
    assert host.capabilities
    assert len(host.devices) == 4


def test_operations_are_objects_with_name_type_and_device(models: Any) -> None:
    with hbm_runtime.HB_HBMRuntime(str(models.scaled(2))) as runtime:
        (operation,) = runtime.operations("times_2")
    assert (operation.name, operation.type, operation.device) == ("Mul_0", "Mul", "bpusim")
    assert str(operation) == "Operation(name='Mul_0', type='Mul', device='bpusim')"


def test_the_version_has_numbers_and_build_information(tmp_path: Path) -> None:
    version = hbm_runtime.get_version()
    assert str(version) == hbm_runtime.__version__
    assert f"{version.major}.{version.minor}.{version.patch}{version.suffix}" == hbm_runtime.__version__
    assert version.major >= 1
    assert set(version.build_info) == {"compiler", "cpp", "pybind11", "python", "architecture", "build_type"}
    assert all(version.build_info.values())
    assert version.build_info["architecture"] == platform.machine()
    script = "import hbm_runtime; hbm_runtime.get_version(); print(hbm_runtime._core.driver_loaded())"
    assert output_of(run_python(script, cwd=tmp_path)).strip() == "False"
