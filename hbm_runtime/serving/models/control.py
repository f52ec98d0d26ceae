"""What changes a server: models loaded and unloaded, files sent, shared memory registered."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Mapping
from typing import Any

from hbm_runtime import InputError

from ..calls.shared_memory import SharedMemory
from ..failures import Kind, RefusedError
from ..settings import Settings
from .load_options import PASSPHRASE, load_options_of
from .repository import Repository
from .upload_trial import try_upload
from .uploads import UploadFolder

_log = logging.getLogger("hbm_runtime.serving")
_FILE = "file:"


class Control:
    """The repository and shared memory extensions for both protocols. Safe to use from any thread."""

    def __init__(
        self, settings: Settings, repository: Repository, shared_memory: SharedMemory, uploads: UploadFolder | None
    ) -> None:
        self._settings = settings
        self._repository = repository
        self._shared_memory = shared_memory
        self._uploads = uploads

    def index(self, *, only_ready: bool) -> list[dict[str, str]]:
        """Lists the models of the repository."""
        entries = [vars(entry) for entry in self._repository.index()]
        return [entry for entry in entries if entry["state"] == "READY" or not only_ready]

    def load(self, name: str, parameters: Mapping[str, Any], *, secure: bool) -> None:
        """Loads a model, or loads it again under load.

        Args:
            name: The name that clients use.
            parameters: ``config``, and for an upload ``file:1/model.hbm`` with the model.
            secure: True if the connection is encrypted or stays on this machine.

        Raises:
            HbmError: Wrong parameters, or loading failed; what was served before still is.
        """
        config = parameters.get("config")
        if config is not None and not isinstance(config, str):
            raise InputError(f"model '{name}': config must be text", model=name)
        options = load_options_of(name, config)
        if PASSPHRASE in options and not secure:
            raise RefusedError(Kind.FORBIDDEN, "a passphrase travels only under TLS or on loopback", model=name)
        files = {key: value for key, value in parameters.items() if key.startswith(_FILE)}
        if not files:
            self._repository.load(name, options)
        elif self._uploads is None:
            raise RefusedError(Kind.FORBIDDEN, "this server takes no models from clients (--allow_upload)", model=name)
        else:
            with self._uploads.received(name, {key: _bytes_of(name, value) for key, value in files.items()}) as upload:
                try_upload(name, upload.path)
                self._repository.load_file(name, upload.path, options, upload.accept)
        _log.info("model '%s' was loaded by a client", name)

    def unload(self, name: str) -> None:
        """Stops serving a model; requests under way finish. Raises RefusedError for one that is not loaded."""
        self._repository.unload(name)
        _log.info("model '%s' was unloaded by a client", name)

    def regions(self, name: str, *, local: bool) -> list[dict[str, Any]]:
        """Lists all shared memory regions, or the one of that name."""
        self._check_local(local)
        return [
            {"name": region.name, "key": region.key, "offset": region.offset, "byte_size": region.nbytes}
            for region in self._shared_memory.regions(name)
        ]

    def register(self, name: str, key: str, offset: int, nbytes: int, *, local: bool) -> None:
        """Registers a shared memory region. Raises HbmError when that is not possible."""
        self._check_local(local)
        self._shared_memory.register(name, key, offset, nbytes)

    def unregister(self, name: str, *, local: bool) -> None:
        """Forgets a region, or all if the name is empty; without effect for clients that cannot register any."""
        if local and self._settings.shared_memory:
            self._shared_memory.unregister(name)

    def _check_local(self, local: bool) -> None:
        if not (local and self._settings.shared_memory):
            raise RefusedError(
                Kind.FORBIDDEN, "shared memory is for clients on the server's machine, where it is not turned off"
            )


def _bytes_of(name: str, value: Any) -> bytes:
    """The content of a file: bytes over gRPC, base64 text over HTTP."""
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise InputError(f"model '{name}': the file is no base64 text", model=name) from None
