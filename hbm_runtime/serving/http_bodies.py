"""Bodies of HTTP requests, read with limits on bytes and time."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

from hbm_runtime import InputError

from .failures import Kind, RefusedError

Receive = Callable[[], Awaitable[Any]]


async def read_body(headers: Any, receive: Receive, limit: int, idle_seconds: float) -> bytes:
    """Reads the whole body of a request, and decompresses it.

    Args:
        headers: The request's headers.
        receive: ASGI's function.
        limit: Largest number of bytes, as sent and decompressed.
        idle_seconds: Longest time between two pieces.

    Raises:
        RefusedError: Over a limit, or the client went away.
        InputError: The compressed body is damaged, or compressed in another way than gzip or deflate.
    """
    announced = headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    pieces = []
    total = 0
    more = True
    with _Watch(idle_seconds) as watch:
        while more:
            event = await receive()
            watch.touch()
            if event["type"] == "http.disconnect":
                raise RefusedError(Kind.CANCELLED, "the client went away", reported_class="HbmCancelledError")
            piece = event.get("body", b"")
            total += len(piece)
            if total > limit:
                raise _too_large(limit)
            pieces.append(piece)
            more = event.get("more_body", False)
    body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return body
    return await asyncio.to_thread(decompressed, body, encoding, limit)


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


def decompressed(body: bytes, encoding: str, limit: int) -> bytes:
    """Decompresses a body, at most as far as the limit.

    Raises:
        RefusedError: It would be longer than `limit`.
        InputError: It is damaged, or the encoding is neither gzip nor deflate.
    """
    if encoding not in ("gzip", "deflate"):
        raise RefusedError(Kind.WRONG_CONTENT, f"Content-Encoding {encoding[:40]!r} is neither gzip nor deflate")
    decoder = zlib.decompressobj(zlib.MAX_WBITS | (16 if encoding == "gzip" else 0))
    try:
        plain = decoder.decompress(body, limit + 1)
    except zlib.error:
        raise InputError(f"the body is not valid {encoding} data") from None
    if len(plain) > limit:
        raise _too_large(limit)
    if not decoder.eof or decoder.unused_data:
        raise InputError(f"the body is not one whole {encoding} stream")
    return plain


def compressed(parts: list[bytes], encoding: str) -> bytes:
    """Compresses a body, fast rather than well."""
    coder = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | (16 if encoding == "gzip" else 0))
    return b"".join([*(coder.compress(part) for part in parts), coder.flush()])


def _too_large(limit: int) -> RefusedError:
    return RefusedError(Kind.TOO_LARGE, f"the body is larger than the limit of {limit} bytes")
