"""The classes that `hbm_runtime` shows to users of `connect`."""

from __future__ import annotations

from .remote_model import RemoteModel
from .runs.observing import RemoteProfile
from .runs.requests import RemoteRequest, RemoteRequestInfo
from .runtime import RemoteRuntime

__all__ = ["RemoteModel", "RemoteProfile", "RemoteRequest", "RemoteRequestInfo", "RemoteRuntime"]

for _class in (RemoteModel, RemoteProfile, RemoteRequest, RemoteRequestInfo, RemoteRuntime):
    _class.__module__ = "hbm_runtime"
