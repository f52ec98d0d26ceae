"""KServe's own clients against a server; run in a process of its own, in whose environment KServe is installed.

``python kserve_clients.py HTTP GRPC``: addresses of a server that has the model times_2.
"""

from __future__ import annotations

import asyncio
import sys

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, InferResponse, RESTConfig
from kserve.inference_client import InferenceGRPCClient

MODEL = "times_2"
X = np.arange(6, dtype=np.float32).reshape(2, 3)


def _request(*, binary: bool) -> InferRequest:
    tensor = InferInput("x", [2, 3], "FP32")
    tensor.set_data_from_numpy(X, binary_data=binary)
    return InferRequest(MODEL, [tensor], request_id="r1", parameters={"hbm_custom_id": 7})


def _check(answer: InferResponse) -> None:
    np.testing.assert_array_equal(answer.outputs[0].as_numpy(), 2 * X)
    assert answer.id == "r1"
    assert answer.model_name == MODEL


async def _over_http(address: str) -> None:
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    url = f"http://{address}"
    assert await client.is_server_live(url)
    assert await client.is_server_ready(url)
    assert await client.is_model_ready(url, MODEL)
    for binary in (True, False):
        _check(await client.infer(url, _request(binary=binary), MODEL))
    await client.close()


async def _over_grpc(address: str) -> None:
    client = InferenceGRPCClient(address)
    assert await client.is_server_live()
    assert await client.is_server_ready()
    assert await client.is_model_ready(MODEL)
    for binary in (True, False):
        _check(await client.infer(_request(binary=binary)))
    await client.close()


if __name__ == "__main__":
    asyncio.run(_over_http(sys.argv[1]))
    asyncio.run(_over_grpc(sys.argv[2]))
    print("KServe's clients got the right answers over both protocols")
