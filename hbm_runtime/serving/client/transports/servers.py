"""One or several servers that have the same models: which one is asked, and what is tried again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from hbm_runtime._errors import HbmError, HbmNetworkError

from .regions import Regions
from .server_errors import nothing_ran
from .wire import Control, Document, Transport

T = TypeVar("T")

#: A server that could not be reached is asked last for that long.
_REST_SECONDS = 1.0


class Server:
    """One of them.

    Attributes:
        transport: The connection to it.
        regions: The shared memory that it knows.
    """

    def __init__(self, transport: Transport, regions: Regions) -> None:
        self.transport = transport
        self.regions = regions
        self._rests_until = 0.0

    def rest(self) -> None:
        """Notes that it could not be reached."""
        self._rests_until = time.monotonic() + _REST_SECONDS
        self.regions.forget()

    def rests(self) -> bool:
        """Returns True if it could not be reached just now."""
        return time.monotonic() < self._rests_until


class Servers:
    """All of them; calls go to each in turn. Safe to use from any thread."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self.all = list(servers)
        self._lock = threading.Lock()
        self._next = 0

    def call(self, ask: Callable[[Server], T], control: Control, *, repeatable: bool) -> T:
        """Asks one server, and the others if nothing has been run so far.

        Args:
            ask: Makes the call to a server.
            control: Its limit, for all attempts together.
            repeatable: The call may be made again even if a server may have run it.

        Raises:
            HbmError: The error of the last server that was asked.
        """
        order = self._in_turn()
        if repeatable and len(order) == 1:
            order *= 2
        failures: list[HbmError] = []
        for server in order:
            control.check()
            try:
                return ask(server)
            except HbmError as error:
                if isinstance(error, HbmNetworkError):
                    server.rest()
                    again = repeatable or nothing_ran(error)
                else:
                    again = nothing_ran(error)
                if not again:
                    raise
                failures.append(error)
        if len(self.all) > 1 and isinstance(failures[-1], HbmNetworkError):
            reasons = "; ".join(str(failure) for failure in failures)
            none = HbmNetworkError(f"none of {len(self.all)} servers can be reached: {reasons}")
            none.may_have_run = not all(nothing_ran(failure) for failure in failures)
            raise none from failures[-1]
        raise failures[-1]

    def read(self, what: str, document: Document, control: Control) -> Document:
        """Asks one of them for something that can always be asked again."""
        return self.call(lambda server: server.transport.request(what, document, control), control, repeatable=True)

    def close(self) -> None:
        """Gives shared memory back and closes all connections."""
        for server in self.all:
            server.regions.close()
            server.transport.close()

    def _in_turn(self) -> list[Server]:
        if len(self.all) == 1:
            return list(self.all)
        with self._lock:
            first = self._next
            self._next = (first + 1) % len(self.all)
        turn = self.all[first:] + self.all[:first]
        return sorted(turn, key=Server.rests)  # a stable sort: those that rest come last
