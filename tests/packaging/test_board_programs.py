"""The C and C++ programs of examples/, written as for a board: plain compiler, ``-ldnn -lhbucp``."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.driver_files import FOLDER, ROOT, build, run
from support.model_factory import ModelFactory

pytestmark = pytest.mark.no_sanitizer

LINK = [f"-L{FOLDER}", "-ldnn", "-lhbucp", "-pthread"]


@pytest.fixture(scope="module")
def c_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = ROOT / "examples" / "c" / "run_model.c"
    return build(tmp_path_factory.mktemp("c") / "run_model", source, options=LINK)


@pytest.fixture(scope="module")
def cpp_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = ROOT / "examples" / "cpp_driver" / "several_in_flight.cpp"
    return build(tmp_path_factory.mktemp("cpp") / "several_in_flight", source, options=LINK)


def test_the_c_program_runs_a_model_and_prints_its_outputs(c_program: Path, models: ModelFactory) -> None:
    result = run(c_program, models.mixed(), BPUSIM_SOC="s100")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("driver 3.13.6_(bpusim ")
    assert "D-Robotics RDK S100 V0P5; model mixed, 1 of 1" in lines[0]
    assert [line.split()[0] for line in lines[1:7]] == ["input"] * 3 + ["output"] * 3
    assert len([line for line in lines if "begins with the bytes" in line]) == 3


def test_the_c_program_runs_a_camera_model_with_open_strides(c_program: Path, models: ModelFactory) -> None:
    result = run(c_program, models.nv12(6, 10))
    assert result.returncode == 0, result.stderr


def test_the_c_program_runs_the_named_one_of_several_models(c_program: Path, models: ModelFactory) -> None:
    path = models.pair()
    result = run(c_program, path)
    assert result.returncode == 0, result.stderr
    assert "1 of 2" in result.stdout
    result = run(c_program, path, "no such model")
    assert result.returncode == 1
    assert "hbDNNGetModelHandle: " in result.stderr


def test_the_cpp_program_keeps_inferences_in_flight(cpp_program: Path, models: ModelFactory) -> None:
    result = run(cpp_program, models.mixed(), "100")
    assert result.returncode == 0, result.stderr
    assert "100 inferences in " in result.stdout


@pytest.mark.parametrize("program", ["c_program", "cpp_program"])
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("hbUCPMallocCached:fail@2=HB_UCP_MEM_ALLOC_FAIL", "hbUCPMallocCached: memory allocation failed (-400001)"),
        ("hbDNNInferV2:fail=-200001", "hbDNNInferV2: too many tasks (-200001)"),
        ("hbUCPSubmitTask:fail=-100004", "hbUCPSubmitTask: unknown error (-100004)"),
        ("task:fail=-200003", "the task failed while it ran (-200003)"),
    ],
)
def test_failures_end_the_programs_in_order(
    request: pytest.FixtureRequest, models: ModelFactory, program: str, fault: str, said: str
) -> None:
    result = run(request.getfixturevalue(program), models.mixed(), BPUSIM_FAULT=fault)
    assert result.returncode == 1
    assert said in result.stderr


def test_a_missing_file_is_reported(c_program: Path, tmp_path: Path) -> None:
    result = run(c_program, tmp_path / "nothing.hbm")
    assert result.returncode == 1
    assert "(-500001)" in result.stderr
