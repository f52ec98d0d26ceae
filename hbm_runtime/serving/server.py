"""A whole server: repository, dataplane and both services."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from hbm_runtime import InputError

from .access.browsers import BrowserGuard
from .access.security import Guard, TokenFile, check_addresses
from .addresses import Address, parse_address
from .dataplane.dataplane import Dataplane
from .missing import missing_package
from .models.control import Control
from .models.repository import Repository
from .models.uploads import UploadFolder
from .settings import Settings

_log = logging.getLogger("hbm_runtime.serving")


class Server:
    """Serves models until it is closed. Made with ``with``, or closed by `close`.

    Attributes:
        warnings: What the person who starts it should know.
        http: The HTTP service's address, None where there is none.
        grpc: The gRPC service's address, None where there is none.
    """

    def __init__(self, settings: Settings) -> None:
        """Loads the models and begins to answer.

        Raises:
            InputError: The settings contradict each other, or would open the server to the network by accident.
            HbmError: A model cannot be loaded, or an address cannot be used.
            MissingPackageError: The extra ``remote`` is not installed.
            OSError: A file of the settings cannot be read.
        """
        addresses = [parse_address(text) for text in (settings.http, settings.grpc) if text is not None]
        if not addresses:
            raise InputError("neither HTTP nor gRPC is to be served")
        self.warnings = check_addresses(settings, addresses)
        self._settings = settings
        self._tokens = None if settings.token_file is None else TokenFile(settings.token_file)
        self._closed = False
        with ExitStack() as cleanup:
            self._uploads = None
            if settings.allow_upload:
                self._uploads = UploadFolder(settings.upload_folder, settings.limits.upload_bytes)
                cleanup.callback(self._uploads.close)
            self.repository = Repository(settings)
            cleanup.callback(self.repository.close)
            self.repository.load_all()
            self.dataplane = Dataplane(settings, self.repository)
            cleanup.callback(self.dataplane.shared_memory.unregister, "")
            self._control = Control(settings, self.repository, self.dataplane.shared_memory, self._uploads)
            self._services: list[Any] = []
            self.http = self._start_http(cleanup)
            self.grpc = self._start_grpc(cleanup)
            self._cleanup = cleanup.pop_all()

    def reload(self) -> None:
        """Reads tokens and models anew; what is wrong is logged and stays as it was."""
        if self._tokens is not None:
            try:
                self._tokens.reload()
            except (OSError, InputError) as error:
                _log.error("the tokens were not read anew: %s", error)
        self.repository.refresh()

    def close(self) -> None:
        """Ends: refuses new requests, waits for those under way, and releases everything. Closing twice is fine."""
        if self._closed:
            return
        self._closed = True
        if not self.dataplane.drained(self._settings.drain_seconds):
            _log.warning("requests were still under way after %g s", self._settings.drain_seconds)
        self._cleanup.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close()

    def _start_http(self, cleanup: ExitStack) -> Address | None:
        if self._settings.http is None:
            return None
        try:
            from .http.routes import HttpApplication  # noqa: PLC0415 (in an extra)
            from .http.service import HttpService  # noqa: PLC0415
        except ImportError as error:
            raise missing_package("serving needs", str(error.name), error) from error
        address = parse_address(self._settings.http)
        trusting = address.is_loopback and self._tokens is None
        browsers = BrowserGuard(self._settings.allowed_origins, self._settings.allowed_hosts if trusting else None)
        application = HttpApplication(
            self.dataplane, self._control, Guard(self._settings, address, self._tokens), browsers
        )
        cleanup.callback(application.close)
        service = HttpService(application, address, self._settings.limits, self._settings.tls)
        cleanup.callback(service.stop, 2.0)
        service.start()
        return service.address

    def _start_grpc(self, cleanup: ExitStack) -> Address | None:
        if self._settings.grpc is None:
            return None
        try:
            from .grpc.methods import Call  # noqa: PLC0415 (in an extra)
            from .grpc.service import GrpcService  # noqa: PLC0415
        except ImportError as error:
            raise missing_package("serving needs", str(error.name), error) from error
        address = parse_address(self._settings.grpc)
        service = GrpcService(
            lambda context, local, secure: Call(self.dataplane, self._control, context, local, secure),
            address,
            Guard(self._settings, address, self._tokens),
            self._settings,
            self.dataplane.budget,
        )
        cleanup.callback(service.stop, 2.0)
        service.start()
        return service.address
