"""What a client says to one server, whichever protocol carries it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from hbm_runtime._errors import HbmTimeoutError
from hbm_runtime._future_errors import HbmCancelledError

from .address import Address

Array = NDArray[Any]
Parameter = str | int | float | bool
#: JSON objects of the protocol, as HTTP has them.
Document = dict[str, Any]


@dataclass(frozen=True)
class Placement:
    """Where a tensor lies in a region of shared memory."""

    region: str
    offset: int
    nbytes: int


@dataclass(frozen=True)
class Tensor:
    """An input as it is sent: an array, or the place where the server finds it.

    Attributes:
        name: Its name.
        datatype: The protocol's name of its element type.
        shape: Its dimensions.
        array: Its elements in C order; not used with a placement.
        placement: Its place in shared memory.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    array: Array | None = None
    placement: Placement | None = None


@dataclass(frozen=True)
class InferCall:
    """One run of one model.

    Attributes:
        model: Its name.
        inputs: All of its inputs.
        outputs: The outputs that are asked for, with a placement where the server is to write them; None for all.
        parameters: Parameters of the request; ``priority`` and ``timeout`` have Triton's meaning.
    """

    model: str
    inputs: tuple[Tensor, ...]
    outputs: Mapping[str, Placement | None] | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True)
class InferReply:
    """What a run gave.

    Attributes:
        outputs: Arrays by name; None for those that lie in shared memory.
        shapes: Shapes by name.
        parameters: Parameters of the response.
    """

    outputs: Mapping[str, Array | None]
    shapes: Mapping[str, tuple[int, ...]]
    parameters: Mapping[str, Parameter]


class Control:
    """Time limit of one call, and the way to end it from another thread.

    Args:
        deadline: A time of `time.monotonic`; None for no limit.
        cancellable: Another thread may call `cancel`; False saves time.
    """

    def __init__(self, deadline: float | None = None, *, cancellable: bool = False) -> None:
        self.deadline = deadline
        self.cancellable = cancellable
        self._lock = threading.Lock()
        self._abort: Callable[[], object] | None = None
        self.cancelled = False

    @classmethod
    def within(cls, seconds: float | None, *, cancellable: bool = False) -> Control:
        """A limit that counts from now."""
        return cls(None if seconds is None else time.monotonic() + seconds, cancellable=cancellable)

    def remaining(self) -> float | None:
        """Returns the seconds that are left, None without a limit.

        Raises:
            HbmTimeoutError: None are left.
            HbmCancelledError: The call was cancelled.
        """
        self.check()
        return None if self.deadline is None else self.deadline - time.monotonic()

    def check(self) -> None:
        """Raises what `remaining` raises."""
        if self.cancelled:
            raise HbmCancelledError("the request was abandoned")
        if self.expired():
            raise HbmTimeoutError("the server did not answer in time")

    def expired(self) -> bool:
        """Returns True if the limit has passed."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    def cancel(self) -> None:
        """Ends the call: what waits for the network is woken."""
        with self._lock:
            self.cancelled = True
            if self._abort is not None:
                self._abort()

    def on_cancel(self, abort: Callable[[], object] | None) -> None:
        """Sets what `cancel` calls, at once if it was called; None when the call has ended."""
        with self._lock:
            self._abort = abort
            if abort is not None and self.cancelled:
                abort()


class Transport(Protocol):
    """The connection to one server. Safe to use from any thread.

    All calls raise `HbmNetworkError`, `HbmTimeoutError`, `HbmCancelledError`, or what the server reports: an exception
    of the class that it names, `HbmRemoteError` for others.
    """

    address: Address

    def infer(self, call: InferCall, control: Control) -> InferReply:
        """Runs a model."""
        ...

    def request(self, what: str, document: Document, control: Control) -> Document:
        """Makes another call of the protocol, by the key of the tables in the transports, such as "index"."""
        ...

    def host(self, control: Control) -> Document | None:
        """Returns the server's report of its machine; None if it is not one of this package's."""
        ...

    def close(self) -> None:
        """Closes the connections; calls that are under way fail."""
        ...
