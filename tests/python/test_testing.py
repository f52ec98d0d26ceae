"""What `hbm_runtime.testing` gives to the tests of programs: faults in a block, a fixture for pytest, counters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.child import output_of, run_python
from support.model_factory import ModelFactory

from hbm_runtime import DriverError, HB_HBMRuntime, InputError
from hbm_runtime.testing import faults, live

X = np.ones((2, 3), np.float32)


def test_faults_end_with_their_block_and_add_up_when_nested(models: ModelFactory) -> None:
    runtime = HB_HBMRuntime(models.scaled(3))
    with faults("hbUCPSubmitTask:fail"):
        with faults("hbDNNInferV2:fail"), pytest.raises(DriverError, match="hbDNNInferV2"):
            runtime.run(X)
        with pytest.raises(DriverError, match="hbUCPSubmitTask"):
            runtime.run(X)
    runtime.run(X)


@pytest.mark.parametrize("spec", ["hbNothing:fail", "task:explode", "hbUCPMemFlush:fail@0", "core9:lost"])
def test_a_wrong_spec_is_refused_and_changes_nothing(models: ModelFactory, spec: str) -> None:
    runtime = HB_HBMRuntime(models.scaled(3))
    with faults("hbDNNInferV2:fail"):
        with pytest.raises(InputError, match="fault rule"), faults(spec):
            pass
        with pytest.raises(DriverError, match="hbDNNInferV2"):
            runtime.run(X)
    runtime.run(X)


def test_the_counters_see_what_is_held(models: ModelFactory) -> None:
    before = live()
    runtime = HB_HBMRuntime(models.scaled(3))
    output = runtime.run(X)["times_3"]["y"]
    held = live()
    assert held.packed_models == before.packed_models + 1
    assert held.allocations == before.allocations + 2
    assert held.allocated_bytes > before.allocated_bytes
    del output, runtime


ROBOT = """
import os
import numpy as np
import pytest
from hbm_runtime import DriverError, HB_HBMRuntime

IMAGE = np.ones((2, 3), np.float32)
runtime = HB_HBMRuntime(os.environ["MODEL"])

def test_it_fails(hbm_faults):
    hbm_faults("task:fail@1")
    with pytest.raises(DriverError):
        runtime.run(IMAGE)
    runtime.run(IMAGE)

def test_it_is_well_again():
    runtime.run(IMAGE)
"""


def test_the_fixture_sets_faults_until_the_test_ends(models: ModelFactory, tmp_path: Path) -> None:
    (tmp_path / "test_robot.py").write_text(ROBOT, encoding="utf-8")
    child = run_python(
        "import sys, pytest; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', 'test_robot.py']))",
        cwd=tmp_path,
        environment={"MODEL": str(models.scaled(3)), "PYTEST_ADDOPTS": None},
    )
    assert "2 passed" in output_of(child)


def test_a_run_of_pytest_that_needs_no_faults_does_not_import_the_package(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\ndef test_it(): assert 'hbm_runtime_pytest' in sys.modules and 'hbm_runtime' not in sys.modules",
        encoding="utf-8",
    )
    child = run_python(
        "import sys, pytest; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', 'test_other.py']))",
        cwd=tmp_path,
        environment={"PYTEST_ADDOPTS": None},
        fresh=True,
    )
    assert "1 passed" in output_of(child)
