"""Tries an installed hbm_runtime, with nothing but the standard library, numpy and, if present, the engine.

Usage: python smoke.py [--without-engine]. It is a program of its own, not a pytest file, because it also runs under
emulators, in an empty venv and as the Debian packages' test. It must not run from the source tree.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from hbm_runtime import HB_HBMRuntime

# An ONNX model: difference = left - right, both f32 [2, 3].
MODEL = base64.b64decode(
    "CAgSADpyCh4KBGxlZnQKBXJpZ2h0EgpkaWZmZXJlbmNlIgNTdWISAWdaFgoEbGVmdBIOCgwIARIICgIIAgoC"
    "CANaFwoFcmlnaHQSDgoMCAESCAoCCAIKAggDYhwKCmRpZmZlcmVuY2USDgoMCAESCAoCCAIKAggDQgQKABAR"
)


def check(truth: bool, text: str) -> None:
    """Fails with a readable line; assert would vanish under -O."""
    if not truth:
        raise SystemExit(f"smoke: {text}")
    print(f"smoke: ok: {text}")


def check_import() -> None:
    """The package comes from an installation, carries its types and imports quickly."""
    import hbm_runtime

    package = Path(hbm_runtime.__file__).parent
    check(not (package.parent / "pyproject.toml").exists(), "the package is not taken from a source tree")
    check((package / "py.typed").is_file() and (package / "_core.pyi").is_file(), "types are installed")
    check(hbm_runtime.__version__.count(".") >= 2, f"version {hbm_runtime.__version__}")
    start = time.monotonic()
    emulator = os.environ.get("SMOKE_EMULATOR", "").split()  # where the kernel cannot start this Python by itself
    subprocess.run([*emulator, sys.executable, "-c", "import hbm_runtime"], check=True, timeout=120)
    check(time.monotonic() - start < 60, "the import ends")
    gil_enabled = getattr(sys, "_is_gil_enabled", None)
    if gil_enabled is not None and sysconfig.get_config_var("Py_GIL_DISABLED"):
        check(not gil_enabled(), "a free-threaded Python stays without the GIL")


def check_inference(folder: Path) -> None:
    """A model loads, describes itself, computes right from several threads, and errors are typed."""
    import numpy as np

    from hbm_runtime import HB_HBMRuntime, HbmError

    file = folder / "subtract.onnx"
    file.write_bytes(MODEL)
    runtime = HB_HBMRuntime(str(file))
    check(runtime.model_names == ["subtract"], "the model is called after its file")
    check(list(runtime.input_shapes["subtract"]["left"]) == [2, 3], "the shape is the graph's")
    left = np.arange(6, dtype=np.float32).reshape(2, 3)
    right = np.asfortranarray(np.full((2, 3), 0.5, np.float32))
    output = runtime.run({"left": left, "right": right})["subtract"]["difference"]
    check(bool((output == left - right).all()), "the result is right")

    try:
        runtime.run({"left": left})
    except (HbmError, ValueError) as error:
        check("right" in str(error), f"a missing input is named: {error}")
    else:
        check(False, "a missing input is refused")
    check_threads(runtime)
    check_everything_at_a_time(runtime, file)
    del runtime
    check(bool((output == left - right).all()), "an output outlives its runtime")


def check_threads(runtime: HB_HBMRuntime) -> None:
    """Threads that share a runtime get their own results."""
    import numpy as np

    wrong: list[int] = []

    def worker(number: int) -> None:
        left = np.full((2, 3), number, np.float32)
        for _ in range(20):
            result = runtime.run({"left": left, "right": np.ones((2, 3), np.float32)})["subtract"]["difference"]
            if not (result == number - 1).all():
                wrong.append(number)

    threads = [threading.Thread(target=worker, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(not wrong, "four threads get their own results")


class Ways:
    """Every way to run a model, and what else threads do with a runtime meanwhile."""

    def __init__(self, runtime: HB_HBMRuntime, file: Path) -> None:
        import numpy as np

        self.runtime = runtime
        self.file = file
        self.one = np.ones((2, 3), np.float32)
        self.shared = runtime.bind("subtract", inputs=self.inputs(3))
        self.wrong: list[str] = []
        self.called: list[int] = []

    def inputs(self, value: int) -> dict[str, np.ndarray]:
        return {"left": value * self.one, "right": self.one}

    def expect(self, way: str, outputs: Mapping[str, np.ndarray], value: int) -> None:
        if not (outputs["difference"] == value - 1).all():
            self.wrong.append(way)

    def requests(self, value: int) -> None:
        for request in [self.runtime.run_async(self.inputs(value)) for _ in range(8)]:
            request.add_done_callback(lambda _: self.called.append(1))
            self.expect("run_async", request.result(60)["subtract"], value)

    def awaited(self, value: int) -> None:
        async def both() -> None:
            for result in await asyncio.gather(*(self.runtime.run_async(self.inputs(value)) for _ in range(2))):
                self.expect("await", result["subtract"], value)

        asyncio.run(both())

    def queued(self, value: int) -> None:
        with self.runtime.queue("subtract", policy="drop_oldest") as queue:
            for _ in range(8):
                queue.submit(self.inputs(value))
        results = list(queue)
        if len(results) + sum(queue.stats.dropped.values()) != 8:
            self.wrong.append("drops of a queue")
        for result in results:
            self.expect("queue", result.outputs, value)

    def bound(self, _: int) -> None:
        from hbm_runtime import HbmStateError

        with contextlib.suppress(HbmStateError):  # another thread runs it
            self.expect("bind", self.shared.run(), 3)
        if self.shared.status == "fault":
            self.wrong.append("state of a binding")

    def observed(self, _: int) -> None:
        self.runtime.reload("subtract", self.file)
        self.runtime.stats("prometheus")
        self.runtime.summary()
        self.runtime.memory_info()

    def work(self, number: int) -> None:
        ways = [self.requests, self.awaited, self.queued, self.bound, self.observed]
        try:
            for turn in range(15):
                ways[(number + turn) % len(ways)](number + turn)
        except Exception as error:
            self.wrong.append(repr(error))


def check_everything_at_a_time(runtime: HB_HBMRuntime, file: Path) -> None:
    """What only the GIL protected would break here on a Python without it."""
    ways = Ways(runtime, file)
    threads = [threading.Thread(target=ways.work, args=(number,), daemon=True) for number in range(5)]
    with runtime.profile() as profile:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(300)
    check(not any(thread.is_alive() for thread in threads), "no thread hangs")
    check(not ways.wrong, f"requests, loops, queues, bindings and reloads go together, wrong: {ways.wrong[:3]}")
    callbacks = 5 * 3 * 8
    until = time.monotonic() + 60
    while len(ways.called) < callbacks and time.monotonic() < until:
        time.sleep(0.01)
    check(len(ways.called) == callbacks, "every callback is called once")
    check(len(profile.records) >= callbacks, "the profile has their requests")


def check_error_without_engine(folder: Path) -> None:
    """Without the engine, loading a model says in one line which command installs it."""
    from hbm_runtime import HB_HBMRuntime, HbmError

    file = folder / "subtract.onnx"
    file.write_bytes(MODEL)
    try:
        HB_HBMRuntime(str(file))
    except HbmError as error:
        check("pip install" in str(error) and "onnxruntime" in str(error), f"the advice is named: {error}")
    else:
        check(False, "loading a model without an engine fails")


def main() -> None:
    """Runs the checks in an empty folder."""
    os.environ.setdefault("HBM_RUNTIME_DRIVER", "bpusim")
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        check_import()
        if "--without-engine" in sys.argv[1:]:
            check_error_without_engine(Path(name))
        else:
            check_inference(Path(name))
        os.chdir("/")


if __name__ == "__main__":
    main()
