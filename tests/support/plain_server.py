"""Servers of another make: the Open Inference Protocol with nothing of this package's own, around a local runtime.

They tell types and shapes only, take tensors in the body of a message, and report errors as text.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
import numpy as np
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import np_to_triton_dtype, triton_to_np_dtype

from hbm_runtime import HB_HBMRuntime


def tensors_of(runtime: HB_HBMRuntime, model: str) -> dict[str, list[dict[str, Any]]]:
    """Inputs and outputs as the protocol lists them."""
    view = runtime.model(model)
    return {
        role: [
            {"name": each.name, "datatype": np_to_triton_dtype(each.np_dtype), "shape": list(each.shape)}
            for each in infos.values()
        ]
        for role, infos in (("inputs", view.inputs), ("outputs", view.outputs))
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    runtime: HB_HBMRuntime

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        words = self.path.strip("/").split("/")
        if words == ["v2"]:
            self._answer({"name": "plain", "version": "7", "extensions": ["binary_tensor_data"]})
        elif words[:2] == ["v2", "models"] and len(words) == 3 and words[2] in self.runtime:
            self._answer({"name": words[2], "platform": "any", **tensors_of(self.runtime, words[2])})
        else:
            self._answer({"error": f"no {self.path}"}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        words = self.path.strip("/").split("/")
        if words[-1] != "infer":
            self._answer({"error": "not implemented"}, 404)
            return
        try:
            self._infer(words[2], body)
        except Exception as error:
            self._answer({"error": str(error)}, 400)

    def _infer(self, model: str, body: bytes) -> None:
        length = int(self.headers.get("Inference-Header-Content-Length", len(body)))
        request, offset = json.loads(body[:length]), length
        inputs = {}
        for tensor in request["inputs"]:
            end = offset + tensor["parameters"]["binary_data_size"]
            array = np.frombuffer(body[offset:end], triton_to_np_dtype(tensor["datatype"]))
            inputs[tensor["name"]] = array.reshape(tensor["shape"])
            offset = end
        outputs = self.runtime.run(inputs, model_name=model)[model]
        data = b"".join(array.tobytes() for array in outputs.values())
        listed = [
            {"name": name, "datatype": np_to_triton_dtype(array.dtype), "shape": list(array.shape),
             "parameters": {"binary_data_size": array.nbytes}}
            for name, array in outputs.items()
        ]  # fmt: skip
        self._answer({"model_name": model, "outputs": listed}, 200, data)

    def _answer(self, document: Any, status: int = 200, data: bytes = b"") -> None:
        header = json.dumps(document).encode()
        self.send_response(status)
        if data:
            self.send_header("Inference-Header-Content-Length", str(len(header)))
        self.send_header("Content-Length", str(len(header) + len(data)))
        self.end_headers()
        self.wfile.write(header + data)


class _Servicer(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    def __init__(self, runtime: HB_HBMRuntime) -> None:
        self._runtime = runtime

    def ServerMetadata(self, _request: Any, _context: Any) -> Any:
        return service_pb2.ServerMetadataResponse(name="plain", version="7")

    def ModelMetadata(self, request: Any, context: Any) -> Any:
        if request.name not in self._runtime:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no {request.name}")
        return service_pb2.ModelMetadataResponse(name=request.name, **tensors_of(self._runtime, request.name))

    def ModelInfer(self, request: Any, context: Any) -> Any:
        inputs = {
            tensor.name: np.frombuffer(raw, triton_to_np_dtype(tensor.datatype)).reshape(tuple(tensor.shape))
            for tensor, raw in zip(request.inputs, request.raw_input_contents, strict=True)
        }
        try:
            outputs = self._runtime.run(inputs, model_name=request.model_name)[request.model_name]
        except Exception as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        response = service_pb2.ModelInferResponse(model_name=request.model_name)
        for name, array in outputs.items():
            response.outputs.add(name=name, datatype=np_to_triton_dtype(array.dtype), shape=array.shape)
            response.raw_output_contents.append(array.tobytes())
        return response


@contextmanager
def http_server(runtime: HB_HBMRuntime) -> Iterator[str]:
    """A server over HTTP; yields its URL."""
    handler = type("Handler", (_Handler,), {"runtime": runtime})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def grpc_server(runtime: HB_HBMRuntime) -> Iterator[str]:
    """A server over gRPC; yields its URL."""
    with ThreadPoolExecutor(8) as pool:
        server = grpc.server(pool, options=[("grpc.max_receive_message_length", -1)])
        service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(_Servicer(runtime), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"grpc://127.0.0.1:{port}"
        finally:
            server.stop(None).wait()
