"""With how many threads bpusim computes, and that their number changes no result."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper, save
from support.child import output_of, run_python
from support.engine_version import is_older_than

from hbm_runtime import HB_HBMRuntime

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

PROCESSORS = len(os.sched_getaffinity(0))

COUNT = """
import json, os, sys
import numpy, hbm_runtime
path, options = sys.argv[1], json.loads(sys.argv[2])
if len(sys.argv) > 3:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
before = len(os.listdir("/proc/self/task"))
runtime = hbm_runtime.HB_HBMRuntime(path, **options)
print(len(os.listdir("/proc/self/task")) - before)
"""


def threads_of(models: ModelFactory, folder: Path, options: str = "{}", *words: str, **variables: str) -> int:
    """How many threads loading a model starts."""
    environment = {"BPUSIM_THREADS": None, "BPUSIM_CPUS": None, "HBM_RUNTIME_DRIVER": "bpusim", **variables}
    return int(output_of(run_python(COUNT, models.scaled(2), options, *words, cwd=folder, environment=environment)))


@pytest.mark.parametrize(
    ("options", "words", "variables"),
    [
        ('{"threads": 1}', (), {}),
        ("{}", (), {"BPUSIM_THREADS": "1"}),
        ("{}", (), {"BPUSIM_CPUS": str(min(os.sched_getaffinity(0)))}),
        (f'{{"cpu_affinity": [{min(os.sched_getaffinity(0))}]}}', (), {}),
        ("{}", ("one CPU",), {}),
    ],
)
def test_what_asks_for_one_thread_gets_the_callers_alone(
    models: ModelFactory, tmp_path: Path, options: str, words: tuple[str, ...], variables: Mapping[str, str]
) -> None:
    assert threads_of(models, tmp_path, options, *words, **variables) == 0


def test_threads_that_are_asked_for_are_there(models: ModelFactory, tmp_path: Path) -> None:
    assert threads_of(models, tmp_path, '{"threads": 5}') == 4
    assert threads_of(models, tmp_path, BPUSIM_THREADS="3") == 2
    assert threads_of(models, tmp_path, '{"threads": 2}', BPUSIM_THREADS="3") == 1


def test_without_a_setting_there_are_as_many_as_processors(models: ModelFactory, tmp_path: Path) -> None:
    # Fewer where two CPUs are one core, or where a control group limits them; bpusim's own tests look at that.
    assert threads_of(models, tmp_path) <= PROCESSORS - 1


NO_THREADS = """
import os, resource, sys
import numpy, hbm_runtime
path = sys.argv[1]
x = numpy.ones((2, 3), numpy.float32)
loaded = hbm_runtime.HB_HBMRuntime(path, threads=1)
loaded.run(x)  # the cores' threads are there
if os.getuid() == 0:  # whom limits do not hold
    os.setgid(65534)
    os.setuid(65534)
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
try:
    hbm_runtime.HB_HBMRuntime(path, threads=6)
except hbm_runtime.HbmError as error:
    print(type(error).__name__, error)
