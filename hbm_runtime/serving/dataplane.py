"""Inference and metadata for both protocols: what is true of one is true of the other."""

from __future__ import annotations

import threading
import time
from typing import Any

from hbm_runtime import __version__

from .calls import Cancellation, InferAnswer, InferCall
from .failures import Kind, RefusedError, failure_of
from .host_report import host_report
from .inference import Inference
from .repository import Repository
from .served_model import VERSION
from .settings import Settings
from .shared_memory import SharedMemory

EXTENSIONS = (
    "binary_tensor_data",
    "model_repository",
    "model_configuration",
    "statistics",
    "system_shared_memory",
    "schedule_policy",
    "parameters",
)


class Dataplane:
    """Answers the calls of both services. Safe to use from any thread.

    Attributes:
        settings: The server's settings.
        repository: Its models.
        shared_memory: Its shared memory regions.
        draining: Whether the server is about to end and takes no new requests.
        abandoned: Requests whose clients went away.
    """

    def __init__(self, settings: Settings, repository: Repository) -> None:
        self.settings = settings
        self.repository = repository
        self.shared_memory = SharedMemory(settings.limits.regions)
        self.draining = False
        self.abandoned = 0
        self._inference = Inference(settings, repository, self.shared_memory)
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._calls = 0

    @property
    def ready(self) -> bool:
        """Returns True if the server takes requests and all its models run."""
        return not self.draining and all(model.ready for model in self.repository)

    @property
    def calls(self) -> int:
        """Inference requests under way."""
        return self._calls

    def server_metadata(self) -> dict[str, Any]:
        """Returns name, version and extensions of the server."""
        return {"name": self.settings.server_name, "version": __version__, "extensions": list(EXTENSIONS)}

    def model_ready(self, name: str, version: str = "") -> bool:
        """Returns True if requests for that model are expected to succeed.

        Raises:
            RefusedError: The repository has no such model at all.
        """
        try:
            return self.repository.get(name, version).ready and not self.draining
        except RefusedError as error:
            if error.kind is Kind.UNAVAILABLE:
                return False
            raise

    def statistics(self, name: str = "", version: str = "") -> dict[str, Any]:
        """Returns the counts of one model, or of all if the name is empty."""
        models = [self.repository.get(name, version)] if name else list(self.repository)
        return {"model_stats": [model.statistics.document(model.name, VERSION) for model in models]}

    def host(self) -> dict[str, Any]:
        """Returns what the runtime tells of driver, devices and computer."""
        return host_report(self.repository)

    def drained(self, seconds: float) -> bool:
        """Refuses new requests and waits until those under way have ended; False when that took too long."""
        self.draining = True
        with self._idle:
            return self._idle.wait_for(lambda: not self._calls, seconds)

    def infer(self, call: InferCall, cancellation: Cancellation) -> InferAnswer:
        """Runs one request.

        Raises:
            HbmError: The request was wrong, or failed. Nothing is left behind.
        """
        self._begin(call)
        try:
            model = self.repository.get(call.model, call.version)
            try:
                answer = self._inference.answer(model, call, cancellation)
            except BaseException as error:
                failure = failure_of(error)
                model.statistics.failed(failure.kind.grpc_code, time.monotonic_ns() - call.received_ns)
                model.health.ended(error)
                if failure.kind is Kind.CANCELLED:
                    with self._lock:
                        self.abandoned += 1
                raise
            model.health.ended(None)
            return answer
        finally:
            self._end()

    def _begin(self, call: InferCall) -> None:
        """Counts a request that begins, unless the server takes no more. Raises RefusedError."""
        call.received_ns = call.received_ns or time.monotonic_ns()
        with self._lock:
            if self.draining:
                raise RefusedError(
                    Kind.UNAVAILABLE, "the server is about to end", reported_class="HbmClosedError", model=call.model
                )
            if self._calls >= self.settings.limits.calls:
                raise RefusedError(
                    Kind.TOO_MANY,
                    f"{self._calls} requests are under way, which is the server's limit",
                    reported_class="HbmQueueFullError",
                    model=call.model,
                )
            self._calls += 1

    def _end(self) -> None:
        with self._idle:
            self._calls -= 1
            if not self._calls:
                self._idle.notify_all()
