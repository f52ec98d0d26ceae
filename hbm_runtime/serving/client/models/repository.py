"""Loading and unloading models on servers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hbm_runtime._errors import HbmIOError, InputError, ModelNotFoundError
from hbm_runtime._loading.sources import PathOrBuffer, sources_of

from ..transports.address import Address
from ..transports.servers import Servers
from ..transports.wire import Control, Document

_FILE = "file:1/model.hbm"


def load(
    servers: Servers, model: str, source: PathOrBuffer | None, options: Mapping[str, Any], control: Control
) -> None:
    """Loads a model on all servers, from their own folder or from a file of this machine that is sent to them.

    Args:
        servers: The servers that load it.
        model: Name of the model.
        source: A path or a buffer of this machine; None for the server's own file.
        options: Load options by the names of `HB_HBMRuntime`; those that are None or False are left out.
        control: Time limit.

    Raises:
        InputError: A passphrase would travel unencrypted.
        ModelNotFoundError: No such file here.
        HbmError: What the server reports.
    """
    given = {name: _text(value) for name, value in options.items() if value not in (None, False)}
    if "passphrase" in given:
        for server in servers.all:
            _demand_secrecy(server.transport.address)
    parameters: Document = {}
    if given or source is not None:
        parameters["config"] = json.dumps(
            {"parameters": {name: {"string_value": text} for name, text in given.items()}}
        )
    if source is not None:
        parameters[_FILE] = _content(source)
    for server in servers.all:
        server.transport.request("load", {"model_name": model, "parameters": parameters}, control)


def unload(servers: Servers, model: str, control: Control) -> None:
    """Unloads a model on all servers."""
    for server in servers.all:
        server.transport.request("unload", {"model_name": model}, control)


def _content(source: PathOrBuffer) -> bytes:
    sources = sources_of([source])
    if sources.in_memory:
        return bytes(sources.buffers[0])
    path = Path(sources.keys[0])
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ModelNotFoundError(f"there is no model file {path}") from error
    except OSError as error:
        raise HbmIOError(f"{path} cannot be read: {error.strerror}") from error


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if value is True:
        return "true"
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _demand_secrecy(address: Address) -> None:
    if not address.is_encrypted and not address.is_this_machine():
        raise InputError(
            f"a passphrase would travel to {address} unencrypted; use {address.scheme}s://, or load it there"
        )
