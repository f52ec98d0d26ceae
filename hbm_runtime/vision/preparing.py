"""Pictures as the inputs of a camera model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._errors import InputError
from ..image import Letterbox, bgr_to_nv12, letterbox


@dataclass(frozen=True)
class PictureInput:
    """How a model takes pictures: NV12 planes, uint8 pixels, or floating RGB from 0 to 1.

    Attributes:
        size: (width, height).
        luma: Name of the input of the Y plane, or of the only input.
        chroma: Name of the input of the UV plane; None where there is one input.
        planar: True for (1, 3, height, width).
        dtype: The pixels' dtype.
    """

    size: tuple[int, int]
    luma: str
    chroma: str | None
    planar: bool
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, model: Any, size: tuple[int, int] | None = None) -> PictureInput:
        """Reads it from the shapes and types of a model's inputs.

        Args:
            model: A `hbm_runtime.Model`, or one of a server.
            size: (width, height) for models whose inputs are dynamic.

        Raises:
            InputError: The inputs are of no known kind.
        """
        infos = list(model.inputs.values())
        shapes = [tuple(info.shape) for info in infos]
        bytes_only = all(info.np_dtype == np.uint8 for info in infos)
        if len(infos) == 2 and bytes_only and all(len(shape) == 4 for shape in shapes):
            by_channels = {shape[3]: (info.name, shape) for info, shape in zip(infos, shapes, strict=True)}
            if set(by_channels) == {1, 2}:
                height, width = by_channels[1][1][1:3]
                return cls(_fixed(model, (width, height), size), by_channels[1][0], by_channels[2][0], False, _BYTES)
        if len(infos) == 1 and len(shapes[0]) == 4 and infos[0].np_dtype in (_BYTES, np.float32, np.float16):
            name, shape, dtype = infos[0].name, shapes[0], infos[0].np_dtype
            if shape[1] == 3:
                return cls(_fixed(model, (shape[3], shape[2]), size), name, None, True, dtype)
            if shape[3] == 3:
                return cls(_fixed(model, (shape[2], shape[1]), size), name, None, False, dtype)
        listed = ", ".join(f"'{info.name}' {info.np_dtype} {list(info.shape)}" for info in infos)
        raise InputError(
            f"the inputs {listed} take no picture of a known kind: expected are NV12 planes, uint8, float16 or float32 "
            "pixels (1, 3, H, W) or (1, H, W, 3); make them yourself, and use Detector.decode()",
            model=model.name,
        )

    def prepare(
        self,
        image: NDArray[np.uint8],
        *,
        color: int = 114,
        center: bool = True,
        range: Literal["full", "video"] = "full",  # noqa: A002 (as in hbm_runtime.image)
    ) -> tuple[dict[str, NDArray[Any]], Letterbox]:
        """Makes the inputs from a picture.

        Args:
            image: BGR pixels (height, width, 3), uint8.
            color: Colour of the padding around it.
            center: Put it in the middle; else at the upper left.
            range: Range of the values of NV12; see `hbm_runtime.image`.

        Returns:
            Arrays by the names of the inputs, and the way back to the picture.
        """
        boxed, place = letterbox(image, self.size, color, center=center)
        if self.chroma is not None:
            y, uv = bgr_to_nv12(boxed, range=range)
            return {self.luma: y, self.chroma: uv}, place
        pixels = boxed[None, :, :, ::-1]
        if self.planar:
            pixels = pixels.transpose(0, 3, 1, 2)
        if self.dtype.kind == "f":
            return {self.luma: pixels.astype(self.dtype, order="C") / self.dtype.type(255)}, place
        return {self.luma: np.ascontiguousarray(pixels)}, place


_BYTES = np.dtype(np.uint8)


def _fixed(model: Any, own: tuple[int, int], given: tuple[int, int] | None) -> tuple[int, int]:
    if given is None and -1 in own:
        raise InputError("the model takes pictures of any size; pass size=(width, height)", model=model.name)
    if given is None:
        return own
    if any(mine not in (-1, wanted) for mine, wanted in zip(own, given, strict=True)):
        raise InputError(
            f"the model takes pictures of {own[0]} x {own[1]}, not {given[0]} x {given[1]}", model=model.name
        )
    return given
