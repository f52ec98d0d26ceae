"""The first 72 bytes of an encrypted model: how the keys are made, and proof that the passphrase is right.

| offset | bytes | content |
|---|---|---|
| 0 | 8 | ``HBMCRYPT`` |
| 8 | 2 | version, 1, little-endian |
| 10 | 1 | key derivation: 1, scrypt |
| 11 | 1 | cipher: 1, AES-256-GCM in chunks of 1 MiB |
| 12 | 1 | binary logarithm of scrypt's N, 14 to 20 |
| 13 | 1 | scrypt's r, 8 |
| 14 | 1 | scrypt's p, 1 |
| 15 | 1 | 0 |
| 16 | 16 | salt, random |
| 32 | 7 | first bytes of every nonce, random |
| 39 | 1 | 0 |
| 40 | 32 | HMAC-SHA256 of all above |

scrypt gives 64 bytes: the key of the HMAC, then that of the cipher. The salt makes both keys this file's alone.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from dataclasses import dataclass

from .._errors import EncryptedModelError, WrongPassphraseError
from ._library import scrypt

MAGIC = b"HBMCRYPT"
SIZE = 72

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


def read(header: bytes, passphrase: bytes, name: str) -> Keys:
    """Derives the keys of a header, which starts with the magic bytes.

    Raises:
        EncryptedModelError: It is cut off, or not of a kind that this version reads.
        WrongPassphraseError: The passphrase does not belong to it.
    """
    if len(header) < SIZE:
        raise EncryptedModelError(f"{name} is an encrypted model that was cut off after {len(header)} bytes")
    fields = header[: _FIELDS.size]
    _, version, derivation, cipher_kind, cost, block_size, parallelism, zero, salt, nonce_prefix, end = _FIELDS.unpack(
        fields
    )
    if (version, derivation, cipher_kind) != (_VERSION, _SCRYPT, _AES_256_GCM_1_MIB):
        raise EncryptedModelError(
            f"{name} is encrypted in a way that this version of hbm_runtime does not know (version {version}, key "
            f"derivation {derivation}, cipher {cipher_kind}): use a newer one, or encrypt the model again"
        )
    if cost not in COSTS or (block_size, parallelism, zero, end) != (_BLOCK_SIZE, _PARALLELISM, 0, 0):
        raise EncryptedModelError(
            f"{name} asks for a key derivation outside the limits (N=2^{cost}, r={block_size}, p={parallelism}): it is "
            "damaged, or made to exhaust memory"
        )
    key, cipher = _derive(passphrase, salt, cost)
    if not hmac.compare_digest(hmac.digest(key, fields, hashlib.sha256), header[_FIELDS.size : SIZE]):
        raise WrongPassphraseError(f"the passphrase is not that of {name} (or its first {SIZE} bytes were changed)")
    return Keys(cipher, nonce_prefix, header[:SIZE])


def _derive(passphrase: bytes, salt: bytes, cost: int) -> tuple[bytes, bytes]:
    both = scrypt(passphrase, salt, 1 << cost, _BLOCK_SIZE, _PARALLELISM)
    return both[:32], both[32:]
