"""What became of a test, for fixtures that look at it afterwards."""

from __future__ import annotations

import pytest

FAILED = pytest.StashKey[bool]()
"""Set on a test item whose call has failed."""
