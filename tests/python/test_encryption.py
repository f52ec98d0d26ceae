"""Encrypted model files: what opens them, what does not, and that nothing can be changed unnoticed."""

from __future__ import annotations

import hmac
import os
import pickle
import re
import stat
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from support.encrypted_files import HEADER, PASSPHRASE, encrypted
from support.model_factory import ModelFactory

from hbm_runtime import (
    EncryptedModelError,
    HB_HBMRuntime,
    TamperedModelError,
    WrongPassphraseError,
)
from hbm_runtime.encryption import decrypt_model, decrypt_to_memory, encrypt_model, is_encrypted

CHUNK = 1 << 20
TAG = 16


@pytest.mark.parametrize("size", [0, 1, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5])
def test_what_was_encrypted_comes_back(tmp_path: Path, size: int) -> None:
    plain = os.urandom(size)
    secret = encrypted(tmp_path, plain)
    assert secret.stat().st_size == HEADER + size + TAG * max(1, -(-size // CHUNK))
    assert decrypt_to_memory(secret, PASSPHRASE) == plain
    decrypt_model(secret, tmp_path / "again", PASSPHRASE)
    assert (tmp_path / "again").read_bytes() == plain


def test_the_file_is_what_its_description_says(tmp_path: Path) -> None:
    """Decrypts by the documented format alone, with nothing of this package."""
    plain = os.urandom(CHUNK + 100)
    data = encrypted(tmp_path, plain, "correct horse").read_bytes()
    fields, mac = data[:40], data[40:72]
    assert fields[:16] == b"HBMCRYPT" + bytes([1, 0, 1, 1, 14, 8, 1, 0])
    assert fields[39] == 0
    keys = Scrypt(salt=fields[16:32], length=64, n=1 << 14, r=8, p=1).derive(b"correct horse")
    assert hmac.digest(keys[:32], fields, "sha256") == mac
    cipher, prefix = AESGCM(keys[32:]), fields[32:39]
    first = cipher.decrypt(prefix + bytes([0, 0, 0, 0, 0]), data[72 : 72 + CHUNK + TAG], data[:72])
    last = cipher.decrypt(prefix + bytes([0, 0, 0, 1, 1]), data[72 + CHUNK + TAG :], data[:72])
    assert first + last == plain


def test_equal_files_are_encrypted_differently(tmp_path: Path) -> None:
    one = encrypted(tmp_path, b"model" * 100).read_bytes()
    other = encrypted(tmp_path, b"model" * 100).read_bytes()
    assert one[:16] == other[:16]
    assert one[16:39] != other[16:39]
    assert one[HEADER:] != other[HEADER:]
    assert b"modelmodel" not in one


def test_a_model_is_loaded_from_an_encrypted_file(models: ModelFactory, tmp_path: Path) -> None:
    plain = models.quantised()
    encrypt_model(plain, tmp_path / "secret.hbm", PASSPHRASE, cost=14)
    expected, runtime = HB_HBMRuntime(plain), HB_HBMRuntime(tmp_path / "secret.hbm", passphrase=PASSPHRASE)
    assert runtime.model_names == expected.model_names
    assert list(runtime.hbm_descs) == [str(tmp_path / "secret.hbm")]
    assert list(runtime.hbm_descs.values()) == list(expected.hbm_descs.values())
    x = np.arange(-30, 30, dtype=np.int8).reshape(1, 4, 3, 5)
    for name, output in expected.run(x)["quantised"].items():
        np.testing.assert_array_equal(runtime.run(x)["quantised"][name], output)


def test_several_models_and_models_in_memory(models: ModelFactory, tmp_path: Path) -> None:
    files = []
    for plain in (models.scaled(2), models.quantised()):
        files.append(tmp_path / f"{plain.stem}.secret")
        encrypt_model(plain, files[-1], b"\xff bytes", cost=14)
    assert HB_HBMRuntime(files, passphrase=b"\xff bytes").model_count == 2
    buffers = [file.read_bytes() for file in files]
    runtime = HB_HBMRuntime([bytearray(buffer) for buffer in buffers], passphrase=b"\xff bytes")
    assert list(runtime.hbm_descs) == ["<memory:0>", "<memory:1>"]
    assert HB_HBMRuntime(model_files=files[:1], passphrase=b"\xff bytes").model_count == 1


def test_a_plain_model_leaves_no_trace_in_the_file_system(models: ModelFactory, tmp_path: Path) -> None:
    encrypt_model(models.scaled(2), tmp_path / "secret", PASSPHRASE, cost=14)
    HB_HBMRuntime(tmp_path / "secret", passphrase=PASSPHRASE)
    assert os.listdir(tmp_path) == ["secret"]


@pytest.mark.parametrize("wrong", ["Größe 17, 柔らか", "größe 17, 柔らかい", PASSPHRASE + " ", b"x"])
def test_another_passphrase_is_refused(models: ModelFactory, tmp_path: Path, wrong: str | bytes) -> None:
    secret = encrypted(tmp_path, models.scaled(2).read_bytes())
    with pytest.raises(WrongPassphraseError, match=re.escape(str(secret))):
        HB_HBMRuntime(secret, passphrase=wrong)
    with pytest.raises(WrongPassphraseError):
        decrypt_model(secret, tmp_path / "target", wrong)
    assert not (tmp_path / "target").exists()


def test_text_is_the_same_however_it_was_typed(tmp_path: Path) -> None:
    secret = encrypted(tmp_path, b"model", "Gr\u00f6\u00dfe")
    assert decrypt_to_memory(secret, "Gro\u0308\u00dfe") == b"model"
    assert decrypt_to_memory(secret, "Gr\u00f6\u00dfe".encode()) == b"model"


def test_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    data = encrypted(tmp_path, bytes(10)).read_bytes()
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 0x80 if position == 12 else 1  # scrypt's N: beyond the limit, not another possible value
        with pytest.raises(EncryptedModelError):
            decrypt_to_memory(changed, PASSPHRASE)


CHUNKS = 4


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Four chunks, the last one full."""
    return encrypted(tmp_path_factory.mktemp("long"), os.urandom(CHUNKS * CHUNK)).read_bytes()


def pieces(data: bytes) -> list[bytes]:
    size = CHUNK + TAG
    return [data[HEADER + i * size : HEADER + (i + 1) * size] for i in range(CHUNKS)]


@pytest.mark.parametrize(
    "order",
    [[0, 1, 2], [0, 1], [0], [], [1, 2, 3], [0, 2, 3], [0, 2, 1, 3], [3, 1, 2, 0], [0, 1, 2, 3, 3], [0, 0, 1, 2, 3]],
    ids=str,
)
def test_chunks_cannot_be_left_out_swapped_or_repeated(long_file: bytes, order: list[int]) -> None:
    chunks = pieces(long_file)
    with pytest.raises(TamperedModelError):
        decrypt_to_memory(long_file[:HEADER] + b"".join(chunks[i] for i in order), PASSPHRASE)


@pytest.mark.parametrize("cut", [1, TAG, TAG + 1, 1000, CHUNK, CHUNK + TAG - 1])
def test_a_cut_end_or_a_longer_one_is_noticed(long_file: bytes, cut: int) -> None:
    with pytest.raises(TamperedModelError):
        decrypt_to_memory(long_file[:-cut], PASSPHRASE)
    with pytest.raises(TamperedModelError):
        decrypt_to_memory(long_file + bytes(cut), PASSPHRASE)


def test_chunks_of_another_file_do_not_fit(tmp_path: Path) -> None:
    one = encrypted(tmp_path, b"one model").read_bytes()
    other = encrypted(tmp_path, b"any model").read_bytes()
    with pytest.raises(TamperedModelError):
        decrypt_to_memory(one[:HEADER] + other[HEADER:], PASSPHRASE)


def test_a_target_appears_only_when_everything_was_genuine(long_file: bytes, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(long_file[:-1])
    (tmp_path / "target").write_bytes(b"older")
    with pytest.raises(TamperedModelError):
        decrypt_model(tmp_path / "secret", tmp_path / "target", PASSPHRASE)
    assert (tmp_path / "target").read_bytes() == b"older"
    assert sorted(os.listdir(tmp_path)) == ["secret", "target"]


def test_encrypted_files_are_told_from_others(tmp_path: Path) -> None:
    secret = encrypted(tmp_path, b"model")
    assert is_encrypted(secret)
    assert is_encrypted(str(secret))
    assert is_encrypted(secret.read_bytes())
    assert not is_encrypted(tmp_path / "plain")
    assert not is_encrypted(tmp_path / "missing")
    assert not is_encrypted(tmp_path)
    assert not is_encrypted(b"")
    assert not is_encrypted(np.zeros(3))
    os.mkfifo(tmp_path / "pipe")
    assert not is_encrypted(tmp_path / "pipe")


def test_an_older_target_keeps_its_permissions_and_the_plain_file_is_the_owners(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"model")
    (tmp_path / "secret").write_bytes(b"older")
    os.chmod(tmp_path / "secret", 0o640)
    encrypt_model(tmp_path / "model", tmp_path / "secret", PASSPHRASE, cost=14)
    assert is_encrypted(tmp_path / "secret")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o640
    decrypt_model(tmp_path / "secret", tmp_path / "plain", PASSPHRASE)
    assert (tmp_path / "plain").read_bytes() == b"model"
    assert stat.S_IMODE((tmp_path / "plain").stat().st_mode) == 0o600


def test_the_passphrase_does_not_travel(models: ModelFactory, tmp_path: Path) -> None:
    encrypt_model(models.scaled(2), tmp_path / "secret", PASSPHRASE, cost=14)
    runtime = HB_HBMRuntime(tmp_path / "secret", passphrase=PASSPHRASE)
    with pytest.raises(TypeError, match="passphrase"):
        pickle.dumps(runtime)
    assert PASSPHRASE not in str(vars(runtime))
