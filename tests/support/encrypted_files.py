"""Encrypted files for tests."""

from __future__ import annotations

from pathlib import Path

from hbm_runtime.encryption import encrypt_model

PASSPHRASE = "Größe 17, 柔らかい"


HEADER = 72


def encrypted(folder: Path, plain: bytes, passphrase: str | bytes = PASSPHRASE) -> Path:
    (folder / "plain").write_bytes(plain)
    encrypt_model(folder / "plain", folder / "secret", passphrase, cost=14)
    return folder / "secret"
