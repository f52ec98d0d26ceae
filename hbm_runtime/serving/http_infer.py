"""Inference over HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from .calls import Cancellation
from .dataplane import Dataplane
from .http_bodies import LEASE, compressed, read_body
from .http_messages import HEADER_LENGTH, infer_body, infer_call
from .http_requests import check_content_type, is_local, model_and_version

INFER_PATH = re.compile(r"/v2/models/(?P<model>[^/]+)(?:/versions/(?P<version>[^/]+))?/infer")

_SPARE_THREADS = 8
"""So that requests over the limit are refused at once, and not when one of the others has ended."""

_UNWATCHED_SECONDS = 0.005
"""How long a client may be gone unnoticed. Watching takes a task, which costs as much as a small model."""

Body = tuple[list[bytes], int | None]
"""The parts of a body, and the length of its JSON header if bytes follow."""


class InferEndpoint:
    """Reads requests, runs them on threads, and takes back those whose clients go away."""

    def __init__(self, dataplane: Dataplane) -> None:
        self._dataplane = dataplane
        self._limits = dataplane.settings.limits
        self._pool = ThreadPoolExecutor(self._limits.calls + _SPARE_THREADS, thread_name_prefix="hbm-http")

    def close(self) -> None:
        """Ends the threads; those under way finish."""
        self._pool.shutdown(wait=False)

    async def response(self, request: Request) -> Response:
        """Answers one request. Raises HbmError when it is wrong or fails."""
        check_content_type(request)
        limits = self._limits
        body = await read_body(request, limits.message_bytes, limits.idle_seconds)
        name, version = model_and_version(request)
        header_length, local = request.headers.get(HEADER_LENGTH), is_local(request)
        cancellation = Cancellation()

        def work() -> Body:
            call = infer_call(name, version, body, header_length, local=local)
            return infer_body(self._dataplane.infer(call, cancellation), call)

        parts, length = await self._until_done(request, work, cancellation)
        request.scope[LEASE].hold(sum(map(len, parts)))
        headers = {} if length is None else {HEADER_LENGTH: str(length)}
        media_type = "application/json" if length is None else "application/octet-stream"
        encoding = request.headers.get("accept-encoding", "").strip().lower()
        if encoding in ("gzip", "deflate"):  # only for clients that name just one, as the protocol's do
            parts = [await asyncio.to_thread(compressed, parts, encoding)]
            headers["content-encoding"] = encoding
        return PartsResponse(parts, media_type, headers)

    async def _until_done(self, request: Request, work: Callable[[], Body], cancellation: Cancellation) -> Body:
        """Runs the work on a thread, and takes it back if the client goes away meanwhile."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Body] = loop.run_in_executor(self._pool, work)
        watching: list[asyncio.Future[Any]] = []

        def watch() -> None:
            gone = asyncio.ensure_future(request.receive())
            gone.add_done_callback(lambda ended: None if ended.cancelled() else cancellation.cancel())
            watching.append(gone)

        timer = loop.call_later(_UNWATCHED_SECONDS, watch)
        try:
            return await done
        finally:
            timer.cancel()
            for gone in watching:
                gone.cancel()


class PartsResponse(Response):
    """A response whose body is sent in pieces, so that they need not be joined."""

    def __init__(self, parts: Sequence[bytes], media_type: str, headers: dict[str, str]) -> None:
        self._parts = parts
        super().__init__(
            None,
            media_type=media_type,
            headers={"content-length": str(sum(map(len, parts))), **headers},
        )

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        """Sends the pieces."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        last = len(self._parts) - 1
        for index, part in enumerate(self._parts):
            await send({"type": "http.response.body", "body": part, "more_body": index < last})
