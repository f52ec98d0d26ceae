"""Files and passphrases that are refused, and what is missing on a machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.child import output_of, run_python
from support.encrypted_files import PASSPHRASE, encrypted
from support.model_factory import ModelFactory

from hbm_runtime import (
    EncryptedModelError,
    HB_HBMRuntime,
    HbmError,
    InputError,
    ModelError,
    ModelNotFoundError,
)
from hbm_runtime.encryption import decrypt_to_memory, encrypt_model


@pytest.mark.parametrize("length", [8, 9, 40, 71])
def test_a_file_cut_within_its_header_is_named(tmp_path: Path, length: int) -> None:
    data = encrypted(tmp_path, b"model").read_bytes()
    with pytest.raises(EncryptedModelError, match=f"cut off after {length} bytes"):
        decrypt_to_memory(data[:length], PASSPHRASE)


@pytest.mark.parametrize(
    ("offset", "value", "text"),
    [
        (8, 2, "newer"),
        (10, 2, "newer"),
        (11, 9, "newer"),
        (12, 63, "limits.*2\\^63"),
        (12, 21, "limits"),
        (12, 13, "limits"),
        (12, 0, "limits"),
        (13, 255, "limits.*r=255"),
        (14, 255, "limits.*p=255"),
        (15, 1, "limits"),
        (39, 1, "limits"),
    ],
)
def test_a_header_cannot_ask_for_more_than_the_limits(tmp_path: Path, offset: int, value: int, text: str) -> None:
    data = bytearray(encrypted(tmp_path, b"model").read_bytes())
    data[offset] = value
    with pytest.raises(EncryptedModelError, match=text) as caught:
        decrypt_to_memory(data, PASSPHRASE)
    assert type(caught.value) is EncryptedModelError


def test_without_a_passphrase_the_error_says_what_is_missing(models: ModelFactory, tmp_path: Path) -> None:
    encrypt_model(models.scaled(2), tmp_path / "secret.hbm", PASSPHRASE, cost=14)
    with pytest.raises(EncryptedModelError, match=r"secret\.hbm' is encrypted: give the passphrase"):
        HB_HBMRuntime(tmp_path / "secret.hbm")
    with pytest.raises(EncryptedModelError, match="model in memory is encrypted"):
        HB_HBMRuntime(bytearray((tmp_path / "secret.hbm").read_bytes()))
    with HB_HBMRuntime(models.scaled(2)) as runtime:
        with pytest.raises(EncryptedModelError, match="is encrypted"):
            runtime.reload("times_2", tmp_path / "secret.hbm")
        assert runtime.model_names == ["times_2"]


def test_a_passphrase_for_a_plain_model_is_refused(models: ModelFactory, tmp_path: Path) -> None:
    with pytest.raises(EncryptedModelError, match="is not an encrypted model"):
        HB_HBMRuntime(models.scaled(2), passphrase=PASSPHRASE)
    encrypt_model(models.scaled(2), tmp_path / "secret", PASSPHRASE, cost=14)
    with pytest.raises(EncryptedModelError, match=r"times_3\.onnx' is not an encrypted model"):
        HB_HBMRuntime([tmp_path / "secret", models.scaled(3)], passphrase=PASSPHRASE)
    with pytest.raises(EncryptedModelError):
        decrypt_to_memory(b"", PASSPHRASE)


def test_what_was_no_model_is_none_after_decryption(tmp_path: Path) -> None:
    secret = encrypted(tmp_path, b"anything but a model" * 10)
    with pytest.raises(ModelError) as caught:
        HB_HBMRuntime(secret, passphrase=PASSPHRASE)
    assert not isinstance(caught.value, EncryptedModelError)


@pytest.mark.parametrize(
    ("passphrase", "cost", "error", "text"),
    [
        ("", 14, InputError, "empty"),
        (b"", 14, InputError, "empty"),
        (None, 14, TypeError, "NoneType"),
        (17, 14, TypeError, "int"),
        ("x", 13, InputError, "13.*14 to 20"),
        ("x", 21, InputError, "21"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, passphrase: Any, cost: int, error: type[Exception], text: str) -> None:
    (tmp_path / "model").write_bytes(b"model")
    with pytest.raises(error, match=text) as caught:
        encrypt_model(tmp_path / "model", tmp_path / "secret", passphrase, cost=cost)
    assert isinstance(caught.value, HbmError)
    assert os.listdir(tmp_path) == ["model"]


def test_mistakes_with_files_are_named(tmp_path: Path) -> None:
    secret = encrypted(tmp_path, b"model")
    with pytest.raises(ModelNotFoundError, match="nothing"):
        encrypt_model(tmp_path / "nothing", tmp_path / "x", PASSPHRASE)
    with pytest.raises(ModelNotFoundError, match="nothing"):
        HB_HBMRuntime(tmp_path / "nothing", passphrase=PASSPHRASE)
    with pytest.raises(InputError, match="encrypted already"):
        encrypt_model(secret, tmp_path / "twice", PASSPHRASE)
    with pytest.raises(FileNotFoundError):
        encrypt_model(tmp_path / "plain", tmp_path / "no folder" / "x", PASSPHRASE, cost=14)


WITHOUT_CRYPTOGRAPHY = """
import sys
sys.modules["cryptography"] = None
from hbm_runtime import HB_HBMRuntime, MissingPackageError, encryption
source, secret, passphrase = sys.argv[1:]
assert HB_HBMRuntime(secret, passphrase=passphrase).model_count == 1
assert encryption.decrypt_to_memory(secret, passphrase)
try:
    encryption.encrypt_model(source, "again", passphrase)
except MissingPackageError as error:
    assert isinstance(error, ImportError)
    print(error)
"""


def test_opening_needs_no_package_and_encrypting_names_it(models: ModelFactory, tmp_path: Path) -> None:
    encrypt_model(models.scaled(2), tmp_path / "secret", PASSPHRASE, cost=14)
    done = run_python(WITHOUT_CRYPTOGRAPHY, models.scaled(2), tmp_path / "secret", PASSPHRASE, cwd=tmp_path, fresh=True)
    assert output_of(done) == "encrypting models needs the package cryptography: pip install cryptography\n"
    assert os.listdir(tmp_path) == ["secret"]


WITHOUT_LIBCRYPTO = """
import sys
from hbm_runtime import HB_HBMRuntime, HbmError
try:
    HB_HBMRuntime(sys.argv[1], passphrase=sys.argv[2])
except HbmError as error:
    print(type(error).__name__, error)
"""


def test_without_openssl_one_sentence_says_what_is_missing(tmp_path: Path) -> None:
    secret = encrypted(tmp_path, b"model")
    for name in ("libcrypto.so.3", "libcrypto.so.4", "libcrypto.so.1.1"):
        (tmp_path / name).write_bytes(b"no library")
    environment = {"LD_LIBRARY_PATH": str(tmp_path)}
    done = run_python(WITHOUT_LIBCRYPTO, secret, PASSPHRASE, cwd=tmp_path, environment=environment)
    assert output_of(done) == (
        "MissingPackageError encrypted models need OpenSSL's libcrypto.so.3, which cannot be loaded: apt-get install "
        "libssl3\n"
    )


def test_the_library_is_loaded_only_when_it_is_needed() -> None:
    code = "import sys, hbm_runtime.encryption; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0
