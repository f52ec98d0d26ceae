"""State that stays on the device from step to step: the same numbers as ONNX Runtime, and nothing copied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]
import pytest
from onnx.parser import parse_model

import hbm_runtime
from hbm_runtime import HB_HBMRuntime

HEADER = '<ir_version: 8, opset_import: ["" : 17]>'
SIZE = 48


def write(folder: Path, name: str, text: str) -> Path:
    onnx.save(parse_model(f"{HEADER} {name} {text}"), str(folder / f"{name}.onnx"))
    return folder / f"{name}.onnx"


def recurrent(folder: Path) -> Path:
    """A float state of which every bit depends on all steps before, and a counter beside it."""
    rng = np.random.default_rng(3)
    model = parse_model(
        f"{HEADER} cell (float[1,{SIZE}] x, float[1,{SIZE}] h, int64[1] n) "
        f"=> (float[1,{SIZE}] h2, float[1] y, int64[1] n2) <float[{SIZE},{SIZE}] w, int64[1] one = {{1}}> "
        "{ a = MatMul(h, w) b = Add(a, x) h2 = Tanh(b) y = ReduceMax <axes = [1], keepdims = 0> (h2) n2 = Add(n, one) }"
    )
    weights = onnx.numpy_helper.from_array(rng.normal(0, 0.3, (SIZE, SIZE)).astype(np.float32), "w")
    kept = [tensor for tensor in model.graph.initializer if tensor.name != "w"]
    del model.graph.initializer[:]
    model.graph.initializer.extend([*kept, weights])
    onnx.save(model, str(folder / "cell.onnx"))
    return folder / "cell.onnx"


def of_onnx_runtime(path: Path, tokens: Any) -> list[tuple[Any, ...]]:
    """The outputs of each step with IO binding, where the state never leaves ONNX Runtime's memory."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    value = onnxruntime.OrtValue.ortvalue_from_numpy
    state = {"h": value(np.zeros((1, SIZE), np.float32)), "n": value(np.zeros(1, np.int64))}
    found = []
    for token in tokens:
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", value(token))
        for name, each in state.items():
            binding.bind_ortvalue_input(name, each)
        for name in ("h2", "y", "n2"):
            binding.bind_output(name)
        session.run_with_iobinding(binding)
        h, y, n = binding.get_outputs()
        state = {"h": h, "n": n}
        found.append((h.numpy().copy(), y.numpy().copy(), n.numpy().copy()))
    return found


def test_500_steps_are_those_of_onnx_runtime_bit_for_bit_and_copy_nothing(tmp_path: Path) -> None:
    path = recurrent(tmp_path)
    tokens = np.random.default_rng(1).normal(size=(500, 1, SIZE)).astype(np.float32)
    expected = of_onnx_runtime(path, tokens)
    with HB_HBMRuntime(str(path)) as runtime:
        steps = runtime.bind_steps("cell", {"h2": "h", "n2": "n"})
        steps.run()
        steps.reset()
        memory = runtime.memory_info()
        with runtime.profile() as profile:
            for token, (h, y, n) in zip(tokens, expected, strict=True):
                steps.inputs["x"][...] = token
                outputs = steps.run()
                assert outputs["h2"].tobytes() == h.tobytes()
                assert outputs["y"].tobytes() == y.tobytes()
                assert outputs["n2"].tobytes() == n.tobytes()
        assert runtime.memory_info() == memory
    copied = [event.nbytes for event in profile.events if event.kind == "CopyBegin"]
    assert len(copied) == 500 * 6
    assert set(copied) == {0}


def test_state_can_be_read_and_set_and_begins_where_it_is_told_to(tmp_path: Path) -> None:
    path = write(tmp_path, "sum", "(float[2] x, float[2] past) => (float[2] present) { present = Add(x, past) }")
    with HB_HBMRuntime(str(path)) as runtime:
        steps = runtime.bind_steps("sum", {"present": "past"}, inputs={"past": np.full(2, 5, np.float32)})
        assert list(steps.inputs) == ["x"]
        steps.inputs["x"][...] = 1
        assert [float(steps.run()["present"][0]) for _ in range(3)] == [6, 7, 8]
        assert steps.outputs["present"].tolist() == steps.state["past"].tolist() == [8, 8]
        assert np.shares_memory(steps.outputs["present"], steps.state["past"])
        steps.state["past"][...] = 100
        assert steps.run()["present"].tolist() == [101, 101]
        steps.reset()
        assert steps.run()["present"].tolist() == [1, 1]
        assert repr(steps) == "<BoundSteps of 'sum': 'present' to 'past'>"


def test_a_step_that_fails_leaves_the_state(tmp_path: Path) -> None:
    path = write(tmp_path, "sum", "(float[2] x, float[2] past) => (float[2] present) { present = Add(x, past) }")
    with HB_HBMRuntime(str(path)) as runtime:
        steps = runtime.bind_steps("sum", {"present": "past"})
        steps.inputs["x"][...] = 1
        steps.run()
        with pytest.raises(hbm_runtime.HbmDeadlineError):
            steps.run(deadline=0.0)
        assert steps.run()["present"].tolist() == [2, 2]


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({}, "state must name outputs"),
        ({"nothing": "past"}, "nothing"),
        ({"present": "nothing"}, "nothing"),
        ({"other": "past"}, r"output 'other' float32 \[1\] cannot be the next input 'past' float32 \[2\]"),
        ({"present": "past", "same": "past"}, "two outputs become the same input"),
        ({"found": "past"}, "its shape is known only after a run"),
    ],
)
def test_what_cannot_be_state_is_refused(tmp_path: Path, state: dict[str, str], text: str) -> None:
    graph = (
        "(float[2] past) => (float[2] present, float[2] same, float[1] other, int64[1,k] found) "
        "{ present = Neg(past) same = Abs(past) other = ReduceMax(past) found = NonZero(past) }"
    )
    path = write(tmp_path, "odd", graph)
    with HB_HBMRuntime(str(path)) as runtime, pytest.raises(hbm_runtime.InputError, match=text):
        runtime.bind_steps("odd", state)
