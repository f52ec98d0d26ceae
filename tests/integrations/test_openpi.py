"""`openpi-client`, unmodified, calls a policy that runs here."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.parser import parse_model

pytest.importorskip("websockets", reason="websockets is not installed")
pytest.importorskip("msgpack", reason="msgpack is not installed")

from hbm_runtime import HB_HBMRuntime, InputError
from hbm_runtime.integrations.openpi import PolicyServer, model_policy, pack, unpack

CHUNK = 4


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    """Actions (1, 4, 2): each is the state, plus the picture's mean."""
    model = parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> act (float[1,2] state, uint8[1,2,3,3] image) => (float[1,4,2] chunk) '
        "<int64[3] shape = {1, 4, 2}> { pixels = Cast <to = 1> (image) mean = ReduceMean <keepdims = 0> (pixels) "
        "sum = Add(state, mean) chunk = Expand(sum, shape) }"
    )
    onnx.save(model, str(tmp_path / "act.onnx"))
    return tmp_path / "act.onnx"


@contextmanager
def served(policy: Any, **options: Any) -> Iterator[PolicyServer]:
    server = PolicyServer(policy, port=0, **options)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(10)
        assert not thread.is_alive()


OBSERVATION = {
    "observation/state": np.array([1.0, 2.0]),
    "observation/image": np.full((2, 3, 3), 10, np.uint8),
    "prompt": "pick up the cube",
}


# The client opens its connection as websockets likes it no more.
@pytest.mark.filterwarnings("ignore:connect.. must be used as a context manager:DeprecationWarning")
def test_the_client_gets_chunks_of_actions(policy_file: Path) -> None:
    client = pytest.importorskip("openpi_client.websocket_client_policy", reason="openpi-client is not installed")
    broker = pytest.importorskip("openpi_client.action_chunk_broker")
    with (
        HB_HBMRuntime(str(policy_file)) as runtime,
        served(model_policy(runtime), metadata={"chunk": CHUNK}, api_key="k") as server,
    ):
        policy = client.WebsocketClientPolicy("127.0.0.1", server.port, api_key="k")
        assert policy.get_server_metadata() == {"chunk": CHUNK}
        reply = policy.infer(OBSERVATION)
        assert reply["actions"].shape == (CHUNK, 2)
        assert reply["actions"].tolist() == [[11, 12]] * CHUNK
        assert reply["server_timing"]["infer_ms"] > 0
        with pytest.raises(RuntimeError, match="nothing for input 'image'; it has observation/state"):
            policy.infer({"observation/state": np.zeros(2)})
        assert policy.infer(OBSERVATION)["actions"].shape == (CHUNK, 2), "an error ends no connection"
        steps = broker.ActionChunkBroker(policy, CHUNK)
        assert [steps.infer(OBSERVATION)["actions"].tolist() for _ in range(CHUNK + 1)] == [[11, 12]] * (CHUNK + 1)


def test_keys_and_outputs_can_be_named(policy_file: Path) -> None:
    with HB_HBMRuntime(str(policy_file)) as runtime:
        infer = model_policy(runtime["act"], {"image": "wrist"}, actions="chunk")
        found = infer({"state": [0, 0], "wrist": np.ones((2, 3, 3), np.uint8), "image": "another thing"})
        assert found["actions"].tolist() == [[1, 1]] * CHUNK
        with pytest.raises(InputError, match="no output 'acts', but chunk"):
            model_policy(runtime, actions="acts")


def test_strangers_are_turned_away_and_health_is_reported(policy_file: Path) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    with HB_HBMRuntime(str(policy_file)) as runtime, served(model_policy(runtime), api_key="right") as server:
        wrong = {"Authorization": "Api-Key wrong"}
        with (
            pytest.raises(InvalidStatus, match="401"),
            connect(f"ws://127.0.0.1:{server.port}", additional_headers=wrong),
        ):
            pass
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/healthz", timeout=10) as answer:
            assert answer.read() == b"OK\n"


def test_messages_hold_arrays_and_never_objects() -> None:
    sent = {"a": np.arange(6, dtype=np.int16).reshape(2, 3), "b": np.float32(1.5), "c": ["text", 1, None]}
    came = unpack(pack(sent))
    assert came["a"].dtype == np.int16
    assert came["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (came["b"], came["c"]) == (1.5, ["text", 1, None])
    with pytest.raises(InputError, match="cannot be sent"):
        pack({"a": np.array([object()])})
    import msgpack

    hostile = msgpack.packb({b"__ndarray__": True, b"data": b"12345678", b"dtype": "|O", b"shape": [1]})
    with pytest.raises(InputError, match="not taken"):
        unpack(hostile)
