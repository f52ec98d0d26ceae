"""Whatever the engine loads packs with default options, and then gives the bytes that the engine gives."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]
import pytest

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import ModelOptions, PackError, build_model, pack

from .plain_graphs import Case, cases
from .small_models import Array

pytestmark = pytest.mark.usefixtures("trials_here")

CASES = cases()
# Once with the trial that is the default; it only costs time to repeat it.
FORMS = {
    "default": ModelOptions(),
    "without padding": ModelOptions(pad_outputs=False, trial_seconds=0),
    "nash-e": ModelOptions(march="nash-e", trial_seconds=0),
    "nash-m": ModelOptions(march="nash-m", trial_seconds=0),
    "nash-p": ModelOptions(march="nash-p", trial_seconds=0),
    "padded inputs": ModelOptions(pad_inputs=True, trial_seconds=0),
}


def wanted(path: Path, case: Case) -> list[dict[str, Array]]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return [dict(zip(names, session.run(names, dict(inputs)), strict=True)) for inputs in case.inputs]


@pytest.mark.parametrize("name", CASES)
def test_packed_models_give_the_bytes_of_the_engine(name: str, tmp_path: Path) -> None:
    case, source = CASES[name], tmp_path / "net.onnx"
    onnx.save(case.proto, source)
    results = wanted(source, case)
    for form, options in FORMS.items():
        pack(source, tmp_path / "net.hbm", options)
        runtime = HB_HBMRuntime(str(tmp_path / "net.hbm"))
        for inputs, result in zip(case.inputs, results, strict=True):
            given = runtime.run({"net": dict(inputs)})["net"]
            assert list(given) == list(result), form
            for output, value in result.items():
                what = f"{form}, {output}: {value.shape} {value.dtype}, given {given[output].shape}"
                assert given[output].shape == value.shape, what
                assert given[output].dtype == value.dtype, what
                assert given[output].tobytes() == value.tobytes(), what


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", [(0, 1, 1, 0, 2), (2, 1, 1, 0, 2), (0, 1, 1, 3, 2)], ids=str)
def test_device_arrays_may_be_empty(shape: tuple[int, ...], form: str, tmp_path: Path) -> None:
    onnx.save(CASES["empty dimensions between open ones"].proto, tmp_path / "net.onnx")
    pack(tmp_path / "net.onnx", tmp_path / "net.hbm", FORMS[form])
    model = HB_HBMRuntime(str(tmp_path / "net.hbm"))["net"]
    outputs = model.empty_outputs({"y": shape})
    assert model.run(model.empty_inputs({"x": shape}), outputs=outputs)["y"].shape == shape


@pytest.mark.parametrize("form", FORMS)
def test_dynamic_rows_take_every_way_of_calling(form: str, tmp_path: Path) -> None:
    onnx.save(CASES["dynamic inner dimensions"].proto, tmp_path / "net.onnx")
    pack(tmp_path / "net.onnx", tmp_path / "net.hbm", FORMS[form])
    runtime = HB_HBMRuntime(str(tmp_path / "net.hbm"))
    for shape in ((1, 3), (2, 5), (1, 16), (4, 100)):
        x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        given = np.empty(shape, np.float32)
        results = [
            runtime.run(x)["net"]["y"],
            runtime.run_async(x).result()["net"]["y"],
            runtime.bind("net", inputs={"x": x}).run()["y"],
            runtime.run(x, outputs={"y": given})["net"]["y"],
            given,
        ]
        for result in results:
            np.testing.assert_array_equal(result, -x)


def test_file_and_node_names_that_are_no_text_do_not_matter(tmp_path: Path) -> None:
    proto = CASES["a scalar"].proto.SerializeToString()
    node = onnx.load_model_from_string(proto)
    node.graph.node[0].name = "abcd"
    source = Path(os.fsdecode(os.fsencode(tmp_path) + b"/n\xff.onnx"))
    for data in (proto, node.SerializeToString().replace(b"abcd", b"a\0\xfed")):
        source.write_bytes(data)
        pack(source, tmp_path / "m.hbm")
        assert HB_HBMRuntime(str(tmp_path / "m.hbm")).model_names == ["n\\xff"]


def test_names_of_tensors_have_to_be_text() -> None:
    proto = CASES["a scalar"].proto
    copy = onnx.load_model_from_string(proto.SerializeToString())
    copy.graph.output[0].name = copy.graph.node[0].output[0] = "abcd"
    with pytest.raises(PackError, match=r"the name b'a.*' of an output is no UTF-8 text; rename it"):
        build_model(copy.SerializeToString().replace(b"abcd", b"a\xfe\xffd"))
