"""The long run: ``PYTHONPATH=tests python -m wire_fuzz [--minutes N] [--seed S]``."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.model_factory import ModelFactory
from wire_fuzz.running import fuzz

_MEGABYTE = 1 << 20
_SLICE_SECONDS = 30
_MAX_GROWTH = 16
"""Megabytes that may be added after the first slices, of which the heap's fragments are most."""


@dataclass(frozen=True)
class Size:
    """What a process holds."""

    megabytes: float
    descriptors: int
    threads: int

    @classmethod
    def of(cls, process: int) -> Size:
        """As it is now."""
        status = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
        descriptors = len(list(Path(f"/proc/{process}/fd").iterdir()))
        return cls(int(status["VmRSS"].split()[0]) / 1024, descriptors, int(status["Threads"]))


@contextmanager
def _server(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    models = ModelFactory(folder)
    command = [sys.executable, "-m", "hbm_runtime.cli", "serve", str(models.scaled(2)), str(models.mixed()), "--json"]
    command += [
        "--http=127.0.0.1:0",
        "--grpc=127.0.0.1:0",
        "--allow_upload",
        "--max_message_bytes=1000000",
        "--idle_time=5",
    ]
    command += ["--max_repeat=10"]
    log = (folder / "log").open("w")
    with log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        try:
            assert process.stdout is not None
            text = ""
            while not text.endswith("}\n"):
                text += process.stdout.readline()
            said = json.loads(text)
            yield process, *(said[name].partition("://")[2] for name in ("http", "grpc"))
        finally:
            process.terminate()


def main(words: list[str] | None = None) -> int:
    """Runs; 0 if the server took everything and did not grow."""
    parser = argparse.ArgumentParser(prog="python -m wire_fuzz", description="Hostile requests of both protocols.")
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(words)
    end = time.monotonic() + 60 * given.minutes
    seed, sent, settled = given.seed, 0, None
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder)) as (process, http_address, grpc_address):
        while time.monotonic() < end:
            outcome = fuzz(http_address, grpc_address, seed, seconds=_SLICE_SECONDS)
            sent += outcome.requests
            seed += outcome.requests
            for failing, reason in outcome.wrong:
                print(f"seed {failing}: {reason}")
            if outcome.wrong or process.poll() is not None:
                print(f"the server's log ends:\n{Path(folder, 'log').read_text()[-5000:]}")
                return 1
            size = Size.of(process.pid)
            print(f"{sent} requests, next seed {seed}: {size}", flush=True)
            if settled is None and sent > 20_000:
                settled = size
        before, found, after = Path(folder, "log").read_text().partition("Traceback")
        if found:
            print(f"the server has logged {before[-500:]}{found}{after[:5000]}")
            return 1
        if settled is not None and size.megabytes - settled.megabytes > _MAX_GROWTH:
            print(f"it has grown by {size.megabytes - settled.megabytes:.1f} MB")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
