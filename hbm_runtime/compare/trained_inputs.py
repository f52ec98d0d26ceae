"""Makes the inputs of a trained model from what a packed model is given, by the packed model's description.

This is numpy code of its own, not the packer's: a mistake in the nodes that packing adds must show in the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbm_runtime._inputs.description import VIDEO_RANGE, Description, InputFacts
from hbm_runtime.compare.models import TensorInfo
from hbm_runtime.packer import PackError

Array = NDArray[Any]
_COLOURS = {"nv12", "yuv444", "rgb", "bgr", "gray"}


def to_trained_inputs(
    wanted: Mapping[str, TensorInfo], description: Mapping[str, Any], given: Mapping[str, Array]
) -> dict[str, Array]:
    """Values for the inputs of the trained model.

    Args:
        wanted: Its inputs.
        description: The packed model's description.
        given: What the packed model gets.

    Raises:
        PackError: An input cannot be made.
    """
    described = {entry.name: entry for entry in Description.of(description).inputs}
    result = {}
    for name, info in wanted.items():
        entry = described.get(name)
        if entry is not None and entry.runtime_type in _COLOURS:
            size = info.shape[1:3] if entry.layout == "NHWC" else info.shape[2:4]
            result[name] = _image(entry, given, (size[0], size[1])).astype(info.dtype)
            continue
        if name not in given:
            raise PackError(
                f"input '{name}' of the reference cannot be made from {', '.join(given)}: the other model's "
                "description does not say how; give inputs for both"
            )
        result[name] = np.ascontiguousarray(given[name])
    return result


def _image(entry: InputFacts, given: Mapping[str, Array], size: tuple[int, int]) -> Array:
    bases = [entry.name] if _parts(entry, entry.name) & set(given) else []
    while _parts(entry, f"{entry.name}_{len(bases)}") & set(given):
        bases.append(f"{entry.name}_{len(bases)}")
    items = [_pixels(entry, base, given, size) for base in bases]
    if not items:
        raise PackError(f"input '{entry.name}' of the reference cannot be made: no pixels among {', '.join(given)}")
    pixels = np.concatenate(items)
    for operation, values in ((np.subtract, entry.mean), (np.multiply, entry.scale), (np.divide, entry.std)):
        if values is None:
            raise PackError(f"the description has no numbers where mean, scale and std of '{entry.name}' are expected")
        if values:
            pixels = operation(pixels, np.array(values))
    return np.ascontiguousarray(pixels if entry.layout == "NHWC" else pixels.transpose(0, 3, 1, 2))


def _parts(entry: InputFacts, base: str) -> set[str]:
    return {base + "_y"} if entry.runtime_type == "nv12" else {base, base + "_y"}


def _pixels(entry: InputFacts, base: str, given: Mapping[str, Array], size: tuple[int, int]) -> Array:
    """Pixels (N, H, W, C) in the colours of training, 0 to 255."""
    if entry.runtime_type == "nv12":
        luma = given[base + "_y"].astype(np.float64)
        chroma = np.repeat(np.repeat(given[base + "_uv"], 2, axis=1), 2, axis=2).astype(np.float64)
        yuv = np.concatenate([luma, chroma], axis=-1)
        if entry.source == "resizer":
            yuv = _region(yuv, given[base + "_roi"], size)
    else:
        value = given[base] if base in given else given[base + "_y"]
        pixels = value.astype(np.float64) + (128 if value.dtype == np.int8 else 0)
        if entry.runtime_type == "gray" and entry.source == "resizer":
            return _region(pixels, given[base + "_roi"], size)
        if entry.runtime_type == "gray":
            return pixels if base + "_y" in given else pixels.transpose(0, 2, 3, 1)
        if {entry.runtime_type, entry.train_type} == {"rgb", "bgr"}:
            return pixels[..., ::-1]
        if entry.runtime_type != "yuv444":
            return pixels
        yuv = pixels
    if entry.train_type == "yuv444":
        return yuv
    rgb = yuv_to_rgb(yuv, video_range=entry.pixel_range == VIDEO_RANGE)
    return rgb if entry.train_type == "rgb" else rgb[..., ::-1]


def _region(picture: Array, roi: Array, size: tuple[int, int]) -> Array:
    """A region of a picture (1, H, W, C), right and bottom included, resized bilinearly; black beyond the picture."""
    left, top, right, bottom = (int(edge) for edge in roi[0])
    black = np.array([0.0, 128.0, 128.0][: picture.shape[-1]])
    padded = np.pad(picture[0], ((1, 1), (1, 1), (0, 0)))
    padded[[0, -1]] = black
    padded[:, [0, -1]] = black
    rows, columns = (
        _taps(*edges, count, extent)
        for edges, count, extent in zip(((top, bottom), (left, right)), size, picture.shape[1:3], strict=True)
    )
    across = [weight[None, :, None] * padded[:, index] for index, weight in columns]
    joined = across[0] + across[1]
    down = [weight[:, None, None] * joined[index] for index, weight in rows]
    return np.asarray(down[0] + down[1])[None]


def _taps(first: int, last: int, count: int, extent: int) -> list[tuple[Array, Array]]:
    """Where samples come from: two indices each, into a row with one black pixel at both ends, and their weights."""
    place = np.clip((np.arange(count) + 0.5) * (last - first + 1) / count - 0.5, 0, last - first)
    low = np.floor(place).astype(np.int64)
    part = place - low
    inner = [first + low, np.minimum(first + low + 1, last)]
    return [(np.clip(index, -1, extent) + 1, weight) for index, weight in zip(inner, (1 - part, part), strict=True)]


def yuv_to_rgb(yuv: Array, *, video_range: bool) -> Array:
    """RGB of BT.601 pixels in the last axis, cut to 0..255."""
    y, u, v = yuv[..., 0], yuv[..., 1] - 128.0, yuv[..., 2] - 128.0
    if video_range:
        y, u, v = (y - 16.0) * 255.0 / 219.0, u * 255.0 / 224.0, v * 255.0 / 224.0
    rgb = np.stack([y + 1.402 * v, y - 0.344136286 * u - 0.714136286 * v, y + 1.772 * u], axis=-1)
    return np.asarray(np.clip(rgb, 0.0, 255.0))
