"""Module paths that have no file: scripts and pickles for the vendor's module name them, and pickles of 1.0.0.

They are entries of `sys.modules`, whose names are looked up when they are asked for. ``hbm_runtime.HB_HBMRuntime`` is
the vendor's extension module; here that name is the class, which importing a file of that name would replace.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

#: What the vendor's extension module has.
_VENDOR = ("HB_HBMRuntime", "QuantParams", "SchedParam", "hbDNNDataType", "hbDNNQuantiType")

#: The modules that 1.0.0 wrote into pickles, and where their classes are defined now.
_MOVED = {
    "_benchmark": "_observing.benchmark",
    "_bound": "_running.bound",
    "_devices": "_machine.devices",
    "_durations": "_observing.durations",
    "_model": "_models.model",
    "_operations": "_models.operations",
    "_pickling": "_loading.runtime_source",
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


def provide_other_names(package: str) -> None:
    """Makes ``from hbm_runtime.HB_HBMRuntime import HB_HBMRuntime`` work, and pickles that name those modules."""
    doc = "The names of the vendor's extension module; use those of the package instead."
    _provide(f"{package}.HB_HBMRuntime", doc, partial(_vendor_name, package), _VENDOR)
    for old, new in _MOVED.items():
        home = f"{package}.{new}"
        _provide(f"{package}.{old}", f"See {home}.", partial(_moved_name, home))


def _moved_name(home: str, name: str) -> Any:
    return getattr(import_module(home), name)


def _vendor_name(package: str, name: str) -> Any:
    if name not in _VENDOR:
        raise AttributeError(f"module '{package}.HB_HBMRuntime' has no attribute {name!r}")
    value = getattr(import_module(package), name)
    if name.startswith("hbDNN"):
        from ._vendor_pickles import accept_pickles  # noqa: PLC0415 (few programs come this way)

        accept_pickles(value)
    return value


def _provide(name: str, doc: str, find: Callable[[str], Any], names: tuple[str, ...] = ()) -> None:
    module = ModuleType(name, doc)

    def get(attribute: str) -> Any:
        if attribute.startswith("__"):  # Python asks every module for such names
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        value = find(attribute)
        setattr(module, attribute, value)
        return value

    module.__dict__.update(__getattr__=get, __dir__=lambda: sorted(names))
    module.__spec__ = ModuleSpec(name, None)
    module.__package__ = name.rpartition(".")[0]
    sys.modules[name] = module
