"""Writes the content of an encrypted model: chunks that can neither be changed nor swapped, left out or added.

This is the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár. The nonce of a chunk is the header's prefix,
the chunk's number (4 bytes, big-endian), and 1 for the last chunk, 0 for the others. The header is authenticated with
each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from ._header import Keys
from ._library import aes_gcm

_PLAIN = 1 << 20


def encrypted(plain: BinaryIO, keys: Keys) -> Iterator[bytes]:
    """Yields the encrypted chunks of a file."""
    cipher = aes_gcm(keys.cipher)
    for number, chunk, last in _numbered(plain, _PLAIN):
        yield cipher.encrypt(_nonce(keys, number, last), chunk, keys.header)


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
