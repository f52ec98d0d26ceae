"""A policy endpoint for `openpi-client`: ``python -m hbm_runtime.integrations.openpi policy.hbm --port 8000``.

Messages are those of openpi's websocket policy server: MessagePack with arrays as maps of data, dtype and shape. Needs
the packages websockets and msgpack: ``pip install 'hbm_runtime[openpi]'``.
"""

from __future__ import annotations

import argparse
import hmac
import http
import logging
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import HB_HBMRuntime
from .._errors import InputError, MissingPackageError
from .real_values import RealModel

try:
    import msgpack
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.server import ServerConnection, serve
except ImportError as error:
    raise MissingPackageError(f"{error}; install what this needs with: pip install 'hbm_runtime[openpi]'") from error

if TYPE_CHECKING:
    from websockets.http11 import Request, Response
    from websockets.sync.server import Server

Policy = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Makes a dict with the key ``actions`` from an observation."""

_MAX_BYTES = 256 * 2**20
_REFUSED_KINDS = "VOc"
_log = logging.getLogger("hbm_runtime.openpi")


def model_policy(model: Any, names: Mapping[str, str] | None = None, *, actions: str | None = None) -> Policy:
    """Makes a policy of a model.

    Args:
        model: A `hbm_runtime.Model`, or a runtime with one model.
        names: Keys of observations by the input that takes them, such as ``{"image": "observation/image"}``. Without
            one an input takes the key with its own name, or whose part after the last slash is that.
        actions: The output with the actions; by default the model's first.

    Returns:
        A function from observations to ``{"actions": ..., output: ...}``. A batch dimension of 1, which observations do
        not have, is added to inputs and taken from outputs.
    """
    real, keys = RealModel(model), dict(names or {})
    chosen = actions or real.output_names[0]
    if chosen not in real.output_names:
        raise InputError(f"the model has no output '{chosen}', but {', '.join(real.output_names)}")

    def infer(observation: Mapping[str, Any]) -> dict[str, Any]:
        inputs = {}
        for name, info in real.model.inputs.items():
            value = np.asarray(observation[_key(name, keys, observation)])
            inputs[name] = value[None] if value.ndim + 1 == info.rank and info.shape[0] in (1, -1) else value
        outputs = {name: array[0] if array.shape[:1] == (1,) else array for name, array in real.run(inputs).items()}
        return {"actions": outputs[chosen], **outputs}

    return infer


class PolicyServer:
    """Answers `openpi_client.websocket_client_policy.WebsocketClientPolicy`; clients one by one have a thread each.

    A context manager: the server runs inside the block.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        host: str = "127.0.0.1",
        port: int = 8000,
        metadata: Mapping[str, Any] | None = None,
        api_key: str | None = None,
    ) -> None:
        """Opens the port.

        Args:
            policy: Called with each observation; by several clients at a time.
            host: Where it listens; 0.0.0.0 for all networks, which should go with an ``api_key``.
            port: 0 chooses a free one.
            metadata: What clients get when they connect.
            api_key: What clients must give as theirs; None lets all in.
        """
        self._policy, self._api_key = policy, api_key
        self._metadata = dict(metadata or {})
        self._server: Server = serve(
            self._talk, host, port, compression=None, max_size=_MAX_BYTES, process_request=self._admit
        )
        self.port: int = self._server.socket.getsockname()[1]

    def serve_forever(self) -> None:
        """Answers clients until `close` is called from another thread, or Ctrl-C."""
        self._server.serve_forever()

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/healthz":
            return connection.respond(http.HTTPStatus.OK, "OK\n")
        given = request.headers.get("Authorization", "")
        if self._api_key is not None and not hmac.compare_digest(given.encode(), f"Api-Key {self._api_key}".encode()):
            return connection.respond(http.HTTPStatus.UNAUTHORIZED, "a right API key is needed\n")
        return None

    def _talk(self, connection: ServerConnection) -> None:
        try:
            connection.send(pack(self._metadata))
            for message in connection:
                connection.send(self._answer(message))
        except ConnectionClosed:
            pass

    def _answer(self, message: str | bytes) -> str | bytes:
        """The reply; text reports an error, as openpi's clients expect."""
        try:
            if isinstance(message, str):
                raise InputError("an observation is a binary message, not text")
            begin = time.perf_counter()
            reply = dict(self._policy(unpack(message)))
            reply["server_timing"] = {"infer_ms": (time.perf_counter() - begin) * 1e3}
            return pack(reply)
        except Exception as error:  # the client gets the error, and the next observation is another matter
            _log.warning("an observation failed", exc_info=True)
            return "".join(traceback.format_exception_only(error))


def pack(value: Any) -> bytes:
    """MessagePack of dicts, lists, text, numbers and arrays."""
    packed: bytes = msgpack.packb(value, default=_pack_array)
    return packed


def unpack(data: bytes) -> Any:
    """What `pack` has packed. Arrays of objects are refused; nothing is ever unpickled."""
    return msgpack.unpackb(data, object_hook=_unpack_array)


def _pack_array(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        if value.dtype.kind in _REFUSED_KINDS:
            raise InputError(f"arrays of {value.dtype} cannot be sent")
        if isinstance(value, np.ndarray):
            return {b"__ndarray__": True, b"data": value.tobytes(), b"dtype": value.dtype.str, b"shape": value.shape}
        return {b"__npgeneric__": True, b"data": value.item(), b"dtype": value.dtype.str}
    raise TypeError(f"{type(value).__name__} cannot be sent")


def _unpack_array(value: Any) -> Any:
    is_array, is_number = b"__ndarray__" in value, b"__npgeneric__" in value
    if not is_array and not is_number:
        return value
    dtype = np.dtype(value[b"dtype"])
    if dtype.kind in _REFUSED_KINDS:
        raise InputError(f"arrays of {dtype} are not taken")
    if is_number:
        return dtype.type(value[b"data"])
    return np.frombuffer(value[b"data"], dtype).reshape(value[b"shape"])


def _key(name: str, keys: Mapping[str, str], observation: Mapping[str, Any]) -> str:
    wanted = keys.get(name, name)
    if wanted in observation:
        return wanted
    alike = [key for key in observation if key.rpartition("/")[2] == wanted]
    if len(alike) != 1:
        raise InputError(f"the observation has nothing for input '{name}'; it has {', '.join(sorted(observation))}")
    return alike[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves a model's policy until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m hbm_runtime.integrations.openpi", description=__doc__)
    parser.add_argument("file", metavar="FILE", help="a model file")
    parser.add_argument("--model_name", metavar="NAME", help="which model of the file")
    parser.add_argument("--host", default="127.0.0.1", help="where it listens; default: this machine only")
    parser.add_argument("--port", type=int, default=8000, help="default: 8000")
    parser.add_argument("--actions", metavar="OUTPUT", help="the output with the actions; default: the first")
    parser.add_argument(
        "--input", nargs=2, action="append", default=[], metavar=("INPUT", "KEY"), help="the key that an input takes"
    )
    parser.add_argument("--api_key", metavar="KEY", help="what clients must give")
    given = parser.parse_args(arguments)
    runtime = HB_HBMRuntime(given.file)
    model = runtime[given.model_name] if given.model_name else runtime
    policy = model_policy(model, dict(given.input), actions=given.actions)
    server = PolicyServer(policy, host=given.host, port=given.port, api_key=given.api_key)
    print(f"policy of {given.file} at ws://{given.host}:{server.port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.close()


if __name__ == "__main__":
    main()
