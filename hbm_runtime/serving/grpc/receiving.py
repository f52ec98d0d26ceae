"""The message of a gRPC call, received within a time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from hbm_runtime._signals import signals_blocked

from ..failures import Kind, RefusedError

_LONGEST_PAUSE = 5.0


class Receiver:
    """Waits for the messages of calls, and cancels calls whose message does not come. Safe to use from any thread.

    grpcio waits without a limit, on one of the threads for calls. A client that answers pings but sends no message, or
    half of one, would keep its place for ever.

    Args:
        seconds: How long a message may take from the beginning of its call.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[int, tuple[float, Any]] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="hbm-grpc-receive", daemon=True)

    def start(self) -> None:
        """Begins to watch the time."""
        with signals_blocked():
            self._thread.start()

    def stop(self) -> None:
        """Ends the watch; to be called when no calls are left."""
        self._stopped.set()

    def message(self, requests: Iterator[bytes], context: Any) -> bytes:
        """Returns the message of a call.

        Raises:
            RefusedError: The client sent none.
            grpc.RpcError: The call was cancelled, by the client or as its time was up.
        """
        key = id(context)
        self._waiting[key] = (time.monotonic(), context)
        try:
            data = next(requests, None)
        finally:
            del self._waiting[key]
        if data is None:
            raise RefusedError(Kind.INVALID, "the call ended without a message")
        return data

    def _watch(self) -> None:
        while not self._stopped.wait(min(_LONGEST_PAUSE, self._seconds / 4)):
            latest = time.monotonic() - self._seconds
            for began, context in self._waiting.copy().values():
                if began < latest:
                    context.cancel()
