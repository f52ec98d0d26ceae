"""The host ``.hbm`` files of the conformance suite, one function for each."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

# The package's front imports the compiled extension; the packer below it does not need it.
_package = types.ModuleType("hbm_runtime")
_package.__path__ = [str(Path(__file__).resolve().parents[2] / "hbm_runtime")]
sys.modules.setdefault("hbm_runtime", _package)

from hbm_runtime.packer.container import (  # noqa: E402
    DataType,
    HostFile,
    Model,
    Operation,
    Quantisation,
    QuantisationType,
    Tensor,
    write_file,
)

_ELEMENTS = {
    DataType.S8: TensorProto.INT8,
    DataType.U8: TensorProto.UINT8,
    DataType.S16: TensorProto.INT16,
    DataType.F32: TensorProto.FLOAT,
    DataType.S32: TensorProto.INT32,
}


def tensor(
    name: str,
    shape: tuple[int, ...],
    dtype: DataType = DataType.F32,
    *,
    strides: tuple[int, ...] | None = None,
    size: int | None = None,
    quantisation: Quantisation | None = None,
    description: bytes = b"",
) -> Tensor:
    """A row of a host model's table; dense unless strides are given."""
    if strides is None:
        strides = tuple(dtype.size * int(np.prod(shape[i + 1 :])) for i in range(len(shape)))
    if size is None:
        dynamic = -1 in shape or -1 in strides
        size = -1 if dynamic else max(shape[0] * strides[0] if shape else dtype.size, 64)
    return Tensor(name, name, dtype, shape, strides, size, quantisation or Quantisation(), description)


def graph(
    nodes: list[onnx.NodeProto],
    inputs: tuple[Tensor, ...],
    outputs: tuple[Tensor, ...],
    constants: Mapping[str, npt.ArrayLike] | None = None,
) -> onnx.ModelProto:
    """The ONNX graph whose inputs and outputs the tables describe."""

    def values(tensors: tuple[Tensor, ...]) -> list[onnx.ValueInfoProto]:
        return [
            helper.make_tensor_value_info(
                t.graph_name,
                _ELEMENTS[t.dtype],
                [None if d < 0 else d for d in t.shape],
            )
            for t in tensors
        ]

    initializers = [numpy_helper.from_array(np.asarray(array), key) for key, array in (constants or {}).items()]
    made = helper.make_graph(nodes, "graph", values(inputs), values(outputs), initializers)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def model(
    name: str,
    nodes: list[onnx.NodeProto],
    inputs: tuple[Tensor, ...],
    outputs: tuple[Tensor, ...],
    constants: Mapping[str, npt.ArrayLike] | None = None,
    **changes: object,
) -> Model:
    """A host model of these nodes."""
    return Model(
        name=name,
        graph=graph(nodes, inputs, outputs, constants).SerializeToString(),
        weights=None,
        inputs=inputs,
        outputs=outputs,
        operations=tuple(Operation(node.name, node.op_type) for node in nodes),
        **changes,  # type: ignore[arg-type]
    )


def affine(name: str, x: Tensor, y: Tensor, **changes: object) -> Model:
    """y = x * 2 + 1."""
    nodes = [
        helper.make_node("Mul", [x.graph_name, "f"], ["t"], "mul"),
        helper.make_node("Add", ["t", "o"], [y.graph_name], "add"),
    ]
    return model(name, nodes, (x,), (y,), {"f": np.float32(2), "o": np.float32(1)}, **changes)


def casts(name: str, pairs: list[tuple[Tensor, Tensor]]) -> Model:
    """Each output is its input as float."""
    nodes = [helper.make_node("Cast", [x.graph_name], [y.graph_name], to=TensorProto.FLOAT) for x, y in pairs]
    return model(name, nodes, tuple(x for x, _ in pairs), tuple(y for _, y in pairs))


def padded() -> HostFile:
    """Both ends have gaps after each row; y has one more after each plane."""
    x = tensor("x", (2, 3, 5), strides=(96, 32, 4), size=192)
    y = tensor("y", (2, 3, 5), strides=(256, 64, 4), size=1024)
    return HostFile((affine("padded", x, y),))


def nv12() -> HostFile:
    """The Y and UV planes of an image, strides chosen by the caller."""
    return HostFile(
        (
            casts(
                "nv12",
                [
                    (
                        tensor("image_y", (1, 4, 6, 1), DataType.U8, strides=(-1, -1, 1, 1)),
                        tensor("luma", (1, 4, 6, 1)),
                    ),
                    (
                        tensor("image_uv", (1, 2, 3, 2), DataType.U8, strides=(-1, -1, 2, 1)),
                        tensor("chroma", (1, 2, 3, 2)),
                    ),
                ],
            ),
        )
    )


def resizer() -> HostFile:
    """Shapes and strides chosen by the caller; the output's memory has an upper bound."""
    x = tensor("x", (1, -1, -1, 1), DataType.U8, strides=(-1, -1, 1, 1))
    y = tensor("y", (1, -1, -1, 1), DataType.F32, strides=(-1, -1, 4, 4), size=4096)
    return HostFile((casts("resizer", [(x, y)]),))


def padded_rows() -> HostFile:
    """As many rows as the caller likes, each of the output's with a gap; the steps further out are open."""
    x = tensor("x", (2, -1, 5), strides=(-1, 20, 4))
    y = tensor("y", (2, -1, 5), strides=(-1, 64, 4), size=2048)
    return HostFile((affine("padded_rows", x, y),))


