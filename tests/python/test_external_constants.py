"""Constants in files of their own: found beside the model wherever links lead, and nowhere else."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from hbm_runtime import ContainerError, HB_HBMRuntime, ModelError
from hbm_runtime.packer import ModelOptions, PackError, pack

VALUES = np.arange(64, dtype=np.float32)


def model(*locations: str, offset: int = 0, length: int = VALUES.nbytes) -> onnx.ModelProto:
    """y = x + all values of the constants w0, w1, ..."""
    names = [f"w{i}" for i in range(len(locations))]
    constants = []
    for name, location in zip(names, locations, strict=True):
        constant = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[64], data_location=TensorProto.EXTERNAL)
        for key, value in (("location", location), ("offset", offset), ("length", length)):
            constant.external_data.add(key=key, value=str(value))
        constants.append(constant)
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [64]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Sum", ["x", *names], ["y"])], "net", infos[:1], infos[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def write(path: Path, proto: onnx.ModelProto, *files: Path) -> Path:
    for target in (path, *files):
        target.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(proto.SerializeToString())
    for file in files:
        file.write_bytes(VALUES.tobytes())
    return path


def link(at: Path, to: Path) -> Path:
    at.parent.mkdir(parents=True, exist_ok=True)
    at.symlink_to(os.path.relpath(to, at.parent))
    return at


def beside(folder: Path) -> Path:
    return write(folder / "net.onnx", model("net.data"), folder / "net.data")


def in_a_folder_below(folder: Path) -> Path:
    return write(folder / "net.onnx", model("data/net.data"), folder / "data/net.data")


def a_way_down_and_up_again(folder: Path) -> Path:
    (folder / "data").mkdir()
    return write(folder / "net.onnx", model("data/../net.data"), folder / "net.data")


def cache_of_a_model_hub(folder: Path) -> Path:
    write(folder / "blobs/1a2b", model("net.onnx_data"), folder / "blobs/3c4d")
    link(folder / "snapshots/abc/onnx/net.onnx_data", folder / "blobs/3c4d")
    return link(folder / "snapshots/abc/onnx/net.onnx", folder / "blobs/1a2b")


def link_to_the_model_alone(folder: Path) -> Path:
    write(folder / "real/model", model("net.data"), folder / "real/net.data")
    return link(folder / "here/net.onnx", folder / "real/model")


def file_beside_the_link(folder: Path) -> Path:
    write(folder / "real/model", model("net.data"), folder / "here/net.data")
    return link(folder / "here/net.onnx", folder / "real/model")


def one_file_beside_each(folder: Path) -> Path:
    write(folder / "real/model", model("a.data", "b.data"), folder / "here/a.data", folder / "real/b.data")
    return link(folder / "here/net.onnx", folder / "real/model")


def folder_that_is_a_link(folder: Path) -> Path:
    beside(folder / "real")
    return link(folder / "here", folder / "real") / "net.onnx"


GOOD = [
    beside,
    in_a_folder_below,
    a_way_down_and_up_again,
    cache_of_a_model_hub,
    link_to_the_model_alone,
    file_beside_the_link,
    one_file_beside_each,
    folder_that_is_a_link,
]


@pytest.mark.parametrize("layout", GOOD, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("packed", [False, True], ids=["raw", "packed"])
def test_files_beside_the_model_are_found(layout: Callable[[Path], Path], packed: bool, tmp_path: Path) -> None:
    path = layout(tmp_path)
    count = len(onnx.load(path, load_external_data=False).graph.initializer)
    if packed:
        pack(path, tmp_path / "net.hbm", ModelOptions(trial_seconds=0))
        path = tmp_path / "net.hbm"
    result = HB_HBMRuntime(str(path)).run(np.ones(64, np.float32))["net"]["y"]
    np.testing.assert_array_equal(result, 1 + count * VALUES)


def outside(folder: Path) -> Path:
    return write(folder / "a/net.onnx", model("../net.data"), folder / "net.data")


def absolute(folder: Path) -> Path:
    return write(folder / "net.onnx", model(str(folder / "net.data")), folder / "net.data")


def link_out_of_the_folder(folder: Path) -> Path:
    path = write(folder / "a/net.onnx", model("net.data"), folder / "secret")
    link(folder / "a/net.data", folder / "secret")
    return path


def linked_folder_below(folder: Path) -> Path:
    path = write(folder / "a/net.onnx", model("data/secret"), folder / "b/secret")
    link(folder / "a/data", folder / "b")
    return path


def weights_in_the_cache_for_a_model_that_is_no_link(folder: Path) -> Path:
    path = write(folder / "snapshots/net.onnx", model("net.data"), folder / "blobs/3c4d")
    link(folder / "snapshots/net.data", folder / "blobs/3c4d")
    return path


def missing(folder: Path) -> Path:
    return write(folder / "net.onnx", model("net.data"))


def link_to_nothing(folder: Path) -> Path:
    link(folder / "net.data", folder / "gone")
    return write(folder / "net.onnx", model("net.data"))


def folder_instead_of_a_file(folder: Path) -> Path:
    (folder / "net.data").mkdir()
    return write(folder / "net.onnx", model("net.data"))


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "net.data")
    return write(folder / "net.onnx", model("net.data"))


def memory_of_the_process(folder: Path) -> Path:
    return write(folder / "net.onnx", model("*/_ORT_MEM_ADDR_/*", offset=4096))


def no_location(folder: Path) -> Path:
    return write(folder / "net.onnx", model(""))


LEADS_OUT, IS_MISSING = "leads out of the model's folder", "is not there; it belongs into the folder"
BAD = {
    outside: LEADS_OUT,
    absolute: "is no path relative to the model's folder",
    link_out_of_the_folder: LEADS_OUT,
    linked_folder_below: LEADS_OUT,
    weights_in_the_cache_for_a_model_that_is_no_link: LEADS_OUT,
    missing: IS_MISSING,
    link_to_nothing: IS_MISSING,
    folder_instead_of_a_file: "which is no file",
    fifo: "which is no file",
    memory_of_the_process: IS_MISSING,
    no_location: "is no path relative to the model's folder",
}


@pytest.mark.parametrize(("layout", "message"), BAD.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_anything_else_is_refused_by_name(layout: Callable[[Path], Path], message: str, tmp_path: Path) -> None:
    path = layout(tmp_path)
    expected = f"model 'net': the values of 'w0' lie in '.*{re.escape(message)}"
    with pytest.raises(ModelError, match=expected) as caught:
        HB_HBMRuntime(str(path))
    assert not isinstance(caught.value, ContainerError)
    with pytest.raises(PackError, match=expected):
        pack(path, tmp_path / "net.hbm")
    assert not (tmp_path / "net.hbm").exists()


def test_a_model_in_memory_reads_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = beside(tmp_path).read_bytes()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ModelError, match=r"the values of 'w0' lie in 'net\.data', another file; a model in memory has to"
    ):
        HB_HBMRuntime(data)
    with pytest.raises(PackError, match=r"the values of 'w0' lie in 'net\.data', another file; give the path"):
        pack(data, tmp_path / "net.hbm")


@pytest.mark.parametrize(("offset", "length"), [(4, 256), (300, 8), (0, 257)])
def test_places_beyond_the_end_are_refused(offset: int, length: int, tmp_path: Path) -> None:
    path = write(tmp_path / "net.onnx", model("net.data", offset=offset, length=length), tmp_path / "net.data")
    with pytest.raises(ModelError):
        HB_HBMRuntime(str(path))
    with pytest.raises(PackError, match=f"256 bytes, too few for offset {offset}, length {length}"):
        pack(path, tmp_path / "net.hbm")


def test_constants_of_branches_and_functions_are_packed_too(tmp_path: Path) -> None:
    def branch(name: str) -> onnx.GraphProto:
        constant = model("net.data").graph.initializer[0]
        node = helper.make_node("Constant", [], ["k"], value=constant)
        info = helper.make_tensor_value_info(f"o{name}", TensorProto.FLOAT, [64])
        return helper.make_graph([node, helper.make_node(name, ["k"], [f"o{name}"])], name, [], [info])

    node = helper.make_node("If", ["c"], ["y"], then_branch=branch("Neg"), else_branch=branch("Identity"))
    infos = [
        helper.make_tensor_value_info("c", TensorProto.BOOL, []),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, [64]),
    ]
    proto = helper.make_model(
        helper.make_graph([node], "net", infos[:1], infos[1:]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    pack(write(tmp_path / "net.onnx", proto, tmp_path / "net.data"), tmp_path / "net.hbm")
    runtime = HB_HBMRuntime(str(tmp_path / "net.hbm"))
    np.testing.assert_array_equal(runtime.run(np.array(True))["net"]["y"], -VALUES)
    write(tmp_path / "a/net.onnx", proto, tmp_path / "net.data")
    link(tmp_path / "a/net.data", tmp_path / "net.data")
    with pytest.raises(PackError, match="leads out of the model's folder"):
        pack(tmp_path / "a/net.onnx", tmp_path / "net.hbm")
