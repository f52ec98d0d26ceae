"""Inference and metadata for both protocols: what is true of one is true of the other."""

from __future__ import annotations

import threading
import time
from typing import Any

from hbm_runtime import __version__

from ..calls.call import Cancellation, InferAnswer, InferCall
from ..calls.message_budget import MessageBudget
from ..calls.shared_memory import SharedMemory
from ..failures import Kind, RefusedError, failure_of
from ..models.repository import Repository
from ..models.served_model import VERSION, ServedModel
from ..settings import Settings
from .host_report import host_report
from .inference import Inference, Run

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
        budget: Memory for the messages of all clients.
        draining: True if the server is about to end and takes no new requests.
        abandoned: Requests whose clients went away.
    """

    def __init__(self, settings: Settings, repository: Repository) -> None:
        self.settings = settings
        self.repository = repository
        self.shared_memory = SharedMemory(settings.limits.regions)
        self.budget = MessageBudget(settings.total_bytes)
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
        """Returns the runtime's report of driver, devices and computer."""
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
        under_way = self.start(call, cancellation)
        assert under_way is not None
        return under_way.answer()

    def start(self, call: InferCall, cancellation: Cancellation, *, may_wait: bool = True) -> UnderWay | None:
        """Starts one request, whose `answer` has to be asked for.

        Returns:
            What runs; None, with nothing left behind, for a request that would have to wait and may not.

        Raises:
            HbmError: The request was wrong, or refused. Nothing is left behind.
        """
        self._begin(call)
        run = None
        try:
            model = self.repository.get(call.model, call.version)
            try:
                run = self._inference.start(model, call, cancellation, may_wait=may_wait)
            except BaseException as error:
                self._note_failure(model, call, error)
                raise
        finally:
            if run is None:
                self._end()
        return None if run is None else UnderWay(self, run)

    def _finish(self, run: Run) -> InferAnswer:
        try:
            answer = self._inference.finish(run)
        except BaseException as error:
            self._note_failure(run.model, run.call, error)
            raise
        finally:
            self._end()
        run.model.health.ended(None)
        return answer

    def _note_failure(self, model: ServedModel, call: InferCall, error: BaseException) -> None:
        failure = failure_of(error)
        model.statistics.failed(failure.kind.grpc_code, time.monotonic_ns() - call.received_ns)
        model.health.ended(error)
        if failure.kind is Kind.CANCELLED:
            with self._lock:
                self.abandoned += 1

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


class UnderWay:
    """A request that runs. Safe to use from any thread.

    Attributes:
        request: What can be waited for, in an event loop by ``await``.
    """

    __slots__ = ("_dataplane", "_run", "request")

    def __init__(self, dataplane: Dataplane, run: Run) -> None:
        self._dataplane = dataplane
        self._run = run
        self.request = run.request

    def answer(self) -> InferAnswer:
        """Waits for the answer; has to be called once.

        Raises:
            HbmError: The request failed. Nothing is left behind.
        """
        return self._dataplane._finish(self._run)
