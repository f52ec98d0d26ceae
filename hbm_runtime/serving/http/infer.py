"""Inference over HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from hbm_runtime import HbmError

from ..calls.call import Cancellation, InferAnswer, InferCall
from ..dataplane.dataplane import Dataplane, UnderWay
from .bodies import LEASE, compressed, read_body
from .messages import HEADER_LENGTH, infer_body, infer_call, json_length
from .requests import check_content_type, is_local, model_and_version
from .worker_pool import WorkerPool

T = TypeVar("T")
INFER_PATH = re.compile(r"/v2/models/(?P<model>[^/]+)(?:/versions/(?P<version>[^/]+))?/infer")

_SPARE_THREADS = 8
"""So that requests over the limit are refused at once, and not when one of the others has ended."""

_UNWATCHED_SECONDS = 0.005
"""How long a client may be gone unnoticed. Watching takes a task, which costs as much as a small model."""

_QUICK_BYTES, _QUICK_JSON = 1024 * 1024, 16 * 1024
"""What the event loop copies and reads itself: passing it to a thread and back costs more than a small model."""

_JOINED_AT_MOST = 64 * 1024
"""Copying more than this costs more than sending it by itself."""

Body = tuple[list[bytes | memoryview], int | None]
"""The parts of a body, and the length of its JSON header if bytes follow."""


class InferEndpoint:
    """Reads requests, runs them, and takes back those whose clients go away.

    What is small and has a place at once is prepared and started on the event loop, which the runtime wakes when the
    run has ended. Everything else has a thread.
    """

    def __init__(self, dataplane: Dataplane) -> None:
        self._dataplane = dataplane
        self._limits = dataplane.settings.limits
        self._pool = WorkerPool(self._limits.calls + _SPARE_THREADS, "hbm-http")

    def close(self) -> None:
        """Ends the threads; those under way finish."""
        self._pool.close()

    async def response(self, request: Request) -> Response:
        """Answers one request. Raises HbmError when it is wrong or fails."""
        check_content_type(request)
        limits = self._limits
        body = await read_body(request, limits.message_bytes, limits.idle_seconds)
        parts, length = await self._answer(request, body)
        request.scope[LEASE].hold(sum(map(len, parts)))
        headers = {} if length is None else {HEADER_LENGTH: str(length)}
        media_type = "application/json" if length is None else "application/octet-stream"
        encoding = request.headers.get("accept-encoding", "").strip().lower()
        if encoding in ("gzip", "deflate"):  # only for clients that name just one, as the protocol's do
            parts = [await asyncio.to_thread(compressed, parts, encoding)]
            headers["content-encoding"] = encoding
        return PartsResponse(parts, media_type, headers)

    async def _answer(self, request: Request, body: bytes) -> Body:
        name, version = model_and_version(request)
        header_length, local = request.headers.get(HEADER_LENGTH), is_local(request)
        cancellation = Cancellation()
        if len(body) <= _QUICK_BYTES and json_length(body, header_length) <= _QUICK_JSON:
            call = infer_call(name, version, body, header_length, local=local)
            quick = _shared_bytes(call) <= _QUICK_BYTES
            under_way = self._dataplane.start(call, cancellation, may_wait=False) if quick else None
            if under_way is not None:
                answer = await self._ended(request, under_way, cancellation)
                if _is_quick(answer, call):
                    return infer_body(answer, call)
                made: Body = await self._pool.run(lambda: infer_body(answer, call))
                return made

        def work() -> Body:
            call = infer_call(name, version, body, header_length, local=local)
            return infer_body(self._dataplane.infer(call, cancellation), call)

        return await self._until_done(request, self._pool.run(work), cancellation)

    async def _ended(self, request: Request, under_way: UnderWay, cancellation: Cancellation) -> InferAnswer:
        """Waits for a request that was started."""
        assert under_way.request is not None
        if under_way.request.done():  # of a brief model, which was computed on this thread
            return under_way.answer()
        try:
            await self._until_done(request, under_way.request, cancellation)
        except HbmError:
            pass  # which the answer raises
        except BaseException:  # the server ends; waiting for the request has abandoned it
            with suppress(HbmError):
                under_way.answer()
            raise
        return under_way.answer()

    async def _until_done(self, request: Request, done: Awaitable[T], cancellation: Cancellation) -> T:
        """Waits for the end of the work, and takes it back if the client goes away meanwhile."""
        watching: list[asyncio.Future[Any]] = []

        def watch() -> None:
            gone = asyncio.ensure_future(request.receive())
            gone.add_done_callback(lambda ended: None if ended.cancelled() else cancellation.cancel())
            watching.append(gone)

        timer = asyncio.get_running_loop().call_later(_UNWATCHED_SECONDS, watch)
        try:
            return await done
        finally:
            timer.cancel()
            for gone in watching:
                gone.cancel()


def _shared_bytes(call: InferCall) -> int:
    """Bytes of shared memory that a request is copied from and to."""
    parts = [*(tensor.shared for tensor in call.inputs), *(wish.shared for wish in call.outputs)]
    return sum(part.nbytes for part in parts if part is not None)


def _is_quick(answer: InferAnswer, call: InferCall) -> bool:
    """Returns True if the body of an answer is made so fast that the event loop may do it."""
    all_binary = all(wish.binary for wish in call.outputs) if call.outputs else call.binary_outputs
    limit = _QUICK_BYTES if all_binary else _QUICK_JSON
    return sum(output.array.nbytes for output in answer.outputs if output.array is not None) <= limit


class PartsResponse(Response):
    """A response whose body is sent in pieces, so that they need not be joined."""

    def __init__(self, parts: Sequence[bytes | memoryview], media_type: str, headers: dict[str, str]) -> None:
        nbytes = sum(map(len, parts))
        self._parts = parts if nbytes > _JOINED_AT_MOST else [b"".join(parts)]
        self.status_code = 200
        given = {"content-length": str(nbytes), "content-type": media_type, **headers}
        # As starlette has them, which finds out what is known here.
        self.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given.items()]

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        """Sends the pieces."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        last = len(self._parts) - 1
        for index, part in enumerate(self._parts):
            await send({"type": "http.response.body", "body": part, "more_body": index < last})
