"""Names of the modules that 1.0.0 wrote into pickles; they lead to where those classes are defined now."""

from __future__ import annotations

import sys

_MOVED = {
    "_benchmark": "_observing.benchmark",
    "_bound": "_running.bound",
    "_devices": "_machine.devices",
    "_durations": "_observing.durations",
    "_model": "_models.model",
    "_operations": "_models.operations",
    "_pickling": "_loading.recipe",
    "_profile": "_observing.profile",
    "_queue": "_running.queue",
    "_queue_results": "_running.queue_results",
    "_request": "_running.request",
    "_scheduling": "_running.scheduling",
    "_scheme": "_models.quant_scheme",
    "_shape": "_models.shape",
    "_spans": "_observing.spans",
    "_stats": "_observing.stats",
    "_version": "_machine.version",
}


def accept_old_pickles(package: str) -> None:
    """Makes pickles that name a module by its place in 1.0.0 load."""
    for old, new in _MOVED.items():
        sys.modules[f"{package}.{old}"] = sys.modules[f"{package}.{new}"]
