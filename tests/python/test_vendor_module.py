"""The vendor's module path: imports of it and pickles with it work, and the package's name stays the class."""

from __future__ import annotations

import copy
import importlib
import pickle
from pathlib import Path
from typing import Any

import pytest
from support.child import output_of, run_python

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, hbDNNDataType, hbDNNQuantiType

IMPORTS = [
    "from hbm_runtime.HB_HBMRuntime import HB_HBMRuntime as found",
    "import hbm_runtime.HB_HBMRuntime; found = hbm_runtime.HB_HBMRuntime",
    "import hbm_runtime.HB_HBMRuntime as found",
    "import importlib; found = importlib.import_module('hbm_runtime.HB_HBMRuntime').HB_HBMRuntime",
    "from hbm_runtime import HB_HBMRuntime as found; import hbm_runtime.HB_HBMRuntime",
    "from hbm_runtime import *; found = HB_HBMRuntime; __import__('hbm_runtime.HB_HBMRuntime')",
]


@pytest.mark.parametrize("line", IMPORTS)
def test_each_way_of_importing_it_gives_the_class(tmp_path: Path, line: str) -> None:
    script = f"{line}\nimport hbm_runtime\nprint(found is hbm_runtime.HB_HBMRuntime, isinstance(found, type))"
    assert output_of(run_python(script, cwd=tmp_path, fresh=True)) == "True True\n"


def test_it_has_what_the_vendors_module_has() -> None:
    module = importlib.import_module("hbm_runtime.HB_HBMRuntime")
    for name in ("HB_HBMRuntime", "QuantParams", "SchedParam", "hbDNNDataType", "hbDNNQuantiType"):
        assert getattr(module, name) is getattr(hbm_runtime, name)
    assert hbm_runtime.HB_HBMRuntime is HB_HBMRuntime


def vendor_pickle(name: str, ending: bytes) -> bytes:
    module = b"hbm_runtime.HB_HBMRuntime"
    return (
        b"\x80\x04\x8c"
        + bytes([len(module)])
        + module
        + b"\x8c"
        + bytes([len(name)])
        + name.encode()
        + b"\x93"
        + ending
    )


def test_pickles_of_its_classes_are_read() -> None:
    assert pickle.loads(vendor_pickle("HB_HBMRuntime", b".")) is HB_HBMRuntime
    assert pickle.loads(vendor_pickle("hbDNNDataType", b"K\x07\x85R.")) is hbDNNDataType.F32


@pytest.mark.parametrize("member", [hbDNNDataType.F32, hbDNNDataType.S4, hbDNNQuantiType.SCALE], ids=str)
def test_pickles_of_its_enum_members_are_read(member: Any) -> None:
    # As pybind11's enums write them: an empty object, then its state.
    read = pickle.loads(vendor_pickle(type(member).__name__, b")\x81K" + bytes([member.value]) + b"b."))
    assert read == member
    assert member == read
    assert read == member.value
    assert read != member.value + 1
    assert isinstance(read, type(member))
    assert (str(read), repr(read), f"{read}", read.name, read.value) == (
        str(member), repr(member), f"{member}", member.name, member.value,
    )  # fmt: skip
    assert {member.value: "found"}[read] == "found"
    assert ["0", "1", "2", "3", "4", "5", "6", "7"][read] == str(member.value)
    assert int(read) == member.value
    assert copy.copy(read) is member
    assert copy.deepcopy([read])[0] is member
    assert pickle.loads(pickle.dumps(read)) is member


def test_a_type_that_was_read_can_be_used_like_the_member() -> None:
    read = pickle.loads(vendor_pickle("hbDNNQuantiType", b")\x81K\x01b."))
    assert hbm_runtime.QuantParams(scale=0.5, quant_type=read) == hbm_runtime.QuantParams(scale=0.5)
    assert pickle.loads(vendor_pickle("hbDNNDataType", b")\x81K\x07b.")).to_dtype() == "float32"
