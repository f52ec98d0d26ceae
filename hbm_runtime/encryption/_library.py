"""The library that does the cryptography, loaded when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import MissingPackageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def aes_gcm(key: bytes) -> AESGCM:
    """AES-256-GCM with a key of 32 bytes."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
    except ImportError as error:
        raise _missing() from error
    return AESGCM(key)


def scrypt(passphrase: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    """64 bytes of key."""
    try:
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415
    except ImportError as error:
        raise _missing() from error
    return Scrypt(salt=salt, length=64, n=n, r=r, p=p).derive(passphrase)


def _missing() -> MissingPackageError:
    from .._installing import how_to_install  # noqa: PLC0415 (reads what is installed)

    advice = how_to_install("crypto", "cryptography")
    return MissingPackageError(f"encrypting models needs the package cryptography: {advice}")
