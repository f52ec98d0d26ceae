"""Hostile clients against one server, and whether it goes on answering right."""

from __future__ import annotations

import http.client
import json
import math
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import grpc
from wire_fuzz import grpc_half, http_half

from hbm_runtime.serving.protocol.messages import SERVICE, message

_CHECK_EVERY = 100


@dataclass
class Outcome:
    """What a run has seen. The lists are filled by several threads.

    Attributes:
        requests: How many were sent.
        wrong: What was wrong: the seed of a request, and why.
    """

    requests: int = 0
    wrong: list[tuple[int, str]] = field(default_factory=list)


def fuzz(http_address: str, grpc_address: str, seed: int, *, seconds: float = 0, requests: int = 0) -> Outcome:
    """Sends hostile requests of both protocols, each on a thread, until the time is up or so many were sent.

    A request follows from its seed alone; the seeds of HTTP are even, those of gRPC odd.
    """
    run = _Run(http_address, grpc_address, requests or 2**62, time.monotonic() + seconds if seconds else math.inf)
    threads = [threading.Thread(target=run.work, args=(half, 2 * seed + half)) for half in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return run.outcome


@dataclass
class _Run:
    http_address: str
    grpc_address: str
    requests: int
    end: float
    outcome: Outcome = field(default_factory=Outcome)

    def work(self, half: int, first: int) -> None:
        """Sends the requests of one protocol, 0 for HTTP and 1 for gRPC."""
        with grpc.insecure_channel(self.grpc_address) as channel:
            for index in range(self.requests):
                if time.monotonic() > self.end or len(self.outcome.wrong) > 20:
                    return
                seed = first + 2 * index
                wrong = self._tried(half, random.Random(seed), channel, checked=index % _CHECK_EVERY == 0)
                self.outcome.requests += 1
                if wrong is not None:
                    self.outcome.wrong.append((seed, wrong))

    def _tried(self, half: int, rng: random.Random, channel: Any, *, checked: bool) -> str | None:
        host, _, port = self.http_address.rpartition(":")
        try:
            wrong = grpc_half.sent(rng, channel) if half else http_half.sent(rng, host, int(port))
            return _still_right(self.http_address, channel) if wrong is None and checked else wrong
        except Exception as error:  # whatever it is, the run shall tell of it
            return repr(error)


def _still_right(http_address: str, channel: Any) -> str | None:
    """Sends a good request with both protocols; returns what is wrong with an answer, or None."""
    answer = message("ModelInferResponse").FromString(
        channel.unary_unary(f"/{SERVICE}/ModelInfer")(grpc_half.good_request(), timeout=30)
    )
    connection = http.client.HTTPConnection(http_address, timeout=30)
    try:
        body = json.dumps({"inputs": [http_half.X]})
        connection.request("POST", f"/v2/models/{http_half.MODEL}/infer", body, {"Content-Type": "application/json"})
        document = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    right = list(answer.raw_output_contents) == [bytes(24)] and document["outputs"][0]["data"] == [0, 2, 4, 6, 8, 10]
    return None if right else f"wrong answers: {answer} {document}"
