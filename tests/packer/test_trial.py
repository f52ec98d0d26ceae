"""Models are tried once in a process of their own: one that ends the engine is refused, and the packer goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx.parser import parse_model

from hbm_runtime import _watched_child
from hbm_runtime.compare import open_model
from hbm_runtime.packer import ModelOptions, PackError, PackWarning, build_model, pack

from .small_models import model

HEADER = '<ir_version: 8, opset_import: ["": 17]> '
# The least integer divided by -1 has no result, which processors answer by a signal; seen while constants are folded.
FOLDED = "g (int64[1] x) => (int64[1] y) { q = Div(a, b) y = Add(x, q) }"
# The same when the model runs: the values come through an operator that is not folded.
COMPUTED = "g (int64[1] x) => (int64[1] y) { z = Mul(x, n) p = Add(z, a) y = Div(p, b) }"
LEAST = -(2**63)


def dividing(text: str) -> onnx.ModelProto:
    proto = parse_model(HEADER + text)
    for name, value in (("a", LEAST), ("b", -1), ("n", 0)):
        proto.graph.initializer.append(onnx.numpy_helper.from_array(np.array([value]), name))
    return proto


@pytest.mark.parametrize(("text", "doing"), [(FOLDED, "loading it"), (COMPUTED, "running it once")])
def test_a_model_that_ends_the_engine_is_refused(text: str, doing: str, tmp_path: Path) -> None:
    with pytest.raises(PackError, match=rf"model 'g': the engine ends with this model: SIGFPE while {doing}"):
        pack(dividing(text), tmp_path / "m.hbm")
    assert not list(tmp_path.iterdir())


def test_comparing_tries_the_model_first(tmp_path: Path) -> None:
    onnx.save(dividing(COMPUTED), tmp_path / "net.onnx")
    with pytest.raises(PackError, match="model 'net': the engine ends with this model: SIGFPE"):
        open_model(tmp_path / "net.onnx")


def test_the_command_says_so_and_writes_nothing(tmp_path: Path) -> None:
    onnx.save(dividing(FOLDED), tmp_path / "net.onnx")
    command = [sys.executable, "-m", "hbm_runtime.cli", "pack", "-m", "net.onnx"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode > 0
    assert "the engine ends with this model: SIGFPE" in done.stderr
    assert not (tmp_path / "net.hbm").exists()


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([("Min", [], {})], r"engine refuses the model.*onnx says:.*Min.*input size 0"),
        ([("Sum", [], {})], r"engine refuses the model.*onnx says:.*Sum.*input size 0"),
        ([("GatherND", ["x", "i"], {"batch_dims": 7})], "engine refuses the model.*onnx says:.*GatherND"),
        ([("RandomUniform", [], {"shape": [-4]})], "engine refuses the model.*onnx says:.*RandomUniform"),
    ],
)
def test_impossible_attributes_are_told_in_the_words_of_onnx(
    nodes: list[tuple[str, list[str], dict[str, Any]]], message: str
) -> None:
    made = [helper.make_node(kind, inputs, ["y"], **attributes) for kind, inputs, attributes in nodes]
    proto = model(
        made,
        [("x", TensorProto.FLOAT, (2, 3)), ("i", TensorProto.INT64, (2, 9))],
        [("y", TensorProto.FLOAT, ("a", "b"))],
    )
    with pytest.raises(PackError, match=message) as caught:
        build_model(proto)
    assert "/tmp" not in str(caught.value)


def test_what_onnx_finds_wrong_has_limits_too() -> None:
    """Its shape inference makes as many dimensions as an attribute says."""
    node = helper.make_node("GatherND", ["x", "i"], ["y"], batch_dims=-(2**31))
    proto = model(
        [node],
        [("x", TensorProto.FLOAT, (2, 3)), ("i", TensorProto.INT64, (2, 1))],
        [("y", TensorProto.FLOAT, ("a",))],
    )
    with pytest.raises(PackError, match=r"the engine (ends with|refuses)"):
        build_model(proto)


def test_without_a_trial_onnx_checks_the_nodes_that_could_end_the_process() -> None:
    made = helper.make_node("Sum", [], ["y"], "culprit")
    proto = model([made], [("x", TensorProto.FLOAT, (2, 3))], [("y", TensorProto.FLOAT, ("a", "b"))])
    with pytest.raises(PackError, match=r"node 'culprit' \(Sum\): onnx says: .*input size 0"):
        build_model(proto, ModelOptions(trial_seconds=0))


@pytest.mark.parametrize("seconds", [0, 60])
def test_a_model_that_onnx_refuses_and_the_engine_runs_is_packed(seconds: float) -> None:
    """The engine has LayerNormalization in operator sets that are older than onnx's own."""
    proto = parse_model(
        '<ir_version: 8, opset_import: ["": 13]> g (float[2,3] x, float[3] s) => (float[2,3] y) '
        "{ y = LayerNormalization(x, s) }"
    )
    with pytest.raises(onnx.checker.ValidationError):
        onnx.checker.check_model(proto)
    build_model(proto, ModelOptions(trial_seconds=seconds))


FOREVER = (
    "g (float[3] x) => (float[3] y) <bool t = {1}> { y = Loop(, t, x) <body = b (int64 i, bool c, float[3] a) "
    "=> (bool d, float[3] e) { d = Identity(c) e = Neg(a) }> }"
)


def test_a_run_without_end_is_given_up_and_reported() -> None:
    with pytest.warns(PackWarning, match="running it once on made-up inputs takes more than 6 seconds"):
        build_model(parse_model(HEADER + FOREVER), ModelOptions(trial_seconds=6))


def test_memory_has_a_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_watched_child, "_memory_left", lambda: 200 << 20)
    growing = (
        "g (float[n] x) => (float[m] y) <int64[1] s = {100000000}> { t = Shape(x) k = Mul(t, s) l = Expand(x, k) "
        "e = Exp(l) y = Sqrt(e) }"
    )
    with pytest.warns(PackWarning, match="takes more than 200 MiB of memory"):
        build_model(parse_model(HEADER + growing))


def test_no_trial_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_args, **_more: pytest.fail("a process was started"))
    build_model(parse_model(HEADER + FOREVER), ModelOptions(trial_seconds=0))
