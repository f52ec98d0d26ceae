"""Fetches the demo's models and pictures out of published wheels, which are pinned by their hashes.

``python -m hbm_runtime.demo.assets FOLDER`` fetches all of them, for the tests that prove the demo.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hbm_runtime._files import written_file
from hbm_runtime.demo.errors import DemoError


@dataclass(frozen=True)
class Wheel:
    """A published wheel.

    Attributes:
        requirement: Name and version.
        sha256: Checksum of the wheel.
        platform: Tag of the file that is taken, on every machine: only data is used.
    """

    requirement: str
    sha256: str
    platform: str


_MODELS = Wheel(
    "rapidocr-onnxruntime==1.4.4", "971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf", "any"
)
_PICTURES = Wheel(
    "scikit-image==0.25.2",
    "24cc986e1f4187a12aa319f777b36008764e856e5013666a4a83f8df083c2641",
    "manylinux_2_17_x86_64",
)
DETECTION_MODEL = "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx"
RECOGNITION_MODEL = "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx"
PICTURE = "skimage/data/page.png"
SECOND_PICTURE = "skimage/data/text.png"
_CONTENT = {DETECTION_MODEL: _MODELS, RECOGNITION_MODEL: _MODELS, PICTURE: _PICTURES, SECOND_PICTURE: _PICTURES}


def fetch(member: str, folder: Path, tell: Callable[[str], None] = print) -> Path:
    """The path of a file out of a wheel; downloads the wheel into ``folder`` when it is not there.

    Args:
        member: DETECTION_MODEL, RECOGNITION_MODEL, PICTURE or SECOND_PICTURE.
        folder: Where downloads and files stay.
        tell: Takes a line before a download.

    Raises:
        DemoError: The download failed.
    """
    target = folder / Path(member).name
    unpack(_CONTENT[member], member, target, folder, tell)
    return target


def unpack(wheel: Wheel, member: str, target: Path, folder: Path, tell: Callable[[str], None] = print) -> None:
    """Writes a file out of a wheel to ``target``, unless it is there.

    Args:
        wheel: Downloaded into ``folder`` when it is not there.
        member: Path of the file in the wheel.
        target: Where the file goes, within ``folder``.
        folder: Where downloads stay.
        tell: Takes a line before a download.

    Raises:
        DemoError: The download failed.
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    archive = _downloaded(wheel, folder, tell)
    with zipfile.ZipFile(archive) as content, written_file(target) as file:
        file.write(content.read(member))


def _downloaded(wheel: Wheel, folder: Path, tell: Callable[[str], None]) -> Path:
    name = wheel.requirement.replace("-", "_").replace("==", "-")
    found = sorted(folder.glob(f"{name}-*.whl"))
    if not found:
        tell(f"downloading {wheel.requirement}")
        _download(wheel, folder)
        found = sorted(folder.glob(f"{name}-*.whl"))
    if not found:
        raise DemoError(f"pip downloaded no wheel of {wheel.requirement} into {folder}")
    return found[0]


def _download(wheel: Wheel, folder: Path) -> None:
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--retries", "2", "--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp"]
    command += ["--platform", wheel.platform, "--dest", str(folder), "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise DemoError(f"cannot download {wheel.requirement}: {reason}")


def exit_code_of(fetch_all: Callable[[], None]) -> int:
    """Fetches; returns 0, or 1 with one line that says what is missing."""
    try:
        fetch_all()
    except (DemoError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def main(folder: Path) -> int:
    """Fetches everything; returns the exit code."""

    def fetch_all() -> None:
        for member in _CONTENT:
            fetch(member, folder)

    return exit_code_of(fetch_all)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
