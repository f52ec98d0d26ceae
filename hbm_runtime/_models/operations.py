"""What a model computes, operation by operation."""

from __future__ import annotations

from dataclasses import dataclass

from .. import _core


@dataclass(frozen=True)
class Operation:
    """One operation of a model's graph.

    Attributes:
        name: Name of the node; where it has none, the type and a number, as in `Profile.durations`.
        type: ONNX operator, such as "Conv".
        device: What runs it: the kind of the driver in use, "bpusim".
    """

    __module__ = "hbm_runtime"

    name: str
    type: str
    device: str


def operations(runtime: _core.Runtime, model: str) -> list[Operation]:
    """See `HB_HBMRuntime.operations`."""
    found = runtime._operations(model)
    device = _core.driver_info()["kind"]
    return [Operation(name, kind, device) for name, kind in found]
