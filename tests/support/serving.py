"""Servers for tests, and tritonclient's three clients behind one set of functions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import tritonclient.grpc
import tritonclient.http

from hbm_runtime.serving.server import Server
from hbm_runtime.serving.settings import Settings
from support.dtypes import Array

MODULES = {"http": tritonclient.http, "grpc": tritonclient.grpc}
ON_FREE_PORTS = Settings(http="127.0.0.1:0", grpc="127.0.0.1:0", drain_seconds=10)

Client = Any
"""One of tritonclient's clients; they have the same methods."""


@contextmanager
def serving(files: Sequence[Any] = (), **settings: Any) -> Iterator[Server]:
    """A server on free ports of the loopback interface."""
    with Server(replace(ON_FREE_PORTS, files=[*files], **settings)) as server:
        yield server


def address_of(server: Server, protocol: str) -> str:
    """Host and port of a protocol's service."""
    return str(server.http if protocol == "http" else server.grpc)


@contextmanager
def client_of(server: Server, protocol: str, **options: Any) -> Iterator[Client]:
    """A client of tritonclient."""
    client = MODULES[protocol].InferenceServerClient(address_of(server, protocol), **options)
    try:
        yield client
    finally:
        client.close()


WIRE_NAMES = {
    np.dtype(np.bool_): "BOOL",
    np.dtype(np.uint8): "UINT8",
    np.dtype(np.uint16): "UINT16",
    np.dtype(np.uint32): "UINT32",
    np.dtype(np.uint64): "UINT64",
    np.dtype(np.int8): "INT8",
    np.dtype(np.int16): "INT16",
    np.dtype(np.int32): "INT32",
    np.dtype(np.int64): "INT64",
    np.dtype(np.float16): "FP16",
    np.dtype(np.float32): "FP32",
    np.dtype(np.float64): "FP64",
}


def tensors(protocol: str, arrays: Mapping[str, Array], **options: Any) -> list[Any]:
    """Inputs for `infer`; ``binary_data=False`` sends numbers in JSON."""
    made = []
    for name, array in arrays.items():
        tensor = MODULES[protocol].InferInput(name, list(array.shape), WIRE_NAMES[array.dtype])
        tensor.set_data_from_numpy(array, **options)
        made.append(tensor)
    return made


def infer(client: Client, protocol: str, model: str, arrays: Mapping[str, Array], **options: Any) -> Any:
    """Runs a model; returns tritonclient's result."""
    return client.infer(model, tensors(protocol, arrays), **options)


Infer = Callable[..., Any]


def until(condition: Callable[..., Any], seconds: float = 20.0) -> None:
    """Waits for something that other threads bring about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
