"""Runs compiled .hbm models on the BPU of D-Robotics RDK boards, and on any PC.

from hbm_runtime import HB_HBMRuntime

runtime = HB_HBMRuntime("model.hbm")
outputs = runtime.run({"data": array})
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

try:
    import_module(f"{__name__}._core")
except ModuleNotFoundError as _missing:
    if _missing.name != f"{__name__}._core":
        raise
    _has_extension = False
else:
    _has_extension = True
if not _has_extension:  # in the source folder
    from ._bootstrap import locate_extension

    locate_extension(__name__, __path__)

# The extension first: it refuses sub-interpreters, in which numpy would get stuck half-way.
from . import _core
from ._core import (
    QuantParams,
    __version__,
    driver_info,
    hbDNNDataType,
    hbDNNQuantiType,
    load_driver,
)
from ._errors import (
    ContainerError,
    DriverError,
    DriverNotFoundError,
    EncryptedModelError,
    HbmClosedError,
    HbmDeadlineError,
    HbmError,
    HbmForkError,
    HbmIOError,
    HbmNetworkError,
    HbmQueueFullError,
    HbmRemoteError,
    HbmStateError,
    HbmTimeoutError,
    InputError,
    InputTypeError,
    MissingPackageError,
    ModelError,
    ModelNotFoundError,
    OutOfResourcesError,
    ShapeError,
    TamperedModelError,
    UnsupportedError,
    WrongPassphraseError,
)
from ._machine.engine_path import announce_engine
from ._other_names import provide_other_names

if TYPE_CHECKING:
    from . import encryption, image
    from ._future_errors import HbmCancelledError
    from ._machine.devices import Device, HostInfo, get_devices, get_host_info
    from ._machine.version import Version, get_version
    from ._models.model import Model
    from ._models.operations import Operation
    from ._models.quant_scheme import QuantParam, QuantScheme
    from ._models.shape import Shape
    from ._models.tensor_info import TensorInfo
    from ._observing.benchmark import Benchmark
    from ._observing.durations import Durations, ModelDurations
    from ._observing.logging import set_log_level
    from ._observing.profile import Profile, ProfileEvent
    from ._running.bound import BoundRun
    from ._running.queue import InferQueue
    from ._running.queue_items import QueueResult, QueueStats
    from ._running.request import InferRequest
    from ._running.request_info import RequestInfo
    from ._running.scheduling import SchedParam
    from ._running.steps import BoundSteps
    from ._runtime import HB_HBMRuntime
    from .quant import dequantize, quantize
    from .serving.client import connect
    from .serving.client.remote_model import RemoteModel
    from .serving.client.runs.observing import RemoteProfile
    from .serving.client.runs.requests import RemoteRequest, RemoteRequestInfo
    from .serving.client.runtime import RemoteRuntime

__all__ = [
    "Benchmark",
    "BoundRun",
    "BoundSteps",
    "ContainerError",
    "Device",
    "DriverError",
    "DriverNotFoundError",
    "Durations",
    "EncryptedModelError",
    "HB_HBMRuntime",
    "HbmCancelledError",
    "HbmClosedError",
    "HbmDeadlineError",
    "HbmError",
    "HbmForkError",
    "HbmIOError",
    "HbmNetworkError",
    "HbmQueueFullError",
    "HbmRemoteError",
    "HbmStateError",
    "HbmTimeoutError",
    "HostInfo",
    "InferQueue",
    "InferRequest",
    "InputError",
    "InputTypeError",
    "MissingPackageError",
    "Model",
    "ModelDurations",
    "ModelError",
    "ModelNotFoundError",
    "Operation",
    "OutOfResourcesError",
    "Profile",
    "ProfileEvent",
    "QuantParam",
    "QuantParams",
    "QuantScheme",
    "QueueResult",
    "QueueStats",
    "RemoteModel",
    "RemoteProfile",
    "RemoteRequest",
    "RemoteRequestInfo",
    "RemoteRuntime",
    "RequestInfo",
    "SchedParam",
    "Shape",
    "ShapeError",
    "TamperedModelError",
    "TensorInfo",
    "UnsupportedError",
    "Version",
    "WrongPassphraseError",
    "__version__",
    "connect",
    "dequantize",
    "driver_info",
    "encryption",
    "get_devices",
    "get_host_info",
    "get_version",
    "hbDNNDataType",
    "hbDNNQuantiType",
    "image",
    "load_driver",
    "quantize",
    "set_log_level",
]

# What is imported when it is asked for, as for type checkers above: a script pays for what it uses.
_HOMES = {
    "_future_errors": ["HbmCancelledError"],
    "_machine.devices": ["Device", "HostInfo", "get_devices", "get_host_info"],
    "_machine.version": ["Version", "get_version"],
    "_models.model": ["Model"],
    "_models.operations": ["Operation"],
    "_models.quant_scheme": ["QuantParam", "QuantScheme"],
    "_models.shape": ["Shape"],
    "_models.tensor_info": ["TensorInfo"],
    "_observing.benchmark": ["Benchmark"],
    "_observing.durations": ["Durations", "ModelDurations"],
    "_observing.logging": ["set_log_level"],
    "_observing.profile": ["Profile", "ProfileEvent"],
    "_running.bound": ["BoundRun"],
    "_running.queue": ["InferQueue"],
    "_running.queue_items": ["QueueResult", "QueueStats"],
    "_running.request": ["InferRequest"],
    "_running.request_info": ["RequestInfo"],
    "_running.scheduling": ["SchedParam"],
    "_running.steps": ["BoundSteps"],
    "_runtime": ["HB_HBMRuntime"],
    "quant": ["dequantize", "quantize"],
    "serving.client": ["connect"],
    "serving.client.public": ["RemoteModel", "RemoteProfile", "RemoteRequest", "RemoteRequestInfo", "RemoteRuntime"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_SUBMODULES = {"encryption", "image", "quant", "serving"}

for _class in (QuantParams, hbDNNDataType, hbDNNQuantiType):
    _class.__module__ = __name__  # where users find it: tracebacks, pickles and help() say so


def __dir__() -> list[str]:
    """Lists the public names."""
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    """Imports what is asked for for the first time."""
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    return value


def _first_line(level: int, text: str) -> None:
    from ._observing.logging import handle  # noqa: PLC0415 (it takes the lines from then on)

    handle(level, text)


provide_other_names(__name__)
announce_engine()
_core.set_log_handler(_first_line, 3)
if os.environ.get("HBM_RUNTIME_LOG") or os.environ.get("HBM_RUNTIME_LOG_FILE"):
    from ._observing.logging import configure_from_environment

    configure_from_environment()
