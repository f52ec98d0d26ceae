"""hbDNNDataType and hbDNNQuantiType: they print like the vendor's and behave like numbers."""

from __future__ import annotations

import copy
import enum
import json
import operator
import pickle
from typing import Any

import numpy as np
import pytest
from support.dtypes import VALUE_OF

import hbm_runtime
from hbm_runtime import hbDNNDataType, hbDNNQuantiType

ENUMS: dict[str, tuple[Any, dict[str, int]]] = {
    "hbDNNDataType": (hbDNNDataType, VALUE_OF),
    "hbDNNQuantiType": (hbDNNQuantiType, {"NONE": 0, "SCALE": 1}),
}
MEMBERS = [(name, member) for name, (_, values) in ENUMS.items() for member in values]
each_enum = pytest.mark.parametrize("name", ENUMS)
each_member = pytest.mark.parametrize(("name", "member"), MEMBERS, ids=[f"{a}.{b}" for a, b in MEMBERS])


@each_member
def test_member(name: str, member: str) -> None:
    kind, values = ENUMS[name]
    value = values[member]
    item = getattr(kind, member)
    assert isinstance(item, kind)
    assert item.name == member
    assert item.value == value
    assert type(item.value) is int
    assert int(item) == value
    assert operator.index(item) == value
    assert item == value
    assert value == item
    assert item != value + 1
    assert not item != value  # noqa: SIM202 - the operator itself is looked at
    assert hash(item) == hash(value)
    assert bool(item) is True
    assert kind(value) is item
    assert kind[member] is item


@each_member
def test_printed_forms(name: str, member: str) -> None:
    kind, values = ENUMS[name]
    item = getattr(kind, member)
    assert str(item) == f"{name}.{member}"
    assert f"{item}" == f"{name}.{member}"
    assert f"{item:>24}" == f"{name}.{member}".rjust(24)
    assert f"{item:3d}" == f"{values[member]:3d}"
    assert repr(item) == f"<{name}.{member}: {values[member]}>"
    assert "%d" % item == str(values[member])  # noqa: UP031 - as old scripts print it
    assert repr([item]) == f"[<{name}.{member}: {values[member]}>]"


@each_member
def test_copies_are_the_member_itself(name: str, member: str) -> None:
    item = getattr(ENUMS[name][0], member)
    assert copy.copy(item) is item
    assert copy.deepcopy([item])[0] is item
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(item, protocol)) is item


@each_enum
def test_iteration_and_lookup(name: str) -> None:
    kind, values = ENUMS[name]
    assert [(item.name, item.value) for item in kind] == list(values.items())
    assert list(kind.__members__) == list(values)
    assert len(kind) == len(values)
    assert issubclass(kind, enum.IntEnum)
    with pytest.raises(ValueError, match="99"):
        kind(99)
    with pytest.raises(KeyError):
        kind["F31"]


@each_enum
def test_they_belong_to_the_module(name: str) -> None:
    kind = getattr(hbm_runtime, name)
    assert kind is ENUMS[name][0]
    assert kind.__module__.split(".")[0] == "hbm_runtime"
    assert kind.__qualname__ == name


@each_enum
def test_members_cannot_be_replaced(name: str) -> None:
    kind, values = ENUMS[name]
    first = next(iter(values))
    with pytest.raises(AttributeError):
        setattr(kind, first, 5)


def test_scripts_may_use_members_as_numbers() -> None:
    assert ["none", "scale"][hbDNNQuantiType.SCALE] == "scale"
    assert {hbDNNDataType.F32: "float"}[7] == "float"  # type: ignore[index]
    assert {7: "float"}[hbDNNDataType.F32] == "float"
    assert json.dumps({"dtype": hbDNNDataType.F32}) == '{"dtype": 7}'
    assert np.array([hbDNNDataType.F32, hbDNNDataType.U8]).tolist() == [7, 3]
    assert min(hbDNNDataType.F32, hbDNNDataType.U8) is hbDNNDataType.U8
    kind: Any = hbDNNQuantiType.SCALE
    assert kind != 0
    assert kind == 1


def test_members_equal_neither_text_nor_none() -> None:
    kind: Any = hbDNNDataType.S4
    assert kind != "S4"
    assert kind != "hbDNNDataType.S4"
    assert kind != None  # noqa: E711 - the operator itself is looked at
