"""One inference of one model, as the options of ``infer`` and ``perf`` ask for it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from hbm_runtime.cli.arguments import Parser, integer, words
from hbm_runtime.cli.errors import UsageError
from hbm_runtime.cli.models import LoadedModels, ModelFacts

Outputs = dict[str, NDArray[Any]]

_MAX_CORES = 4


def add_running_arguments(parser: Parser) -> None:
    """Declares scheduling and limits."""
    parser.add_option(
        "core_id",
        metavar="LIST",
        type=words,
        default=["0"],
        help="0 for any core, 1 for core 0, 2 for core 1 …; several for multi-core models, as in 1,2",
    )
    parser.add_option("task_priority", metavar="N", type=integer(0, 255), help="0 to 255, bigger first; default: 0")
    parser.add_option("task_timeout", metavar="MS", type=integer(0), default=0, help="0, the default, waits for ever")


def prepare_run(
    arguments: argparse.Namespace, models: LoadedModels, model: ModelFacts, inputs: Outputs
) -> Callable[[], Outputs]:
    """Returns what runs the model once; it may be called from any thread.

    Raises:
        UsageError: ``--core_id`` is wrong.
    """
    options: dict[str, Any] = {"bpu_cores": {model.name: core_numbers(arguments.core_id)}}
    if arguments.task_priority is not None:
        options["priority"] = {model.name: arguments.task_priority}
    if arguments.task_timeout:
        options["timeout"] = arguments.task_timeout / 1000
    runtime, name = models.runtime, model.name

    def run() -> Outputs:
        return runtime.run(inputs, model_name=name, **options)[name]

    return run


def core_numbers(core_id: list[str]) -> list[int]:
    """Turns the vendor tool's counting, where 0 is any core, into numbers of cores; [-1] is any.

    Raises:
        UsageError: A number is wrong.
    """
    wanted = f"0 for any core, or numbers from 1 (core 0) to {_MAX_CORES} (core {_MAX_CORES - 1})"
    try:
        numbers = [int(word) for word in core_id]
    except ValueError:
        numbers = [-1]
    if not numbers or any(not 0 <= number <= _MAX_CORES for number in numbers):
        raise UsageError(f"--core_id takes {wanted}, not {','.join(core_id)!r}")
    if 0 in numbers:
        if len(numbers) > 1:
            raise UsageError("--core_id 0 means any core and stands alone")
        return [-1]
    if len(set(numbers)) != len(numbers):
        raise UsageError(f"--core_id names a core twice: {','.join(core_id)}")
    return [number - 1 for number in numbers]
