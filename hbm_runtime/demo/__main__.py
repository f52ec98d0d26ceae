"""``python -m hbm_runtime.demo``: packs two OCR models, loads them with HB_HBMRuntime and reads a picture."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hbm_runtime._installing import how_to_install
from hbm_runtime.demo.errors import DemoError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the demo's arguments."""
    parser.add_argument(
        "picture", nargs="?", type=Path, metavar="PICTURE", help="a picture to read; default: page.png of scikit-image"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", default=Path("demo-output"), help="folder for everything"
    )
    parser.add_argument("--font", metavar="FILE", help="a TrueType font for drawing texts that are not Latin")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo; returns 0, or 1 with one line that says what is missing."""
    parser = argparse.ArgumentParser(prog="python -m hbm_runtime.demo", description=__doc__)
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def run(arguments: argparse.Namespace) -> int:
    """Packs, loads, reads and draws; prints as it goes."""
    try:
        read(arguments, lambda text: print(text, flush=True))
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def read(arguments: argparse.Namespace, tell: Callable[[str], None]) -> dict[str, Any]:
    """Packs, loads, reads and draws.

    Args:
        arguments: See `add_arguments`.
        tell: Takes lines about what is done.

    Returns:
        Files, seconds of each step, and the texts with their boxes, ready for JSON.

    Raises:
        DemoError: Something is missing or failed.
    """
    try:
        from hbm_runtime.demo import assets, ocr_models  # noqa: PLC0415
        from hbm_runtime.demo.drawing import draw_lines, read_picture  # noqa: PLC0415
        from hbm_runtime.demo.reader import read_lines  # noqa: PLC0415
    except ImportError as error:
        raise DemoError(
            f"this needs more packages ({error}); install them with: {how_to_install('demo', str(error.name))}"
        ) from error
    from hbm_runtime import HB_HBMRuntime, HbmError  # noqa: PLC0415
    from hbm_runtime.packer import PackError  # noqa: PLC0415

    folder: Path = arguments.output
    downloads = folder / "downloads"
    clock = _Clock()
    try:
        files = ocr_models.OnnxFiles(
            assets.fetch(assets.DETECTION_MODEL, downloads, tell),
            assets.fetch(assets.RECOGNITION_MODEL, downloads, tell),
        )
        path = arguments.picture or assets.fetch(assets.PICTURE, downloads, tell)
        image = read_picture(path)
        packed = folder / "ocr.hbm"
        clock.start()
        ocr_models.pack_models(files, packed)
        tell(f"packed {packed} ({packed.stat().st_size / 1e6:.1f} MB) in {clock.stop('pack'):.1f} s")

        clock.start()
        runtime = HB_HBMRuntime(str(packed))
        names = ", ".join(runtime.model_names)
        tell(f"loaded {names} in {clock.stop('load'):.1f} s, driver {runtime.version}")

        def infer(model: str, inputs: dict[str, NDArray[np.uint8]]) -> NDArray[np.float32]:
            outputs = runtime.run(inputs, model_name=model)[model]
            result: NDArray[np.float32] = outputs[runtime.output_names[model][0]]
            return result

        clock.start()
        lines = []
        for line in read_lines(image, infer, ocr_models.read_characters(files.recognition)):
            lines.append(line)
            tell(f"  {line.confidence:.2f}  {line.text}")
        drawn = folder / f"{path.stem}_read.png"
        draw_lines(image, lines, drawn, arguments.font)
        tell(f"read {len(lines)} lines of {path.name} in {clock.stop('read'):.1f} s; drawn into {drawn}")
    except (PackError, HbmError, OSError) as error:
        raise DemoError(str(error)) from error
    return {
        "picture": str(path),
        "packed": str(packed),
        "drawn": str(drawn),
        "driver_version": runtime.version,
        "seconds": clock.seconds,
        "lines": [{"text": line.text, "confidence": line.confidence, "box": line.box.tolist()} for line in lines],
    }


class _Clock:
    """Times the steps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._begin = 0.0

    def start(self) -> None:
        self._begin = time.perf_counter()

    def stop(self, step: str) -> float:
        self.seconds[step] = time.perf_counter() - self._begin
        return self.seconds[step]


if __name__ == "__main__":
    sys.exit(main())
