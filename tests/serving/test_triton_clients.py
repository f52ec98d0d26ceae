"""Triton's four Python clients over the space of their options: HTTP and gRPC, blocking and asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.grpc.aio
import tritonclient.http
import tritonclient.http.aio
import tritonclient.utils.shared_memory as triton_memory
from support.live import nothing_leaks
from support.serving import MODULES, address_of, tensors
from tritonclient.utils import InferenceServerException

from hbm_runtime.serving.server import Server

__all__ = ["nothing_leaks"]

X = np.arange(6, dtype=np.float32).reshape(2, 3)
CLIENTS: dict[str, Any] = {
    "http": tritonclient.http,
    "grpc": tritonclient.grpc,
    "http.aio": tritonclient.http.aio,
    "grpc.aio": tritonclient.grpc.aio,
}


class Caller:
    """One of the four clients; awaits what has to be awaited."""

    def __init__(self, server: Server, kind: str) -> None:
        self.kind = kind
        self.protocol = kind.partition(".")[0]
        self._module = CLIENTS[kind]
        self._address = address_of(server, self.protocol)

    def __call__(self, method: str, *args: Any, **options: Any) -> Any:
        """Calls a method of a new client."""
        if self.kind == self.protocol:
            client = self._module.InferenceServerClient(self._address)
            try:
                return getattr(client, method)(*args, **options)
            finally:
                client.close()
        return asyncio.run(self._awaited(method, args, options))

    async def _awaited(self, method: str, args: Any, options: Any) -> Any:
        async with self._module.InferenceServerClient(self._address) as client:
            result = getattr(client, method)(*args, **options)
            return await result if inspect.isawaitable(result) else result

    def infer(self, model: str = "times_2", inputs: Any = None, **options: Any) -> Any:
        """Asks for ``2 * X``."""
        return self("infer", model, tensors(self.protocol, {"x": X}) if inputs is None else inputs, **options)

    def wish(self, name: str = "y", **options: Any) -> Any:
        """An output asked for."""
        return MODULES[self.protocol].InferRequestedOutput(name, **options)


@pytest.fixture(params=list(CLIENTS))
def caller(request: pytest.FixtureRequest, server: Server) -> Caller:
    return Caller(server, request.param)


Options = Callable[[Caller], dict[str, Any]]
BOTH, HTTP, GRPC = ("http", "grpc"), ("http",), ("grpc",)
OPTIONS: dict[str, tuple[tuple[str, ...], Options]] = {
    "none": (BOTH, lambda _: {}),
    "inputs as JSON": (HTTP, lambda _: {"inputs": tensors("http", {"x": X}, binary_data=False)}),
    "an output asked for": (BOTH, lambda caller: {"outputs": [caller.wish()]}),
    "outputs as JSON": (HTTP, lambda caller: {"outputs": [caller.wish(binary_data=False)]}),
    "all as JSON": (
        HTTP,
        lambda caller: {
            "inputs": tensors("http", {"x": X}, binary_data=False),
            "outputs": [caller.wish(binary_data=False)],
        },
    ),
    "model version": (BOTH, lambda _: {"model_version": "1"}),
    "request id": (BOTH, lambda _: {"request_id": "r1"}),
    "sequence": (BOTH, lambda _: {"sequence_id": 7, "sequence_start": True, "sequence_end": True}),
    "priority": (BOTH, lambda _: {"priority": 2}),
    "time limit of the server": (BOTH, lambda _: {"timeout": 20_000_000}),
    "time limit of the client": (GRPC, lambda _: {"client_timeout": 20.0}),
    "headers": (BOTH, lambda _: {"headers": {"x-trace": "1"}}),
    "query": (HTTP, lambda _: {"query_params": {"a": "1", "b": [2, 3]}}),
    "parameters": (BOTH, lambda _: {"parameters": {"text": "a", "whole": 1, "truth": True}}),
    "gzip": (GRPC, lambda _: {"compression_algorithm": "gzip"}),
    "deflate": (GRPC, lambda _: {"compression_algorithm": "deflate"}),
    **{
        f"{algorithm} {way}": (
            HTTP,
            lambda _, algorithm=algorithm, ways=ways: {f"{way}_compression_algorithm": algorithm for way in ways},  # type: ignore[misc]
        )
        for algorithm in ("gzip", "deflate")
        for way, ways in {"there": ["request"], "back": ["response"], "both": ["request", "response"]}.items()
    },
}


WITH_OPTIONS = [(kind, name) for name, (protocols, _) in OPTIONS.items() for kind in CLIENTS if kind[:4] in protocols]


@pytest.mark.parametrize(("kind", "name"), WITH_OPTIONS)
def test_every_option_gives_the_same_result(server: Server, kind: str, name: str) -> None:
    caller = Caller(server, kind)
    _, options = OPTIONS[name]
    answer = caller.infer(**options(caller))
    np.testing.assert_array_equal(answer.as_numpy("y"), 2 * X)
    response = answer.get_response()
    identity = response.get("id", "") if caller.protocol == "http" else response.id
    assert identity == ("r1" if name == "request id" else "")


REFUSED: dict[str, tuple[Options, tuple[str, str]]] = {
    "unknown version": (lambda _: {"model_version": "7"}, ("404", "NOT_FOUND")),
    "unknown model": (lambda _: {"model": "none"}, ("404", "NOT_FOUND")),
    "unknown output": (lambda caller: {"outputs": [caller.wish("z")]}, ("400", "INVALID_ARGUMENT")),
    "no time at all": (lambda _: {"timeout": 1}, ("504", "DEADLINE_EXCEEDED")),
    "a class of an output": (lambda caller: {"outputs": [caller.wish(class_count=3)]}, ("400", "INVALID_ARGUMENT")),
    "no inputs": (lambda _: {"inputs": []}, ("400", "INVALID_ARGUMENT")),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_cannot_be_done_is_an_error_of_the_clients(caller: Caller, name: str) -> None:
    options, codes = REFUSED[name]
    with pytest.raises(InferenceServerException) as caught:
        caller.infer(**options(caller))
    code = codes[BOTH.index(caller.protocol)]
    assert str(caught.value.status()) in (code, f"StatusCode.{code}")
    assert caught.value.message().startswith("Request for unknown model" if name == "unknown model" else "")


@contextmanager
def _region(caller: Caller, name: str, nbytes: int) -> Iterator[Any]:
    """Triton's shared memory, registered."""
    handle = triton_memory.create_shared_memory_region(name, f"/{name}", nbytes)
    try:
        caller("register_system_shared_memory", name, f"/{name}", nbytes)
        yield handle
        caller("unregister_system_shared_memory", name)
    finally:
        triton_memory.destroy_shared_memory_region(handle)


