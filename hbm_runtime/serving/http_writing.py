"""One write to a connection where uvicorn makes several."""

from __future__ import annotations

import asyncio
from typing import Any

_JOINED_AT_MOST = 64 * 1024
"""Copying more than this costs more than another system call."""


class JoinedWrites:
    """A transport that writes at once what is written in one turn of the event loop: head and body of an answer.

    That saves a system call and a packet. It also lets clients that never read the body of an answer, as Triton's
    asyncio client does with those about health, have it with the head.
    """

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Writes at the end of this turn."""
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)

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
