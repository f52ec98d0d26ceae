"""Fixtures for pytest; in conftest.py: ``pytest_plugins = ["hbm_runtime.testing.fixtures"]``.

They are not registered by an entry point, because then every run of pytest in the environment would load the driver's
interface, whether its tests use it or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from hbm_runtime.testing import faults


@pytest.fixture
def hbm_faults() -> Iterator[Callable[[str], None]]:
    """A function that sets faults, which last until the test ends (see `hbm_runtime.testing.faults`)."""
    with ExitStack() as stack:
        yield lambda spec: stack.enter_context(faults(spec))
