"""Writes the first 72 bytes of an encrypted model: how the keys are made, and proof that the passphrase is right.

The extension reads them; `docs/guide/encrypted-models.md` describes the format.

scrypt gives 64 bytes: the key of the HMAC, then that of the cipher. The salt makes both keys this file's alone.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from dataclasses import dataclass

from ._library import scrypt

MAGIC = b"HBMCRYPT"

_FIELDS = struct.Struct("<8sHBBBBBB16s7sB")
_VERSION = 1
_SCRYPT = 1
_AES_256_GCM_1_MIB = 1
_BLOCK_SIZE = 8
_PARALLELISM = 1
# N = 2^20 takes 1 GiB and some seconds: a file cannot ask for more.
COSTS = range(14, 21)


@dataclass(frozen=True)
class Keys:
    """What the content is encrypted with, and what it is bound to."""

    cipher: bytes
    nonce_prefix: bytes
    header: bytes


def make(passphrase: bytes, cost: int) -> Keys:
    """Writes a header with a new salt, and derives its keys."""
    salt, nonce_prefix = os.urandom(16), os.urandom(7)
    fields = _FIELDS.pack(
        MAGIC, _VERSION, _SCRYPT, _AES_256_GCM_1_MIB, cost, _BLOCK_SIZE, _PARALLELISM, 0, salt, nonce_prefix, 0
    )
    key, cipher = _derive(passphrase, salt, cost)
    return Keys(cipher, nonce_prefix, fields + hmac.digest(key, fields, hashlib.sha256))


def _derive(passphrase: bytes, salt: bytes, cost: int) -> tuple[bytes, bytes]:
    both = scrypt(passphrase, salt, 1 << cost, _BLOCK_SIZE, _PARALLELISM)
    return both[:32], both[32:]
