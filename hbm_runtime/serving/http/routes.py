"""The paths of the HTTP half, and what each does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from hbm_runtime import InputError

from ..access.browsers import BrowserGuard
from ..access.security import Guard, Role
from ..dataplane.dataplane import Dataplane
from ..dataplane.metrics import metrics_text
from ..failures import Kind, RefusedError, failure_of
from ..models.control import Control
from ..settings import BASE64_GROWTH
from .bodies import LEASE, read_body
from .infer import INFER_PATH, InferEndpoint
from .messages import NO_PARAMETERS, is_parameters, json_object
from .requests import QuickRequest, check_content_type, error_response, is_local, model_and_version

Endpoint = Callable[[Request], Awaitable[Response]]


class HttpApplication:
    """The application that uvicorn runs.

    Args:
        dataplane: Inference and metadata.
        control: Loading, unloading, shared memory.
        guard: Who may call.
        browsers: What web pages may do.
    """

    def __init__(self, dataplane: Dataplane, control: Control, guard: Guard, browsers: BrowserGuard) -> None:
        self._dataplane = dataplane
        self._control = control
        self._guard = guard
        self._browsers = browsers
        self._settings = dataplane.settings
        limits = self._settings.limits
        self._largest_load = limits.message_bytes
        if self._settings.allow_upload:
            self._largest_load = max(limits.message_bytes, int(limits.upload_bytes * BASE64_GROWTH))
        self._infer = InferEndpoint(dataplane)
        origins = list(self._settings.allowed_origins)
        self._app = Starlette(
            routes=self._routes(),
            middleware=[Middleware(CORSMiddleware, allow_origins=origins, allow_methods=["*"], allow_headers=["*"])]
            if origins
            else [],
            exception_handlers={HTTPException: _plain_http_error},
        )

    def close(self) -> None:
        """Ends the threads; those under way finish."""
        self._infer.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request. Inference takes a short cut: the routes' way costs as much as a small model."""
        with self._dataplane.budget.lease() as scope[LEASE]:
            match = INFER_PATH.fullmatch(scope["path"]) if scope["method"] == "POST" else None
            if match is None or self._settings.allowed_origins:
                await self._app(scope, receive, send)
                return
            scope["path_params"] = {name: text for name, text in match.groupdict().items() if text is not None}
            request = QuickRequest(scope, receive)
            await (await self._answer(request, self._infer.response, Role.INFER))(scope, receive, send)

    def _routes(self) -> list[Route]:
        route = self._route
        routes = [
            route("/v2/health/live", self._live, Role.NONE),
            route("/v2/health/ready", self._ready, Role.NONE),
            route("/v2", self._server_metadata),
            route("/v2/", self._server_metadata),
            route("/v2/hbm/host", self._host),
            route("/v2/models/stats", self._statistics),
            route("/v2/repository/index", self._index, methods=("POST",)),
            route("/v2/repository/models/{model}/load", self._load, Role.CONTROL, ("POST",)),
            route("/v2/repository/models/{model}/unload", self._unload, Role.CONTROL, ("POST",)),
            route("/v2/systemsharedmemory/status", self._regions),
            route("/v2/systemsharedmemory/region/{region}/status", self._regions),
            route("/v2/systemsharedmemory/region/{region}/register", self._register, methods=("POST",)),
            route("/v2/systemsharedmemory/region/{region}/unregister", self._unregister, methods=("POST",)),
            route("/v2/systemsharedmemory/unregister", self._unregister, methods=("POST",)),
            # perf_analyzer calls these two at its start, whether there is a GPU or not.
            route("/v2/cudasharedmemory/status", self._no_regions),
            route("/v2/cudasharedmemory/unregister", self._nothing, methods=("POST",)),
            route("/metrics", self._metrics, Role.METRICS),
        ]
        for prefix in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
            routes += [
                route(prefix, self._model_metadata),
                route(f"{prefix}/ready", self._model_ready),
                route(f"{prefix}/config", self._model_config),
                route(f"{prefix}/stats", self._statistics),
                route(f"{prefix}/infer", self._infer.response, methods=("POST",)),
            ]
        return routes

    def _route(
        self, path: str, endpoint: Endpoint, role: Role = Role.INFER, methods: Sequence[str] = ("GET",)
    ) -> Route:
        async def guarded(request: Request) -> Response:
            return await self._answer(request, endpoint, role)

        return Route(path, guarded, methods=list(methods))

    async def _answer(self, request: Request, endpoint: Endpoint, role: Role) -> Response:
        try:
            if role:
                self._browsers.check(request.headers)
                self._guard.check(role, request.headers.get("authorization"))
            return await endpoint(request)
        except Exception as error:
            return error_response(failure_of(error))

    # Triton's clients look at the status only, KServe's at the body.
    async def _live(self, _: Request) -> Response:
        return JSONResponse({"live": True})

    async def _ready(self, _: Request) -> Response:
        ready = self._dataplane.ready
        return JSONResponse({"ready": ready}, 200 if ready else 503)

    async def _server_metadata(self, _: Request) -> Response:
        return JSONResponse(self._dataplane.server_metadata())

    async def _host(self, _: Request) -> Response:
        return JSONResponse(await asyncio.to_thread(self._dataplane.host))

    async def _model_metadata(self, request: Request) -> Response:
        return JSONResponse(self._model(request).description.metadata)

    async def _model_config(self, request: Request) -> Response:
        return JSONResponse(self._model(request).description.config)

    async def _model_ready(self, request: Request) -> Response:
        name, version = model_and_version(request)
        ready = self._dataplane.model_ready(name, version)
        return JSONResponse({"name": name, "ready": ready}, 200 if ready else 503)

    async def _statistics(self, request: Request) -> Response:
        name, version = model_and_version(request)
        return JSONResponse(self._dataplane.statistics(name, version))

    async def _metrics(self, _: Request) -> Response:
        text = await asyncio.to_thread(metrics_text, self._dataplane)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    async def _index(self, request: Request) -> Response:
        document = await self._document(request)
        ready = document.get("ready", False)
        if not isinstance(ready, bool):
            raise InputError("ready must be true or false")
        return JSONResponse(self._control.index(only_ready=ready))

    async def _load(self, request: Request) -> Response:
        document = await self._document(request, self._largest_load)
        parameters = document.get("parameters", {})
        if not is_parameters(parameters):
            raise InputError(NO_PARAMETERS)
        name = request.path_params["model"]
        await asyncio.to_thread(self._control.load, name, parameters, secure=self._guard.secure)
        return Response()

    async def _unload(self, request: Request) -> Response:
        await self._document(request)
        await asyncio.to_thread(self._control.unload, request.path_params["model"])
        return Response()

    async def _regions(self, request: Request) -> Response:
        name = request.path_params.get("region", "")
        return JSONResponse(self._control.regions(name, local=is_local(request)))

    async def _register(self, request: Request) -> Response:
        document = await self._document(request)
        key, offset, nbytes = document.get("key"), document.get("offset", 0), document.get("byte_size")
        if not isinstance(key, str) or type(offset) is not int or type(nbytes) is not int:
            raise RefusedError(
                Kind.INVALID, "key must be text, offset and byte_size whole numbers", reported_class="InputError"
            )
        self._control.register(request.path_params["region"], key, offset, nbytes, local=is_local(request))
        return Response()

    async def _unregister(self, request: Request) -> Response:
        self._control.unregister(request.path_params.get("region", ""), local=is_local(request))
        return Response()

    async def _no_regions(self, _: Request) -> Response:
        return JSONResponse([])

    async def _nothing(self, _: Request) -> Response:
        return Response()

    async def _document(self, request: Request, limit: int | None = None) -> dict[str, Any]:
        check_content_type(request)
        limits = self._settings.limits
        body = await read_body(request, limit or limits.message_bytes, limits.idle_seconds)
        return await asyncio.to_thread(json_object, body) if len(body) > 100_000 else json_object(body)

    def _model(self, request: Request) -> Any:
        return self._dataplane.repository.get(*model_and_version(request))


def _plain_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = f"{request.method} {request.url.path}: {error.detail}"
    details = {"class": "HbmRemoteError", "function": None, "status": None, "status_name": None, "model": None}
    document = {"error": text, "hbm_error": {**details, "tensor": None}}
    return Response(json.dumps(document).encode(), error.status_code, error.headers, "application/json")