@pytest.mark.parametrize("inputs_too", [True, False])
def test_tensors_lie_in_tritons_shared_memory(caller: Caller, inputs_too: bool, worker_id: str) -> None:
    names = [f"hbm-test-{worker_id}-{caller.kind}-{part}" for part in ("in", "out")]
    wish = caller.wish()
    wish.set_shared_memory(names[1], X.nbytes, 64)
    inputs = tensors(caller.protocol, {"x": X})
    with _region(caller, names[0], 64) as source, _region(caller, names[1], 64 + X.nbytes) as target:
        if inputs_too:
            triton_memory.set_shared_memory_region(source, [X])
            inputs[0].set_shared_memory(names[0], X.nbytes)
        answer = caller.infer(inputs=inputs, outputs=[wish])
        assert answer.get_output("y") is not None
        given = triton_memory.get_contents_as_numpy(target, np.float32, [2, 3], 64)
        np.testing.assert_array_equal(given, 2 * X)
        status = caller("get_system_shared_memory_status")
        listed = [region["name"] for region in status] if caller.protocol == "http" else list(status.regions)
        assert sorted(listed) == sorted(names)


def _documents(caller: Caller, method: str, *args: Any) -> Any:
    """What a method returns, as JSON over both protocols."""
    return caller(method, *args, **({} if caller.protocol == "http" else {"as_json": True}))


def test_everything_that_clients_ask_beside_inference(caller: Caller) -> None:
    assert caller("is_server_live")
    assert caller("is_server_ready")
    assert caller("is_model_ready", "times_2")
    assert caller("is_model_ready", "times_2", "1")
    metadata = _documents(caller, "get_server_metadata")
    assert metadata["name"] == "hbm_runtime"
    assert {"statistics", "model_repository", "system_shared_memory"} <= set(metadata["extensions"])
    assert _documents(caller, "get_model_metadata", "times_2")["inputs"][0]["name"] == "x"
    config = _documents(caller, "get_model_config", "times_2")
    assert config.get("config", config)["input"][0]["data_type"] == "TYPE_FP32"
    statistics = _documents(caller, "get_inference_statistics", "times_2")
    assert statistics["model_stats"][0]["name"] == "times_2"
    index = _documents(caller, "get_model_repository_index")
    assert "times_2" in [model["name"] for model in (index if caller.protocol == "http" else index["models"])]
    for answer in (_documents(caller, f"get_{kind}_shared_memory_status") for kind in ("system", "cuda")):
        assert not answer or not answer.get("regions")
    caller("unregister_system_shared_memory")
    caller("unregister_cuda_shared_memory")


def test_models_are_unloaded_and_loaded(caller: Caller) -> None:
    caller("unload_model", "times_2")
    assert not caller("is_model_ready", "times_2")
    with pytest.raises(InferenceServerException) as caught:
        caller.infer()
    assert str(caught.value.status()) in ("503", "StatusCode.UNAVAILABLE")
    caller("load_model", "times_2")
    np.testing.assert_array_equal(caller.infer().as_numpy("y"), 2 * X)


@pytest.mark.parametrize("method", ["get_trace_settings", "get_log_settings"])
def test_what_the_server_does_not_announce_is_an_error(caller: Caller, method: str) -> None:
    with pytest.raises(InferenceServerException) as caught:
        caller(method)
    assert str(caught.value.status()) in ("404", "StatusCode.UNIMPLEMENTED")


@pytest.mark.parametrize("protocol", BOTH)
def test_calls_that_are_not_waited_for_are_answered(server: Server, protocol: str) -> None:
    inputs = tensors(protocol, {"x": X})
    ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
    options = {"concurrency": 4} if protocol == "http" else {}
    client = MODULES[protocol].InferenceServerClient(address_of(server, protocol), **options)
    try:
        if protocol == "http":
            for pending in [client.async_infer("times_2", inputs) for _ in range(20)]:
                ended.put((pending.get_result(), None))
        else:
            for _ in range(20):
                client.async_infer("times_2", inputs, lambda result, error: ended.put((result, error)))
        for _ in range(20):
            result, error = ended.get(timeout=20)
            assert error is None
            np.testing.assert_array_equal(result.as_numpy("y"), 2 * X)
    finally:
        client.close()


def test_streams_are_refused_with_a_sentence(server: Server) -> None:
    errors: list[Any] = []
    with tritonclient.grpc.InferenceServerClient(address_of(server, "grpc")) as client:
        client.start_stream(lambda **given: errors.append(given["error"]))
        with contextlib.suppress(InferenceServerException):  # the refusal may be there already
            client.async_stream_infer("times_2", tensors("grpc", {"x": X}))
        client.stop_stream()
    assert [str(error.status()) for error in errors] == ["StatusCode.UNIMPLEMENTED"]
