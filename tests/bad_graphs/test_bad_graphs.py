"""Graphs with which the engine would end the process are refused before it sees them; their sound neighbours run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from bad_graphs.__main__ import Findings, try_range
from onnx import helper, numpy_helper
from support.child import output_of, run_python
from support.dtypes import Array

from hbm_runtime import HB_HBMRuntime, HbmError

pytestmark = pytest.mark.no_sanitizer

X = np.array([1, 2, 3], np.float32)
U = np.array([1, 2], np.uint8)
SCALE, ZERO = np.array(0.1, np.float32), np.array(0, np.uint8)
NONE = np.zeros(0, np.float32)
LEAST = np.array([5, -(2**63)], np.int64)


def model(
    operator: str, names: list[str], constants: dict[str, Array], inputs: dict[str, Array], **attributes: Any
) -> onnx.ModelProto:
    """A graph of one node; dimensions of the inputs are dynamic, but for those that are 0."""
    domain = "com.microsoft" if operator.startswith(("QLinear", "Dynamic", "MatMulIntegerTo")) else ""
    node = helper.make_node(operator, names, ["o"], "culprit", domain=domain, **attributes)
    declared = [
        helper.make_tensor_value_info(
            name,
            helper.np_dtype_to_tensor_dtype(array.dtype),
            [size if size == 0 else f"{name}_{axis}" for axis, size in enumerate(array.shape)],
        )
        for name, array in inputs.items()
    ]
    fixed = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph([node], "graph", declared, [onnx.ValueInfoProto(name="o")], fixed)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def recurrent(operator: str, shape: tuple[int, int, int]) -> tuple[Any, ...]:
    """A recurrent layer of two units and its input."""
    gates = {"GRU": 6, "LSTM": 8, "RNN": 2}[operator]
    weights = {"w": np.ones((1, gates, shape[2]), np.float32), "r": np.ones((1, gates, 2), np.float32)}
    return operator, ["x", "w", "r"], weights, {"x": np.ones(shape, np.float32)}, {"hidden_size": 2}


WHERE = ["c", "a", "as", "az", "b", "bs", "bz", "os", "oz"]
WHERE_CONSTANTS = {"as": SCALE, "az": ZERO, "bs": SCALE, "bz": ZERO, "os": SCALE, "oz": ZERO}
WHERE_CONSTANTS_BUT_BZ = {name: array for name, array in WHERE_CONSTANTS.items() if name != "bz"}
WHERE_INPUTS = {"c": np.array([True, False]), "a": U, "b": U}
CONCAT = ["ys", "yz", "a", "as", "az"]
CONCAT_CONSTANTS = {"ys": SCALE, "yz": ZERO, "as": SCALE, "az": ZERO}
BYTES = {"s": SCALE, "z": ZERO, "t": SCALE}

REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "Min": (("Min", ["x", ""], {}, {"x": X}, {}), "none for input 1"),
    "Max": (("Max", ["x", "", "x"], {}, {"x": X}, {}), "none for input 1"),
    "Sum": (("Sum", ["x", ""], {}, {"x": X}, {}), "every input needs a value"),
    "Mean": (("Mean", ["x", ""], {}, {"x": X}, {}), "every input needs a value"),
    "RandomNormal": (("RandomNormal", [], {}, {}, {"shape": [2], "scale": -1.0}), "scale must be above 0"),
    "RandomNormal of 0": (("RandomNormal", [], {}, {}, {"shape": [2], "scale": 0.0}), "scale must be above 0"),
    "RandomNormalLike": (("RandomNormalLike", ["x"], {}, {"x": X}, {"scale": float("nan")}), "given: nan"),
    "RandomUniform": (("RandomUniform", [], {}, {}, {"shape": [2], "low": 2.0}), "low must not be above high"),
    "RandomUniformLike": (("RandomUniformLike", ["x"], {}, {"x": X}, {"high": -1.0}), "low must not be above high"),
    "GatherND": (
        ("GatherND", ["x", "i"], {"i": np.zeros((1, 1), np.int64)}, {"x": X}, {"batch_dims": -(2**31)}),
        "batch_dims must be at least 0, given: -2147483648",
    ),
    "LayerNormalization": (("LayerNormalization", ["x", "s", ""], {"s": X}, {"x": X}, {}), "must be left out"),
    "Unique": (("Unique", ["x"], {"x": np.zeros((2, 0), np.float32)}, {}, {"axis": 0}), "[2, 0], axis 0"),
    "GRU": (recurrent("GRU", (2, 0, 3)), "no dimension of input 0 'x' may be 0"),
    "LSTM": (recurrent("LSTM", (2, 0, 3)), "the batch (second dimension)"),
    "Div": (("Div", ["a", "b"], {"a": LEAST, "b": np.array([-1])}, {}, {}), "-9223372036854775808 / -1"),
    "Div by 0": (("Div", ["a", "b"], {"b": np.array([3, 0])}, {"a": LEAST}, {}), "a 0 in input 1 'b'"),
    "Mod by 0": (("Mod", ["a", "b"], {"b": np.array(0)}, {"a": LEAST}, {}), "cannot be divided by 0"),
    "QLinearConcat": (
        ("QLinearConcat", [*CONCAT[:3], "", "az"], {**CONCAT_CONSTANTS}, {"a": U}, {"axis": 0}),
        "none for input 3",
    ),
    "QLinearConcat, no scale": (
        ("QLinearConcat", CONCAT, {**CONCAT_CONSTANTS, "as": NONE}, {"a": U}, {"axis": 0}),
        "'as' of shape [0]",
    ),
    "QLinearWhere": (
        ("QLinearWhere", WHERE, WHERE_CONSTANTS_BUT_BZ, {**WHERE_INPUTS, "bz": ZERO}, {}),
        "zero points must be constants",
    ),
    "QLinearWhere, no scale": (
        ("QLinearWhere", WHERE, {**WHERE_CONSTANTS, "as": NONE}, WHERE_INPUTS, {}),
        "'as' of shape [0]",
    ),
    "QLinearSigmoid": (("QLinearSigmoid", ["x", "s", "z", "t"], BYTES, {"x": U}, {}), "5 inputs are expected"),
    "QLinearLeakyRelu": (("QLinearLeakyRelu", ["x", "s", "z", "t"], BYTES, {"x": U}, {}), "5 inputs are expected"),
    "QLinearSoftmax": (
        (
            "QLinearSoftmax",
            ["x", "s", "z", "s", "t"],
            {"s": SCALE, "z": ZERO, "t": NONE.astype(np.uint8)},
            {"x": U},
            {"opset": 13},
        ),
        "'t' of shape [0]",
    ),
    "DynamicQuantizeMatMul": (
        ("DynamicQuantizeMatMul", ["a", "b", "s"], {"b": U, "s": np.ones(4, np.float32)}, {"a": X[:2]}, {}),
        "takes one scale",
    ),
    "DynamicQuantizeMatMul, no scale": (
        ("DynamicQuantizeMatMul", ["a", "b", "s"], {"b": np.zeros((0, 1), np.int8), "s": NONE}, {"a": NONE}, {}),
        "'s' of shape [0]",
    ),
    "MatMulIntegerToFloat": (
        ("MatMulIntegerToFloat", ["a", "b", "s", "t"], {"b": U.reshape(2, 1), "s": NONE, "t": SCALE}, {"a": U}, {}),
        "'s' of shape [0]",
    ),
}  # fmt: skip

SOUND: dict[str, tuple[Any, ...]] = {
    "Min": ("Min", ["x"], {}, {"x": X}, {}),
    "RandomUniform": ("RandomUniform", [], {}, {}, {"shape": [2], "low": 1.0, "high": 1.0}),
    "GatherND": ("GatherND", ["x", "i"], {"i": np.zeros((1, 1), np.int64)}, {"x": X}, {}),
    "LayerNormalization": ("LayerNormalization", ["x", "s", "b"], {"s": X, "b": X}, {"x": X}, {}),
    "Unique": ("Unique", ["x"], {"x": np.zeros((2, 0), np.float32)}, {}, {}),
    "GRU": recurrent("GRU", (2, 1, 3)),
    "LSTM of no steps": recurrent("LSTM", (0, 2, 3)),
    "RNN of no batch": recurrent("RNN", (2, 0, 3)),
    "Div": ("Div", ["a", "b"], {"a": LEAST, "b": np.array([-1, 1])}, {}, {}),
    "QLinearConcat": ("QLinearConcat", CONCAT, CONCAT_CONSTANTS, {"a": U}, {"axis": 0}),
    "QLinearWhere": ("QLinearWhere", WHERE, WHERE_CONSTANTS, WHERE_INPUTS, {}),
    "QLinearSigmoid": ("QLinearSigmoid", ["x", "s", "", "t", ""], {"s": SCALE, "t": SCALE}, {"x": U}, {}),
    "DynamicQuantizeMatMul": ("DynamicQuantizeMatMul", ["a", "b", "s"], {"b": U, "s": SCALE}, {"a": X[:2]}, {}),
}

TRY_ALL = """
import json, sys
from hbm_runtime import HB_HBMRuntime, ModelError
for path in sys.argv[1:]:
    print(path, end=" ", flush=True)
    try:
        HB_HBMRuntime(path)
        print("loads")
    except ModelError as error:
        print(json.dumps([error.model, error.tensor, error.status, str(error)]))
