"""Graphs with which the engine would end the process are refused before it sees them; their sound neighbours run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from bad_graphs.__main__ import Findings, try_range
from bad_graphs.tables import HALVES, LEAST, REFUSED, SOUND, X, model, recurrent
from onnx import helper, numpy_helper
from support.child import output_of, run_python
from support.engine_version import needs_engine

from hbm_runtime import HB_HBMRuntime, HbmError

pytestmark = pytest.mark.no_sanitizer

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


@pytest.mark.parametrize(
    ("parts", "shape"),
    [
        (
            ("InstanceNormalization", ["x", "s", "s"], {"s": HALVES}, {"x": np.ones((1, 3, 2), np.float16)}, {}),
            (1, 3, 0),
        ),
        (("Unique", ["x"], {}, {"x": np.ones((3, 1, 2), np.float32)}, {"axis": 1}), (3, 1, 0)),
    ],
)
def test_no_elements_at_run_time_are_refused_and_the_next_run_works(parts: Any, shape: tuple[int, ...]) -> None:
    with HB_HBMRuntime(model(*parts[:4], **parts[4]).SerializeToString()) as runtime:
        with pytest.raises(HbmError, match=r"input 'x' is empty.*node 'culprit'"):
            runtime.run({"x": np.zeros(shape, parts[3]["x"].dtype)})
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


@needs_engine("1.31", "older ones end with more graphs")
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
