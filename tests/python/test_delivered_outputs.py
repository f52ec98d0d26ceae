"""Outputs come from the run: what models declare wrongly or not at all is delivered as ONNX Runtime gives it, in every
form of call, raw and packed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]
import pytest
from onnx.parser import parse_model

from hbm_runtime import DriverError, HB_HBMRuntime
from hbm_runtime.packer import pack

pytestmark = pytest.mark.usefixtures("trials_here")

Array = np.ndarray[Any, Any]
Inputs = dict[str, Array]


def f32(*shape: int) -> Array:
    return np.random.default_rng(sum(shape) + len(shape)).normal(size=shape).astype(np.float32)


def i64(*values: int) -> Array:
    return np.array(values, np.int64)


AXIS = "ax = Constant<value_ints=[0]>()"
TWO_RANKS = f"""s = Shape(x) d = Gather(s, zero) c = Equal(d, one)
  y = If(c) <then_branch = t () => (float[] u) {{ {AXIS} u = Squeeze(x, ax) }},
             else_branch = e () => (float[] v) {{ v = Identity(x) }}>"""
LOOP = """y = Loop(n, go, x) <body = b (int64 i, bool c, float[k] a) => (bool d, float[m] e) {
  d = Identity(c) e = Concat<axis=0>(a, a) }>"""
SCANNED = """last, y = Loop(n, go, x) <body = b (int64 i, bool c, float[k] a) => (bool d, float[k] e, float[k] f) {
  d = Identity(c) e = Neg(a) f = Identity(a) }>"""
STATE = """y = Loop(n, go, x) <body = b (int64 i, bool c, float[] a) => (bool d, float[] e) {
  d = Identity(c) e = Neg(a) }>"""
RATES = """y = If(fast) <then_branch = t () => (float[p] u) { u = Add(x, a) },
                       else_branch = e () => (float[q] v) { v = Add(x, b) }>"""

CASES: dict[str, tuple[str, list[Inputs]]] = {
    # What the graph does not declare.
    "dynamic": ("(float[n] x) => (float[n] y) { y = Neg(x) }", [{"x": f32(n)} for n in (3, 3, 5, 0, 7, 1)]),
    "no_rank": (
        f"(float[a, n] x) => (float[] y) <int64 one={{1}}, int64 zero={{0}}> {{ {TWO_RANKS} }}",
        [{"x": f32(*s)} for s in ((1, 3), (2, 3), (1, 1), (4, 1))],
    ),
    "reshape": (
        "(float[n] x, int64[r] s) => (float[] y) { y = Reshape(x, s) }",
        [{"x": f32(6), "s": i64(*s)} for s in ((2, 3), (6,), (1, 2, 3), (1,) * 9 + (6,))] + [{"x": f32(1), "s": i64()}],
    ),
    "nonzero": (
        "(float[n] x) => (int64[1, k] y) { y = NonZero(x) }",
        [{"x": np.array(x, np.float32)} for x in ([1, 0, 2], [0, 0, 0], [1, 1, 1], [1])],
    ),
    "nonzero_of_a_scalar": (  # the engine infers that there is no row
        "(uint8 x) => (int64[0, 1] y) { s = NonZero(x) y = ReduceMax<axes=[1], keepdims=1>(s) }",
        [{"x": np.array(3, np.uint8)}] * 2,
    ),
    "nms": (
        """(float[1, n, 4] b, float[1, 1, n] s) => (int64[k, 3] y) <int64 m={9}, float iou={0.5}, float t={0.1}>
           { y = NonMaxSuppression(b, s, m, iou, t) }""",
        [{"b": np.sort(f32(1, n, 4), -1), "s": f32(1, 1, n)} for n in (5, 30, 5)],
    ),
    "branches": (
        f"""(bool fast, float[n] x) => (float[k] y) <float[8] a={{1,2,3,4,5,6,7,8}}, float[4] b={{1,2,3,4}}>
            {{ {RATES} }}""",
        [{"fast": np.array(n == 8), "x": f32(n)} for n in (8, 4, 8)],
    ),
    "loop": (
        f"(int64 n, float[k] x) => (float[j] y) <bool go={{1}}> {{ {LOOP} }}",
        [{"n": np.array(n), "x": f32(3)} for n in (0, 1, 4)],
    ),
    "scan_outputs": (
        f"(int64 n, float[k] x) => (float[k] last, float[j, k] y) <bool go={{1}}> {{ {SCANNED} }}",
        [{"n": np.array(n), "x": f32(3)} for n in (2, 0, 5)],
    ),
    # What it declares wrongly.
    "fixed_batch": ("(float[b, 3] x) => (float[1, 3] y) { y = Neg(x) }", [{"x": f32(b, 3)} for b in (1, 1, 4, 1, 2)]),
    "other_size": (
        "(float[b, n] x) => (float[b, 5] y) { y = Neg(x) }",
        [{"x": f32(*s)} for s in ((2, 8), (2, 5), (1, 2))],
    ),
    "other_rank": (
        f"(float[b, n] x) => (float[1, k] y) {{ a = Neg(x) {AXIS} y = Unsqueeze(a, ax) }}",
        [{"x": f32(2, 3)}] * 3,
    ),
    "scalar": ("(float[n] x) => (float y) { y = Neg(x) }", [{"x": f32(n)} for n in (5, 1, 0)]),
    # Here the engine itself infers neither rank, so that only the declaration says anything, and the result is another.
    "other_rank_by_loop": (
        f"(int64 n, float[k] x) => (float z) <bool go={{1}}, int64[1] ax={{0}}> {{ {LOOP} "
        "u = Unsqueeze(y, ax) z = ReduceSum<keepdims=0>(u, ax) }",
        [{"n": np.array(n), "x": f32(3)} for n in (0, 1, 4)],
    ),
    "other_rank_of_a_computed_shape": (
        "(float[n, 2, n] x) => (float[2, n] y) { a = Abs(x) y = Trilu(a) }",
        [{"x": f32(n, 2, n)} for n in (2, 1)],
    ),
    "smaller": (
        "(float[n] x) => (float[100] y, float[n] z) { y = Neg(x) z = Abs(x) }",
        [{"x": f32(n)} for n in (100, 100, 3)],
    ),
    "fixed_count": (
        "(float[4] x) => (int64[1, 4] y) { y = NonZero(x) }",
        [{"x": np.array(x, np.float32)} for x in ([1] * 4, [1] * 4, [0, 1, 0, 0], [0] * 4)],
    ),
    "more_dimensions_than_possible": (
        "(int64 n, float[1, 1, 1, 1, 1, 1, 1, 1, 1, k] x) => (float[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, k] y)"
        f"<bool go={{1}}> {{ {STATE} }}",
        [{"n": np.array(n), "x": f32(*(1,) * 9, 3)} for n in (0, 1)],
    ),
    "larger_than_possible": (
        f"(int64 n, float[k] x) => (float[5000000000] y) <bool go={{1}}> {{ {STATE} }}",
        [{"n": np.array(1), "x": f32(k)} for k in (3, 0)],
    ),
    "larger_in_all_than_possible": (
        f"(int64 n, float[k] x) => (float[2000000000, 2000000000, 9] y) <bool go={{1}}> {{ {STATE} }}",
        [{"n": np.array(1), "x": f32(k)} for k in (3, 0)],
    ),
    # What is not computed.
    "input": ("(float[3] x) => (float[3] y, float[3] x) { y = Neg(x) }", [{"x": f32(3)}] * 3),
    "dynamic_input": ("(float[n] x) => (float[n] x, float[n] y) { y = Neg(x) }", [{"x": f32(n)} for n in (3, 3, 0, 4)]),
    "only_input": ("(float[3] x) => (float[3] x) { }", [{"x": f32(3)}] * 3),
    "constants": (
        """(float[3] x) => (float[3] y, float[2] c, int64[2] d, float[n] e) <float[2] c={1,2}, float[2] e={3,4}>
           { y = Neg(x) d = Constant<value_ints=[5, 6]>() }""",
        [{"x": f32(3)}] * 3,
    ),
    "wrong_constants": (
        """(float[b, 3] x) => (float[b, 3] y, float[1, 4] c, int64[1] d) <float[2, 2] c={1,2,3,4}>
           { y = Neg(x) d = Constant<value_ints=[5, 6]>() }""",
        [{"x": f32(2, 3)}] * 3,
    ),
    "two_names": ("(float[n] x) => (float[n] y, float[n] z) { y = Neg(x) z = Identity(y) }", [{"x": f32(3)}] * 3),
    "same_name": ("(float[n] x) => (float[n] y, float[n] y) { y = Neg(x) }", [{"x": f32(3)}] * 3),
    "empty": (
        "(float[2, n] x) => (float[2, n] y, float[0] z) <float[0] z={}> { y = Neg(x) }",
        [{"x": f32(2, n)} for n in (0, 0, 1)],
    ),
}


Results = Mapping[str, Array]


def given(expected: Results) -> dict[str, Array]:
    return {name: np.full(array.shape, 9).astype(array.dtype) for name, array in expected.items()}


def by_run(runtime: HB_HBMRuntime, model: str, inputs: Inputs, expected: Results) -> Results:  # noqa: ARG001
    return runtime.run(inputs)[model]


def by_run_async(runtime: HB_HBMRuntime, model: str, inputs: Inputs, expected: Results) -> Results:  # noqa: ARG001
    return runtime.run_async(inputs).result(60)[model]


def by_model(runtime: HB_HBMRuntime, model: str, inputs: Inputs, expected: Results) -> Results:  # noqa: ARG001
    return runtime[model].run(inputs)


def by_queue(runtime: HB_HBMRuntime, model: str, inputs: Inputs, expected: Results) -> Results:  # noqa: ARG001
    with runtime.queue(model, size=1) as queue:
        queue.submit(inputs)
        result = queue.get(60)
        assert result is not None
        return result.outputs


def by_given_arrays(runtime: HB_HBMRuntime, model: str, inputs: Inputs, expected: Results) -> Results:
    arrays = given(expected)
    result = runtime.run(inputs, outputs=arrays)[model]
    assert all(result[name] is array for name, array in arrays.items())
    return arrays


def by_given_arrays_async(runtime: HB_HBMRuntime, model: str, inputs: Inputs, expected: Results) -> Results:
    arrays = given(expected)
    runtime.run_async(inputs, model, outputs=arrays).result(60)
    return arrays


def by_given_views(runtime: HB_HBMRuntime, model: str, inputs: Inputs, expected: Results) -> Results:  # noqa: ARG001
    arrays = {name: array.T.copy().T for name, array in given(expected).items()}
    runtime.run(inputs, outputs=arrays)
    return arrays


def by_device_arrays(runtime: HB_HBMRuntime, model: str, inputs: Inputs, expected: Results) -> Results:
    fed = runtime[model].empty_inputs({name: array.shape for name, array in inputs.items()})
    for name, array in inputs.items():
        fed[name][...] = array
    arrays = runtime[model].empty_outputs({name: array.shape for name, array in expected.items()})
    runtime.run(fed, outputs=arrays)
    return arrays


def by_names(runtime: HB_HBMRuntime, model: str, inputs: Inputs, expected: Results) -> Results:
    found: dict[str, Array] = {}
    for name in expected:
        found |= runtime.run(inputs, output_names=[name])[model]
    return found


def by_bind(runtime: HB_HBMRuntime, model: str, inputs: Inputs, expected: Results) -> Results:
    arrays = runtime[model].empty_outputs({name: array.shape for name, array in expected.items()})
    bound = runtime.bind(model, inputs=inputs, outputs=arrays)
    bound.run()
    return bound.run()


def by_fresh_bind(runtime: HB_HBMRuntime, model: str, inputs: Inputs, expected: Results) -> Results:  # noqa: ARG001
    """What only a run can tell is a new array after each one."""
    bound = runtime.bind(model, inputs=inputs)
    before = dict(bound.outputs)
    first = dict(bound.run())
    assert bound.run() is bound.outputs
    stay = {name for name, array in first.items() if before.get(name) is array}
    assert all(bound.outputs[name] is before[name] for name in stay)
    assert all(bound.outputs[name] is not first[name] for name in set(first) - stay)
    return bound.outputs


def by_fresh_bind_async(runtime: HB_HBMRuntime, model: str, inputs: Inputs, expected: Results) -> Results:  # noqa: ARG001
    return runtime.bind(model, inputs=inputs).run_async().result(60)


FORMS: list[Callable[[HB_HBMRuntime, str, Inputs, Results], Results]] = [
    by_run,
    by_run_async,
    by_model,
    by_queue,
    by_given_arrays,
    by_given_arrays_async,
    by_given_views,
    by_device_arrays,
    by_names,
    by_bind,
    by_fresh_bind,
    by_fresh_bind_async,
]


def written(folder: Path, name: str) -> Path:
    path = folder / f"{name}.onnx"
    text = f'<ir_version: 8, opset_import: ["": 17]> g {CASES[name][0]}'
    onnx.save(parse_model(text), path)
    return path


def reference(path: Path, runs: list[Inputs]) -> list[dict[str, Array]]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options)
    names = [output.name for output in session.get_outputs()]
    return [dict(zip(names, session.run(None, inputs), strict=True)) for inputs in runs]


def same(got: Array, expected: Array) -> bool:
    return got.shape == expected.shape and got.dtype == expected.dtype and got.tobytes() == expected.tobytes()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__[3:])
@pytest.mark.parametrize("name", CASES)
def test_every_form_of_call_gives_what_onnx_runtime_gives(
    tmp_path: Path, name: str, form: Callable[[HB_HBMRuntime, str, Inputs, Results], Results]
) -> None:
    path = written(tmp_path, name)
    runs = CASES[name][1]
    with HB_HBMRuntime(path) as runtime:
        for i, (inputs, expected) in enumerate(zip(runs, reference(path, runs), strict=True)):
            got = form(runtime, name, inputs, expected)
            assert list(got) == list(expected), i
            for output, array in expected.items():
                assert same(np.ascontiguousarray(got[output]).reshape(got[output].shape), array), (
                    i,
                    output,
                    got[output],
                    array,
                )


@pytest.mark.parametrize("form", ["raw", "packed"])
def test_a_result_of_more_dimensions_than_possible_is_an_error_of_its_run(form: str, tmp_path: Path) -> None:
    dimensions = ", ".join(["1"] * 9 + ["n"])
    text = f"(float[{dimensions}] x) => (float[1, {dimensions}] y) {{ {AXIS} y = Unsqueeze(x, ax) }}"
    onnx.save(parse_model(f'<ir_version: 8, opset_import: ["": 17]> g {text}'), tmp_path / "net.onnx")
    pack(tmp_path / "net.onnx", tmp_path / "net.hbm")
    runtime = HB_HBMRuntime(tmp_path / ("net.onnx" if form == "raw" else "net.hbm"))
    with pytest.raises(DriverError, match=r"output 'y' has the shape .*; a tensor of this driver has at most 10 dim"):
        runtime.run({"x": f32(*(1,) * 9, 3)})
