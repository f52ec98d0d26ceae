"""Lets each allocation of the first call in a process fail in turn: what exists once is made then.

``python walk.py LIBRARY SCENARIO FIRST STEP LENGTH MODEL MODEL PROGRESS`` takes the words of the walk through later
calls. Each allocation is tried in a child that is forked before anything was loaded; it loads, calls and closes while
memory runs out, does the same again with memory, and exits.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from exhaustion.scenarios import SCENARIOS
from exhaustion.walk import HANDLES, MEMORY, failing_allocations, held, settles

import hbm_runtime
from hbm_runtime import OutOfResourcesError


def first_call(shim: ctypes.CDLL, number: int, words: list[str]) -> dict[str, Any]:
    """How it ended while the allocation of that number failed, and what it gives with memory; 0: none fails."""
    name, length, one, two = words
    nothing, end, wrong = held(), "result", ""

    def call() -> object:
        with SCENARIOS[name](Path(one), Path(two)) as prepared:
            return prepared()

    shim.failAllocations(number, int(length))
    try:
        call()
    except (MemoryError, OutOfResourcesError) as error:
        end = type(error).__name__
    except Exception as error:
        wrong = f"{type(error).__name__}: {error}"
    failed = shim.failedAllocations()
    shim.failAllocations(0, 1)
    after = call()
    return {"end": end, "wrong": wrong, "failed": failed, "after": after, "left": settles(nothing, HANDLES + MEMORY)}


def in_child(shim: ctypes.CDLL, number: int, words: list[str]) -> dict[str, Any]:
    """The same in a process of its own; a child that crashes or hangs has the key "status" alone."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        faulthandler.dump_traceback_later(30, exit=True)
        with os.fdopen(sink, "w", encoding="utf-8") as report:
            report.write(json.dumps(first_call(shim, number, words)))
        faulthandler.cancel_dump_traceback_later()
        sys.exit()
    os.close(sink)
    with os.fdopen(source, encoding="utf-8") as report:
        written = report.read()
    _, status = os.waitpid(child, 0)
    return json.loads(written) if status == 0 else {"status": os.waitstatus_to_exitcode(status)}


def main() -> None:
    """Tries one allocation after the other, until a number is beyond the last of them."""
    library, name, first, step, length, one, two, progress = sys.argv[1:]
    faulthandler.enable()
    shim = failing_allocations(library)
    hbm_runtime.driver_info()  # loads the driver, whose allocations count from then on; makes nothing else
    words = [name, length, one, two]
    expected = in_child(shim, 0, words)["after"]
    tried, ends, number = 0, Counter[str](), int(first)
    while True:
        Path(progress).write_text(str(number), encoding="utf-8")
        seen = in_child(shim, number, words)
        if seen.get("failed") == 0:
            break
        tried += 1
        if "status" in seen:
            said = f"ended with {seen['status']}"
        else:
            ends[seen["end"]] += 1
            right = seen["after"] == expected
            said = seen["wrong"] or ("" if right else f"the next call gives {seen['after']}, not {expected}")
            said = said or (f"left behind: {seen['left']}" if seen["left"] else "")
        if said:
            print(json.dumps({"number": number, "said": said}), flush=True)
        number += int(step)
    print(json.dumps({"tried": tried, **ends}), flush=True)


if __name__ == "__main__":
    main()
