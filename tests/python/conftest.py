"""What tests here share. Each of them leaves nothing behind in the driver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from support.live import let_go, nothing_leaks

from hbm_runtime import HB_HBMRuntime, _core

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

__all__ = ["nothing_leaks"]


@pytest.fixture
def runtime(models: ModelFactory) -> Iterator[HB_HBMRuntime]:
    """The models times_2 and times_3; files that need others have a fixture of their own."""
    with HB_HBMRuntime([str(models.scaled(2)), str(models.scaled(3))]) as runtime:
        yield runtime


@pytest.fixture
def hanging() -> Iterator[None]:
    """The next task hangs until the test releases it."""
    _core.set_faults("task:hang@1")
    yield
    let_go()
