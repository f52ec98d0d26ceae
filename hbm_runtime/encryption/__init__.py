"""Model files that can be opened only with a passphrase.

`HB_HBMRuntime(path, passphrase=...)` decrypts into memory and loads from there; the plain model never touches the disk.
The passphrase protects the file at rest. It does not hide the model from whoever controls the machine that runs it.

Opening needs OpenSSL's libcrypto, which Python and nearly every system have. Encrypting needs the package cryptography:
``pip install cryptography``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .. import _core
from .._errors import InputError, ModelNotFoundError
from .._files import written_file
from . import _chunks, _header
from .passphrases import secret_of

__all__ = ["decrypt_model", "decrypt_to_memory", "encrypt_model", "is_encrypted"]

_StrPath = str | os.PathLike[str]


def encrypt_model(source: _StrPath, target: _StrPath, passphrase: str | bytes, *, cost: int = 17) -> None:
    """Encrypts a model file.

    Args:
        source: The plain file.
        target: The encrypted file; it is written beside it first and appears only when it is complete. Not `source`.
        passphrase: Text (used as UTF-8 in normal form C), or bytes.
        cost: Cost of deriving the key, both for readers and for attackers who try passphrases: 2^cost KiB of memory,
            14 to 20. The default takes 128 MiB and less than a second.

    Raises:
        ModelNotFoundError: There is no such file.
        InputError: It is encrypted already, an empty passphrase, a cost out of range, or `target` is `source`.
        MissingPackageError: cryptography is not installed.
        OSError: A file cannot be read or written.
    """
    secret = secret_of(passphrase)
    if cost not in _header.COSTS:
        raise InputError(f"cost is {cost!r}; it must be from {_header.COSTS[0]} to {_header.COSTS[-1]}")
    with _opened(source) as plain:
        if plain.read(len(_header.MAGIC)) == _header.MAGIC:
            raise InputError(f"{os.fspath(source)} is encrypted already")
        plain.seek(0)
        keys = _header.make(secret, cost)
        with written_file(target, inputs=[source]) as file:
            file.write(keys.header)
            file.writelines(_chunks.encrypted(plain, keys))


def decrypt_model(source: _StrPath, target: _StrPath, passphrase: str | bytes) -> None:
    """Decrypts a model file.

    Args:
        source: The encrypted file.
        target: The plain file, readable by its owner only. It appears only when all of it was found genuine.
        passphrase: As for `encrypt_model`.

    Raises:
        ModelNotFoundError: There is no such file.
        InputError: `target` is `source`.
        EncryptedModelError: It is not encrypted, or in a way that this version does not know.
        WrongPassphraseError: The passphrase is wrong.
        TamperedModelError: The file was changed or cut off.
        MissingPackageError: libcrypto cannot be loaded.
        OSError: A file cannot be read or written.
    """
    plain = decrypt_to_memory(source, passphrase)
    try:
        with written_file(target, inputs=[source], private=True) as file:
            file.write(plain)
    finally:
        np.frombuffer(plain, np.uint8)[:] = 0


def decrypt_to_memory(source: Any, passphrase: str | bytes) -> bytearray:
    """Decrypts a model file, or an encrypted model in memory.

    Args:
        source: A path, or a buffer such as `bytearray` or `memoryview`.
        passphrase: As for `encrypt_model`.

    Returns:
        The plain model.

    Raises:
        ModelNotFoundError, EncryptedModelError, WrongPassphraseError, TamperedModelError, MissingPackageError,
        OSError: As `decrypt_model`.
    """
    secret = secret_of(passphrase)
    if isinstance(source, (str, os.PathLike)):
        return _core._decrypt_file(os.fsencode(source), secret)
    return _core._decrypt_buffer(source, secret)


def is_encrypted(source: Any) -> bool:
    """Returns True if a file or buffer is a model that `encrypt_model` wrote; False for files that cannot be read.

    Args:
        source: A path, or a buffer such as `bytearray` or `memoryview`.
    """
    try:
        if isinstance(source, (str, os.PathLike)):
            return _core._is_encrypted_file(os.fsencode(source))
        return _core._is_encrypted_buffer(source)
    except (TypeError, ValueError, BufferError):
        return False


def _opened(path: _StrPath) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except FileNotFoundError:
        raise ModelNotFoundError(f"there is no file {os.fspath(path)}") from None
