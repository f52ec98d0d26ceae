"""What a client shows to a server, and whom it trusts."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

from hbm_runtime._errors import InputError, InputTypeError

from .address import Address
from .library import load

TokenOrFile = str | os.PathLike[str]
PathLike = str | os.PathLike[str]


class Credentials:
    """Token and certificates of one client.

    Args:
        token: The token itself as a str, or a path object: a file that holds it, which is read anew for every call.
        ca: PEM file of the authorities that are trusted instead of the system's.
        cert: PEM file of the client's certificate, for servers that demand one.
        key: PEM file of its private key; None if `cert` has it, too.

    Raises:
        InputError: Options that do not go together, a token that no header can hold, a file that cannot be read.
    """

    def __init__(
        self,
        token: TokenOrFile | None = None,
        ca: PathLike | None = None,
        cert: PathLike | None = None,
        key: PathLike | None = None,
    ) -> None:
        if key is not None and cert is None:
            raise InputError(
                "key is given without cert; a client certificate needs both, or one file with both as cert"
            )
        if token is not None and not isinstance(token, (str, os.PathLike)):
            raise InputTypeError(f"token must be a str or a path, not {type(token).__name__}")
        self._token = token
        self.ca, self.cert, self.key = (None if file is None else Path(file) for file in (ca, cert, key))
        for file in (self.ca, self.cert, self.key):
            if file is not None:
                _read(file)
        self.token()

    @property
    def has_secret_text(self) -> bool:
        """True if the token was given as text, which must not go into a pickle."""
        return isinstance(self._token, str)

    def token(self) -> str | None:
        """Returns the token, None if there is none; reads the file again if it is in one."""
        if self._token is None:
            return None
        text = (
            self._token if isinstance(self._token, str) else _read(Path(self._token)).decode(errors="replace").strip()
        )
        # The value is not shown: it is a secret.
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise InputError("the token is empty, or has characters that no header can hold (blanks, non-ASCII)")
        return text

    def check(self, address: Address) -> None:
        """Raises InputError if certificates are given for an address without TLS."""
        given = next((name for name in ("ca", "cert") if getattr(self, name) is not None), None)
        if given and not address.is_encrypted:
            raise InputError(f"{given} is given, but {address} has no TLS: use {address.scheme}s://{address.netloc}")

    def ssl_context(self) -> ssl.SSLContext:
        """Returns the context for HTTP over TLS; host names are checked, TLS is 1.2 at least."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key)
        except (ssl.SSLError, OSError) as error:
            files = ", ".join(str(file) for file in (self.ca, self.cert, self.key) if file is not None)
            raise InputError(f"the certificates in {files} cannot be used: {error}") from error
        return context

    def channel_credentials(self) -> Any:
        """Returns gRPC's credentials of the same meaning."""
        self.ssl_context()  # refuses files that gRPC would only log about
        authorities = self.ca or ssl.get_default_verify_paths().cafile
        return load("grpc").ssl_channel_credentials(
            root_certificates=_read(Path(authorities)) if authorities else None,
            private_key=None if self.cert is None else _read(self.key or self.cert),
            certificate_chain=None if self.cert is None else _read(self.cert),
        )


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from error
