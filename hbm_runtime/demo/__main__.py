"""``python -m hbm_runtime.demo``: packs two OCR models, loads them with HB_HBMRuntime and reads a picture."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
    """Packs, loads, reads and draws."""
    try:
        from hbm_runtime.demo import assets, ocr_models  # noqa: PLC0415
        from hbm_runtime.demo.drawing import draw_lines, read_picture  # noqa: PLC0415
        from hbm_runtime.demo.reader import read_lines  # noqa: PLC0415
    except ImportError as error:
        print(
            f"the demo needs more packages ({error}); install them with: pip install 'hbm_runtime[demo]'",
            file=sys.stderr,
        )
        return 1
    from hbm_runtime import HB_HBMRuntime, HbmError  # noqa: PLC0415
    from hbm_runtime.packer import PackError  # noqa: PLC0415

    folder: Path = arguments.output
    downloads = folder / "downloads"
    try:
        files = ocr_models.OnnxFiles(
            assets.fetch(assets.DETECTION_MODEL, downloads), assets.fetch(assets.RECOGNITION_MODEL, downloads)
        )
        path = arguments.picture or assets.fetch(assets.PICTURE, downloads)
        image = read_picture(path)
        packed = folder / "ocr.hbm"
        begin = time.perf_counter()
        ocr_models.pack_models(files, packed)
        print(f"packed {packed} ({packed.stat().st_size / 1e6:.1f} MB) in {time.perf_counter() - begin:.1f} s")

        begin = time.perf_counter()
        runtime = HB_HBMRuntime(str(packed))
        print(
            f"loaded {', '.join(runtime.model_names)} in {time.perf_counter() - begin:.1f} s, driver {runtime.version}"
        )

        def infer(model: str, inputs: dict[str, NDArray[np.uint8]]) -> NDArray[np.float32]:
            outputs = runtime.run(inputs, model_name=model)[model]
            result: NDArray[np.float32] = outputs[runtime.output_names[model][0]]
            return result

        begin = time.perf_counter()
        lines = []
        for line in read_lines(image, infer, ocr_models.read_characters(files.recognition)):
            lines.append(line)
            print(f"  {line.confidence:.2f}  {line.text}")
        drawn = folder / f"{path.stem}_read.png"
        draw_lines(image, lines, drawn, arguments.font)
        print(f"read {len(lines)} lines of {path.name} in {time.perf_counter() - begin:.1f} s; drawn into {drawn}")
    except (assets.DemoError, PackError, HbmError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
