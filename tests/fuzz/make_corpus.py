"""Writes the seeds of the fuzz targets again: ``make_corpus.py [FOLDER]``, by default the committed ``corpus``.

Past finds are kept: they are the files whose names start with ``find-``.
"""

from __future__ import annotations

import struct
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.conformance_host_files import host_files, write_host_models
from support.conformance_models import onnx_models

HERE = Path(__file__).resolve().parent
HEADER = 64
HOST_SEEDS = ("plain", "padded", "nv12", "resizer", "quantised", "shared_weights", "described", "renamed")
ONNX_SEEDS = ("affine", "dynamic_image", "metadata", "two", "unknown_rank", "refused_sequence")


def directory_seed(file: bytes) -> bytes:
    """The directory and the first blobs of a file, in the form that fuzz_host_directory takes."""
    size = int.from_bytes(file[32:40], "little")
    first_blob = -(-(HEADER + size) // 4096) * 4096
    return struct.pack("<I", size) + file[HEADER : HEADER + size] + file[first_blob : first_blob + 64]


def main() -> None:
    """Writes the seeds."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "corpus"
    with tempfile.TemporaryDirectory() as name:
        write_host_models(Path(name))
        hosts = {stem: (Path(name) / f"{stem}.hbm").read_bytes() for stem in host_files()}
    models = onnx_models()
    seeds = {
        "host_directory": {stem: directory_seed(hosts[stem]) for stem in HOST_SEEDS},
        "host_file": {stem: hosts[stem][:1024] for stem in HOST_SEEDS},
        "onnx": {stem: models[stem].SerializeToString() for stem in ONNX_SEEDS},
    }
    for topic, files in seeds.items():
        target = folder / topic
        target.mkdir(parents=True, exist_ok=True)
        for old in target.iterdir():
            if not old.name.startswith("find-"):
                old.unlink()
        for stem, content in files.items():
            (target / stem).write_bytes(content)


if __name__ == "__main__":
    main()
