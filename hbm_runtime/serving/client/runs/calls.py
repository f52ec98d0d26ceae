"""From the arguments of a run to what is sent for each of its models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hbm_runtime._running.keywords import RunKeywords

from ..models.facts import ModelFacts
from ..transports.servers import Servers
from ..transports.wire import Control, Parameter
from .call_limits import seconds_of
from .observing import RemoteProfile
from .requests import Part
from .run_arguments import ModelRun, parse_run
from .running import Outcome, run_model
from .scheduling import Overrides, as_parameters, parse_scheduling

FORMS = ("input_tensor", "input_tensors", "multi_input_tensors")
SCHEDULING = ("priority", "bpu_cores", "custom_id", "device_id")
POSITIONAL = ("input_tensor", "model_name", *SCHEDULING)


class RemoteRunKeywords(RunKeywords, total=False):
    """What `RemoteRuntime.run` takes by keyword: that of `HB_HBMRuntime.run`, and whether it may run twice."""

    idempotent: bool | None


@dataclass(frozen=True)
class Context:
    """What a run needs of its runtime.

    Attributes:
        servers: The servers to ask.
        models: Their models.
        defaults: Scheduling defaults by model.
        core_count: Number of cores of the server; None if it is not known.
        timeout: Seconds for runs that have no timeout of their own; None for no limit.
        idempotent: Runs may be repeated.
        profile: Where the events of the runs go; None if they are not recorded.
    """

    servers: Servers
    models: Mapping[str, ModelFacts]
    defaults: Mapping[str, Overrides]
    core_count: int | None
    timeout: float | None
    idempotent: bool
    profile: RemoteProfile | None


def arguments_of(function: str, positional: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Gives positional arguments their names.

    Raises:
        TypeError: Too many, one given twice, or an unknown keyword.
    """
    if len(positional) > len(POSITIONAL):
        raise TypeError(f"{function}() takes at most {len(POSITIONAL)} positional arguments, given {len(positional)}")
    given = dict(zip(POSITIONAL, positional, strict=False))
    known = {*RemoteRunKeywords.__annotations__, *RunKeywords.__annotations__}
    for name in keywords:
        if name in given:
            raise TypeError(f"{function}() got several values for {name}")
        if name not in known:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
    return {**given, **keywords}


def parts_of(
    context: Context, given: Mapping[str, Any], *, copied: bool, more: Mapping[str, Parameter] | None = None
) -> list[Part]:
    """Checks all arguments of a call and prepares the runs of its models; nothing is sent.

    Args:
        context: The runtime's context.
        given: The arguments by name.
        copied: The arrays may change before they are sent.
        more: Further parameters of the requests.

    Raises:
        InputError, TypeError: An argument is wrong.
    """
    runs = parse_run(
        context.models, _inputs(given), given.get("model_name"), given.get("outputs"), given.get("output_names")
    )
    scheduling = {name: given.get(name) for name in SCHEDULING}
    overrides = parse_scheduling(context.models, context.core_count, scheduling)
    timeout = seconds_of(given.get("timeout"), "timeout")
    deadline = seconds_of(given.get("deadline"), "deadline")
    wished = given.get("idempotent")
    idempotent = context.idempotent if wished is None else bool(wished)
    parts = []
    for run in runs:
        name = run.model.name
        if copied:
            run.inputs = {tensor: np.array(array, order="C") for tensor, array in run.inputs.items()}
        parameters = as_parameters({**context.defaults.get(name, {}), **overrides.get(name, {})})
        parameters |= more or {}
        seconds = context.timeout if timeout is None else timeout
        control = Control.within(seconds, cancellable=copied or len(runs) > 1)
        parts.append(_part(context, run, parameters, deadline, control, idempotent=idempotent))
    return parts


def _part(
    context: Context,
    run: ModelRun,
    parameters: dict[str, Parameter],
    deadline: float | None,
    control: Control,
    *,
    idempotent: bool,
) -> Part:
    profile = context.profile
    if profile is not None:
        parameters["hbm_profile"] = True

    def execute() -> Outcome:
        outcome = run_model(context.servers, run, parameters, deadline, control, idempotent=idempotent)
        if profile is not None:
            profile._add(outcome)
        return outcome

    return Part(run.model.name, execute, control)


def _inputs(given: Mapping[str, Any]) -> Any:
    named = [name for name in FORMS if given.get(name) is not None]
    if len(named) > 1:
        raise TypeError(f"the inputs are given more than once: {' and '.join(named)}")
    return given[named[0]] if named else None
