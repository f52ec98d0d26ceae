"""Memory runs out at any allocation, once or from there on: a typed error, all is given back, the next call is right.

Each kind of call is repeated in a process of its own while its allocations fail one after the other (`walk.py`); of the
first call in a process some kinds show enough (`first_call/walk.py`). `HBM_EXHAUSTION_STEP=5` tries every fifth of them
only.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from exhaustion import failures, files, forms  # noqa: F401 (they add to the scenarios)
from exhaustion.scenarios import SCENARIOS
from races.exhausted import EXHAUSTED
from support.build_tools import run
from support.walks import check_walk

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

HERE = Path(__file__).parent
STEP = int(os.environ.get("HBM_EXHAUSTION_STEP", "1"))

# Each of their points costs a key derivation or a whole load.
COARSER = {"load_an_encrypted_model": 8, "load_a_rewritten_model": 4}


def build_shim(folder: Path) -> Path:
    """The library that lets allocations fail."""
    library = folder / "libfailing_allocations.so"
    # Guards of statics are functions of ThreadSanitizer, which asks for memory before it is ready for those.
    run(os.environ.get("CXX", "c++"), "-std=c++17", "-O1", "-shared", "-fPIC", "-fvisibility=hidden",
        "-fno-threadsafe-statics", HERE / "failing_allocations.cpp", "-o", library, "-ldl")  # fmt: skip
    return library


# A new process costs as much as a hundred calls.
FIRST_CALLS = {"cancel": 16, "profile": 16, "run_async_two_models": 32}


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That library."""
    return build_shim(tmp_path_factory.mktemp("shim"))


# The text of an error and what is done about it need memory, too, which is missing when all allocations fail. Those
# points lie close together, so fewer of them show as much.
@pytest.mark.parametrize("points", [(1, STEP), (100_000, 4 * STEP)], ids=["one", "all"])
@pytest.mark.parametrize("name", [*SCENARIOS, *EXHAUSTED])
def test_every_allocation_may_fail(
    name: str, points: tuple[int, int], shim: Path, models: ModelFactory, tmp_path: Path
) -> None:
    length, step = points
    step *= COARSER.get(name, 1)
    progress = tmp_path / "progress"
    words = (shim, name, "1", step, length, models.scaled(2), models.scaled(3), progress)
    check_walk("exhaustion", *words, point="allocation", progress=progress, LD_PRELOAD=str(shim))


@pytest.mark.parametrize("length", [1, 100_000], ids=["one", "all"])
@pytest.mark.parametrize("name", FIRST_CALLS)
def test_every_allocation_of_the_first_call_may_fail(
    name: str, length: int, shim: Path, models: ModelFactory, tmp_path: Path
) -> None:
    progress = tmp_path / "progress"
    words = (shim, name, "1", FIRST_CALLS[name] * STEP, length, models.scaled(2), models.scaled(3), progress)
    check_walk("exhaustion/first_call", *words, point="allocation", progress=progress, LD_PRELOAD=str(shim))
