"""Log lines: where they go, from which level on, and that nothing is written by itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.child import output_of, run_python

import hbm_runtime
from hbm_runtime import HB_HBMRuntime

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

FAIL = """
import sys, numpy as np, hbm_runtime
runtime = hbm_runtime.HB_HBMRuntime(sys.argv[1])
try:
    runtime.run({"a": np.zeros(3, np.float32), "b": np.zeros(5, np.float32)})
except hbm_runtime.ShapeError:
    pass
try:
    hbm_runtime.HB_HBMRuntime(b"no model" * 1000)
except hbm_runtime.ModelError:
    pass
runtime.run_async({"a": np.zeros(3, np.float32), "b": np.zeros(3, np.float32)}).result()
"""


@pytest.fixture
def level() -> Iterator[Callable[[str | int], None]]:
    """Sets the level for one test."""
    yield hbm_runtime.set_log_level
    hbm_runtime.set_log_level("warning")


def failing_run(runtime: HB_HBMRuntime) -> None:
    with pytest.raises(hbm_runtime.HbmError):
        runtime.run({"a": np.zeros(3, np.float32), "b": np.zeros(5, np.float32)})


def wait_for(condition: Callable[[], bool]) -> bool:
    """Lines come from another thread."""
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_lines_of_the_driver_reach_pythons_logging(models: ModelFactory, caplog: pytest.LogCaptureFixture) -> None:
    with HB_HBMRuntime(str(models.total())) as runtime:
        failing_run(runtime)
        # Lines of earlier tests may still come.
        assert wait_for(lambda: any("Add" in record.getMessage() for record in caplog.records))
    record = next(record for record in caplog.records if "Add" in record.getMessage())
    assert (record.name, record.levelno) == ("hbm_runtime.driver", logging.ERROR)


@pytest.mark.parametrize(
    ("chosen", "seen"), [("off", False), ("critical", False), (logging.ERROR, True), ("Trace", True)]
)
def test_the_level_decides(
    models: ModelFactory, caplog: pytest.LogCaptureFixture, level: Any, chosen: str | int, seen: bool
) -> None:
    level(chosen)
    with HB_HBMRuntime(str(models.total())) as runtime:
        failing_run(runtime)
        level("info")
        hbm_runtime._core.set_faults("hbDNNInferV2:fail")  # its line comes after those that count
        try:
            with pytest.raises(hbm_runtime.DriverError):
                runtime.run({"a": np.zeros(3, np.float32), "b": np.zeros(3, np.float32)})
        finally:
            hbm_runtime._core.set_faults("")
        assert wait_for(lambda: any("hbDNNInferV2" in record.getMessage() for record in caplog.records))
    assert any("Add" in record.getMessage() for record in caplog.records) is seen


@pytest.mark.parametrize(
    ("wrong", "error"),
    [("loud", hbm_runtime.InputError), (None, hbm_runtime.InputTypeError), (1.5, hbm_runtime.InputTypeError)],
)
def test_what_is_no_level_is_refused(wrong: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="level"):
        hbm_runtime.set_log_level(wrong)


def test_a_level_alone_shows_its_lines(models: ModelFactory, tmp_path: Path) -> None:
    environment = {"HBM_RUNTIME_LOG": "debug", "HBM_RUNTIME_LOG_FILE": None, "HB_UCP_LOG_LEVEL": None}
    done = run_python(FAIL, models.total(), cwd=tmp_path, environment=environment)
    assert (done.returncode, done.stdout) == (0, "")
    assert "INFO hbm_runtime.driver: driver " in done.stderr
    configured = "import logging\nlogging.basicConfig(format='OWN %(message)s', level=0)\n" + FAIL
    done = run_python(configured, models.total(), cwd=tmp_path, environment=environment)
    assert "OWN driver " in done.stderr
    assert "INFO hbm_runtime.driver" not in done.stderr


@pytest.mark.parametrize("chosen", ["off", "warning", "error"])
def test_what_becomes_an_exception_is_not_written(models: ModelFactory, tmp_path: Path, chosen: str) -> None:
    environment = {"HBM_RUNTIME_LOG": chosen, "HBM_RUNTIME_LOG_FILE": None, "HB_UCP_LOG_LEVEL": None}
    done = run_python(FAIL, models.total(), cwd=tmp_path, environment=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_file_gets_the_lines_until_the_very_end(models: ModelFactory, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    environment = {"HBM_RUNTIME_LOG": "info", "HBM_RUNTIME_LOG_FILE": str(log)}
    ending = "runtime.run_async\nhbm_runtime._core.set_faults('hbDNNInferV2:fail')\n" + (
        "try:\n    runtime.run({'a': np.zeros(3, np.float32), 'b': np.zeros(3, np.float32)})\n"
        "except hbm_runtime.DriverError:\n    pass\n"
    )
    done = run_python(FAIL + ending, models.total(), cwd=tmp_path, environment=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = log.read_text(encoding="utf-8")
    assert "libdnn.so" in text
    assert "ERROR hbm_runtime.driver" in text
    assert "hbDNNInferV2" in text.splitlines()[-1]


def test_a_file_that_cannot_be_written_is_told_once(models: ModelFactory, tmp_path: Path) -> None:
    environment = {"HBM_RUNTIME_LOG_FILE": str(tmp_path / "nowhere" / "run.log")}
    done = run_python(FAIL, models.total(), cwd=tmp_path, environment=environment)
    assert done.returncode == 0
    assert done.stderr.count("RuntimeWarning") == 1
    assert "nowhere" in done.stderr
    assert done.stdout == ""


def test_threads_of_the_driver_do_not_wait_for_python(models: ModelFactory, tmp_path: Path) -> None:
    """A handler that never returns holds up lines, and nothing else."""
    script = """
