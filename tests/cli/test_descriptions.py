"""What a model's description says about its inputs, in all the ways in which compilers write it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hbm_runtime._inputs.description import Description

# values -> (name, runtime type, range) of each input
CASES: dict[str, tuple[dict[str, Any], list[tuple[str, str, str | None]]]] = {
    "one": ({"INPUT_NAMES": "a", "INPUT_TYPE_RT": "nv12"}, [("a", "nv12", None)]),
    "two": ({"INPUT_NAMES": "a;b", "INPUT_TYPE_RT": "nv12;rgb"}, [("a", "nv12", None), ("b", "rgb", None)]),
    "a semicolon at the end": (
        {"INPUT_NAMES": "a;b;", "INPUT_TYPE_RT": "nv12;rgb;"}, [("a", "nv12", None), ("b", "rgb", None)]),
    "blanks": (
        {"INPUT_NAMES": " a ; b ", "INPUT_TYPE_RT": " nv12 ; rgb "}, [("a", "nv12", None), ("b", "rgb", None)]),
    "lists": ({"INPUT_NAMES": ["a", "b"], "INPUT_TYPE_RT": ["nv12", "rgb"]}, [("a", "nv12", None), ("b", "rgb", None)]),
    "lists as text": (
        {"INPUT_NAMES": "['a', 'b']", "INPUT_TYPE_RT": "['nv12', 'rgb']"}, [("a", "nv12", None), ("b", "rgb", None)]),
    "one value for two inputs": (
        {"INPUT_NAMES": "a;b", "INPUT_TYPE_RT": "nv12", "INPUT_SPACE_AND_RANGE": "bt601_video"},
        [("a", "nv12", "video"), ("b", "nv12", "video")]),
    "nothing for the first": (
        {"INPUT_NAMES": "a;b", "INPUT_TYPE_RT": ";rgb", "INPUT_SPACE_AND_RANGE": ";regular"},
        [("a", "", None), ("b", "rgb", "full")]),
    "no names": ({"INPUT_TYPE_RT": "nv12;rgb"}, [("", "nv12", None), ("", "rgb", None)]),
    "no types": ({"INPUT_NAMES": "a;b"}, []),
    "null": ({"INPUT_NAMES": None, "INPUT_TYPE_RT": None}, []),
    "numbers": ({"INPUT_NAMES": 3, "INPUT_TYPE_RT": 4}, []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "-"))
def test_inputs_are_read_however_they_are_written(case: str) -> None:
    values, expected = CASES[case]
    description = Description.read(json.dumps(values))
    assert description.values == values
    assert [(facts.name, facts.runtime_type, facts.pixel_range) for facts in description.inputs] == expected


NUMBERS: dict[str, tuple[Any, list[tuple[float, ...] | None]]] = {
    "as packed": ("[1.5, 2.0];[3.0]", [(1.5, 2.0), (3.0,)]),
    "as configured": ("1.5 2;3", [(1.5, 2.0), (3.0,)]),
    "lists": ([[1.5, 2], [3]], [(1.5, 2.0), (3.0,)]),
    "one for both": ("[7.0]", [(7.0,), (7.0,)]),
    "one list for both": ([7, 8], [(7.0, 8.0), (7.0, 8.0)]),
    "only the second": (";[3.0]", [(), (3.0,)]),
    "none": ("[];[]", [(), ()]),
    "null": (None, [(), ()]),
    "words": ("[1, x];[2]", [None, (2.0,)]),
}  # fmt: skip


@pytest.mark.parametrize("case", NUMBERS, ids=lambda case: case.replace(" ", "-"))
def test_numbers_of_channels_are_read_however_they_are_written(case: str) -> None:
    text, expected = NUMBERS[case]
    values = {"INPUT_NAMES": "a;b", "INPUT_TYPE_RT": "rgb;rgb", "MEAN_VALUE": text}
    assert [facts.mean for facts in Description.of(values).inputs] == expected


@pytest.mark.parametrize("text", ["", "no JSON", "[1, 2]", '"text"', "null"])
def test_what_is_no_description_says_nothing(text: str) -> None:
    assert Description.read(text) == Description({}, ())


def test_sources_are_read_from_objects_and_from_their_text() -> None:
    for sources in ({"a": "resizer"}, "{'a': 'resizer'}"):
        (facts,) = Description.of({"INPUT_NAMES": "a", "INPUT_TYPE_RT": "nv12", "INPUT_SOURCE": sources}).inputs
        assert facts.source == "resizer"