"""


def test_a_graph_that_ends_the_engine_is_refused_by_its_node(tmp_path: Path) -> None:
    paths = []
    for number, (parts, _) in enumerate(REFUSED.values()):
        paths.append(tmp_path / f"m{number}.onnx")
        onnx.save(model(*parts[:4], **parts[4]), paths[-1])
    answers = dict(line.split(" ", 1) for line in output_of(run_python(TRY_ALL, *paths, cwd=tmp_path)).splitlines())
    for path, (name, (parts, expected)) in zip(paths, REFUSED.items(), strict=True):
        about, tensor, status, text = json.loads(answers[str(path)])
        assert (about, tensor, status) == (path.stem, "o", -600004), name
        assert f"node 'culprit' ({parts[0]}): " in text, name
        assert expected in text, name


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_neighbour_runs(name: str) -> None:
    parts = SOUND[name]
    with HB_HBMRuntime(model(*parts[:4], **parts[4]).SerializeToString()) as runtime:
        runtime.run(parts[3])


@pytest.mark.parametrize(("operator", "shape"), [("LSTM", (2, 0, 3)), ("GRU", (0, 1, 3)), ("GRU", (2, 0, 3))])
def test_an_empty_batch_at_run_time_is_refused_and_the_next_run_works(operator: str, shape: tuple[int, ...]) -> None:
    parts = recurrent(operator, (2, 1, 3))
    with HB_HBMRuntime(model(*parts[:4], **parts[4]).SerializeToString()) as runtime:
        with pytest.raises(HbmError, match=r"input 'x' is empty.*node 'culprit'"):
            runtime.run({"x": np.zeros(shape, np.float32)})
        runtime.run(parts[3])


def test_names_of_inner_graphs_and_functions_are_not_mixed_up() -> None:
    """A function's own input has the name of a constant, which is none of its business."""
    parts = SOUND["Min"]
    whole = model(*parts[:4], **parts[4])
    inner = [helper.make_node("Div", ["a", "b"], ["q"])]
    imports = [helper.make_opsetid("", 17)]
    whole.functions.append(helper.make_function("own", "quotient", ["a", "b"], ["q"], inner, imports))
    whole.opset_import.append(helper.make_opsetid("own", 1))
    whole.graph.node.append(helper.make_node("quotient", ["c", "c"], ["p"], domain="own"))
    for name, array in (("a", LEAST), ("b", np.array([-1])), ("c", np.array([6]))):
        whole.graph.initializer.append(numpy_helper.from_array(array, name))
    whole.graph.output.append(helper.make_tensor_value_info("p", onnx.TensorProto.INT64, [1]))
    with HB_HBMRuntime(whole.SerializeToString()) as runtime:
        np.testing.assert_array_equal(runtime.run(X)["graph"]["p"], [1])


@pytest.mark.skipif(bool(os.environ.get("BPUSIM_ENGINE_PATH")), reason="other engines end with other graphs")
def test_no_graph_of_a_short_search_ends_its_process() -> None:
    findings = Findings()
    try_range(20, 0, 1000, findings, [])
    assert findings.crashes == []
    assert findings.tried == 1000
    assert findings.ends["run"] > 100


def test_the_search_finds_what_ends_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.run

    def crashing(_command: list[str], **options: Any) -> Any:
        return real([sys.executable, "-c", "import os; print(0, flush=True); os.abort()"], **options)

    monkeypatch.setattr(subprocess, "run", crashing)
    findings = Findings()
    try_range(20, 0, 1, findings, [])
    assert len(findings.crashes) == 1
    assert "ended with -6" in findings.crashes[0]
