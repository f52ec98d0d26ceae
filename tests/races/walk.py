"""Lets a limit end a call at each stage and at many moments. Runs in a process of its own.

``python walk.py SCENARIO MODEL MODEL STEPS`` prints a line of JSON for each limit after which something was not as it
should be, and at last how many were tried and how they ended. STEPS: moments around the end of a call.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from exhaustion.scenarios import X
from exhaustion.walk import HANDLES, MEMORY, held, settles
from races.scenarios import LIMITED, Call, Limit

from hbm_runtime import (
    HB_HBMRuntime,
    HbmCancelledError,
    HbmDeadlineError,
    HbmStateError,
    HbmTimeoutError,
    testing,
)

#: How a call may end that a limit of some kind meets, beside with its result.
ENDS: dict[str, tuple[type[BaseException], ...]] = {
    "timeout": (HbmTimeoutError,),
    "deadline": (HbmDeadlineError,),
    "cancel": (HbmCancelledError,),
    "abandon": (HbmCancelledError,),
    "wait": (HbmTimeoutError, TimeoutError),
    "close": (),
}
_PLACES = 32
_HELD_SECONDS = 0.003
_SWEEP_SECONDS = 0.0004


@contextlib.contextmanager
def held_tasks(seconds: float) -> Iterator[None]:
    """No task begins before then."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(testing.faults("task:hang"))
        release = threading.Timer(seconds, stack.close)
        release.start()
        try:
            yield
        finally:
            release.join()


@contextlib.contextmanager
def behind_others(other: HB_HBMRuntime) -> Iterator[None]:
    """All places in the driver are taken by tasks that do not begin yet."""
    with held_tasks(_HELD_SECONDS):
        requests = [other.run_async(X) for _ in range(_PLACES)]
        yield
        for request in requests:
            request.result(20)


def stages(other: HB_HBMRuntime, kind: str, steps: int) -> Iterator[tuple[str, AbstractContextManager[None], Limit]]:
    """What is going on meanwhile, and when the limit is met."""
    for seconds in (0.0, 0.00005, 0.0002, 0.001, 10.0) if kind not in {"cancel", "abandon", "close"} else (0.0, 0.0001):
        yield f"free, {seconds}", contextlib.nullcontext(), Limit(kind, seconds)
    for seconds in (0.0, _HELD_SECONDS / 3):
        yield f"held, {seconds}", held_tasks(_HELD_SECONDS), Limit(kind, seconds)
        yield f"behind others, {seconds}", behind_others(other), Limit(kind, seconds)
    for step in range(steps):
        seconds = _HELD_SECONDS + _SWEEP_SECONDS * (2 * step / steps - 0.5)
        yield f"at its end, {seconds}", held_tasks(_HELD_SECONDS), Limit(kind, seconds)
    for step in range(steps):
        seconds = _SWEEP_SECONDS * step / steps
        yield f"on its way, {seconds}", contextlib.nullcontext(), Limit(kind, seconds)


def next_call(call: Call) -> object:
    """Calls without a limit; a binding waits until the device has done what was given up."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with contextlib.suppress(HbmStateError):
            return call(Limit())
        time.sleep(0.0005)
    return call(Limit())


def meets(call: Call, limit: Limit, expected: object, ends: Counter[str]) -> str:
    """Calls with a limit; says what is wrong with how that ended."""
    try:
        given = call(limit)
    except ENDS[limit.kind] as error:
        ends[type(error).__name__] += 1
        return ""
    except BaseException as error:  # whatever it is, it is reported
        return f"raises {type(error).__name__}: {error}"
    ends["result"] += 1
    return "" if given == expected else f"gives {given}, not {expected}"


def main() -> None:
    """Walks through the limits of one scenario."""
    name, one, two, steps = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    faulthandler.enable()
    prepare, kinds = LIMITED[name]
    nothing, ends = held(), Counter[str]()
    with HB_HBMRuntime(str(two)) as other, prepare(one, two) as call:
        expected = call(Limit())
        for kind in kinds:
            for stage, meanwhile, limit in stages(other, kind, steps):
                faulthandler.dump_traceback_later(60, exit=True)
                with meanwhile:
                    said = meets(call, limit, expected, ends)
                try:
                    after = next_call(call)
                    said = said or ("" if after == expected else f"the next call gives {after}, not {expected}")
                except Exception as error:
                    said = said or f"the next call raises {type(error).__name__}: {error}"
                gc.collect()
                if not said and (left := settles({**held(), "tasks": 0}, ("tasks",))):
                    said = f"left behind: {left}"
                if said:
                    print(json.dumps({"at": f"{kind}, {stage}", "said": said}), flush=True)
        del call
    faulthandler.cancel_dump_traceback_later()
    if left := settles(nothing, HANDLES + MEMORY):
        print(json.dumps({"at": "the end", "said": f"left behind after the end: {left}"}), flush=True)
    print(json.dumps({"tried": ends.total(), **ends}), flush=True)


if __name__ == "__main__":
    main()