def quantised() -> HostFile:
    """S8 per tensor, S16 and S32 per channel."""
    x = tensor("x", (1, 3, 2))
    per_tensor = Quantisation(QuantisationType.SCALE, -1, (0.5,), (-3,))
    channels = Quantisation(QuantisationType.SCALE, 1, (0.5, 0.25, 2.0), (0, 1, -2))
    plain = Quantisation(QuantisationType.SCALE, 1, (1.0, 0.125, 4.0))
    outputs = (
        tensor("q8", x.shape, DataType.S8, quantisation=per_tensor),
        tensor("q16", x.shape, DataType.S16, quantisation=channels),
        tensor("q32", x.shape, DataType.S32, quantisation=plain),
    )
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s8", "z8"], ["q8"]),
        *_rounded("q16", TensorProto.INT16),
        *_rounded("q32", TensorProto.INT32),
    ]
    constants: dict[str, npt.ArrayLike] = {
        "s8": np.float32(0.5),
        "z8": np.int8(-3),
        "q16_scale": np.array(channels.scales, np.float32).reshape(1, 3, 1),
        "q16_zero": np.array(channels.zero_points, np.float32).reshape(1, 3, 1),
        "q32_scale": np.array(plain.scales, np.float32).reshape(1, 3, 1),
        "q32_zero": np.zeros((1, 3, 1), np.float32),
    }
    return HostFile((model("quantised", nodes, (x,), outputs, constants),))


def _rounded(name: str, to: int) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Div", ["x", f"{name}_scale"], [f"{name}_a"]),
        helper.make_node("Round", [f"{name}_a"], [f"{name}_b"]),
        helper.make_node("Add", [f"{name}_b", f"{name}_zero"], [f"{name}_c"]),
        helper.make_node("Cast", [f"{name}_c"], [name], to=to),
    ]


def shared_weights() -> HostFile:
    """Two models, one blob of weights: y = x + (1, 2, 3, 4) and y = x * (1, 2, 3, 4)."""
    weights = np.arange(1, 5, dtype=np.float32)
    x, y = tensor("x", (4,)), tensor("y", (4,))

    def one(name: str, operator: str) -> Model:
        made = graph([helper.make_node(operator, ["x", "w"], ["y"], operator.lower())], (x,), (y,))
        external = made.graph.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=[4])
        external.data_location = TensorProto.EXTERNAL
        for key, text in (("location", "weights"), ("offset", "0"), ("length", "16")):
            external.external_data.add(key=key, value=text)
        return Model(name, made.SerializeToString(), weights.tobytes(), (x,), (y,))

    return HostFile((one("sum", "Add"), one("product", "Mul")))


def described() -> HostFile:
    """Every description there is, each with a NUL inside."""
    x = tensor("x", (2,), description=b"in\0put")
    y = tensor("y", (2,), description=b"out\0put")
    return HostFile(
        (affine("described", x, y, description=b'{"a": 1}\0rest'),),
        description=b"file\0description",
        march="",
        producer="test",
    )


def plain(name: str = "plain", **changes: object) -> HostFile:
    """y = x * 2 + 1 on four numbers."""
    return HostFile((affine(name, tensor("x", (4,)), tensor("y", (4,)), **changes),))


def renamed() -> HostFile:
    """Users see other names, in another order, than the graph has."""
    a, b = tensor("a", (2,)), tensor("b", (2,))
    made = model("renamed", [helper.make_node("Sub", ["a", "b"], ["y"])], (a, b), (tensor("y", (2,)),))

    def show(t: Tensor, name: str) -> Tensor:
        return Tensor(name, t.graph_name, t.dtype, t.shape, t.strides, t.aligned_size)

    inputs = (show(b, "second"), show(a, "first"))
    return HostFile((Model("renamed", made.graph, None, inputs, (show(made.outputs[0], "result"),)),))


def wrong_table(**changes: object) -> HostFile:
    """A table that does not fit its graph."""
    good = plain("wrong").models[0]
    entry = good.inputs[0]
    fields = {**vars(entry), **changes}
    return HostFile((Model("wrong", good.graph, None, (Tensor(**fields),), good.outputs),))


def host_files() -> dict[str, Callable[[], HostFile]]:
    """All host files by stem."""
    return {
        "plain": plain,
        "padded": padded,
        "nv12": nv12,
        "resizer": resizer,
        "padded_rows": padded_rows,
        "quantised": quantised,
        "shared_weights": shared_weights,
        "described": described,
        "renamed": renamed,
        "two_cores": lambda: plain("two_cores", core_count=2),
        "nash_e": lambda: HostFile(plain("nash_e").models, march="nash-e"),
        "refused_graph": lambda: HostFile(
            (Model("net", b"no graph", None, (tensor("x", (4,)),), (tensor("y", (4,)),)),)
        ),
        "refused_name": lambda: wrong_table(graph_name="z"),
        "refused_type": lambda: wrong_table(dtype=DataType.S32),
        "refused_shape": lambda: wrong_table(shape=(5,), aligned_size=64),
    }


def write_host_models(folder: Path) -> None:
    """Writes all of them."""
    for stem, make in host_files().items():
        write_file(folder / f"{stem}.hbm", make())
