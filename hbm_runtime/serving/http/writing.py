"""Writes to a connection with fewer calls and copies than uvicorn and h11 make."""

from __future__ import annotations

import asyncio
from typing import Any

import h11

_JOINED_AT_MOST = 64 * 1024
"""Copying more than this costs more than another system call."""


Written = bytes | memoryview


class PassingConnection(h11.Connection):
    """A connection of h11 that passes the bytes of a body on as they are; h11 copies them."""

    def send(self, event: h11.Event) -> Written | None:  # type: ignore[override] # which is "bytes-like" for h11, too
        """Returns the bytes of an event, None for the end of a connection."""
        pieces = self.send_with_data_passthrough(event)
        if pieces is None:
            return None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class JoinedWrites:
    """A transport that joins two writes in one turn of the event loop, which are head and body of an answer.

    That saves a system call and a packet. It also lets clients that never read the body of an answer, as Triton's
    asyncio client does with those about health, have it with the head.
    """

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[Written] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: Written) -> None:
        """Writes the second of two at once with the first; one alone at the end of this turn."""
        self._waiting.append(data)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._flush)
        else:
            self._flush()

    def close(self) -> None:
        """Closes when everything is written."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if sum(map(len, waiting)) <= _JOINED_AT_MOST:
            waiting = [b"".join(waiting)]
        for data in waiting:
            if data:
                self._transport.write(data)
