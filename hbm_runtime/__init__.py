"""Runs compiled .hbm models on the BPU of D-Robotics RDK boards, and on any PC.

from hbm_runtime import HB_HBMRuntime

runtime = HB_HBMRuntime("model.hbm")
outputs = runtime.run({"data": array})
"""

from __future__ import annotations

from ._bootstrap import locate_extension

locate_extension(__name__, __path__)

from ._bound import BoundRun  # noqa: E402
from ._core import (  # noqa: E402
    QuantParams,
    __version__,
    driver_info,
    hbDNNDataType,
    hbDNNQuantiType,
    load_driver,
)
from ._engine_path import announce_engine  # noqa: E402
from ._errors import (  # noqa: E402
    DriverError,
    DriverNotFoundError,
    HbmCancelledError,
    HbmClosedError,
    HbmDeadlineError,
    HbmError,
    HbmForkError,
    HbmQueueFullError,
    HbmStateError,
    HbmTimeoutError,
    InputError,
    InputTypeError,
    ModelError,
    ModelNotFoundError,
    OutOfResourcesError,
    UnsupportedError,
)
from ._model import Model, TensorInfo  # noqa: E402
from ._request import InferRequest, RequestInfo  # noqa: E402
from ._runtime import HB_HBMRuntime  # noqa: E402
from ._scheduling import SchedParam  # noqa: E402

announce_engine()

__all__ = [
    "BoundRun",
    "DriverError",
    "DriverNotFoundError",
    "HB_HBMRuntime",
    "HbmCancelledError",
    "HbmClosedError",
    "HbmDeadlineError",
    "HbmError",
    "HbmForkError",
    "HbmQueueFullError",
    "HbmStateError",
    "HbmTimeoutError",
    "InferRequest",
    "InputError",
    "InputTypeError",
    "Model",
    "ModelError",
    "ModelNotFoundError",
    "OutOfResourcesError",
    "QuantParams",
    "RequestInfo",
    "SchedParam",
    "TensorInfo",
    "UnsupportedError",
    "__version__",
    "driver_info",
    "hbDNNDataType",
    "hbDNNQuantiType",
    "load_driver",
]
