"""pytest's plugin: the fixture ``hbm_faults``, in every environment where this package is installed.

pytest loads plugins whether their fixtures are used or not, so it gets a copy of this file that is a module of its own,
`hbm_runtime_pytest`: the package itself is imported when a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest


@pytest.fixture
def hbm_faults() -> Iterator[Callable[[str], None]]:
    """A function that sets faults, which last until the test ends (see `hbm_runtime.testing.faults`)."""
    from hbm_runtime.testing import faults  # noqa: PLC0415

    with ExitStack() as stack:
        yield lambda spec: stack.enter_context(faults(spec))
