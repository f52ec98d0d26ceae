"""Models on a cluster of PCs or servers: a deployment for Ray Serve that answers as ``hbm-runtime serve`` does.

Ray's proxies take the requests of both protocols and spread them over replicas, each of which has the models loaded.
``serve run hbm_runtime.serving.ray:application models=/mnt/models`` starts one on a machine with Ray; a cluster is
described by a file (see the page Serving of the manual). Needs the extra ``ray``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from hbm_runtime import InputError

from .access.browsers import BrowserGuard
from .access.security import Guard, TokenFile
from .addresses import Address
from .dataplane.dataplane import Dataplane
from .failures import Kind, RefusedError, failure_of
from .grpc.methods import METHODS, Call, answer_of
from .http.routes import HttpApplication
from .models.control import Control
from .models.repository import Repository
from .protocol.messages import SERVICE, methods
from .settings import Settings

_ANYWHERE = Address("0.0.0.0", 0)
_ARGUMENTS = {"models", "files", "replicas", "bpu", "cpus", "token_file", "name"}


def add_servicer(_: Any, server: Any) -> None:
    """Registers the methods with a proxy of Ray: one of its ``grpc_servicer_functions``.

    Messages stay bytes on their way to a replica, so no process but that has to know their classes.
    """
    handlers = {name: grpc.unary_unary_rpc_method_handler(lambda _, __: b"") for name in METHODS}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))


class _Serialized(bytes):
    """A response that is bytes already; Ray asks responses for their bytes."""

    def SerializeToString(self) -> bytes:  # noqa: N802 (protobuf's name)
        return bytes(self)


class _Context:
    """What methods ask of grpcio's context, of Ray's."""

    def __init__(self, context: Any) -> None:
        self.invocation_metadata = context.invocation_metadata
        self._context = context
        self._gone: list[Callable[[], None]] = []

    def set_trailing_metadata(self, metadata: Sequence[tuple[str, str | bytes]]) -> None:
        self._context.set_trailing_metadata(list(metadata))  # Ray's takes lists only

    def add_callback(self, callback: Callable[[], None]) -> bool:
        self._gone.append(callback)
        return True

    def time_remaining(self) -> None:
        """Ray ends the request itself when the client's time is up."""
        return

    def cancel(self) -> None:
        for callback in self._gone:
            callback()


class _FixedModels(Control):
    """Control that leaves the models of a replica as they are: all replicas change together."""

    def load(self, name: str, parameters: Mapping[str, Any], *, secure: bool) -> None:  # noqa: ARG002
        raise _together(name)

    def unload(self, name: str) -> None:
        raise _together(name)


class ModelServer:
    """One replica. Wrap it by ``ray.serve.deployment``, or use `application`.

    Args:
        settings: What is served and how; addresses, TLS and uploads are Ray's affair.

    Raises:
        HbmError: A model cannot be loaded.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._repository = Repository(settings)
        self._repository.load_all()
        self._dataplane = Dataplane(settings, self._repository)
        self._control = _FixedModels(settings, self._repository, self._dataplane.shared_memory, None)
        tokens = None if settings.token_file is None else TokenFile(settings.token_file)
        self._guard = Guard(settings, _ANYWHERE, tokens)
        browsers = BrowserGuard(settings.allowed_origins, None)
        self._http = HttpApplication(self._dataplane, self._control, self._guard, browsers)
        self._pool = ThreadPoolExecutor(settings.limits.calls, thread_name_prefix="hbm-ray")

    def reconfigure(self, _: Any) -> None:
        """Reads changed model files anew, and new ones of the folder, when the deployment's user_config changes."""
        self._repository.refresh()

    def check_health(self) -> None:
        """Raises an exception when the driver does not run the models; Ray then replaces the replica."""
        if not self._dataplane.ready:
            raise RuntimeError("the models are not ready")

    async def __call__(self, request: Request) -> Response:
        """Answers a request of HTTP."""
        sent: list[Mapping[str, Any]] = []

        async def send(event: Mapping[str, Any]) -> None:
            sent.append(event)

        await self._http(dict(request.scope), request.receive, send)
        response = Response(b"".join(event.get("body", b"") for event in sent[1:]), sent[0]["status"])
        response.raw_headers = list(sent[0]["headers"])
        return response

    def __del__(self) -> None:
        if hasattr(self, "_pool"):
            self._http.close()
            self._pool.shutdown(wait=False)
            self._repository.close()

    async def _answer(self, name: str, data: bytes, grpc_context: Any) -> _Serialized:
        """Answers a call of gRPC."""
        context = _Context(grpc_context)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._answer_here, name, data, context)
        except asyncio.CancelledError:
            context.cancel()
            raise
        except Exception as error:
            failure = failure_of(error)
        grpc_context.set_code(getattr(grpc.StatusCode, failure.kind.grpc_code))
        grpc_context.set_details(failure.text)
        grpc_context.set_trailing_metadata([("hbm-error-bin", json.dumps(failure.details).encode())])
        return _Serialized()

    def _answer_here(self, name: str, data: bytes, context: _Context) -> _Serialized:
        method, limit = METHODS[name], self._settings.limits.message_bytes
        metadata = dict(context.invocation_metadata())
        self._guard.check(method.role, metadata.get("authorization"))
        if len(data) > limit:
            raise RefusedError(Kind.TOO_LARGE, f"the message has {len(data)} bytes; the limit is {limit}")
        call = Call(self._dataplane, self._control, context, local=False, secure=False)
        return _Serialized(answer_of(method, call, methods()[name][0], data))


