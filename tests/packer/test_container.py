"""The host model container: what is written is read back, and nothing damaged is accepted."""

from __future__ import annotations

import errno
import os
import random
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import xxhash

from hbm_runtime.encryption import encrypt_model
from hbm_runtime.packer import container
from hbm_runtime.packer.container import DataType, HostFile, Model, Operation, Quantisation, QuantisationType, Tensor
from hbm_runtime.packer.errors import PackError


def tensor(name: str = "data", **changes: object) -> Tensor:
    plain = Tensor(name, "graph_" + name, DataType.F32, (1, 3, 5), (96, 32, 4), 128)
    return replace(plain, **changes)  # type: ignore[arg-type]


def model(name: str = "net", **changes: object) -> Model:
    plain = Model(
        name=name,
        graph=b"graph of " + name.encode(),
        weights=b"w" * 5000,
        inputs=(tensor(), tensor("y", dtype=DataType.U8, shape=(1, -1, 4, 1), strides=(-1, -1, 1, 1), aligned_size=-1)),
        outputs=(
            tensor(
                "out",
                dtype=DataType.S32,
                quantisation=Quantisation(QuantisationType.SCALE, 1, (0.5, 0.25, 2.0), (0, 1, -2)),
                description="größe".encode(),
            ),
        ),
        operations=(Operation("conv_0", "Conv"), Operation("", "Relu")),
        description=b'{"MARCH": "nash-p"}',
        core_count=2,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def host_file(*models: Model, **changes: object) -> HostFile:
    plain = HostFile(models or (model(),), march="nash-p", description=b"two words", producer="test 1")
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_everything_written_is_read_back(tmp_path: Path) -> None:
    content = host_file(model("a"), model("b", weights=None, operations=(), core_count=1))
    container.write_file(tmp_path / "x.hbm", content)
    assert container.read_file(tmp_path / "x.hbm") == content


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    for name in ("1.hbm", "2.hbm"):
        container.write_file(tmp_path / name, host_file())
    assert (tmp_path / "1.hbm").read_bytes() == (tmp_path / "2.hbm").read_bytes()


def test_equal_weights_are_stored_once(tmp_path: Path) -> None:
    weights = os.urandom(100_000)
    container.write_file(tmp_path / "x.hbm", host_file(model("a", weights=weights), model("b", weights=weights)))
    assert (tmp_path / "x.hbm").stat().st_size < 150_000
    read = container.read_file(tmp_path / "x.hbm")
    assert [bytes(m.weights or b"") for m in read.models] == [weights, weights]


def test_blobs_lie_on_pages_and_the_file_ends_with_the_last(tmp_path: Path) -> None:
    container.write_file(tmp_path / "x.hbm", host_file())
    data = (tmp_path / "x.hbm").read_bytes()
    assert data[4096:].startswith(b"graph of net")
    assert data[8192:] == b"w" * 5000


def damaged_files() -> list[tuple[str, bytes]]:
    from hbm_runtime.packer.container import file

    class Sink:
        def __init__(self) -> None:
            self.data = bytearray()

        def write(self, part: bytes) -> None:
            self.data += part

        def tell(self) -> int:
            return len(self.data)

    sink = Sink()
    file._write(sink, host_file(model("a"), model("b")))  # type: ignore[arg-type]
    good = bytes(sink.data)
    container.read_bytes(good)
    rng = random.Random(1)
    cases = [(f"cut at {at}", good[:at]) for at in [0, 1, 8, 63, 64, 200, 4096, len(good) - 1]]
    cases += [("one byte more", good + b"\0"), ("a page more", good + bytes(4096))]
    for _ in range(400):
        at = rng.randrange(len(good))
        cases.append((f"bit flipped at {at}", good[:at] + bytes([good[at] ^ (1 << rng.randrange(8))]) + good[at + 1 :]))
    return cases


def test_any_change_of_any_byte_is_refused() -> None:
    for what, data in damaged_files():
        try:
            container.read_bytes(data)
        except PackError:
            continue
        pytest.fail(f"accepted: {what}")


def signed(listing: bytes, blobs: bytes = b"", **header: int) -> bytes:
    """A file around a directory, with correct checksums."""
    fields = {"version": 1, "flags": 0, "offset": 64, "reserved": 0} | header
    body = listing + blobs
    packed = struct.pack(
        "<8sIIQQQQQ",
        b"\x89HBMH\r\n\x1a",
        fields["version"],
        fields["flags"],
        64 + len(body),
        fields["offset"],
        len(listing),
        xxhash.xxh64_intdigest(listing),
        fields["reserved"],
    )
    return packed + struct.pack("<Q", xxhash.xxh64_intdigest(packed)) + body


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (signed(b""), "ends early"),
        (signed(bytes(20)), "at least one model"),
        (signed(bytes(21)), "left over"),
        (signed(bytes(12) + b"\xff\xff\xff\xff"), "announces 4294967295 elements"),
        (signed(b"\xff\xff\xff\xff"), "ends early"),
        (signed(bytes(20), version=2), "format 2"),
        (signed(bytes(20), flags=1), "does not know"),
        (signed(b"\0\0\0\0\1\0\0\0\xff" + bytes(12)), "UTF-8"),
        (signed(bytes(12) + struct.pack("<IQQQ", 1, 64, 1, 0) + bytes(4)), "where none can be"),
        (signed(bytes(12) + struct.pack("<IQQQ", 1, 4096, 2**63, 0) + bytes(4)), "where none can be"),
    ],
)
def test_impossible_directories_with_right_checksums_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(PackError, match=message):
        container.read_bytes(data)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HostFile(()), "at least one model"),
        (host_file(model("a"), model("a")), "'a' occurs twice"),
        (host_file(model("")), "empty name"),
        (host_file(model("a\0b")), "NUL"),
        (host_file(model(core_count=5)), "1 to 4, not 5"),
        (host_file(model(core_count=0)), "1 to 4, not 0"),
        (host_file(model(graph=b"")), "graph is empty"),
        (host_file(model(weights=b"")), "empty weights"),
        (host_file(model(outputs=())), "at least one output"),
        (host_file(model(inputs=(tensor(), tensor()))), "'data' occurs twice"),
        (host_file(model(inputs=(tensor(shape=(1,) * 11),))), "11 dimensions"),
        (host_file(model(inputs=(tensor(shape=(1, -2, 5)),))), "dimension -2"),
        (host_file(model(inputs=(tensor(strides=(96, 32)),))), "2 strides for 3"),
        (host_file(model(inputs=(tensor(strides=(96, 32, 8)),))), "innermost stride is 8"),
        (host_file(model(inputs=(tensor(strides=(96, 16, 4)),))), r"stride\[1\] = 16 in \[96, 16, 4\] is below"),
        (host_file(model(inputs=(tensor(strides=(48, -1, 4)),))), r"stride\[0\] = 48 in \[48, -1, 4\] is below"),
        (host_file(model(inputs=(tensor(strides=(96, 0, 4)),))), "stride 0"),
        (host_file(model(inputs=(tensor(aligned_size=95),))), "below the 96 bytes"),
        (host_file(model(inputs=(tensor(strides=(-1, 32, 4)),))), "-1 for a dynamic tensor, not 128"),
        (host_file(model(inputs=(tensor(quantisation=Quantisation(scales=(1.0,))),))), "without quantisation type"),
        (
            host_file(model(inputs=(tensor(quantisation=Quantisation(QuantisationType.SCALE, 3, (1.0,))),))),
            "axis 3",
        ),
        (
            host_file(model(inputs=(tensor(quantisation=Quantisation(QuantisationType.SCALE, 1, (1.0, 2.0))),))),
            "2 scales for axis 1 with 3 elements",
        ),
    ],
)
def test_content_that_breaks_a_rule_is_never_written(tmp_path: Path, content: HostFile, message: str) -> None:
    with pytest.raises(PackError, match=message):
        container.write_file(tmp_path / "x.hbm", content)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("failure", "expected", "message"),
    [
        (OSError(errno.ENOSPC, "full"), PackError, "no space left"),
        (OSError(errno.EIO, "bad"), PackError, "Input/output error"),
        (KeyboardInterrupt(), KeyboardInterrupt, "^$"),
    ],
)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    expected: type[BaseException],
    message: str,
) -> None:
    target = tmp_path / "x.hbm"
    target.write_bytes(b"old")

    def fail(_: int) -> None:
        raise failure

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(expected, match=message):
        container.write_file(target, host_file())
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_write_that_stops_half_way_leaves_nothing(tmp_path: Path) -> None:
    script = (
        "import resource, sys; from hbm_runtime.packer import container as c\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "out = c.Tensor('y', 'y', c.DataType.F32, (1,), (4,), 4)\n"
        "c.write_file(sys.argv[1], c.HostFile((c.Model('m', bytes(90_000), None, (), (out,)),)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "x.hbm")], capture_output=True, text=True, timeout=60, check=False
    )
    assert "PackError: cannot write" in done.stderr
    assert "File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="nowhere does not exist"):
        container.write_file(tmp_path / "nowhere" / "x.hbm", host_file())


