"""Checks seeds one after the other and reports each on a line of JSON: ``begin`` before it, ``end`` after it.

A process of its own, because a fault may end it or keep it for ever.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from .cases import Case, make_case
from .check import Plan, Report, check_case
from .probe import PROBE
from .reference import Reference, Refused
from .shrink import as_text, shrunk
from .variants import all_variants

_PROGRAMS_EVERY = 10
"""Programs are slower than everything else together."""


def plan_of(seed: int, *, thorough: bool) -> Plan:
    """What is tried of a seed in a long run."""
    programs = ["hbm-runtime infer", *(["C++"] if PROBE.exists() else [])]
    wanted = thorough or seed % _PROGRAMS_EVERY == 0
    return Plan(all_variants(os.environ.get("BPUSIM_SOC", "")), programs if wanted else ())


def work(first: int, count: int, *, thorough: bool) -> None:
    """Checks ``count`` seeds from ``first`` on."""
    logging.disable(logging.CRITICAL)
    # What libraries print on standard output would come between the lines.
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for seed in range(first, first + count):
        print(json.dumps({"begin": seed}), file=lines, flush=True)
        print(json.dumps(_checked(make_case(seed), plan_of(seed, thorough=thorough))), file=lines, flush=True)


def ask_engine(seed: int) -> None:
    """Lets ONNX Runtime alone run a case: this process ends, or hangs, where that is ONNX Runtime's own fault."""
    case = make_case(seed)
    with tempfile.TemporaryDirectory(prefix="differential-") as folder, contextlib.suppress(Refused):
        reference = Reference(case.write(Path(folder)))
        for inputs in case.calls:
            reference.run(inputs)


def _checked(case: Case, plan: Plan) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="differential-") as folder:
        report = check_case(case, Path(folder), plan)
    end: dict[str, Any] = {"end": case.seed, "compared": report.compared, "refused": report.refused}
    end["differences"] = [str(difference) for difference in report.differences]
    end["text"] = as_text(_smallest(case, plan, report).model) if report.differences else ""
    return end


def _smallest(case: Case, plan: Plan, report: Report) -> Case:
    """The smallest part that still has the first difference's words."""
    kind = report.differences[0].text[:20]

    def fails(smaller: Case) -> bool:
        with tempfile.TemporaryDirectory(prefix="differential-") as folder:
            found = check_case(smaller, Path(folder), plan).differences
        return any(difference.text[:20] == kind for difference in found)

    return shrunk(case, fails)


if __name__ == "__main__":
    if sys.argv[3:] == ["engine"]:
        ask_engine(int(sys.argv[1]))
    else:
        work(int(sys.argv[1]), int(sys.argv[2]), thorough=sys.argv[3:] == ["thorough"])
