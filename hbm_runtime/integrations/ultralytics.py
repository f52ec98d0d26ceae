"""Ultralytics on this runtime: after ``register()``, ``YOLO("yolo11n_hbm_model")`` predicts with the folder's model.

A folder has a name that ends in ``_hbm_model``, one ``.hbm`` file, and the ``metadata.yaml`` that Ultralytics writes
beside its exports (names, task, stride, imgsz).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .._errors import MissingPackageError

FORMAT = "hbm"
_ENDINGS = ("_hbm_model", ".hbm")


def register() -> None:
    """Adds ``.hbm`` to the formats that Ultralytics' AutoBackend knows in this process; more than once does no harm.

    Raises:
        MissingPackageError: ultralytics is not installed.
    """
    try:
        from ultralytics.nn.autobackend import AutoBackend  # noqa: PLC0415
    except ImportError as error:
        raise MissingPackageError(f"{error}; this needs a package: pip install ultralytics") from error
    from .ultralytics_backend import HbmBackend  # noqa: PLC0415 (needs torch)

    backends: dict[str, Any] = AutoBackend._BACKEND_MAP
    if FORMAT in backends:
        return
    known = AutoBackend._model_type

    def model_type(path: Any = "", *arguments: Any, **options: Any) -> Any:
        name = Path(str(path)).name.lower()
        return FORMAT if name.endswith(_ENDINGS) else known(path, *arguments, **options)

    AutoBackend._model_type = staticmethod(model_type)
    backends[FORMAT] = HbmBackend