@pytest.mark.parametrize("content", [b"", b"\x7fELF not a model", b"x" * 5000])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.hbm").write_bytes(content)
    with pytest.raises(PackError, match=r"x\.hbm: (the file is empty|this is not a host model)"):
        container.read_file(tmp_path / "x.hbm")


def test_an_encrypted_file_is_called_encrypted(tmp_path: Path) -> None:
    container.write_file(tmp_path / "x.hbm", host_file())
    encrypt_model(tmp_path / "x.hbm", tmp_path / "secret.hbm", "passphrase")
    with pytest.raises(PackError, match=r"secret\.hbm: the file is encrypted; .*decrypt_model"):
        container.link_files([tmp_path / "secret.hbm"], tmp_path / "linked.hbm")


def test_link_puts_the_models_of_several_files_into_one(tmp_path: Path) -> None:
    weights = os.urandom(50_000)
    container.write_file(tmp_path / "a.hbm", host_file(model("a", weights=weights), description=b"first"))
    container.write_file(tmp_path / "b.hbm", host_file(model("b", weights=weights), description=b"second", march=""))
    container.link_files([tmp_path / "a.hbm", tmp_path / "b.hbm"], tmp_path / "both.hbm")
    both = container.read_file(tmp_path / "both.hbm")
    assert [m.name for m in both.models] == ["a", "b"]
    assert (both.march, both.description) == ("nash-p", b"first\nsecond")
    assert (tmp_path / "both.hbm").stat().st_size < 80_000


def test_link_does_not_replace_one_of_its_inputs(tmp_path: Path) -> None:
    container.write_file(tmp_path / "a.hbm", host_file(model("a")))
    container.write_file(tmp_path / "b.hbm", host_file(model("b")))
    with pytest.raises(PackError, match=r"a\.hbm that is read"):
        container.link_files([tmp_path / "a.hbm", tmp_path / "b.hbm"], tmp_path / "a.hbm")
    assert [m.name for m in container.read_file(tmp_path / "a.hbm").models] == ["a"]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (host_file(model("a")), r"model 'a' is in .*a\.hbm and in .*b\.hbm"),
        (host_file(model("b"), march="nash-e"), r"a\.hbm is made for nash-p, .*b\.hbm for nash-e"),
    ],
)
def test_files_that_do_not_fit_together_are_not_linked(tmp_path: Path, second: HostFile, message: str) -> None:
    container.write_file(tmp_path / "a.hbm", host_file(model("a")))
    container.write_file(tmp_path / "b.hbm", second)
    with pytest.raises(PackError, match=message):
        container.link_files([tmp_path / "a.hbm", tmp_path / "b.hbm"], tmp_path / "both.hbm")
    assert not (tmp_path / "both.hbm").exists()
