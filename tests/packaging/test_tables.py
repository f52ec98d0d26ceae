"""Tables that stand in two places, because one of them works without the other, say the same."""

from __future__ import annotations

import re
from pathlib import Path

import onnx

from hbm_runtime import hbDNNDataType
from hbm_runtime.packer.container import DataType
from hbm_runtime.packer.graph.element_types import DATA_TYPES
from hbm_runtime.packer.layout import row_alignment

ABI = Path(__file__).resolve().parents[2] / "src" / "abi"
ROW = re.compile(r'^HBM_ELEMENT_TYPE\((\w+), \w+, (\d+), "(\w*)", "([^"]*)", (\d+), "\w*"\)$', re.MULTILINE)


def test_the_packers_element_types_are_those_of_the_driver() -> None:
    rows = {name: rest for name, *rest in ROW.findall((ABI / "types.inc").read_text(encoding="utf-8"))}
    assert len(rows) == 14
    numbers = {each: number for number, each in DATA_TYPES.items()}
    packers = {
        each.name: [str(each.size), each.numpy_name, str(numbers[each])] for each in DataType
    }  # fmt: skip
    assert packers == {name: [size, numpy, number] for name, (size, numpy, _, number) in rows.items() if numpy}
    assert {each.name: int(each) for each in DataType} == {name: int(hbDNNDataType[name]) for name in packers}
    assert set(numbers.values()) <= set(onnx.TensorProto.DataType.values())


def test_every_status_of_the_header_has_a_text() -> None:
    header = (ABI / "hobot" / "hb_ucp_status.h").read_text(encoding="utf-8")
    texts = (ABI / "statuses.inc").read_text(encoding="utf-8")
    named = set(re.findall(r"^HBM_STATUS\((HB_UCP_\w+), ", texts, re.MULTILINE))
    assert named == set(re.findall(r"^\s*(HB_UCP_\w+) = -?\d+", header, re.MULTILINE))
    assert len(named) > 30


def test_the_packer_pads_rows_as_the_boards_do() -> None:
    rows = re.findall(
        r'^HBM_SOC\("\w+", "\w+", "([\w-]+)", "[^"]+", \d+, (\d+)\)$',
        (ABI / "socs.inc").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert {march: row_alignment(march) for march, _ in rows} == {march: int(bytes_) for march, bytes_ in rows}
    assert len(rows) == 3
    assert row_alignment("") == max(int(bytes_) for _, bytes_ in rows)
