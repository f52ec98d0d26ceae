"""Host models (packed ``.hbm`` files) with the tensor layouts of compiled models."""

from __future__ import annotations

import numpy as np
from onnx import ModelProto, helper

from hbm_runtime.packer.container import DataType, Model, Quantisation, QuantisationType, Tensor
from support import onnx_models
from support.dtypes import NUMPY_OF, Array


def dense_strides(dtype: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Bytes per step of each dimension without padding."""
    return padded_strides(dtype, shape, 1)


def padded_strides(dtype: str, shape: tuple[int, ...], alignment: int) -> tuple[int, ...]:
    """Bytes per step when each innermost row is padded to ``alignment`` bytes and nothing else is."""
    strides = [NUMPY_OF[dtype].itemsize]
    for axis in range(len(shape) - 1, 0, -1):
        step = strides[0] * shape[axis]
        strides.insert(0, -(-step // alignment) * alignment if axis == len(shape) - 1 else step)
    return tuple(strides[: len(shape)])


def tensor(
    name: str,
    dtype: str,
    shape: tuple[int, ...],
    *,
    graph_name: str | None = None,
    strides: tuple[int, ...] | None = None,
    scales: tuple[float, ...] = (),
    zero_points: tuple[int, ...] = (),
    axis: int = -1,
    description: bytes = b"",
    extra_bytes: int = 0,
) -> Tensor:
    """An entry of a host model; dense without ``strides``, quantised when ``scales`` are given."""
    steps = dense_strides(dtype, shape) if strides is None else strides
    fixed = -1 not in steps and -1 not in shape
    size = (shape[0] * steps[0] if shape else NUMPY_OF[dtype].itemsize) + extra_bytes
    quantised = bool(scales)
    return Tensor(
        name=name,
        graph_name=graph_name or name,
        dtype=DataType[dtype],
        shape=shape,
        strides=steps,
        aligned_size=size if fixed else -1,
        quantisation=Quantisation(
            type=QuantisationType.SCALE if quantised else QuantisationType.NONE,
            axis=axis,
            scales=scales,
            zero_points=zero_points,
        ),
        description=description,
    )


def packed(
    name: str,
    graph: ModelProto,
    inputs: list[Tensor],
    outputs: list[Tensor],
    *,
    cores: int = 1,
    description: bytes = b"",
) -> Model:
    """One model of a host file."""
    return Model(
        name=name,
        graph=graph.SerializeToString(deterministic=True),
        weights=None,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        description=description,
        core_count=cores,
    )


def doubler(name: str, *, cores: int = 1, shape: tuple[int, ...] = (2, 3)) -> Model:
    """``y = 2 * x`` in float32."""
    return packed(
        name, onnx_models.scaled(2, shape), [tensor("x", "F32", shape)], [tensor("y", "F32", shape)], cores=cores
    )


def padded_identity(name: str, dtype: str, shape: tuple[int, ...], alignment: int = 64) -> Model:
    """``y = x`` with padded rows on both sides, and memory behind the last row."""
    strides = padded_strides(dtype, shape, alignment)
    return packed(
        name,
        onnx_models.identity(dtype, shape),
        [tensor("x", dtype, shape, strides=strides, extra_bytes=128)],
        [tensor("y", dtype, shape, strides=strides, extra_bytes=128)],
    )


def nv12_inputs(height: int, width: int, name: str = "data") -> list[Tensor]:
    """The two inputs that a camera model has: Y and interleaved UV planes, rows as the caller lays them out."""
    return [
        tensor(f"{name}_y", "U8", (1, height, width, 1), strides=(-1, -1, 1, 1)),
        tensor(f"{name}_uv", "U8", (1, height // 2, width // 2, 2), strides=(-1, -1, 2, 1)),
    ]


def nv12_planes(name: str, height: int, width: int) -> Model:
    """A camera model that gives back what arrived: ``y`` and ``uv`` as S32."""
    y_shape, uv_shape = (1, height, width, 1), (1, height // 2, width // 2, 2)
    graph = onnx_models.build(
        [helper.make_node("Cast", ["data_y"], ["y"], to=6), helper.make_node("Cast", ["data_uv"], ["uv"], to=6)],
        [("data_y", "U8", y_shape), ("data_uv", "U8", uv_shape)],
        [("y", "S32", y_shape), ("uv", "S32", uv_shape)],
    )
    return packed(name, graph, nv12_inputs(height, width), [tensor("y", "S32", y_shape), tensor("uv", "S32", uv_shape)])


QUANT_SCALES = tuple(float(np.float32(0.5 ** (i + 1))) for i in range(5))
QUANT_ZERO_POINTS = (0, -3, 7, 100, -128)


def quantised(name: str) -> Model:
    """Integers per channel and per tensor, padded: ``s32 = x * ramp``, ``s16`` and ``s8`` the same, narrowed.

    ``x`` is S8 with a per-tensor scale and zero point.
    """
    shape = (1, 4, 3, 5)
    ramp: Array = np.arange(1, 6, dtype=np.int32)
    graph = onnx_models.build(
        [
            helper.make_node("Cast", ["x"], ["wide"], to=6),
            helper.make_node("Mul", ["wide", "ramp"], ["s32"]),
            helper.make_node("Cast", ["s32"], ["s16"], to=5),
            helper.make_node("Identity", ["x"], ["s8"]),
        ],
        [("x", "S8", shape)],
        [("s32", "S32", shape), ("s16", "S16", shape), ("s8", "S8", shape)],
        {"ramp": ramp},
    )
    return packed(
        name,
        graph,
        [tensor("x", "S8", shape, scales=(0.25,), zero_points=(-7,))],
        [
            tensor("s32", "S32", shape, strides=padded_strides("S32", shape, 64), axis=3, scales=QUANT_SCALES,
                   zero_points=QUANT_ZERO_POINTS, description=b"per channel"),
            tensor("s16", "S16", shape, strides=padded_strides("S16", shape, 32), axis=3, scales=QUANT_SCALES),
            tensor("s8", "S8", shape, scales=(0.125,), zero_points=(5,)),
        ],
    )  # fmt: skip
