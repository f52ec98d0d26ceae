"""Accuracy reports: equal models are equal, wrong ones are found, inputs come from pictures and arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

from hbm_runtime.compare import compare_models, open_model, read_samples
from hbm_runtime.packer import (
    DataType,
    ImageInput,
    ImageType,
    ModelOptions,
    PackError,
    Quantise,
    link,
    pack,
    pack_config,
)

pytestmark = pytest.mark.usefixtures("trials_here")

PICTURE = Path(__file__).parent.parent / "packer" / "data" / "astronaut.jpg"


def trained(path: Path, shape: tuple[int, ...] = (1, 3, 48, 64), bias: float = 0.0) -> Path:
    weights = np.random.default_rng(1).normal(size=(4, 3, 3, 3)).astype(np.float32)
    shift = np.full(4, bias, np.float32)
    source = "data"
    nodes = []
    height, width = shape[2:]
    if shape[1] != 3:
        height, width = shape[1:3]
        nodes.append(helper.make_node("Transpose", ["data"], ["planes"], perm=[0, 3, 1, 2]))
        source = "planes"
    nodes.append(helper.make_node("Conv", [source, "w", "b"], ["out"], pads=[1, 1, 1, 1], name="conv"))
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, (shape[0], 4, height, width))],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(shift, "b")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def packed(folder: Path, shape: tuple[int, ...] = (1, 3, 48, 64), source: str | None = None, **keys: Any) -> Path:
    inputs: dict[str, Any] = {
        "input_type_rt": "nv12",
        "input_type_train": "rgb",
        "input_layout_train": "NCHW",
        "mean_value": "123 117 104",
        "scale_value": "0.017 0.018 0.019",
    }
    inputs.update(keys)
    config = {
        "model_parameters": {
            "onnx_model": str(trained(folder / "net.onnx", shape)),
            "march": "nash-e",
            "working_dir": str(folder),
        },
        "input_parameters": {key: value for key, value in inputs.items() if value is not None},
        "compiler_parameters": {"input_source": {"data": source} if source else {}},
    }
    (folder / "c.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return pack_config(folder / "c.yaml")


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"input_space_and_range": "bt601_video"},
        {"input_type_train": "bgr"},
        {"input_type_train": "yuv444"},
        {"input_type_rt": "rgb"},
        {"input_type_rt": "bgr"},
        {"input_type_rt": "yuv444"},
        {"scale_value": None, "std_value": "58 57 56"},
        {"input_batch": 2},
        {"input_batch": 2, "separate_batch": True},
    ],
    ids=lambda keys: "-".join(f"{key}={value}" for key, value in keys.items()) or "nv12",
)
@pytest.mark.parametrize("sources", [[PICTURE], []], ids=["picture", "random"])
def test_a_packed_model_agrees_with_the_trained_one(keys: dict[str, Any], sources: list[Path], tmp_path: Path) -> None:
    path = packed(tmp_path, **keys)
    reference = trained(tmp_path / "ref.onnx", (keys.get("input_batch", 1), 3, 48, 64))
    other = open_model(path)
    report = compare_models(open_model(reference), other, read_samples(other, sources))
    assert report.samples == 1
    assert report.passes(least_cosine=0.999999, largest_error=1e-3)
    assert report.outputs[0].name == "out"
    assert report.outputs[0].largest_value > 0.5


def test_nhwc_models_agree(tmp_path: Path) -> None:
    shape = (1, 48, 64, 3)
    other = open_model(packed(tmp_path, shape, input_layout_train="NHWC"))
    report = compare_models(open_model(tmp_path / "net.onnx"), other, read_samples(other, [PICTURE]))
    assert report.passes(least_cosine=0.999999, largest_error=1e-3)


@pytest.mark.parametrize("roi", [None, (10, 20, 150, 130), (33, 11, 96, 58), (-20, -30, 400, 100)], ids=str)
@pytest.mark.parametrize("train", ["rgb", "yuv444"])
def test_models_that_cut_out_a_region_agree(roi: tuple[int, ...] | None, train: str, tmp_path: Path) -> None:
    other = open_model(packed(tmp_path, source="resizer", input_type_train=train))
    sample = read_samples(other, [PICTURE])[0]
    height, width = sample["data_y"].shape[1:3]
    assert sample["data_roi"].tolist() == [[0, 0, width - 1, height - 1]]
    if roi is not None:
        sample["data_roi"] = np.array([roi], np.int32)
    report = compare_models(open_model(tmp_path / "net.onnx"), other, [sample])
    assert report.passes(least_cosine=0.99999, largest_error=0.01), report


def test_random_pictures_have_a_region_of_their_own(tmp_path: Path) -> None:
    other = open_model(packed(tmp_path, source="resizer"))
    report = compare_models(open_model(tmp_path / "net.onnx"), other, read_samples(other, []))
    assert report.passes(least_cosine=0.99999, largest_error=0.01), report


def test_wrong_colours_are_found(tmp_path: Path) -> None:
    other = open_model(packed(tmp_path))
    other.description = {**other.description, "INPUT_TYPE_TRAIN": "bgr"}
    report = compare_models(open_model(tmp_path / "net.onnx"), other, read_samples(other, [PICTURE]))
    assert not report.passes(least_cosine=0.999)


def test_a_shifted_output_has_this_error(tmp_path: Path) -> None:
    one = open_model(trained(tmp_path / "a.onnx"))
    other = open_model(trained(tmp_path / "b.onnx", bias=0.5))
    report = compare_models(one, other, read_samples(other, []))
    assert report.outputs[0].largest_error == pytest.approx(0.5, abs=1e-5)
    assert report.outputs[0].mean_error == pytest.approx(0.5, abs=1e-5)
    assert report.outputs[0].equal == 0
    assert report.passes(least_cosine=0.9)
    assert not report.passes(least_cosine=0.9, largest_error=0.4)


def test_integer_outputs_count_as_what_they_stand_for(tmp_path: Path) -> None:
    reference = trained(tmp_path / "net.onnx")
    scales = (0.01, 0.02, 0.03, 0.04)
    options = ModelOptions(outputs={"out": Quantise(DataType.S16, scales, (1, 2, 3, 4), axis=1)})
    pack(reference, tmp_path / "q.hbm", options)
    other = open_model(tmp_path / "q.hbm")
    report = compare_models(open_model(reference), other, read_samples(other, []))
    assert 0 < report.outputs[0].largest_error <= 0.0201


def test_a_report_is_plain_values(tmp_path: Path) -> None:
    one = open_model(trained(tmp_path / "a.onnx"))
    report = compare_models(one, one, read_samples(one, []))
    assert report.to_json() == {
        "samples": 1,
        "outputs": [
            {
                "name": "out",
                "other_name": "out",
                "shape": (1, 4, 48, 64),
                "cosine": pytest.approx(1.0),
                "largest_error": 0.0,
                "mean_error": 0.0,
                "largest_value": pytest.approx(report.outputs[0].largest_value),
                "equal": 1.0,
            }
        ],
    }


def test_samples_come_from_npy_and_npz_files(tmp_path: Path) -> None:
    model = open_model(trained(tmp_path / "a.onnx"))
    array = np.ones((1, 3, 48, 64), np.float32)
    np.save(tmp_path / "x.npy", array)
    np.savez(tmp_path / "x.npz", data=array)
    sources: list[str | Path] = [tmp_path / "x.npy", tmp_path / "x.npz", f"data={tmp_path / 'x.npy'}"]
    assert all(np.array_equal(sample["data"], array) for sample in read_samples(model, sources))
    assert len(read_samples(model, sources)) == 3


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("none.npy", "cannot read none.npy"),
        ("notes.txt", "only pictures, .npy and .npz files"),
        (str(PICTURE), "names no image inputs"),
    ],
)
def test_samples_that_do_not_fit_are_named(source: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(PackError, match=message):
        read_samples(open_model(trained(tmp_path / "a.onnx")), [source])


def test_missing_and_unknown_inputs_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", other=np.ones(3))
    with pytest.raises(PackError, match="no values for data; the inputs are data"):
        read_samples(open_model(trained(tmp_path / "a.onnx")), [tmp_path / "x.npz"])


def test_a_file_with_several_models_needs_a_name(tmp_path: Path) -> None:
    for name in ("a", "b"):
        pack(trained(tmp_path / "net.onnx"), tmp_path / f"{name}.hbm", ModelOptions(name=name))
    link([tmp_path / "a.hbm", tmp_path / "b.hbm"], tmp_path / "both.hbm")
    with pytest.raises(PackError, match=r"several models \(a, b\); choose one"):
        open_model(tmp_path / "both.hbm")
    with pytest.raises(PackError, match="no model 'c'; it has a, b"):
        open_model(tmp_path / "both.hbm", "c")
    assert list(open_model(tmp_path / "both.hbm", "b").inputs) == ["data"]


def test_inputs_that_cannot_be_made_are_an_error(tmp_path: Path) -> None:
    reference = trained(tmp_path / "net.onnx")
    options = ModelOptions(inputs={"data": ImageInput(ImageType.NV12, ImageType.RGB)})
    pack(reference, tmp_path / "m.hbm", options)
    other = open_model(tmp_path / "m.hbm")
    with pytest.raises(PackError, match="input 'data' of the reference cannot be made from data_y, data_uv"):
        compare_models(open_model(reference), other, read_samples(other, []))
