"""Bodies of HTTP requests, read with limits on bytes and time."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence

from starlette.requests import Request

from hbm_runtime import InputError

from ..calls.message_budget import MessageLease
from ..failures import Kind, RefusedError

LEASE = "hbm_runtime.message_lease"
"""Where a request's scope has its share of the memory for messages."""
_DECOMPRESSED_AT_ONCE = 4 * 1024 * 1024


async def read_body(request: Request, limit: int, idle_seconds: float) -> bytes:
    """Reads the whole body of a request, and decompresses it.

    Args:
        request: The request.
        limit: Largest number of bytes, as sent and decompressed.
        idle_seconds: Longest time between two pieces.

    Raises:
        RefusedError: Over a limit, or the client went away.
        InputError: The compressed body is damaged, or compressed in another way than gzip or deflate.
    """
    headers = request.headers
    lease: MessageLease = request.scope[LEASE]
    announced = headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    pieces = []
    total = 0
    more = True
    with _Watch(idle_seconds) as watch:
        while more:
            event = await request.receive()
            watch.touch()
            if event["type"] == "http.disconnect":
                raise RefusedError(Kind.CANCELLED, "the client went away", reported_class="HbmCancelledError")
            piece = event.get("body", b"")
            total += len(piece)
            if total > limit:
                raise _too_large(limit)
            lease.take(len(piece))
            pieces.append(piece)
            more = event.get("more_body", False)
    body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return body
    return await _decompressed(body, encoding, limit, lease)


class _Watch:
    """Ends a task's block when nothing happens for a time. One timer for a whole body is cheaper than one a piece."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._last = self._loop.time()
        self._expired = False
        self._timer = self._loop.call_later(seconds, self._look)

    def touch(self) -> None:
        """Notes that something happened."""
        self._last = self._loop.time()

    def __enter__(self) -> _Watch:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._timer.cancel()
        if self._expired and kind is asyncio.CancelledError:
            uncancel = getattr(self._task, "uncancel", None)
            if uncancel is not None:  # since Python 3.11
                uncancel()
            raise RefusedError(Kind.SLOW_CLIENT, f"nothing more of the body came within {self._seconds:g} s")

    def _look(self) -> None:
        rest = self._last + self._seconds - self._loop.time()
        if rest > 0:
            self._timer = self._loop.call_later(rest, self._look)
        elif self._task is not None:
            self._expired = True
            self._task.cancel()


async def _decompressed(body: bytes, encoding: str, limit: int, lease: MessageLease) -> bytes:
    """Decompresses a body, at most as far as the limit and the memory for messages allow.

    Raises:
        RefusedError: It would be longer than `limit`, or than what is left.
        InputError: It is damaged, or the encoding is neither gzip nor deflate.
    """
    if encoding not in ("gzip", "deflate"):
        raise RefusedError(Kind.WRONG_CONTENT, f"Content-Encoding {encoding[:40]!r} is neither gzip nor deflate")
    decoder = zlib.decompressobj(zlib.MAX_WBITS | (16 if encoding == "gzip" else 0))
    pieces, total, rest = [], 0, body
    try:
        while not decoder.eof:
            piece = await asyncio.to_thread(decoder.decompress, rest, min(_DECOMPRESSED_AT_ONCE, limit + 1 - total))
            total += len(piece)
            if total > limit:
                raise _too_large(limit)
            lease.take(len(piece))
            pieces.append(piece)
            rest = decoder.unconsumed_tail
            if not piece and not rest:
                break  # the body ends too early
    except zlib.error:
        raise InputError(f"the body is not valid {encoding} data") from None
    if not decoder.eof or decoder.unused_data:
        raise InputError(f"the body is not one whole {encoding} stream")
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def compressed(parts: Sequence[bytes | memoryview], encoding: str) -> bytes:
    """Compresses a body, fast rather than well."""
    coder = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | (16 if encoding == "gzip" else 0))
    return b"".join([*(coder.compress(part) for part in parts), coder.flush()])


def _too_large(limit: int) -> RefusedError:
    return RefusedError(Kind.TOO_LARGE, f"the body is larger than the limit of {limit} bytes")
