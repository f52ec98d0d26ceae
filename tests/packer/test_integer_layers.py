"""Layers that get a pair of quantisation behind them give the same integers, and engines compute them in integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]
import pytest

from hbm_runtime.cli import main
from hbm_runtime.packer import ModelOptions, Rewriting, build_model
from hbm_runtime.packer.transform import processors

from .quantised_graphs import COMPUTING, CONV, IMAGE, LAYERS, SELECTING, is_fused, quantised
from .small_models import Array, reference

pytestmark = pytest.mark.usefixtures("trials_here")

OPTIONS = ModelOptions(name="m", integer_layers=Rewriting.ALWAYS, unsigned_activations=Rewriting.NEVER, trial_seconds=0)


def rewritten(proto: onnx.ModelProto, options: ModelOptions = OPTIONS) -> onnx.ModelProto:
    built = build_model(proto, options)
    assert built.weights is None
    return onnx.load_model_from_string(bytes(built.graph))


def pairs(proto: onnx.ModelProto, before: onnx.ModelProto) -> int:
    count = [sum(node.op_type == "QuantizeLinear" for node in each.graph.node) for each in (proto, before)]
    return count[0] - count[1]


def inputs(proto: onnx.ModelProto) -> list[dict[str, Array]]:
    """Random values of several sizes, and values at edges: halves of steps, zeros, the largest there are, infinity."""
    shape = [dimension.dim_value for dimension in proto.graph.input[0].type.tensor_type.shape.dim]
    random = np.random.default_rng(8)
    given: list[Array] = [random.normal(size=shape) * size for size in (0.01, 0.3, 1, 3, 20)]
    given += [np.full(shape, value) for value in (0.0, -0.0, 3e38, -3e38, np.inf, -np.inf)]
    given += [random.integers(-300, 300, shape) * 0.5 * step for step in (0.05, 0.037)]
    return [{"x": value.astype(np.float32)} for value in given]


def assert_same(one: onnx.ModelProto, other: onnx.ModelProto) -> None:
    for given in inputs(one):
        results, expected = reference(one, given), reference(other, given)
        for name, value in expected.items():
            np.testing.assert_array_equal(results[name], value)


@pytest.mark.parametrize(("zero", "dtype"), [(0, "int8"), (-5, "int8"), (127, "int8"), (0, "uint8"), (131, "uint8")])
@pytest.mark.parametrize("between", SELECTING)
def test_what_only_selects_may_follow(between: str, zero: int, dtype: str) -> None:
    trained = quantised(CONV, SELECTING[between], IMAGE, zero, dtype)
    packed = rewritten(trained)
    absorbed = "Relu" in between or between.startswith("two")
    expected = 0 if absorbed and dtype == "uint8" and zero == 0 and SELECTING[between].startswith("v = Relu") else 1
    assert pairs(packed, trained) == expected
    assert_same(packed, trained)


@pytest.mark.parametrize("zero", [0, -7])
@pytest.mark.parametrize("between", COMPUTING)
def test_what_computes_other_numbers_or_is_read_by_others_stays(between: str, zero: int) -> None:
    trained = quantised(CONV, COMPUTING[between], IMAGE, zero)
    packed = rewritten(trained)
    assert pairs(packed, trained) == 0
    assert_same(packed, trained)


@pytest.mark.parametrize("between", ["Relu", "Relu6", "Clip off the grid"])
@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_gets_its_pair(layer: str, between: str) -> None:
    text, shape = LAYERS[layer]
    trained = quantised(text, SELECTING[between], shape, -3)
    packed = rewritten(trained)
    assert pairs(packed, trained) == 1
    assert_same(packed, trained)


@pytest.mark.parametrize("layer", LAYERS)
def test_the_engine_computes_it_in_integers(layer: str, tmp_path: Path) -> None:
    text, shape = LAYERS[layer]
    trained = quantised(text, SELECTING["Relu"], shape, -3)
    floats = {}
    for name, proto in (("before", trained), ("after", rewritten(trained))):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
        onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
        nodes = onnx.load(tmp_path / "optimised.onnx").graph.node
        floats[name] = [
            node.op_type
            for node in nodes
            if node.op_type in {"Conv", "FusedConv", "Gemm", "FusedGemm", "MatMul", "Add"}
        ]
    if is_fused(layer):
        assert floats["before"]
        assert not floats["after"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"so": np.full(4, 0.037, np.float32), "zo": np.full(4, -3, np.int8)}, "a scale for each channel"),
        ({"so": np.array(1e-38, np.float32)}, "products of the scale lose digits"),
        ({"so": np.array(1e35, np.float32)}, "products of the scale overflow"),
    ],
)
def test_parameters_that_prove_nothing_leave_the_layer_alone(change: dict[str, Array], reason: str) -> None:
    trained = quantised(CONV, SELECTING["Relu"], IMAGE, -3)
    kept = [tensor for tensor in trained.graph.initializer if tensor.name not in change]
    del trained.graph.initializer[:]
    trained.graph.initializer.extend(kept)
    trained.graph.initializer.extend(onnx.numpy_helper.from_array(value, name) for name, value in change.items())
    assert pairs(rewritten(trained), trained) == 0, reason


def test_a_layer_with_a_float_input_stays() -> None:
    trained = quantised("c = Conv<pads = [1,1,1,1]>(x, w, b)", SELECTING["Relu"], IMAGE, -3)
    assert pairs(rewritten(trained), trained) == 0


def test_never_leaves_the_graph_alone_and_auto_asks_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = quantised(CONV, SELECTING["Relu"], IMAGE, -3)
    never = ModelOptions(integer_layers=Rewriting.NEVER, unsigned_activations=Rewriting.NEVER, trial_seconds=0)
    assert pairs(rewritten(trained, never), trained) == 0
    for exact in (True, False):
        monkeypatch.setattr(processors, "sums_in_32_bits", lambda exact=exact: exact)
        auto = ModelOptions(unsigned_activations=Rewriting.NEVER, trial_seconds=0)
        assert pairs(rewritten(trained, auto), trained) == int(exact)


def test_both_rewritings_together_change_no_integer() -> None:
    trained = quantised(CONV, SELECTING["Relu and a pooling"], IMAGE, -3)
    both = ModelOptions(integer_layers=Rewriting.ALWAYS, unsigned_activations=Rewriting.ALWAYS, trial_seconds=0)
    packed = rewritten(trained, both)
    assert pairs(packed, trained) == 1
    assert {tensor.data_type for tensor in packed.graph.initializer if "unsigned" in tensor.name} == {2}
    assert_same(packed, trained)


def test_the_command_says_what_it_changed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processors, "sums_in_32_bits", lambda: True)
    onnx.save(quantised(CONV, SELECTING["Relu"], IMAGE, -3), tmp_path / "net.onnx")
    assert main(["pack", "-m", str(tmp_path / "net.onnx"), "-o", str(tmp_path / "net.hbm")]) == 0
    lines = capfd.readouterr().err.splitlines()
    assert any("1 quantised layers were made such that engines compute them in integers" in line for line in lines)
    assert any("signed 8-bit activations became unsigned ones" in line for line in lines)
