"""A runtime whose models are on a server."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from ..._errors import InputError
from ..._observing.benchmark import Benchmark, benchmark
from ..._observing.measuring import Calls, Plan
from ..._running.native import checked
from ..._running.scheduling import SchedParam
from .connecting import Options
from .models import repository
from .models.facts import facts_of, ready_models
from .remote_model import RemoteModel
from .runnable import RunnableServer
from .runs import observing
from .runs.calls import Context
from .runs.measuring import benchmark_there
from .runs.run_arguments import model_of
from .runs.scheduling import Overrides, as_sched_param, parse_scheduling
from .runs.workers import Workers

if TYPE_CHECKING:
    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

    from ..._loading.sources import PathOrBuffer
    from ..._running.keywords import Inputs, OutputNames, Outputs
    from .transports.servers import Servers


class RemoteRuntime(RunnableServer):
    """The models of a server, under the names of `HB_HBMRuntime`. Made by `connect`.

    Safe to use from any number of threads. What it knows of the models is what the server reported when it
    connected, or last loaded a model or called `refresh`. Arrays that it returns are writeable, dense, and stay valid
    after the end.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._profile: observing.RemoteProfile | None = None
        self._defaults: dict[str, Overrides] = {}
        self._workers = Workers()
        self._finalizer = weakref.finalize(self, _end, self._pid, self._servers, self._workers)
        try:
            self._host = observing.host_of(self._servers, self._control())
            self.refresh()
        except BaseException:
            self._finalizer()
            raise

    def model(self, name: str) -> RemoteModel:
        """Returns a view of one model, with its tensors as objects. Raises InputError for an unknown name."""
        return RemoteModel(self, model_of(self._models(), name).name)

    __getitem__ = model

    def refresh(self) -> None:
        """Asks the server again which models it has, and reads their metadata."""
        control = self._control()
        given = self._options.models
        names = list(given) if given is not None else ready_models(self._servers, control)
        self._facts = {name: facts_of(self._servers, name, control) for name in names}
        self._defaults = {name: self._defaults.get(name, Overrides()) for name in names}

    @property
    def sched_params(self) -> dict[str, SchedParam]:
        """The scheduling defaults of this connection by model name; changing the copies has no effect."""
        return {model: as_sched_param(self._defaults[model]) for model in self._models()}

    def set_scheduling_params(
        self,
        priority: Mapping[str, int] | None = None,
        bpu_cores: Mapping[str, Sequence[int]] | None = None,
        custom_id: Mapping[str, int] | None = None,
        device_id: Mapping[str, int] | None = None,
    ) -> None:
        """Sets defaults for the following runs of this connection; all or nothing. Other connections keep theirs.

        Args:
            priority: 0 to 255 by model name, bigger first.
            bpu_cores: Lists of core numbers by model name; [-1] or [] for automatic.
            custom_id: int by model name.
            device_id: int by model name.

        Raises:
            InputError: Unknown model, number out of range; nothing was changed.
            TypeError: A value of a wrong type.
        """
        given = {"priority": priority, "bpu_cores": bpu_cores, "custom_id": custom_id, "device_id": device_id}
        for model, changes in parse_scheduling(self._models(), observing.core_count(self._host), given).items():
            self._defaults[model] = cast("Overrides", {**self._defaults[model], **changes})

    @checked
    def load(self, model: str, path: PathOrBuffer | None = None, **options: Any) -> None:
        """Loads a model on the server, or on each of several.

        Args:
            model: Its name.
            path: A file of this machine or a buffer, which is sent if the server allows uploads; None: the server
                loads the file of that name from its own folder.
            **options: Load options of `HB_HBMRuntime`, such as ``threads`` and ``passphrase``; the latter only over TLS
                or to this machine.

        Raises:
            InputError: A passphrase would travel unencrypted.
            ModelNotFoundError: There is no such file.
            HbmError: What the server reports.
        """
        self._models()
        repository.load(self._servers, model, path, options, self._control())
        self.refresh()

    def unload(self, model: str) -> None:
        """Unloads a model on the server, or on each of several; runs in flight finish."""
        self._models()
        repository.unload(self._servers, model, self._control())
        self.refresh()

    @checked
    def reload(self, model: str, path: PathOrBuffer | None = None, *, passphrase: str | bytes | None = None) -> None:
        """Replaces a model under load with a file of this machine or, without path, with the server's own, read again.

        Raises:
            InputError: No model of that name is loaded.
            HbmError: As `load`; the old model stays.
        """
        model_of(self._models(), model)
        self.load(model, path, passphrase=passphrase)

    def profile(self, *, capacity: int = 100_000) -> observing.RemoteProfile:
        """Records requests of this runtime inside a ``with`` block, as they went on the server.

        Args:
            capacity: How many requests are kept; those beyond are counted in `RemoteProfile.lost`.
        """
        self._models()
        return observing.RemoteProfile(self, capacity)

    @checked
    def benchmark(
        self,
        inputs: Inputs | Sequence[Inputs],
        *,
        where: Literal["client", "server"] = "client",
        repeat: int = 100,
        duration: float | None = None,
        warmup: int = 10,
        warmup_time: float = 0.0,
        stop_threshold: float | None = None,
        check_period: int = 20,
        in_flight: int = 1,
        profile: bool = False,
        capacity: int = 100_000,
        model_name: str | None = None,
        priority: Mapping[str, int] | None = None,
        bpu_cores: Mapping[str, Sequence[int]] | None = None,
        custom_id: Mapping[str, int] | None = None,
        device_id: Mapping[str, int] | None = None,
        timeout: float | None = None,
        deadline: float | None = None,
        outputs: Outputs | None = None,
        output_names: OutputNames | None = None,
        idempotent: bool | None = None,
    ) -> Benchmark:
        """Runs a model repeatedly, and measures latency and throughput.

        Args:
            inputs: What `run` takes, or a list of such sets, which are used in turn.
            where: "client" measures what this program waits for, with the network; "server" sends the inputs once and
                has the server run them `repeat` times, which measures the device.
            repeat: Number of runs measured.
            duration: As for `HB_HBMRuntime.benchmark`, like the following; not for ``where="server"``.
            warmup: Minimum number of runs before the measurement.
            warmup_time: Minimum duration of those runs in seconds.
            stop_threshold: Ends earlier, once the standard error of the mean latency is at most that many seconds.
            check_period: Runs between two checks of that error.
            in_flight: Runs under way at a time.
            profile: Also record a profile; with "client" only.
            capacity: How many requests that profile keeps.
            model_name: As for `run`, like all that follow.
            priority: As for `run`.
            bpu_cores: As for `run`.
            custom_id: As for `run`.
            device_id: As for `run`.
            timeout: As for `run`, of each run.
            deadline: As for `run`.
            outputs: As for `run`.
            output_names: As for `run`.
            idempotent: As for `run`.
        """
        keywords: dict[str, Any] = {
            "model_name": model_name,
            "priority": priority,
            "bpu_cores": bpu_cores,
            "custom_id": custom_id,
            "device_id": device_id,
            "timeout": timeout,
            "deadline": deadline,
            "outputs": outputs,
            "output_names": output_names,
            "idempotent": idempotent,
        }
        plan = Plan(repeat, duration, warmup, warmup_time, stop_threshold, check_period, in_flight)
        if where == "client":
            recorded = self.profile(capacity=capacity) if profile else None
            calls = Calls(
                lambda each: self.run(each, **keywords), lambda each: cast("Any", self.run_async(each, **keywords))
            )
            return benchmark(calls, inputs, plan, recorded)
        if profile:
            raise InputError("a profile is recorded with where='client' only")
        return benchmark_there(self._context(), where, inputs, plan, keywords)

    def close(self) -> None:
        """Ends the connection; the server keeps its models. Closing twice is fine; every other method raises then."""
        self._closed = True
        self._finalizer()

    @checked
    def __enter__(self) -> Self:
        self._models()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        self._options.check_picklable()
        return type(self), (self._options,)

    def __repr__(self) -> str:
        state = "closed" if self._closed else ", ".join(self._facts)
        return f"<RemoteRuntime {self._options.url}: {state}>"

    def _context(self) -> Context:
        models = self._models()
        options = self._options
        cores = observing.core_count(self._host)
        return Context(self._servers, models, self._defaults, cores, options.timeout, options.idempotent, self._profile)


def _end(pid: int, servers: Servers, workers: Workers) -> None:
    if os.getpid() == pid:  # in a child that was forked, the connections are the parent's
        workers.close()
        servers.close()
