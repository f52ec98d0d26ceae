"""The classes that `hbm_runtime` shows to users of `connect`."""

from __future__ import annotations

from .observing import RemoteProfile
from .requests import RemoteRequest, RemoteRequestInfo
from .runtime import RemoteRuntime

__all__ = ["RemoteProfile", "RemoteRequest", "RemoteRequestInfo", "RemoteRuntime"]

for _class in (RemoteProfile, RemoteRequest, RemoteRequestInfo, RemoteRuntime):
    _class.__module__ = "hbm_runtime"
