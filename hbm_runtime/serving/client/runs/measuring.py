"""Benchmarks that a server runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hbm_runtime._errors import InputError, UnsupportedError
from hbm_runtime._observing.benchmark import Benchmark
from hbm_runtime._observing.durations import Durations
from hbm_runtime._observing.measuring import Plan

from ..transports.server_errors import broken_answer
from .calls import Context, arguments_of, parts_of
from .running import Outcome


def benchmark_there(context: Context, where: str, inputs: Any, plan: Plan, keywords: Mapping[str, Any]) -> Benchmark:
    """Sends inputs once and has the server run them again and again.

    Args:
        context: The runtime's context.
        where: Must be "server".
        inputs: One set of inputs of one model.
        plan: How long to measure; only `repeat` may be set.
        keywords: Those of a run.

    Raises:
        InputError: The server cannot do that.
        UnsupportedError: The server is of another make.
    """
    if where != "server":
        raise InputError(f"where is {where!r}; it must be 'client' or 'server'")
    if plan.duration is not None or plan.stop_threshold is not None or plan.in_flight != 1 or isinstance(inputs, list):
        raise InputError("where='server' runs one set of inputs `repeat` times, one by one; leave the rest out")
    given = arguments_of("benchmark", [inputs], keywords)
    parts = parts_of(context, given, copied=False, more={"hbm_repeat": plan.repeat})
    if len(parts) != 1:
        raise InputError("where='server' measures one model; give the inputs of one")
    return _figures_of(parts[0].run())


def _figures_of(outcome: Outcome) -> Benchmark:
    text = outcome.parameters.get("hbm_benchmark")
    if not isinstance(text, str):
        raise UnsupportedError(f"{outcome.server} does not measure; servers of hbm_runtime do")
    try:
        figures = json.loads(text)
        latency = Durations(**figures.pop("latency"))
        sets = tuple(Durations(**each) for each in figures.pop("sets"))
        return Benchmark(latency, sets, **figures)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise broken_answer(outcome.server, f"hbm_benchmark: {type(error).__name__}: {error}") from error
