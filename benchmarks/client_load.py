"""Several clients that call a server at the same time, each one call after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import grpc


@dataclass
class ClientLoad:
    """What several clients saw that called for a while, each one call after the other."""

    durations: list[float] = field(default_factory=list)
    lost: int = 0

    @classmethod
    def of(cls, call_of: Callable[[], Callable[[], object]], clients: int, seconds: float) -> ClientLoad:
        """Lets clients call."""
        load = cls()
        end = time.perf_counter() + seconds

        def work() -> None:
            call = call_of()
            while time.perf_counter() < end:
                begin = time.perf_counter()
                try:
                    call()
                    load.durations.append(time.perf_counter() - begin)
                except grpc.RpcError:
                    load.lost += 1

        threads = [threading.Thread(target=work) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return load
