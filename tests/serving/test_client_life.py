"""What a client holds: shared memory, threads, descriptors; and servers and clients that are killed."""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from support import slow
from support.checks import same_bits
from support.child import run_python
from support.model_factory import ModelFactory
from support.remote import remote_runtime, url_of
from support.serving import serving

from hbm_runtime import HbmNetworkError, HbmTimeoutError, UnsupportedError, connect
from hbm_runtime.serving.client.transports import regions

LARGE = np.random.default_rng(0).normal(size=(1, 300, 301)).astype(np.float32)
SHARED = Path("/dev/shm")


def left_in_shared_memory() -> list[str]:
    return [path.name for path in SHARED.iterdir() if path.name.startswith("hbm-")]


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        gc.collect()
        time.sleep(0.01)
    return condition()


@contextmanager
def server_process(protocol: str, *files: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own, and its URL."""
    program = (
        "import sys\n"
        "from hbm_runtime.serving.server import Server\n"
        "from hbm_runtime.serving.settings import Settings\n"
        "server = Server(Settings(files=sys.argv[1:], http='127.0.0.1:0', grpc='127.0.0.1:0'))\n"
        "print(server.http, server.grpc, flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, files)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        http, grpc = process.stdout.readline().split()
        yield process, f"{protocol}://{http if protocol == 'http' else grpc}"
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_a_server_that_is_killed_in_mid_call_is_an_error_within_a_second(models: ModelFactory, protocol: str) -> None:
    with server_process(protocol, models.slow()) as (process, url), connect(url) as runtime:
        request = runtime.run_async(slow.inputs(200_000))
        time.sleep(0.3)
        assert not request.done()
        process.kill()
        begin = time.monotonic()
        error = request.exception(10)
        assert time.monotonic() - begin < 1
        assert isinstance(error, HbmNetworkError)
        assert error.may_have_run
        process.wait()
        with pytest.raises(HbmNetworkError) as caught:
            runtime.run(slow.inputs(1))
        assert not caught.value.may_have_run


def test_with_two_servers_the_other_answers_when_one_is_killed(models: ModelFactory, protocol: str) -> None:
    with (
        server_process(protocol, models.scaled(2)) as (process, url),
        serving([models.scaled(2)]) as other,
        connect(f"{url},{url_of(other, protocol)}", idempotent=True) as runtime,
    ):
        x = np.ones((2, 3), np.float32)
        for count in range(60):
            if count == 30:
                process.send_signal(signal.SIGKILL)
            assert same_bits(runtime.run(x)["times_2"]["y"], 2 * x)


def test_regions_have_no_name_and_are_used_again(models: ModelFactory, protocol: str) -> None:
    file = models.identity("F32", LARGE.shape)
    with serving([file]) as server, connect(url_of(server, protocol), shared_memory=True) as runtime:
        pool = runtime._servers.all[0].regions
        for _ in range(20):
            assert same_bits(runtime.run(LARGE)[file.stem]["y"], LARGE)
            assert wait_for(lambda: not left_in_shared_memory())  # other tests may be making some
        # One for inputs; for outputs one in use and the one whose array was just dropped.
        assert len(pool._known) <= 3
        held = [runtime.run(LARGE + number)[file.stem]["y"] for number in range(5)]
        assert len(pool._known) >= 6
        assert all(same_bits(array, LARGE + number) for number, array in enumerate(held))
        names = list(pool._known)
        runtime.close()
        assert all(same_bits(array, LARGE + number) for number, array in enumerate(held))
        with connect(url_of(server, protocol)) as after:
            known = after._servers.read("regions", {}, after._control())["regions"]
        assert not set(known) & set(names)


def test_more_results_than_regions_may_be_held(
    models: ModelFactory, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regions, "_MAX_REGIONS", 4)
    file = models.identity("F32", LARGE.shape)
    with remote_runtime(protocol, [file], shared_memory=True) as runtime:
        held = [runtime.run(LARGE + number)[file.stem]["y"] for number in range(10)]
        assert all(same_bits(array, LARGE + number) for number, array in enumerate(held))
        assert len(runtime._servers.all[0].regions._known) <= 4


def test_memory_that_the_server_may_still_use_is_not_used_again(models: ModelFactory, protocol: str) -> None:
    with remote_runtime(protocol, [models.slow()], shared_memory=True) as runtime:
        runtime.run(slow.inputs(1))
        pool = runtime._servers.all[0].regions
        before = set(pool._known)
        with pytest.raises(HbmTimeoutError):
            runtime.run(slow.inputs(20_000), timeout=0.1)
        result = runtime.run(slow.inputs(2))
        assert same_bits(next(iter(result["slow"].values())), slow.expected(2))
        assert not before <= set(pool._known)


def test_a_server_that_forgot_its_regions_is_asked_again_without(models: ModelFactory, protocol: str) -> None:
    file = models.identity("F32", LARGE.shape)
    with serving([file]) as server, connect(url_of(server, protocol), shared_memory=True) as runtime:
        for _ in range(3):
            assert same_bits(runtime.run(LARGE)[file.stem]["y"], LARGE)
            server.dataplane.shared_memory.unregister("")


def test_a_machine_without_room_in_shared_memory(
    models: ModelFactory, protocol: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(regions, "_FOLDER", tmp_path / "nowhere")
    file = models.identity("F32", LARGE.shape)
    with remote_runtime(protocol, [file]) as runtime:
        assert same_bits(runtime.run(LARGE)[file.stem]["y"], LARGE)
    with remote_runtime(protocol, [file], shared_memory=True) as runtime, pytest.raises(UnsupportedError):
        runtime.run(LARGE)


def test_a_server_that_cannot_open_regions(models: ModelFactory, protocol: str) -> None:
    file = models.identity("F32", LARGE.shape)
    with serving([file], shared_memory=False) as server:
        with connect(url_of(server, protocol)) as runtime:
            for _ in range(2):
                assert same_bits(runtime.run(LARGE)[file.stem]["y"], LARGE)
            assert not runtime._servers.all[0].regions.wants(LARGE.nbytes)
        with connect(url_of(server, protocol), shared_memory=True) as runtime, pytest.raises(UnsupportedError):
            runtime.run(LARGE)


KILLED = """
import os, signal, sys
import numpy as np
import hbm_runtime
runtime = hbm_runtime.connect(sys.argv[1], shared_memory=True)
runtime.run(np.ones((1, 300, 301), np.float32))
os.kill(os.getpid(), signal.SIGKILL)
"""

ENDING = """
import sys
import numpy as np
import hbm_runtime
runtime = hbm_runtime.connect(sys.argv[1])
result = runtime.run(np.ones((1, 300, 301), np.float32))
request = runtime.run_async(np.ones((1, 300, 301), np.float32))
print("end")
"""


def test_programs_that_end_or_are_killed_leave_nothing(models: ModelFactory, protocol: str, tmp_path: Path) -> None:
    with serving([models.identity("F32", LARGE.shape)]) as server:
        url = url_of(server, protocol)
        assert run_python(KILLED, url, cwd=tmp_path).returncode == -signal.SIGKILL
        ended = run_python(ENDING, url, cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (0, "end\n"), ended.stderr
        assert wait_for(lambda: not left_in_shared_memory())
        with connect(url) as runtime:
            known = runtime._servers.read("regions", {}, runtime._control())["regions"]
        assert len(known) <= 2  # those of the killed program


def test_nothing_is_left_of_closed_and_of_forgotten_runtimes(models: ModelFactory, protocol: str) -> None:
    with serving([models.scaled(2)]) as server:
        url = url_of(server, protocol)
        x = np.ones((2, 3), np.float32)

        def use(*, closed: bool) -> None:
            runtime = connect(url)
            runtime.run(x)
            requests = [runtime.run_async(x) for _ in range(8)]
            for request in requests:
                request.result()
            if closed:
                runtime.close()

        def descriptors() -> int:
            return len(os.listdir("/proc/self/fd"))

        def workers() -> int:
            return sum(thread.name == "hbm-remote" for thread in threading.enumerate())

        use(closed=True)
        use(closed=False)
        assert wait_for(lambda: workers() == 0)
        time.sleep(0.2)
        before = descriptors()
        for count in range(20):
            use(closed=count % 2 == 0)
        assert wait_for(lambda: workers() == 0)
        assert wait_for(lambda: descriptors() <= before + 4), (before, descriptors())


@pytest.mark.parametrize("scheme", ["http", "grpc"])
@pytest.mark.parametrize("package", ["tritonclient", "grpc"])
def test_a_missing_package_is_named_with_the_command(scheme: str, package: str, tmp_path: Path) -> None:
    if (scheme, package) == ("http", "grpc"):
        pytest.skip("HTTP does not need it")
    program = f"""
import sys
sys.modules[{package!r}] = None
import hbm_runtime
try:
    hbm_runtime.connect("{scheme}://127.0.0.1:9")
except hbm_runtime.MissingPackageError as error:
    print(error)
"""
    distribution = {"grpc": "grpcio"}.get(package, package)
    assert re.match(rf".*{package}: pip install {distribution} ", run_python(program, cwd=tmp_path, fresh=True).stdout)


def test_importing_and_the_name_connect_load_nothing_of_it(tmp_path: Path) -> None:
    program = """
import sys, hbm_runtime
hbm_runtime.connect
print([name for name in ("tritonclient", "grpc", "google.protobuf", "http.client", "gevent") if name in sys.modules])
"""
    assert run_python(program, cwd=tmp_path, fresh=True).stdout.strip() == "[]"
