"""Programs that are started without standard streams, and tensors with names that files cannot have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.parser import parse_model
from support.model_factory import ModelFactory
from support.program import run

CLOSED = [(1,), (2,), (0, 1, 2)]
WORDS = {
    "model_info": ["model_info", "MODEL", "--graph", "g.dot"],
    "perf": ["perf", "MODEL", "--frame_count", "3", "--profile_path", "."],
    "infer": ["infer", "MODEL", "--input_file", "x.npy", "--enable_dump", "--dump_format", "npy"],
    "monitor": ["monitor", "-n", "1", "-d", "100", "-b"],
    "pack": ["pack", "-m", "MODEL", "-o", "o.hbm"],
    "samples": ["samples", "made", "--board", "s100", "--names", "lanenet256x512"],
    "doctor": ["doctor", "--json"],
    "completion": ["completion", "bash"],
    "help": ["--help"],
    "version": ["--version"],
    "a mistake": ["perf", "MODEL", "--frame_count", "0"],
    "no command": [],
}


@pytest.mark.parametrize("closed", CLOSED)
def test_every_command_works_with_closed_streams(models: ModelFactory, tmp_path: Path, closed: tuple[int, ...]) -> None:
    np.save(tmp_path / "x.npy", np.ones((2, 3), np.float32))
    for name, words in WORDS.items():
        given = [models.scaled(2) if word == "MODEL" else word for word in words]
        # Without streams from the first on: one that computes and one that shows its words.
        ended = run(*given, cwd=tmp_path, closed=closed, fresh=name in {"infer", "a mistake"})
        said = ended.out + ended.err
        assert ended.code == (2 if name in {"a mistake", "no command"} else 0), (name, said)
        assert "internal error" not in said
        assert "Traceback" not in said
    assert np.load(next(tmp_path.glob("model_infer_output_0_y.npy"))).tolist() == [[2.0] * 3] * 2
    assert (tmp_path / "g.dot").read_bytes().startswith(b"digraph")
    assert (tmp_path / "o.hbm").read_bytes().startswith(b"\x89HBMH")


@pytest.mark.parametrize("length", [255, 5000])
@pytest.mark.parametrize("letter", ["n", "ü"])
def test_tensors_with_names_of_any_length_are_dumped(tmp_path: Path, length: int, letter: str) -> None:
    names = [letter * length + end for end in "ab"]
    nodes = " ".join(f"{name} = {kind}(x)" for name, kind in zip("ab", ("Neg", "Abs"), strict=True))
    model = parse_model(
        f'<ir_version: 8, opset_import: ["": 17]> g (float[2] x) => (float[2] a, float[2] b) {{ {nodes} }}'
    )
    for output, node, name in zip(model.graph.output, model.graph.node, names, strict=True):
        output.name = node.output[0] = name
    onnx.save(model, tmp_path / "long.onnx")
    np.save(tmp_path / "x.npy", np.array([1, -2], np.float32))
    words = ["infer", "long.onnx", "--input_file=x.npy", "--enable_dump", "--dump_format=npy", "--dump_path=dumps"]
    files = run(*words, "--json", cwd=tmp_path).json()["outputs"]
    dumped = sorted((tmp_path / "dumps").iterdir())
    assert len(dumped) == len(files) == 2
    assert [np.load(path).tolist() for path in dumped] == [[-1.0, 2.0], [1.0, 2.0]]
    assert all(len(path.name.encode()) <= 255 for path in dumped)


@pytest.mark.parametrize("spelling", ["5;[]", "5;()", "5;"])
def test_a_scalar_has_a_shape_that_can_be_written(tmp_path: Path, spelling: str) -> None:
    text = "g (float[n] x, int64 rate) => (float[n] y) { r = Cast<to=1>(rate) y = Mul(x, r) }"
    onnx.save(parse_model(f'<ir_version: 8, opset_import: ["": 17]> {text}'), tmp_path / "vad.onnx")
    ended = run("perf", "vad.onnx", "--frame_count=2", f"--input_valid_shape={spelling}", cwd=tmp_path)
    assert ended.code == 0, ended.err


@pytest.mark.parametrize("spelling", ["", ";", "5", "[];5", "5;[1]"])
def test_what_is_no_shape_of_a_scalar_is_refused(tmp_path: Path, spelling: str) -> None:
    text = "g (float[n] x, int64 rate) => (float[n] y) { r = Cast<to=1>(rate) y = Mul(x, r) }"
    onnx.save(parse_model(f'<ir_version: 8, opset_import: ["": 17]> {text}'), tmp_path / "vad.onnx")
    ended = run("perf", "vad.onnx", "--frame_count=2", f"--input_valid_shape={spelling}", cwd=tmp_path)
    assert ended.code == 2
    assert "--input_valid_shape" in ended.err
