"""Passphrases as bytes."""

from __future__ import annotations

import unicodedata

from .._errors import InputError, InputTypeError


def secret_of(passphrase: str | bytes) -> bytes:
    """Gives the bytes of a passphrase: of text UTF-8 in normal form C, so that it is the same however it was typed.

    Raises:
        InputError: It is empty.
        InputTypeError: It is neither text nor bytes.
    """
    if isinstance(passphrase, str):
        secret = unicodedata.normalize("NFC", passphrase).encode()
    elif isinstance(passphrase, bytes):
        secret = passphrase
    else:
        raise InputTypeError(f"a passphrase must be str or bytes, not {type(passphrase).__name__}")
    if not secret:
        raise InputError("the passphrase is empty")
    return secret
