"""uvicorn's HTTP connections, with limits on how long one may be silent."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from .writing import JoinedWrites, PassingConnection


class ImpatientProtocol(H11Protocol):
    """Closes connections whose headers do not arrive, or whose answers are not taken, in time.

    uvicorn itself limits only the time between two requests.
    """

    _headers_due: asyncio.TimerHandle | None = None
    _write_due: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        limit = self.config.h11_max_incomplete_event_size
        assert limit is not None  # the service sets it
        self.conn = PassingConnection(h11.SERVER, limit)

    def connection_made(self, transport: Any) -> None:
        """Starts the clock."""
        super().connection_made(JoinedWrites(transport, self.loop))  # type: ignore[arg-type]
        self._headers_due = self.loop.call_later(self.config.timeout_keep_alive, self._give_up)

    def data_received(self, data: bytes) -> None:
        """Starts the clock anew when a request begins, and stops it when its headers are whole."""
        if self._headers_due is None and self.conn.their_state is h11.IDLE:
            self._headers_due = self.loop.call_later(self.config.timeout_keep_alive, self._give_up)
        super().data_received(data)
        if self._headers_due is not None and self.conn.their_state is not h11.IDLE:
            self._stop_clock()

    def pause_writing(self) -> None:
        """Starts the clock for a client that does not read."""
        super().pause_writing()
        self._write_due = self.loop.call_later(self.config.timeout_keep_alive, self.transport.abort)

    def resume_writing(self) -> None:
        """Stops that clock."""
        self._stop_write_clock()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clocks."""
        self._stop_clock()
        self._stop_write_clock()
        super().connection_lost(exc)

    def _stop_clock(self) -> None:
        if self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None

    def _stop_write_clock(self) -> None:
        if self._write_due is not None:
            self._write_due.cancel()
            self._write_due = None

    def _give_up(self) -> None:
        self._headers_due = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()