def _add_methods() -> None:
    """Ray calls a replica's method by the name of gRPC's."""

    def method(name: str) -> Any:
        async def answer(self: ModelServer, request: bytes, grpc_context: Any) -> _Serialized:
            return await self._answer(name, request, grpc_context)

        answer.__name__ = name
        answer.__doc__ = f"Answers gRPC's {name}; takes and returns serialized messages."
        return answer

    for name in METHODS:
        setattr(ModelServer, name, method(name))


_add_methods()


def application(arguments: Mapping[str, str]) -> Any:
    """Returns the application for ``serve run`` and for the ``import_path`` of a configuration file.

    Args:
        arguments: ``models`` (a folder that every node sees) or ``files`` (separated by commas); ``replicas``, a number
            or a range such as ``1-4``, between which Ray scales by load; ``bpu``, how many of the resource "bpu" each
            needs, which nodes with one declare; ``cpus`` of each; ``token_file``; ``name`` of the server.

    Raises:
        InputError: An argument is unknown, or there is no model.
    """
    unknown = sorted(set(arguments) - _ARGUMENTS)
    if unknown:
        raise InputError(f"unknown argument {unknown[0]!r}; there are {', '.join(sorted(_ARGUMENTS))}")
    if not arguments.keys() & {"models", "files"}:
        raise InputError("no model is given: models=/folder or files=a.hbm,b.hbm")
    token_file = arguments.get("token_file")
    settings = Settings(
        files=[Path(file) for file in arguments.get("files", "").split(",") if file],
        folder=Path(arguments["models"]) if "models" in arguments else None,
        server_name=arguments.get("name", Settings.server_name),
        token_file=Path(token_file) if token_file else None,
        shared_memory=False,  # a client and its replica need not be on one machine
    )
    actor: dict[str, Any] = {"num_cpus": float(arguments.get("cpus", "1"))}
    if "bpu" in arguments:
        actor["resources"] = {"bpu": float(arguments["bpu"])}
    deployment = serve.deployment(
        name="hbm_runtime",
        ray_actor_options=actor,
        max_ongoing_requests=settings.limits.calls,
        **_scaling(arguments.get("replicas", "1")),
    )(ModelServer)
    return deployment.bind(settings)


def _scaling(replicas: str) -> dict[str, Any]:
    least, dash, most = replicas.partition("-")
    if not dash:
        return {"num_replicas": int(replicas)}
    return {"autoscaling_config": {"min_replicas": int(least), "max_replicas": int(most)}}


def _together(name: str) -> RefusedError:
    return RefusedError(
        Kind.UNSUPPORTED, "models are loaded on all replicas together: serve deploy", model=name,
        reported_class="UnsupportedError",
    )  # fmt: skip
