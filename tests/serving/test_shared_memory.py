"""Tensors in POSIX shared memory, and everything that can be wrong with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tritonclient.utils.shared_memory as shm
from support.live import let_go, nothing_leaks
from support.serving import MODULES, Client, client_of, infer, serving, until

from hbm_runtime.serving.server import Server
from hbm_runtime.serving.settings import BackPressure, Limits

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

__all__ = ["nothing_leaks"]

X = np.arange(6, dtype=np.float32).reshape(2, 3)
BYTES = X.nbytes


@pytest.fixture
def key(request: pytest.FixtureRequest) -> Iterator[str]:
    """A key that no other test has; its object is removed."""
    name = f"hbm-test-{os.getpid()}-{abs(hash(request.node.nodeid))}"
    yield name
    Path("/dev/shm", name).unlink(missing_ok=True)


@pytest.fixture
def region(key: str) -> Iterator[Any]:
    """An object of 100 bytes with X at 8 and room for the output at 40."""
    handle = shm.create_shared_memory_region("r", f"/{key}", 100)
    shm.set_shared_memory_region(handle, [X], offset=8)
    yield handle
    shm.destroy_shared_memory_region(handle)


def _infer(client: Client, protocol: str, **changes: int) -> Any:
    module = MODULES[protocol]
    places = {"input_size": BYTES, "input_offset": 8, "output_size": BYTES, "output_offset": 40, **changes}
    tensor = module.InferInput("x", [2, 3], "FP32")
    tensor.set_shared_memory("r", places["input_size"], places["input_offset"])
    output = module.InferRequestedOutput("y")
    output.set_shared_memory("r", places["output_size"], places["output_offset"])
    return client.infer("times_2", [tensor], outputs=[output])


def test_tensors_come_from_and_go_to_shared_memory(client: Client, protocol: str, region: Any, key: str) -> None:
    client.register_system_shared_memory("r", f"/{key}", 100)
    _infer(client, protocol)
    np.testing.assert_array_equal(shm.get_contents_as_numpy(region, np.float32, [2, 3], 40), 2 * X)
    status = client.get_system_shared_memory_status()
    assert len(status if protocol == "http" else status.regions) == 1
    client.unregister_system_shared_memory("r")
    with pytest.raises(Exception, match="no shared memory region is named 'r'"):
        _infer(client, protocol)


@pytest.mark.usefixtures("region")
def test_an_output_in_shared_memory_has_no_bytes_and_says_so(client: Client, protocol: str, key: str) -> None:
    """Triton's C++ clients look at the bytes of every output: over gRPC they end where there are none."""
    client.register_system_shared_memory("r", f"/{key}", 100)
    response = _infer(client, protocol).get_response()
    if protocol == "grpc":
        assert list(response.raw_output_contents) == [b""]
    else:
        assert response["outputs"][0]["parameters"]["binary_data_size"] == 0


def test_one_output_in_shared_memory_and_one_not(models: ModelFactory, protocol: str, region: Any, key: str) -> None:
    module = MODULES[protocol]
    with serving([models.many(2)]) as server, client_of(server, protocol) as client:
        metadata = client.get_model_metadata("many_2", **({} if protocol == "http" else {"as_json": True}))
        inputs = []
        for entry in metadata["inputs"]:
            shape = [int(size) for size in entry["shape"]]
            tensor = module.InferInput(entry["name"], shape, entry["datatype"])
            tensor.set_data_from_numpy(np.ones(shape, np.float32))
            inputs.append(tensor)
        first, second = (module.InferRequestedOutput(entry["name"]) for entry in metadata["outputs"])
        client.register_system_shared_memory("r", f"/{key}", 100)
        expected = client.infer("many_2", inputs).as_numpy(second.name())
        first.set_shared_memory("r", 100)
        answer = client.infer("many_2", inputs, outputs=[first, second])
        np.testing.assert_array_equal(answer.as_numpy(second.name()), expected)
    assert region is not None


@pytest.mark.usefixtures("region")
@pytest.mark.parametrize(
    ("name", "path", "part", "text"),
    [
        ("../r", "{key}", (100, 0), "no name for a region|Not Found"),
        ("r" * 65, "{key}", (100, 0), "no name for a region"),
        ("r", "/../etc/passwd", (10, 0), "no key"),
        ("r", "..", (10, 0), "no key"),
        ("r", "a\x01b", (10, 0), "no key"),
        ("r", "/hbm-there-is-no-such", (10, 0), "cannot be opened"),
        ("r", "{key}", (101, 0), "smaller than the region"),
        ("r", "{key}", (100, 1), "smaller than the region"),
        ("r", "{key}", (2**63 - 1, 2**63 - 1), "out of range"),
        ("r", "{key}", (0, 0), "out of range"),
    ],
)
def test_a_wrong_registration_is_refused(
    client: Client, key: str, *, name: str, path: str, part: tuple[int, int], text: str
) -> None:
    with pytest.raises(Exception, match=text):
        client.register_system_shared_memory(name, path.format(key=f"/{key}"), *part)
    status = client.get_system_shared_memory_status()
    assert len(getattr(status, "regions", status)) == 0


