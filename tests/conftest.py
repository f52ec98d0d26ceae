"""What every Python test gets: bpusim as the driver, and model files of the session."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import prepared
from support.child import SOC_UNDER_TEST
from support.outcome import FAILED

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

ROOT = Path(__file__).resolve().parent.parent


def _drop_source_tree() -> None:
    """Takes the repository's root off the import path when the package there has no extension.

    ``python -m pytest`` puts it first, and the source folder would hide the installed package.
    """
    if not any((ROOT / "hbm_runtime").glob("_core*.so")):
        sys.path[:] = [entry for entry in sys.path if Path(entry or os.curdir).resolve() != ROOT]


_drop_source_tree()
gc.disable()  # until the tests are collected
for _name in [name for name in os.environ if name.startswith("BPUSIM_") and name != "BPUSIM_ENGINE_PATH"]:
    del os.environ[_name]
# The board that a child of pytest imitates; a process has one driver, which reads it once.
if os.environ.get(SOC_UNDER_TEST):
    os.environ["BPUSIM_SOC"] = os.environ[SOC_UNDER_TEST]
os.environ["HBM_RUNTIME_DRIVER"] = "bpusim"
# A shell's background job ignores Ctrl-C, and so would every program that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Keeps the garbage collector, which many tests call, off what collecting has made: that lives until the end."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """Ends what was started for all tests."""
    prepared.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes failures where fixtures find them."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> ModelFactory:
    """Model files made by code; a directory for each worker of pytest-xdist."""
    from support.model_factory import ModelFactory

    return ModelFactory(tmp_path_factory.mktemp("models"))


@pytest.fixture
def trials_here() -> Iterator[None]:
    """Trials of the packer need no process of their own, which is most of what they take."""
    from support.trials import trials_in_this_process

    with trials_in_this_process():
        yield
