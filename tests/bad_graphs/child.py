"""Loads and runs graphs, one after the other. An engine may end this process at any of them.

``python -m bad_graphs.child SEED FIRST LAST [OPERATOR...]`` prints each number before it tries that graph, and behind
it how it ended.
"""

from __future__ import annotations

import faulthandler
import resource
import sys

from bad_graphs.graphs import case

from hbm_runtime import HB_HBMRuntime, HbmError

_MEMORY = 6 << 30
_SECONDS = 60


def ended(seed: int, number: int, only: frozenset[str]) -> str:
    """Tries one graph: "run", or the class of the error."""
    graph = case(seed, number, only)
    try:
        with HB_HBMRuntime(graph.model) as runtime:
            runtime.run({name: graph.inputs[name] for name in runtime.input_names[runtime.model_names[0]]}, timeout=20)
    except (HbmError, MemoryError) as error:
        return type(error).__name__
    return "run"


def main() -> None:
    """Tries the graphs of a range of numbers."""
    seed, first, last = (int(argument) for argument in sys.argv[1:4])
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number in range(first, last):
        sys.stdout.write(f"{number}")
        sys.stdout.flush()
        faulthandler.dump_traceback_later(_SECONDS, exit=True)
        sys.stdout.write(f" {ended(seed, number, frozenset(sys.argv[4:]))}\n")


if __name__ == "__main__":
    main()
