"""Runs compiled .hbm models on the BPU of D-Robotics RDK boards, and on any PC.

from hbm_runtime import HB_HBMRuntime

runtime = HB_HBMRuntime("model.hbm")
outputs = runtime.run({"data": array})
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._bootstrap import locate_extension

locate_extension(__name__, __path__)

# The extension first: it refuses sub-interpreters, in which numpy would get stuck half-way.
from . import _core  # noqa: E402,F401
from ._core import (  # noqa: E402
    QuantParams,
    __version__,
    driver_info,
    hbDNNDataType,
    hbDNNQuantiType,
    load_driver,
)
from ._errors import (  # noqa: E402
    ContainerError,
    DriverError,
    DriverNotFoundError,
    EncryptedModelError,
    HbmCancelledError,
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
from ._machine.devices import Device, HostInfo, get_devices, get_host_info  # noqa: E402
from ._machine.engine_path import announce_engine  # noqa: E402
from ._machine.version import Version, get_version  # noqa: E402
from ._models.model import Model  # noqa: E402
from ._models.operations import Operation  # noqa: E402
from ._models.quant_scheme import QuantParam, QuantScheme  # noqa: E402
from ._models.shape import Shape  # noqa: E402
from ._models.tensor_info import TensorInfo  # noqa: E402
from ._observing.benchmark import Benchmark  # noqa: E402
from ._observing.durations import Durations, ModelDurations  # noqa: E402
from ._observing.logging import configure_from_environment, set_log_level  # noqa: E402
from ._observing.profile import Profile, ProfileEvent  # noqa: E402
from ._pickled_names import accept_old_pickles  # noqa: E402
from ._running.bound import BoundRun  # noqa: E402
from ._running.queue import InferQueue  # noqa: E402
from ._running.queue_items import QueueResult, QueueStats  # noqa: E402
from ._running.request import InferRequest  # noqa: E402
from ._running.request_info import RequestInfo  # noqa: E402
from ._running.scheduling import SchedParam  # noqa: E402
from ._running.steps import BoundSteps  # noqa: E402
from ._runtime import HB_HBMRuntime  # noqa: E402
from ._vendor_module import provide_vendor_module  # noqa: E402
from .quant import dequantize, quantize  # noqa: E402
from .serving.client import connect  # noqa: E402

# isort: split
# Types of fields are looked up in the module that their classes name.
from numpy.typing import NDArray  # noqa: E402,F401

if TYPE_CHECKING:
    from . import encryption, image
    from .serving.client.observing import RemoteProfile
    from .serving.client.remote_model import RemoteModel
    from .serving.client.requests import RemoteRequest, RemoteRequestInfo
    from .serving.client.runtime import RemoteRuntime

provide_vendor_module(__name__)
accept_old_pickles(__name__)
announce_engine()
configure_from_environment()

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

for _class in [_value for _name, _value in globals().items() if _name in __all__ and isinstance(_value, type)]:
    _class.__module__ = __name__  # where users find it: tracebacks, pickles and help() say so


def __dir__() -> list[str]:
    """Lists the public names."""
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    """Imports what few programs need when it is asked for; importing this package must stay cheap."""
    if name in {"encryption", "image"}:
        return import_module(f"{__name__}.{name}")
    if name not in {"RemoteModel", "RemoteProfile", "RemoteRequest", "RemoteRequestInfo", "RemoteRuntime"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .serving.client import public  # noqa: PLC0415

    return getattr(public, name)