@pytest.mark.usefixtures("region")
@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"input_offset": 90}, "lie outside"),
        ({"input_size": 2**62}, "lie outside"),
        ({"input_offset": 2**62, "input_size": 2**62}, "lie outside"),
        ({"input_size": BYTES - 4}, "needs 24 bytes, given 20"),
        ({"output_offset": 90}, "lie outside"),
        ({"output_size": BYTES - 4}, "24 bytes of output do not fit"),
    ],
)
def test_what_lies_outside_is_refused(
    client: Client, protocol: str, key: str, changes: dict[str, int], text: str
) -> None:
    client.register_system_shared_memory("r", f"/{key}", 100)
    with pytest.raises(Exception, match=text):
        _infer(client, protocol, **changes)
    _infer(client, protocol)


@pytest.mark.usefixtures("region")
def test_an_object_may_shrink_or_go(client: Client, protocol: str, key: str) -> None:
    client.register_system_shared_memory("r", f"/{key}", 100)
    os.truncate(f"/dev/shm/{key}", 50)
    with pytest.raises(Exception, match="smaller than the region"):
        _infer(client, protocol)
    os.truncate(f"/dev/shm/{key}", 100)
    Path(f"/dev/shm/{key}").unlink()
    _infer(client, protocol)
    Path(f"/dev/shm/{key}").touch()  # the fixture removes it


def _apart(server: Server, protocol: str, call: Any) -> Any:
    """Calls with a client of its own, which can be used on one thread only."""
    with client_of(server, protocol) as client:
        return call(client)


@pytest.mark.usefixtures("hanging", "region")
def test_an_object_may_shrink_during_a_run(client: Client, server: Server, protocol: str, key: str) -> None:
    client.register_system_shared_memory("r", f"/{key}", 100)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(_apart, server, protocol, lambda own: _infer(own, protocol))
        until(lambda: server.dataplane.calls == 1)
        os.truncate(f"/dev/shm/{key}", 0)
        let_go()
        with pytest.raises(Exception, match="smaller than the region"):
            call.result(20)
    np.testing.assert_array_equal(infer(client, protocol, "times_2", {"x": X}).as_numpy("y"), 2 * X)


@pytest.mark.usefixtures("hanging", "region")
def test_an_object_may_shrink_while_a_request_waits(models: ModelFactory, protocol: str, key: str) -> None:
    """Its input is touched when there is nothing left of it."""
    with (
        serving([models.scaled(2)], back_pressure=BackPressure(in_flight=1)) as server,
        client_of(server, protocol) as client,
        ThreadPoolExecutor(2) as pool,
    ):
        client.register_system_shared_memory("r", f"/{key}", 100)
        running = pool.submit(_apart, server, protocol, lambda own: infer(own, protocol, "times_2", {"x": X}))
        until(lambda: server.dataplane.calls == 1)
        waiting = pool.submit(_apart, server, protocol, lambda own: _infer(own, protocol))
        until(lambda: server.repository.get("times_2").gate.waiting == 1)
        os.truncate(f"/dev/shm/{key}", 0)
        let_go()
        np.testing.assert_array_equal(running.result(20).as_numpy("y"), 2 * X)
        with pytest.raises(Exception, match="smaller than the region"):
            waiting.result(20)
        os.truncate(f"/dev/shm/{key}", 100)
        with pytest.raises(Exception, match="smaller than the region"):  # it has nothing to do with the object any more
            _infer(client, protocol)
        client.unregister_system_shared_memory("r")
        client.register_system_shared_memory("r", f"/{key}", 100)
        _infer(client, protocol)


def test_links_are_not_followed(client: Client, key: str, tmp_path: Path) -> None:
    target = tmp_path / "secret"
    target.write_bytes(bytes(100))
    Path("/dev/shm", key).symlink_to(target)
    with pytest.raises(Exception, match="cannot be opened"):
        client.register_system_shared_memory("r", f"/{key}", 100)


@pytest.mark.usefixtures("region")
def test_names_are_unique_and_their_number_is_limited(models: ModelFactory, protocol: str, key: str) -> None:
    with (
        serving([models.scaled(2)], limits=Limits(regions=2)) as server,
        client_of(server, protocol) as client,
    ):
        client.register_system_shared_memory("a", f"/{key}", 100)
        with pytest.raises(Exception, match="registered already"):
            client.register_system_shared_memory("a", f"/{key}", 100)
        client.register_system_shared_memory("b", f"/{key}", 100)
        with pytest.raises(Exception, match="the limit"):
            client.register_system_shared_memory("c", f"/{key}", 100)
        client.unregister_system_shared_memory()
        client.register_system_shared_memory("c", f"/{key}", 100)


@pytest.mark.usefixtures("region")
def test_it_can_be_turned_off(models: ModelFactory, protocol: str, key: str) -> None:
    with serving([models.scaled(2)], shared_memory=False) as server, client_of(server, protocol) as client:
        with pytest.raises(Exception, match="shared memory is for clients"):
            client.register_system_shared_memory("r", f"/{key}", 100)
        client.unregister_system_shared_memory()


@pytest.mark.usefixtures("region")
def test_a_server_that_ends_closes_its_regions(models: ModelFactory, key: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    server: Server
    with serving([models.scaled(2)], grpc=None) as server, client_of(server, "http") as client:
        client.register_system_shared_memory("r", f"/{key}", 100)
        held = server.dataplane.shared_memory.regions("r")[0].descriptor
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(held)
    assert before > 0
