"""The content of an encrypted model: chunks that can neither be changed nor swapped, left out or added.

This is the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár. The nonce of a chunk is the header's prefix,
the chunk's number (4 bytes, big-endian), and 1 for the last chunk, 0 for the others. The header is authenticated with
each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from .._errors import TamperedModelError
from ._header import Keys
from ._library import aes_gcm

_PLAIN = 1 << 20
_TAG = 16


def encrypted(plain: BinaryIO, keys: Keys) -> Iterator[bytes]:
    """Yields the encrypted chunks of a file."""
    cipher = aes_gcm(keys.cipher)
    for number, chunk, last in _numbered(plain, _PLAIN):
        yield cipher.encrypt(_nonce(keys, number, last), chunk, keys.header)


def decrypted(secret: BinaryIO, keys: Keys, name: str) -> Iterator[bytes]:
    """Yields the plain chunks of a file that stands behind its header.

    Raises:
        TamperedModelError: A chunk is not what was encrypted; those before it were.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 (loaded by now)

    cipher = aes_gcm(keys.cipher)
    number = 0
    try:
        for number, chunk, last in _numbered(secret, _PLAIN + _TAG):
            yield cipher.decrypt(_nonce(keys, number, last), chunk, keys.header)
    except InvalidTag:
        raise TamperedModelError(
            f"{name} was changed or cut off after it was encrypted (chunk {number}): nothing of it was loaded"
        ) from None


def collected(chunks: Iterator[bytes]) -> bytearray:
    """Joins plain chunks; when one of them fails, those before it are overwritten."""
    plain = bytearray()
    try:
        for chunk in chunks:
            plain += chunk
    except BaseException:
        overwrite(plain)
        raise
    return plain


def overwrite(plain: bytearray) -> None:
    """Leaves nothing of a plain model in its memory."""
    np.frombuffer(plain, np.uint8)[:] = 0


def _numbered(file: BinaryIO, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Pieces of a file with their numbers and whether they are the last; one empty piece for an empty file."""
    number, chunk = 0, file.read(size)
    while True:
        following = file.read(size)
        yield number, chunk, not following
        if not following:
            return
        number, chunk = number + 1, following


def _nonce(keys: Keys, number: int, last: bool) -> bytes:
    return keys.nonce_prefix + number.to_bytes(4, "big") + bytes([last])
