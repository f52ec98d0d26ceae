"""Lets each allocation of a call fail in turn. Runs in a process of its own, which may end at any point.

``python walk.py LIBRARY SCENARIO FIRST STEP LENGTH MODEL MODEL PROGRESS`` begins with the FIRST allocation and tries
every STEP-th, which fails with the LENGTH - 1 that follow it. The file PROGRESS says which one is tried, so that the
parent process knows where this one ended. Prints a line of JSON for each allocation whose failure was not answered as
it should be, and at last how many were tried and how they ended.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import json
import sys
import time
from collections import Counter
from pathlib import Path

from exhaustion import failures, forms  # noqa: F401 (they add to the scenarios)
from exhaustion.files import OF_ARRAYS
from exhaustion.scenarios import SCENARIOS, Call
from races.exhausted import EXHAUSTED

from hbm_runtime import OutOfResourcesError, _core

HANDLES = ("tasks", "packed_models")
MEMORY = ("allocations", "allocated_bytes")


def failing_allocations(library: str) -> ctypes.CDLL:
    """The library that lets allocations fail, which is preloaded."""
    shim = ctypes.CDLL(library)
    shim.failAllocations.argtypes = [ctypes.c_int64, ctypes.c_int64]
    shim.failedAllocations.restype = ctypes.c_int64
    return shim


def held() -> dict[str, int]:
    """What the driver holds for this process."""
    counters = _core.driver_live()
    return {name: int(counters[name]) for name in HANDLES + MEMORY}


def settles(before: dict[str, int], names: tuple[str, ...], seconds: float = 5.0) -> dict[str, int]:
    """What is held beyond ``before``, or not any more, after threads had time to give it back."""
    deadline = time.monotonic() + seconds
    while True:
        now = held()
        more = {name: now[name] - before[name] for name in names if now[name] != before[name]}
        if not more or time.monotonic() > deadline:
            return more
        gc.collect()
        time.sleep(0.002)


def of_the_next_call(call: Call, expected: object) -> str:
    """What is wrong with it; "" when nothing is."""
    try:
        after = call()
    except Exception as error:
        return f"the next call raises {type(error).__name__}: {error}"
    return "" if after == expected else f"the next call gives {after}, not {expected}"


def main() -> None:
    """Walks through the allocations of one scenario."""
    library, name, first, step, length, one, two, progress = sys.argv[1:]
    faulthandler.enable()
    shim = failing_allocations(library)
    shim.failArrays(name in OF_ARRAYS)
    tried, ends = 0, Counter[str]()
    nothing = held()
    with {**SCENARIOS, **EXHAUSTED}[name](Path(one), Path(two)) as call:
        expected = call()
        call()
        gc.collect()
        before = {**held(), "tasks": 0}  # those of the calls above may still be on their way
        number = int(first)
        while True:
            Path(progress).write_text(str(number), encoding="utf-8")
            faulthandler.dump_traceback_later(30, exit=True)
            said = ""
            shim.failAllocations(number, int(length))
            try:
                call()
                ends["result"] += 1
            except (MemoryError, OutOfResourcesError) as error:
                ends[type(error).__name__] += 1
            except BaseException as error:  # whatever it is, it is reported
                said = f"{type(error).__name__}: {error}"
            failed = shim.failedAllocations()
            shim.failAllocations(0, 1)
            if not failed:
                ends["result"] -= 1
                break
            tried += 1
            said = said or of_the_next_call(call, expected)
            # Memory goes back to the pools of models that live on; whether all of it did shows at the end.
            more = settles(before, HANDLES)
            if more and not said:
                said = f"left behind: {more}"
            if said:
                print(json.dumps({"number": number, "said": said}), flush=True)
                before = held()
            number += int(step)
        del call
    faulthandler.cancel_dump_traceback_later()
    if left := settles(nothing, HANDLES + MEMORY):
        print(json.dumps({"number": 0, "said": f"left behind after the end: {left}"}), flush=True)
    print(json.dumps({"tried": tried, **ends}), flush=True)


if __name__ == "__main__":
    main()