runtime = hbm_runtime.HB_HBMRuntime(path)
print(runtime.run(x)[runtime.model_names[0]]["y"].sum())
"""


def test_a_limit_of_threads_is_an_error_where_they_are_asked_for(models: ModelFactory, tmp_path: Path) -> None:
    environment = {"BPUSIM_THREADS": None, "BPUSIM_CPUS": None, "HBM_RUNTIME_DRIVER": "bpusim"}
    with tempfile.TemporaryDirectory() as folder:  # which everybody can read
        Path(folder).chmod(0o755)
        path = Path(folder) / "model.onnx"
        path.write_bytes(models.scaled(2).read_bytes())
        path.chmod(0o644)
        reported = output_of(run_python(NO_THREADS, path, cwd=tmp_path, environment=environment)).splitlines()
    assert reported[0].startswith("OutOfResourcesError ")
    assert "the 6 threads of the engine cannot be started" in reported[0]
    assert reported[1:] == ["12.0"]


OVERLAP = """
import os, sys, threading
import numpy
import hbm_runtime
path, change = sys.argv[1], sys.argv[2]
runtime = hbm_runtime.HB_HBMRuntime(path)
name, = runtime.model_names
(key, shape), = runtime.input_shapes[name].items()
inputs = {key: numpy.random.default_rng(0).normal(size=shape).astype(numpy.float32)}
expected = runtime.run(inputs)[name]
if change == "changed":
    with open(path, "r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(first)
def work():
    for _ in range(100):
        for output, values in runtime.run(inputs)[name].items():
            assert values.tobytes() == expected[output].tobytes()
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
runtime.close()
"""


@pytest.mark.skipif(PROCESSORS < 2, reason="one CPU is not shared")
@pytest.mark.parametrize(
    ("change", "reported"), [("same", "opened a session with"), ("changed", "file has changed: no session with")]
)
def test_inferences_that_overlap_share_the_processors(tmp_path: Path, change: str, reported: str) -> None:
    path, _ = _saved(tmp_path, "Conv 3x3")
    environment = {
        "BPUSIM_THREADS": None,
        "BPUSIM_CPUS": None,
        "BPUSIM_SOC": None,
        "HBM_RUNTIME_DRIVER": "bpusim",
        "HBM_RUNTIME_LOG": "debug",
    }
    done = run_python(OVERLAP, path, change, cwd=tmp_path, environment=environment)
    output_of(done)
    assert reported in done.stderr


RNG = np.random.default_rng(3)


def _values(*shape: int) -> NDArray[np.float32]:
    return RNG.normal(0, 1, shape).astype(np.float32)


Operator = tuple[str, Mapping[str, Any], tuple[int, ...], tuple[NDArray[Any], ...]]

OPERATORS: dict[str, Operator] = {
    "Conv 3x3": ("Conv", {"pads": [1] * 4}, (1, 48, 33, 31), (_values(40, 48, 3, 3), _values(40))),
    "Conv 3x3, 3 channels": ("Conv", {"strides": [2, 2]}, (1, 3, 65, 67), (_values(17, 3, 3, 3),)),
    "Conv 1x1": ("Conv", {}, (1, 130, 19, 23), (_values(70, 130, 1, 1),)),
    "Conv of one dimension": ("Conv", {}, (2, 40, 301), (_values(33, 40, 5),)),
    "Conv by channel": ("Conv", {"group": 64, "pads": [1] * 4}, (1, 64, 40, 40), (_values(64, 1, 3, 3),)),
    "Conv in groups": ("Conv", {"group": 3}, (1, 33, 40, 40), (_values(30, 11, 3, 3),)),
    "ConvTranspose": ("ConvTranspose", {"strides": [2, 2]}, (1, 40, 17, 19), (_values(40, 24, 3, 3),)),
    "Gemm": ("Gemm", {}, (65, 700), (_values(700, 130), _values(130))),
    "MatMul": ("MatMul", {}, (63, 513), (_values(513, 260),)),
    "MatMul of a row": ("MatMul", {}, (1, 2048), (_values(2048, 1000),)),
    "MatMul, long sums": ("MatMul", {}, (3, 9000), (_values(9000, 17),)),
    "MatMul, few columns": ("MatMul", {}, (300, 600), (_values(600, 20),)),
    "MatMul of a batch": ("MatMul", {}, (5, 37, 200), (_values(5, 200, 33),)),
    "Softmax": ("Softmax", {"axis": -1}, (50, 3001), ()),
    "LogSoftmax": ("LogSoftmax", {"axis": 1}, (7, 513, 11), ()),
    "ReduceSum of all": ("ReduceSum", {"keepdims": 0}, (300, 701), ()),
    "ReduceMean of the last": ("ReduceMean", {"axes": [-1]}, (300, 701), ()),
    "ReduceMean of the first": ("ReduceMean", {"axes": [0]}, (300, 701), ()),
    "ReduceL2": ("ReduceL2", {"axes": [1]}, (20, 300, 30), ()),
    "ReduceLogSumExp": ("ReduceLogSumExp", {"axes": [1]}, (20, 300, 30), ()),
    "LayerNormalization": ("LayerNormalization", {"axis": -1}, (70, 515), (_values(515),)),
    "InstanceNormalization": ("InstanceNormalization", {}, (2, 9, 50, 50), (_values(9), _values(9))),
    "BatchNormalization": (
        "BatchNormalization",
        {},
        (2, 9, 50, 50),
        (_values(9), _values(9), _values(9), np.abs(_values(9))),
    ),
    "AveragePool": ("AveragePool", {"kernel_shape": [3, 3]}, (1, 19, 60, 60), ()),
    "GlobalAveragePool": ("GlobalAveragePool", {}, (1, 190, 60, 60), ()),
    "Sigmoid": ("Sigmoid", {}, (100_003,), ()),
    "Tanh": ("Tanh", {}, (100_003,), ()),
    "Erf": ("Erf", {}, (100_003,), ()),
    "Exp": ("Exp", {}, (100_003,), ()),
    "CumSum": ("CumSum", {}, (40, 1003), (np.array(1),)),
    "Einsum": ("Einsum", {"equation": "bij,bkj->bik"}, (3, 40, 300), (_values(3, 50, 300),)),
    "LSTM": ("LSTM", {"hidden_size": 96}, (20, 3, 130), (_values(1, 384, 130) / 10, _values(1, 384, 96) / 10)),
    "GRU": ("GRU", {"hidden_size": 96}, (20, 3, 130), (_values(1, 288, 130) / 10, _values(1, 288, 96) / 10)),
    "RNN": ("RNN", {"hidden_size": 96}, (20, 3, 130), (_values(1, 96, 130) / 10, _values(1, 96, 96) / 10)),
}
# Their sums are cut into pieces whose length depends on the number of threads: products of matrices that the engine has
# not packed before, and pointwise convolutions with odd numbers of channels, which are such products.
DEPENDENT = {"Conv 1x1", "Einsum", "RNN", *(["Conv of one dimension"] if is_older_than("1.24") else [])}


def _saved(folder: Path, name: str) -> tuple[Path, dict[str, NDArray[np.float32]]]:
    operator, attributes, shape, constants = OPERATORS[name]
    named = [numpy_helper.from_array(np.asarray(value), f"c{i}") for i, value in enumerate(constants)]
    node: NodeProto = helper.make_node(operator, ["x", *(each.name for each in named)], ["y"], **attributes)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_value_info("y", helper.make_tensor_type_proto(TensorProto.FLOAT, None))
    graph = helper.make_graph([node], "operator", [x], [y], named)
    path = folder / "operator.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path, {"x": np.random.default_rng(5).normal(0, 1, shape).astype(np.float32)}


@pytest.mark.parametrize("name", OPERATORS)
def test_the_number_of_threads_changes_no_bit(tmp_path: Path, name: str) -> None:
    path, inputs = _saved(tmp_path, name)
    outputs = [HB_HBMRuntime(str(path), threads=threads).run(inputs)["operator"]["y"] for threads in (1, 2, 3, 4, 8)]
    for output in outputs[1:]:
        if name in DEPENDENT:
            np.testing.assert_allclose(output, outputs[0], rtol=1e-4, atol=1e-4)
        else:
            assert output.tobytes() == outputs[0].tobytes()