import logging, os, sys, threading, numpy as np, hbm_runtime
class Stuck(logging.Handler):
    def emit(self, record):
        threading.Event().wait()
logging.getLogger("hbm_runtime").addHandler(Stuck())
hbm_runtime.set_log_level("trace")
runtime = hbm_runtime.HB_HBMRuntime(sys.argv[1])
for _ in range(200):
    runtime.run({"a": np.zeros(3, np.float32), "b": np.zeros(3, np.float32)})
print("done", flush=True)
os._exit(0)
"""
    assert output_of(run_python(script, models.total(), cwd=tmp_path)) == "done\n"


UNSEEN: dict[str, tuple[str, str]] = {
    "add_done_callback": ("r = run(); r.add_done_callback(lambda r: 1 / 0); r.result()", "ZeroDivisionError"),
    "added when done": ("r = run(); r.result(); r.add_done_callback(lambda r: 1 / 0)", "ZeroDivisionError"),
    "on_result": ("rt.queue(m, on_result=lambda r: 1 / 0).submit(good)", "ZeroDivisionError"),
    "on_drop": ("rt.queue(m, on_drop=lambda *a: 1 / 0).submit(bad)", "ZeroDivisionError"),
    "failed request": ("_core.set_faults('task:fail@1'); run()", "nobody asked for its result"),
    "queue without on_drop": (
        "_core.set_faults('task:fail@1'); rt.queue(m).submit(good, tag='lost one')",
        "'lost one'",
    ),
    "refused by the queue": ("rt.queue(m).submit(bad, tag=7)", "(tag 7): model 'total', input 'b'"),
}
UNSEEN_SCRIPT = """
import sys, time, numpy as np
from hbm_runtime import HB_HBMRuntime, _core, set_log_level
{}
rt = HB_HBMRuntime(sys.argv[1])
m = rt.model_names[0]
x = np.zeros(3, np.float32)
good, bad = {{"a": x, "b": x}}, {{"a": x}}
def run():
    return rt.run_async(good)
{}
time.sleep(0.3)
"""


@pytest.mark.parametrize("configured", ["", "set_log_level('off')"], ids=["unconfigured", "off"])
@pytest.mark.parametrize("case", UNSEEN)
def test_errors_that_nobody_would_see_reach_stderr(
    models: ModelFactory, tmp_path: Path, case: str, configured: str
) -> None:
    action, text = UNSEEN[case]
    environment = {"HBM_RUNTIME_LOG": None, "HBM_RUNTIME_LOG_FILE": None, "HB_UCP_LOG_LEVEL": None}
    done = run_python(UNSEEN_SCRIPT.format(configured, action), models.total(), cwd=tmp_path, environment=environment)
    assert (done.returncode, done.stdout) == (0, "")
    assert (text in done.stderr) is not bool(configured), done.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [("HBM_RUNTIME_LOG", "verbose"), ("HB_UCP_MAX_TASK_NUM", "many"), ("BPUSIM_CPUS", "a"), ("BPUSIM_FAULT", "x")],
)
def test_wrong_values_of_variables_reach_stderr(
    models: ModelFactory, tmp_path: Path, variable: str, value: str
) -> None:
    environment = {"HBM_RUNTIME_LOG": None, "HBM_RUNTIME_LOG_FILE": None, "HB_UCP_LOG_LEVEL": None, variable: value}
    done = run_python(FAIL, models.total(), cwd=tmp_path, environment=environment)
    assert (done.returncode, done.stdout) == (0, "")
    assert len(done.stderr.splitlines()) == 1
    assert variable in done.stderr
