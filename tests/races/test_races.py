"""Cancelling, time-outs and deadlines at every stage of a call: a typed end, the next call is right, nothing is left.

Each kind of call is repeated in a process of its own (`walk.py`), while tasks are held, wait behind others, or end just
then. HBM_RACE_STEPS=200 tries more moments.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from races.scenarios import LIMITED
from support.walks import check_walk

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

STEPS = os.environ.get("HBM_RACE_STEPS", "6")


@pytest.mark.parametrize("name", LIMITED)
def test_a_limit_may_end_a_call_at_any_moment(name: str, models: ModelFactory) -> None:
    check_walk("races", name, models.scaled(2), models.scaled(3), STEPS, point="limit")
