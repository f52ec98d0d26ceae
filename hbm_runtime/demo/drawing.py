"""Opens pictures, and draws boxes and what was read beside them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from hbm_runtime._files import written_file
from hbm_runtime.demo.reader import Line
from hbm_runtime.vision.text_boxes import Image

_MIN_WIDTH = 900
_BOX_COLOUR = (214, 39, 40)
_TEXT_COLOUR = (20, 20, 20)
# Fonts with Chinese, Japanese and Korean characters first; the font that Pillow brings knows only Latin ones.
_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
)


def read_picture(path: str | os.PathLike[str]) -> Image:
    """A picture as BGR pixels (H, W, 3).

    Raises:
        OSError: There is no such file, or it is no picture.
    """
    with Picture.open(path) as picture:
        rgb: Image = np.asarray(picture.convert("RGB"), np.uint8)
    return np.ascontiguousarray(rgb[:, :, ::-1])


def draw_lines(image: Image, lines: Sequence[Line], path: str | os.PathLike[str], font: str | None = None) -> None:
    """Saves the BGR picture with boxes on the left and the texts at the same places on the right."""
    factor = max(1, -(-_MIN_WIDTH // image.shape[1]))
    picture = Picture.fromarray(np.ascontiguousarray(image[:, :, ::-1]))
    picture = picture.resize((picture.width * factor, picture.height * factor), Picture.Resampling.LANCZOS)
    canvas = Picture.new("RGB", (2 * picture.width, picture.height), "white")
    canvas.paste(picture)
    draw = ImageDraw.Draw(canvas)
    for line in lines:
        corners = [(float(x) * factor, float(y) * factor) for x, y in line.box]
        draw.polygon(corners, outline=_BOX_COLOUR, width=max(2, picture.width // 500))
        left, top = min(x for x, _ in corners), min(y for _, y in corners)
        width = max(x for x, _ in corners) - left
        height = max(y for _, y in corners) - top
        fitting = _fitting_font(line.text, width, height, font)
        draw.text((picture.width + left, top + height / 2), line.text, _TEXT_COLOUR, fitting, anchor="lm")
    with written_file(path) as file:
        canvas.save(file, format="PNG")


def _fitting_font(
    text: str, width: float, height: float, name: str | None
) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    size = max(8.0, height * 0.7)
    font = _font(size, name)
    if (length := font.getbbox(text)[2]) > width > 0:
        font = _font(max(8.0, size * width / length), name)
    return font


def _font(size: float, name: str | None) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for path in [name] if name else _FONTS:
        if Path(path).exists():
            return ImageFont.truetype(path, size)
    return ImageFont.load_default(size)
