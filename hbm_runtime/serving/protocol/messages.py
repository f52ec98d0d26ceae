"""The messages of the Open Inference Protocol's gRPC half, in a descriptor pool of their own.

tritonclient ships the protocol's descriptors as generated modules, which register themselves in the process's default
pool. Another package with messages of the same names, such as KServe's, could then not be imported beside it. So the
descriptors are read out of those modules without running them.
"""

from __future__ import annotations

from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pool, message_factory

SERVICE = "inference.GRPCInferenceService"

_MODULES = ("model_config_pb2", "service_pb2")


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for module in _MODULES:
        pool.AddSerializedFile(_descriptor_of(module))
    return pool


def _descriptor_of(module: str) -> bytes:
    """The serialized descriptor that a generated module of tritonclient holds as a literal."""
    package = find_spec("tritonclient")
    if package is None or not package.submodule_search_locations:
        raise ImportError("tritonclient is not installed", name="tritonclient")
    path = Path(package.submodule_search_locations[0], "grpc", f"{module}.py")
    code = SourceFileLoader(module, str(path)).get_code(module)  # compiled already, when tritonclient was installed
    literals = [each for each in code.co_consts if isinstance(each, bytes)] if code is not None else []
    if literals:
        return max(literals, key=len)
    raise ImportError(f"{path} holds no serialized descriptor; this version of tritonclient is not supported")


@cache
def message(name: str) -> Any:
    """Returns the class of a message, such as ``"ModelInferRequest"``."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"inference.{name}"))


@cache
def methods() -> dict[str, tuple[Any, bool]]:
    """Returns the class of each method's request, and whether requests or responses are streams."""
    service = _pool().FindServiceByName(SERVICE)
    return {
        method.name: (message(method.input_type.name), method.client_streaming or method.server_streaming)
        for method in service.methods
    }
