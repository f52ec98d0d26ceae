"""Random models in all forms of call, raw and packed, against ONNX Runtime; and that these models are worth it.

``./build.sh differential`` goes on for as long as asked, with more ways to pack, for every SoC.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from onnx import TensorProto, helper
from support.dtypes import NUMPY_OF
from support.engine_version import is_older_than, needs_engine

from .cases import Case, make_case
from .check import Plan, check_case
from .computing import COMPUTING
from .probe import PROBE
from .reference import Reference, Refused
from .shaping import CASTS, SHAPING
from .shrink import as_text
from .table import ELEMENTWISE

SEEDS = 200
PER_TEST = 10
MAX_REFUSED = 0.05
REPEATS_NOTHING = "1.31"
NO_PROBE = "needs build/native: ./build.sh test makes it"


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the reference."""
    monkeypatch.setenv("BPUSIM_THREADS", "1")


def ends_the_engine(case: Case) -> bool:
    """Older engines divide by 0 where they repeat a tensor that turns out to be empty."""
    return is_older_than(REPEATS_NOTHING) and any(node.op_type == "Tile" for node in case.model.graph.node)


def check(case: Case, folder: Path, plan: Plan = Plan()) -> None:  # noqa: B008 (frozen)
    report = check_case(case, folder, plan)
    if report.differences:
        lines = [str(difference) for difference in report.differences[:6]]
        again = f"again: ./build.sh differential --seed {case.seed} --soc unset"
        pytest.fail("\n".join([*lines, again, as_text(case.model)]), pytrace=False)


@pytest.mark.parametrize("first", range(0, SEEDS, PER_TEST))
def test_models_give_what_onnx_runtime_gives(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + PER_TEST):
        folder = tmp_path / str(seed)
        folder.mkdir()
        if not ends_the_engine(case := make_case(seed)):
            check(case, folder)


@pytest.mark.parametrize("seed", range(1000, 1006))
def test_the_command_line_gives_what_onnx_runtime_gives(seed: int, tmp_path: Path) -> None:
    check(make_case(seed), tmp_path, Plan(programs=["hbm-runtime infer"]))


@pytest.mark.no_sanitizer
@pytest.mark.skipif(not PROBE.exists(), reason=NO_PROBE)
@pytest.mark.parametrize("seed", range(2000, 2006))
def test_the_cpp_library_gives_what_onnx_runtime_gives(seed: int, tmp_path: Path) -> None:
    check(make_case(seed), tmp_path, Plan(programs=["C++"]))


@needs_engine(REPEATS_NOTHING, "older ones end with some of them")
def test_the_models_are_sound_and_of_all_kinds(tmp_path: Path) -> None:
    """Otherwise the tests above would say little."""
    refused, kinds = 0, Counter[str]()
    for seed in range(4 * SEEDS):
        case = make_case(seed)
        kinds.update(_kinds(case))
        try:
            reference = Reference(case.write(tmp_path))
            refused += not case.refused and any(isinstance(reference.run(call), str) for call in case.calls)
        except Refused:
            refused += 1
    assert refused <= MAX_REFUSED * 4 * SEEDS
    operators = {row.name for row in (*ELEMENTWISE, *SHAPING, *COMPUTING, *CASTS)}
    structures = {"If", "Loop", "Scan", "NonZero", "Compress", "Unique", "NonMaxSuppression", "RandomUniform", "Range"}
    expected = {f"rank {rank}" for rank in range(11)} | {f"type {kind}" for kind in _ELEMENT_TYPES}
    expected |= {"no element", "unknown rank", "output is an input", "output is a constant", "external", "4 bits"}
    assert operators | structures | expected <= set(kinds)


_ELEMENT_TYPES = tuple(TensorProto.DataType.Name(helper.np_dtype_to_tensor_dtype(numpy)) for numpy in NUMPY_OF.values())


def _kinds(case: Case) -> set[str]:
    graph = case.model.graph
    inputs, constants = {info.name for info in graph.input}, {tensor.name for tensor in graph.initializer}
    kinds = {node.op_type for node in graph.node} | {f"rank {array.ndim}" for array in case.calls[0].values()}
    for info in (*graph.input, *graph.output):
        kinds.add(f"type {TensorProto.DataType.Name(info.type.tensor_type.elem_type)}")
    for name, there in {
        "no element": any(array.size == 0 for array in case.calls[0].values()),
        "unknown rank": any(not info.type.tensor_type.HasField("shape") for info in graph.output),
        "output is an input": any(info.name in inputs for info in graph.output),
        "output is a constant": any(info.name in constants for info in graph.output),
        "external": case.external,
        "4 bits": bool(case.refused),
    }.items():
        kinds |= {name} if there else set()
    return kinds
