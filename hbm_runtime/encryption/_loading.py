"""What the constructor of `HB_HBMRuntime` does about encryption."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .._errors import EncryptedModelError
from . import decrypt_to_memory, is_encrypted
from ._chunks import overwrite


@contextmanager
def opened_models(sources: Sequence[Any], passphrase: str | bytes | None) -> Iterator[list[bytearray]]:
    """Gives the decrypted models while they are loaded, and overwrites them afterwards.

    Args:
        sources: Paths as str, or buffers.
        passphrase: None for models that are not encrypted; the list is empty then.

    Raises:
        EncryptedModelError: A model is encrypted and there is no passphrase, or the other way round.
    """
    plain: list[bytearray] = []
    try:
        for source in sources:
            if passphrase is not None:
                plain.append(decrypt_to_memory(source, passphrase))
            elif is_encrypted(source):
                name = source if isinstance(source, str) else "the model in memory"
                raise EncryptedModelError(f"{name} is encrypted: give passphrase= to load it")
        yield plain
    finally:
        for model in plain:
            overwrite(model)
