"""What goes wrong, as the statuses of both protocols and as an object from which a client makes the same exception."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import Enum
from typing import Any

import hbm_runtime
from hbm_runtime import HbmError

_log = logging.getLogger("hbm_runtime.serving")


class Kind(Enum):
    """Kinds of failures: status code of HTTP, and name of the status code of gRPC."""

    INVALID = (400, "INVALID_ARGUMENT")
    UNAUTHENTICATED = (401, "UNAUTHENTICATED")
    FORBIDDEN = (403, "PERMISSION_DENIED")
    NOT_FOUND = (404, "NOT_FOUND")
    SLOW_CLIENT = (408, "DEADLINE_EXCEEDED")
    CONFLICT = (409, "FAILED_PRECONDITION")
    TOO_LARGE = (413, "RESOURCE_EXHAUSTED")
    WRONG_CONTENT = (415, "INVALID_ARGUMENT")
    BAD_MODEL = (422, "FAILED_PRECONDITION")
    TOO_MANY = (429, "RESOURCE_EXHAUSTED")
    CANCELLED = (499, "CANCELLED")
    INTERNAL = (500, "INTERNAL")
    UNSUPPORTED = (501, "UNIMPLEMENTED")
    UNAVAILABLE = (503, "UNAVAILABLE")
    NO_ROOM = (503, "RESOURCE_EXHAUSTED")
    TIMED_OUT = (504, "DEADLINE_EXCEEDED")
    FULL = (507, "RESOURCE_EXHAUSTED")

    @property
    def http_status(self) -> int:
        """Status code of HTTP."""
        return int(self.value[0])

    @property
    def grpc_code(self) -> str:
        """Name of the status code of gRPC."""
        return str(self.value[1])


class RefusedError(HbmError):
    """The server refuses a call for a reason that no exception of the runtime has.

    Attributes:
        kind: Which status it becomes.
        reported_class: Name of the exception that the client shall raise.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        reported_class: str = "HbmRemoteError",
        model: str | None = None,
        tensor: str | None = None,
    ) -> None:
        super().__init__(message, model=model, tensor=tensor)
        self.kind = kind
        self.reported_class = reported_class


# The first class that an exception is an instance of decides.
_KINDS: tuple[tuple[type[BaseException], Kind], ...] = (
    (hbm_runtime.ModelNotFoundError, Kind.NOT_FOUND),
    (hbm_runtime.InputError, Kind.INVALID),
    (hbm_runtime.InputTypeError, Kind.INVALID),
    (hbm_runtime.ModelError, Kind.BAD_MODEL),
    (hbm_runtime.OutOfResourcesError, Kind.TOO_MANY),
    (hbm_runtime.DriverError, Kind.INTERNAL),
    (hbm_runtime.DriverNotFoundError, Kind.UNAVAILABLE),
    (hbm_runtime.UnsupportedError, Kind.UNSUPPORTED),
    (hbm_runtime.HbmTimeoutError, Kind.TIMED_OUT),
    (hbm_runtime.HbmCancelledError, Kind.CANCELLED),
    (hbm_runtime.HbmQueueFullError, Kind.UNAVAILABLE),
    (hbm_runtime.HbmClosedError, Kind.UNAVAILABLE),
    (hbm_runtime.HbmStateError, Kind.CONFLICT),
    (TypeError, Kind.INVALID),
)


_PASSING = (Kind.UNAVAILABLE, Kind.NO_ROOM, Kind.TOO_MANY)


@dataclass(frozen=True)
class Failure:
    """One failure, ready for the wire.

    Attributes:
        kind: Which status it becomes.
        text: What the client reads.
        details: The object ``hbm_error`` of the protocol mapping.
        retry_after: Seconds after which another attempt may succeed; None where none will.
    """

    kind: Kind
    text: str
    details: dict[str, Any]
    retry_after: float | None = None


def failure_of(error: BaseException) -> Failure:
    """Describes an exception; unexpected ones are logged, and the client reads no details of them."""
    if isinstance(error, RefusedError):
        kind, reported = error.kind, error.reported_class
    else:
        kind = next((kind for cls, kind in _KINDS if isinstance(error, cls)), Kind.INTERNAL)
        reported = _public_class(error)
    text = _on_one_line(str(error))
    if kind is Kind.INTERNAL and not isinstance(error, HbmError):
        _log.error("unexpected failure", exc_info=error)
        text, reported = "internal error; the server's log has the details", "HbmRemoteError"
    fields = ("function", "status", "status_name", "model", "tensor")
    details = {"class": reported, **{name: getattr(error, name, None) for name in fields}}
    retry = 0.05 if kind in _PASSING else None
    return Failure(kind, text, details, retry)


def _public_class(error: BaseException) -> str:
    for cls in type(error).__mro__:
        if getattr(hbm_runtime, cls.__name__, None) is cls:
            return str(cls.__name__)
    return "InputTypeError" if isinstance(error, TypeError) else "HbmRemoteError"


def _on_one_line(text: str) -> str:
    """Escapes control characters, which status lines and terminals would interpret."""
    escaped = [char if char.isprintable() else char.encode("unicode_escape").decode() for char in text]
    return "".join(escaped)
