"""Inference as tritonclient asks for it: element types, forms of data, shapes, outputs by name, parameters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from support.dtypes import NUMPY_OF, Array
from support.live import nothing_leaks
from support.serving import MODULES, WIRE_NAMES, Client, address_of, client_of, infer, serving, tensors

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.serving.server import Server

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

__all__ = ["nothing_leaks"]

X = np.arange(6, dtype=np.float32).reshape(2, 3)
MIXED: dict[str, Array] = {
    "gain": np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3),
    "count": np.array([1, -2, 3, 2**31 - 1], np.int32),
    "mask": np.arange(10, dtype=np.uint8).reshape(2, 5),
}
DTYPES = [name for name in NUMPY_OF if name not in ("S4", "U4")]


def _values(dtype: str, shape: tuple[int, ...]) -> Array:
    kind = NUMPY_OF[dtype]
    numbers = np.arange(int(np.prod(shape)))
    if kind.kind in "iu":
        edges = np.array([np.iinfo(kind).min, np.iinfo(kind).max], kind)
        return np.resize(edges, shape)
    return (numbers % 2 if kind.kind == "b" else numbers / 3).astype(kind).reshape(shape)


@pytest.fixture
def of_all_types(models: ModelFactory) -> Iterator[Server]:
    with serving([models.identity(dtype, (2, 3)) for dtype in DTYPES]) as server:
        yield server


def test_every_element_type_travels_as_bytes(of_all_types: Server, protocol: str) -> None:
    with client_of(of_all_types, protocol) as client:
        for dtype in DTYPES:
            given = _values(dtype, (2, 3))
            answer = infer(client, protocol, f"identity_{dtype}_2_3", {"x": given}).as_numpy("y")
            assert answer.dtype == given.dtype
            np.testing.assert_array_equal(answer, given)


def test_every_element_type_travels_as_numbers(of_all_types: Server) -> None:
    outputs = [tritonclient.http.InferRequestedOutput("y", binary_data=False)]
    with client_of(of_all_types, "http") as client:
        for dtype in DTYPES:
            given = _values(dtype, (2, 3))
            tensor = tritonclient.http.InferInput("x", [2, 3], WIRE_NAMES[given.dtype])
            tensor._data = given.tolist()  # what set_data_from_numpy(binary_data=False) does, but for FP16, too
            answer = client.infer(f"identity_{dtype}_2_3", [tensor], outputs=outputs)
            assert answer.get_output("y")["data"] == given.reshape(-1).tolist()


def test_every_element_type_travels_in_typed_contents(of_all_types: Server) -> None:
    fields = {"BOOL": "bool", "UINT64": "uint64", "INT64": "int64", "FP32": "fp32", "FP64": "fp64"}
    with client_of(of_all_types, "grpc") as client:
        for dtype in DTYPES:
            given = _values(dtype, (2, 3))
            wire = WIRE_NAMES[given.dtype]
            if wire == "FP16":  # the protocol has no field for it
                continue
            tensor = tritonclient.grpc.InferInput("x", [2, 3], wire)
            field = fields.get(wire, "uint" if wire.startswith("U") else "int")
            getattr(tensor._input.contents, f"{field}_contents").extend(given.reshape(-1).tolist())
            np.testing.assert_array_equal(client.infer(f"identity_{dtype}_2_3", [tensor]).as_numpy("y"), given)


@pytest.mark.parametrize("binary", [True, False])
def test_several_tensors_keep_their_names_and_shapes(server: Server, models: ModelFactory, binary: bool) -> None:
    with HB_HBMRuntime(str(models.mixed())) as runtime:
        expected = runtime.run(MIXED)["mixed"]
    with client_of(server, "http") as client:
        answer = client.infer("mixed", tensors("http", MIXED, binary_data=binary))
    for name, array in expected.items():
        np.testing.assert_array_equal(answer.as_numpy(name), array)


def test_outputs_come_by_name_in_the_order_asked_for(client: Client, protocol: str) -> None:
    wanted = [MODULES[protocol].InferRequestedOutput(name) for name in ("mike", "zulu")]
    answer = infer(client, protocol, "mixed", MIXED, outputs=wanted)
    np.testing.assert_array_equal(answer.as_numpy("mike"), MIXED["mask"].T)
    np.testing.assert_array_equal(answer.as_numpy("zulu"), 2 * MIXED["gain"])
    assert answer.as_numpy("alpha") is None


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        ("dynamic", {"x": np.ones((2, 3, 4, 6), np.float32)}),
        ("nonzero", {"x": np.array([0, 1, 0, 2], np.float32)}),
        ("nonzero", {"x": np.zeros(0, np.float32)}),
        ("constant", {}),
        ("camera", {"y": np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1), "uv": np.zeros((1, 2, 2, 2), np.uint8)}),
    ],
)
def test_odd_shapes_give_what_the_runtime_gives(
    models: ModelFactory, protocol: str, model: str, inputs: dict[str, Array]
) -> None:
    path = models.nv12(4, 4) if model == "camera" else getattr(models, model)()
    with HB_HBMRuntime(str(path)) as runtime:
        names = runtime.input_names[model]
        inputs = dict(zip(names, inputs.values(), strict=True))
        expected = {name: array.copy() for name, array in runtime.run({model: inputs})[model].items()}
    with serving([path]) as server, client_of(server, protocol) as client:
        answer = infer(client, protocol, model, inputs)
        for name, array in expected.items():
            given = answer.as_numpy(name)
            assert given.dtype == array.dtype
            np.testing.assert_array_equal(given.reshape(array.shape), array)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_bodies_may_be_compressed(client: Client, protocol: str, algorithm: str) -> None:
    options: dict[str, Any] = {"compression_algorithm": algorithm}
    if protocol == "http":
        options = {f"{role}_compression_algorithm": algorithm for role in ("request", "response")}
    answer = infer(client, protocol, "times_2", {"x": X}, **options)
    np.testing.assert_array_equal(answer.as_numpy("y"), 2 * X)


def test_the_answer_tells_how_it_was_run(client: Client, protocol: str) -> None:
    parameters = {"hbm_custom_id": 77, "hbm_bpu_cores": "1", "hbm_profile": True, "hbm_repeat": 3, "other": "ignored"}
    answer = infer(client, protocol, "times_2", {"x": X}, request_id="r1", parameters=parameters, priority=1)
    response = answer.get_response() if protocol == "http" else answer.get_response(as_json=True)
    assert response["id"] == "r1"
    reported = {
        name: value if protocol == "http" else next(iter(value.values()))
        for name, value in response["parameters"].items()
    }
    assert int(reported["hbm_frame_id"]) == 77
    assert reported["hbm_core"] == "1"
    assert int(reported["hbm_run_ns"]) > 0
    records = json.loads(reported["hbm_profile"])["records"]
    assert [(record["state"], record["custom_id"]) for record in records] == [("done", 77)] * 3
    assert json.loads(reported["hbm_benchmark"])["runs"] == 3


async def _infer_with_asyncio(protocol: str, address: str) -> Array:
    if protocol == "http":
        import tritonclient.http.aio as module
    else:
        import tritonclient.grpc.aio as module
    async with module.InferenceServerClient(address) as client:
        result = await client.infer("times_2", tensors(protocol, {"x": X}))
        output: Array = result.as_numpy("y")
        return output


def test_the_asyncio_clients_work(server: Server, protocol: str) -> None:
    import asyncio

    np.testing.assert_array_equal(asyncio.run(_infer_with_asyncio(protocol, address_of(server, protocol))), 2 * X)
