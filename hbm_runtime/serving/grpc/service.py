"""The gRPC half of the protocol."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NoReturn

import grpc

from hbm_runtime import HbmIOError
from hbm_runtime._signals import signals_blocked

from ..access.security import Guard, Role
from ..access.tls import grpc_credentials
from ..addresses import Address, is_loopback
from ..calls.message_budget import MessageBudget
from ..failures import Failure, Kind, RefusedError, failure_of
from ..protocol.messages import SERVICE, methods
from ..settings import Limits, Settings
from .methods import METHODS, Call, Method, answer_of
from .receiving import Receiver

_log = logging.getLogger("hbm_runtime.serving")

_SPARE_CALLS = 16
"""Calls beside inference that are answered while inference is at its limit."""
_LONGEST_TEXT = 4000
_PREFIX = f"/{SERVICE}/"


class GrpcService:
    """A gRPC server in front of a dataplane.

    Args:
        make_call: Makes the object that methods work on.
        address: The address to listen on.
        guard: Who may call.
        settings: The server's settings.
        budget: Memory for messages.

    Raises:
        HbmIOError: The address cannot be used.
    """

    def __init__(
        self,
        make_call: Callable[[Any, bool, bool], Call],
        address: Address,
        guard: Guard,
        settings: Settings,
        budget: MessageBudget,
    ) -> None:
        limits = settings.limits
        tls = settings.tls
        largest = max(limits.message_bytes, limits.upload_bytes if settings.allow_upload else 0)
        workers = limits.calls + _SPARE_CALLS
        self._receiver = Receiver(limits.receive_seconds)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="hbm-grpc")
        with signals_blocked():
            self._server = grpc.server(
                self._pool,
                handlers=[_Handler(make_call, guard, limits.message_bytes, budget, self._receiver)],
                options=_options(limits, largest + limits.header_bytes),
                maximum_concurrent_rpcs=workers,
            )
        try:
            if tls is None:
                port = self._server.add_insecure_port(str(address))
            else:
                port = self._server.add_secure_port(str(address), grpc_credentials(tls))
        except RuntimeError as error:
            self._pool.shutdown()
            raise HbmIOError(f"gRPC cannot listen on {address}: {error}") from None
        self.address = Address(address.host, port)

    def start(self) -> None:
        """Begins to answer."""
        self._receiver.start()
        with signals_blocked():
            self._server.start()

    def stop(self, seconds: float) -> None:
        """Ends: no new calls, and those under way have that many seconds."""
        self._server.stop(seconds).wait()
        self._receiver.stop()
        self._pool.shutdown()


def _options(limits: Limits, largest_message: int) -> list[tuple[str, int]]:
    milliseconds = max(1000, int(limits.idle_seconds * 1000))
    return [
        ("grpc.so_reuseport", 0),  # otherwise a second server on the same port would take half of the calls
        ("grpc.max_receive_message_length", largest_message),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_metadata_size", limits.header_bytes),
        # A call that has ended counts as a stream for a while yet; without room for these, some of a client's calls
        # within `maximum_concurrent_rpcs` would be reset.
        ("grpc.max_concurrent_streams", 4 * (limits.calls + _SPARE_CALLS)),
        ("grpc.max_allowed_incoming_connections", limits.connections),
        ("grpc.server_handshake_timeout_ms", milliseconds),
        # Connections whose other end is gone are found by pings; connections without calls are closed.
        ("grpc.keepalive_time_ms", milliseconds),
        ("grpc.keepalive_timeout_ms", min(milliseconds, 20_000)),
        ("grpc.http2.ping_timeout_ms", min(milliseconds, 20_000)),  # the one that counts while calls are under way
        ("grpc.http2.min_ping_interval_without_data_ms", 1000),
        ("grpc.max_connection_idle_ms", 10 * milliseconds),
    ]


class _Handler(grpc.GenericRpcHandler):  # type: ignore[misc] # grpcio has no types
    """Finds the method of a call, and refuses calls before their messages are read."""

    def __init__(
        self,
        make_call: Callable[[Any, bool, bool], Call],
        guard: Guard,
        message_bytes: int,
        budget: MessageBudget,
        receiver: Receiver,
    ) -> None:
        self._budget = budget
        self._receiver = receiver
        self._guard = guard
        self._make_call = make_call
        self._handlers: dict[str, tuple[Role, Any]] = {
            _PREFIX + name: (
                method.role,
                # As a stream of requests, so that there is a limit for the time that the message takes.
                grpc.stream_unary_rpc_method_handler(
                    self._behaviour(method, methods()[name][0], None if method.large else message_bytes)
                ),
            )
            for name, method in METHODS.items()
        }

    def service(self, details: Any) -> Any:
        """Returns the handler of a call; None: the method is not implemented."""
        known = self._handlers.get(details.method)
        if known is None:
            return None
        role, handler = known
        if role:
            try:
                self._check(role, details.invocation_metadata)
            except RefusedError as error:
                failure = failure_of(error)
                # As a stream of requests, so that the message is not waited for.
                return grpc.stream_unary_rpc_method_handler(lambda _, context: abort(context, failure))
        return handler

    def _check(self, role: Role, metadata: Any) -> None:
        self._guard.check(role, next((value for key, value in metadata if key == "authorization"), None))
        if self._budget.full:  # a message takes memory while it arrives
            raise self._budget.refusal()

    def _behaviour(
        self, method: Method, request_class: Any, limit: int | None
    ) -> Callable[[Iterator[bytes], Any], bytes]:
        def answer(requests: Iterator[bytes], context: Any) -> bytes:
            try:
                data = self._receiver.message(requests, context)
                if limit is not None and len(data) > limit:
                    raise RefusedError(Kind.TOO_LARGE, f"the message has {len(data)} bytes; the limit is {limit}")
                local = _is_local(context.peer())
                call = self._make_call(context, local, self._guard.secure)
                return self._counted(answer_of(method, call, request_class, data), context)
            except grpc.RpcError:  # the call has ended already
                raise
            except Exception as error:
                failure = failure_of(error)
            return abort(context, failure)

        return answer

    def _counted(self, answer: bytes, context: Any) -> bytes:
        """Counts an answer until it is sent."""
        lease = self._budget.lease()
        lease.hold(len(answer))
        if not context.add_callback(lease.close):  # the call has ended already
            lease.close()
        return answer


def abort(context: Any, failure: Failure) -> NoReturn:
    """Ends a call with a failure."""
    details = json.dumps(failure.details).encode()
    trailing: list[tuple[str, str | bytes]] = [("hbm-error-bin", details)]
    if failure.retry_after is not None:
        trailing.append(("grpc-retry-pushback-ms", str(int(failure.retry_after * 1000))))
    context.set_trailing_metadata(tuple(trailing))
    raise context.abort(getattr(grpc.StatusCode, failure.kind.grpc_code), failure.text[:_LONGEST_TEXT])


@lru_cache(maxsize=1024)  # asked for every call, of few connections
def _is_local(peer: str) -> bool:
    kind, _, rest = peer.partition(":")
    host = rest.rpartition(":")[0].replace("%5B", "[").replace("%5D", "]").strip("[]")
    return kind == "unix" or is_loopback(host)
