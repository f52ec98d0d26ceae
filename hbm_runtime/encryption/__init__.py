"""Model files that only a passphrase opens.

`HB_HBMRuntime(path, passphrase=...)` decrypts into memory and loads from there; the plain model never touches the disk.
The passphrase protects the file at rest. It does not hide the model from whoever controls the machine that runs it.

Needs the package cryptography: ``pip install 'hbm_runtime[crypto]'``.
"""

from __future__ import annotations

import io
import os
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from .._errors import EncryptedModelError, InputError, InputTypeError, ModelNotFoundError
from .._files import written_file
from . import _chunks, _header

__all__ = ["decrypt_model", "decrypt_to_memory", "encrypt_model", "is_encrypted"]

_StrPath = str | os.PathLike[str]


def encrypt_model(source: _StrPath, target: _StrPath, passphrase: str | bytes, *, cost: int = 17) -> None:
    """Encrypts a model file.

    Args:
        source: The plain file.
        target: The encrypted file; it is written beside it first and appears only when it is complete. Not `source`.
        passphrase: Text (used as UTF-8 in normal form C), or bytes.
        cost: Of deriving the key, for the reader and for who tries passphrases: 2^cost KiB of memory, 14 to 20. The
            default takes 128 MiB and below a second.

    Raises:
        ModelNotFoundError: There is no such file.
        InputError: It is encrypted already, an empty passphrase, a cost out of range, or `target` is `source`.
        MissingPackageError: cryptography is not installed.
        OSError: A file cannot be read or written.
    """
    secret = _secret(passphrase)
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
        target: The plain file, readable by its owner only. It appears when everything was found genuine, not before.
        passphrase: As for `encrypt_model`.

    Raises:
        ModelNotFoundError: There is no such file.
        InputError: `target` is `source`.
        EncryptedModelError: It is not encrypted, or in a way that this version does not know.
        WrongPassphraseError: The passphrase is another one.
        TamperedModelError: The file was changed or cut off.
        MissingPackageError: cryptography is not installed.
        OSError: A file cannot be read or written.
    """
    secret = _secret(passphrase)
    with _opened(source) as file, written_file(target, inputs=[source], private=True) as plain:
        plain.writelines(_plain_chunks(file, secret, os.fspath(source)))


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
    secret = _secret(passphrase)
    if isinstance(source, (str, os.PathLike)):
        with _opened(source) as file:
            return _chunks.collected(_plain_chunks(file, secret, os.fsdecode(source)))
    return _chunks.collected(_plain_chunks(io.BytesIO(memoryview(source)), secret, "the model in memory"))


def is_encrypted(source: Any) -> bool:
    """Tells whether a file or buffer is a model that `encrypt_model` wrote; False for files that cannot be read.

    Args:
        source: A path, or a buffer such as `bytearray` or `memoryview`.
    """
    if isinstance(source, (str, os.PathLike)):
        return _starts_with_magic(source)
    try:
        return memoryview(source)[: len(_header.MAGIC)].tobytes().startswith(_header.MAGIC)
    except (TypeError, NotImplementedError):
        return False


def _starts_with_magic(path: _StrPath) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return False
    try:
        # Nothing is taken out of a pipe.
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return regular and os.read(descriptor, len(_header.MAGIC)) == _header.MAGIC
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _opened(path: _StrPath) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except FileNotFoundError:
        raise ModelNotFoundError(f"there is no file {os.fspath(path)}") from None


def _plain_chunks(file: BinaryIO, secret: bytes, name: str) -> Iterator[bytes]:
    start = file.read(_header.SIZE)
    if not start.startswith(_header.MAGIC):
        raise EncryptedModelError(f"{name} is not an encrypted model: load it without a passphrase")
    return _chunks.decrypted(file, _header.read(start, secret, name), name)


def _secret(passphrase: str | bytes) -> bytes:
    if isinstance(passphrase, str):
        secret = unicodedata.normalize("NFC", passphrase).encode()
    elif isinstance(passphrase, bytes):
        secret = passphrase
    else:
        raise InputTypeError(f"a passphrase must be str or bytes, not {type(passphrase).__name__}")
    if not secret:
        raise InputError("the passphrase is empty")
    return secret
