"""What servers report, as exceptions of this package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hbm_runtime import _errors
from hbm_runtime._errors import HbmError, HbmNetworkError, HbmRemoteError

from .address import Address

_FIELDS = ("function", "status", "status_name", "model", "tensor")
#: How refusals of the gRPC library itself begin, which know nothing of ``hbm_error``, and the class that each becomes.
_OF_THE_LIBRARY = {
    "Received message larger than max": "HbmRemoteError",
    "Concurrent RPC limit exceeded": "HbmQueueFullError",
}
_REFUSED_STREAM = "RST_STREAM with error code 7"
#: HTTP statuses and gRPC codes of a server that has not begun, if it says so itself.
_BUSY = frozenset({"429", "503", "UNAVAILABLE", "RESOURCE_EXHAUSTED"})


def server_error(address: Address, code: str, text: str, details: Any) -> HbmError:
    """Makes the exception for what a server answered.

    Args:
        address: The server's address.
        code: HTTP status or name of the gRPC code.
        text: The message.
        details: The object ``hbm_error`` of this package's servers; None from others.
    """
    fields = details if isinstance(details, Mapping) else {}
    cls = _class_of(fields.get("class"))
    known = {name: fields[name] for name in _FIELDS if isinstance(fields.get(name), (str, int))}
    if cls in (HbmRemoteError, HbmNetworkError):
        text = f"{address}: {text or 'the server answered ' + code}"
    error = cls(text, **known)
    if isinstance(error, HbmRemoteError):
        error.code = code
    error._nothing_ran = bool(fields) and code in _BUSY  # type: ignore[attr-defined]
    return error


def broken_answer(address: Address | str, reason: object) -> HbmRemoteError:
    """Makes the exception for an answer that the protocol does not allow."""
    return HbmRemoteError(f"{address}: the answer is not what the Open Inference Protocol says: {reason}")


def network_error(address: Address, reason: object, *, may_have_run: bool) -> HbmNetworkError:
    """Makes the exception for a connection that could not be made or broke."""
    error = HbmNetworkError(f"{address}: {reason}")
    error.may_have_run = may_have_run
    return error


def nothing_ran(error: HbmError) -> bool:
    """Returns True if the call that failed can be repeated elsewhere without running anything twice."""
    if isinstance(error, HbmNetworkError):
        return not error.may_have_run
    return bool(getattr(error, "_nothing_ran", False))


def details_of(raw: bytes | str | None) -> Any:
    """Reads the JSON object of a server's error; None if it is something else."""
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None


def refusal_of_library(text: str) -> dict[str, str] | None:
    """Returns an ``hbm_error`` for a refusal of the server's gRPC library, which has begun nothing; otherwise None."""
    return next(({"class": cls} for start, cls in _OF_THE_LIBRARY.items() if start in text), None)


def is_refused_stream(text: str) -> bool:
    """Returns True if the server has reset a call unseen, as HTTP/2 has it for one stream too many."""
    return _REFUSED_STREAM in text


def _class_of(name: object) -> type[HbmError]:
    found = getattr(_errors, name, None) if isinstance(name, str) else None
    return found if isinstance(found, type) and issubclass(found, HbmError) else HbmRemoteError
