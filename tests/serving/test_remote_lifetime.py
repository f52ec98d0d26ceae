"""How a remote runtime begins, is shared and ends."""

from __future__ import annotations

import multiprocessing
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import host_models
from support.checks import same_bits
from support.model_factory import ModelFactory
from support.remote import Both, both_runtimes, url_of
from support.serving import serving

import hbm_runtime
from hbm_runtime import (
    HbmClosedError,
    HbmForkError,
    HbmNetworkError,
    HbmRemoteError,
    InputError,
    ModelNotFoundError,
    connect,
)
from hbm_runtime.packer.container import HostFile

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def both(models: ModelFactory, protocol: str) -> Iterator[Both]:
    """times_2, mixed, dynamic, and a packed file."""
    packed = models.hbm("quantised", lambda: HostFile((host_models.quantised("quantised"),), description=b"a file"))
    files = [models.scaled(2), models.mixed(), models.dynamic(), packed]
    with both_runtimes(protocol, files) as both:
        yield both


def test_models_are_loaded_unloaded_and_replaced(models: ModelFactory, protocol: str, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "m.onnx").write_bytes(models.scaled(2).read_bytes())
    with serving(folder=folder, allow_upload=True) as server, connect(url_of(server, protocol)) as runtime:
        assert runtime.model_names == ["m"]
        assert same_bits(runtime.run(X)["m"]["y"], 2 * X)
        (folder / "m.onnx").write_bytes(models.scaled(3).read_bytes())
        runtime.reload("m")
        assert same_bits(runtime.run(X)["m"]["y"], 3 * X)
        runtime.unload("m")
        assert runtime.model_names == []
        runtime.load("m")
        assert runtime.model_names == ["m"]
        uploaded = models.scaled(5, "up")
        runtime.load("up", uploaded, threads=1)
        assert sorted(runtime.model_names) == ["m", "up"]
        assert same_bits(runtime.run(X, "up")["up"]["y"], 5 * X)
        with pytest.raises(InputError):
            runtime.reload("nobody")
        with pytest.raises(ModelNotFoundError):
            runtime.load("n", tmp_path / "nowhere.onnx")
        with pytest.raises(hbm_runtime.HbmError):
            runtime.load("nobody")


def test_a_passphrase_does_not_travel_unencrypted() -> None:
    from hbm_runtime.serving.client.models.repository import _demand_secrecy
    from hbm_runtime.serving.client.transports.address import Address

    _demand_secrecy(Address("https", "robot.invalid", 8000))
    _demand_secrecy(Address("http", "127.0.0.1", 8000))
    with pytest.raises(InputError, match="unencrypted"):
        _demand_secrecy(Address("http", "192.0.2.1", 8000))


def test_a_token_in_the_wrong_role_and_none_at_all(models: ModelFactory, protocol: str, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("infer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n")
    file.chmod(0o600)
    with serving([models.scaled(2)], token_file=file) as server:
        url = url_of(server, protocol)
        with connect(url, token="a" * 32) as runtime:
            assert same_bits(runtime.run(X)["times_2"]["y"], 2 * X)
            with pytest.raises(HbmRemoteError) as caught:
                runtime.unload("times_2")
            assert caught.value.code in ("403", "PERMISSION_DENIED")
        for token in (None, "b" * 32):
            with pytest.raises(HbmRemoteError) as caught:
                connect(url, token=token)
            assert caught.value.code in ("401", "UNAUTHENTICATED")


def test_closed(both: Both) -> None:
    remote = both.remote
    view = remote["times_2"]
    result = remote.run(X, "times_2")["times_2"]["y"]
    remote.close()
    remote.close()
    assert remote.closed
    calls: list[Callable[[], Any]] = [
        lambda: remote.run(X, "times_2"),
        lambda: remote.run_async(X, "times_2"),
        lambda: remote.model_names,
        lambda: view.run(X),
        lambda: remote["times_2"],
        lambda: remote.load("x"),
        remote.stats,
        remote.__enter__,
        remote.get_devices,
        remote.profile,
    ]
    for call in calls:
        with pytest.raises(HbmClosedError):
            call()
    assert "closed" in repr(remote)
    assert same_bits(result, 2 * X)


def test_pickled_runtimes_connect_again(both: Both) -> None:
    again = pickle.loads(pickle.dumps(both.remote))
    with again:
        assert same_bits(again.run(X, "times_2")["times_2"]["y"], 2 * X)
    with connect(both.remote._options.url, token="secret") as secret, pytest.raises(TypeError, match="token"):
        pickle.dumps(secret)


def test_a_forked_child_has_to_connect_itself(both: Both) -> None:
    def child(pipe: Any) -> None:
        try:
            both.remote.run(X, "times_2")
        except HbmForkError:
            pipe.send("refused")

    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=child, args=(theirs,))
    process.start()
    assert ours.poll(20)
    assert ours.recv() == "refused"
    process.join(20)
    assert process.exitcode == 0
    assert same_bits(both.remote.run(X, "times_2")["times_2"]["y"], 2 * X)


def test_threads_share_a_runtime(both: Both) -> None:
    wrong: list[Any] = []

    def work(number: int) -> None:
        for _ in range(15):
            result = both.remote.run(X + number, "times_2")["times_2"]["y"]
            if not same_bits(result, 2 * (X + number)):
                wrong.append(result)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_servers_share_the_runs_and_one_may_go(models: ModelFactory, protocol: str) -> None:
    with serving([models.scaled(2)]) as one, serving([models.scaled(2)]) as other:
        urls = [url_of(server, protocol) for server in (one, other)]
        with connect(",".join(urls)) as runtime:
            infos = []
            for _ in range(6):
                request = runtime.run_async(X)
                request.result()
                infos.append(request.info)
            assert {info.server for info in infos if not isinstance(info, dict)} == set(urls)
            other.close()
            for _ in range(10):
                assert same_bits(runtime.run(X)["times_2"]["y"], 2 * X)
            one.close()
            with pytest.raises(HbmNetworkError):
                runtime.run(X)
