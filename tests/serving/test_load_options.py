"""Options in the configuration of a load call: what is read, what is left to others, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hbm_runtime import InputError
from hbm_runtime.serving.models.load_options import load_options_of


@pytest.mark.parametrize(
    ("parameters", "options"),
    [
        ({}, {}),
        ({"threads": {"string_value": "2"}}, {"threads": 2}),
        ({"threads": 2, "save_memory": True}, {"threads": 2, "save_memory": True}),
        ({"cores": "0,1"}, {"cpu_affinity": [0, 1]}),
        ({"keep": "a, b"}, {"keep": ["a", "b"]}),
        ({"of_others": {"int64_value": 5}, "metadata": {}, "more": [1], "none": None}, {}),
    ],
)
def test_options_of_this_package_are_read(parameters: dict[str, Any], options: dict[str, Any]) -> None:
    assert load_options_of("m", json.dumps({"name": "m", "parameters": parameters})) == options


@pytest.mark.parametrize("name", ["threads", "cpu_affinity", "save_memory", "passphrase", "keep", "engine"])
@pytest.mark.parametrize("value", [{}, {"int64_value": 1}, {"string_value": {}}, {"string_value": []}, {"x": {}}])
def test_an_option_of_another_form_is_an_error_of_the_client(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=f"load option {name}"):
        load_options_of("m", json.dumps({"parameters": {name: value}}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threads", "1e400"),
        ("threads", "NaN"),
        ("threads", "null"),
        ("threads", '"x"'),
        ("cpu_affinity", "[Infinity]"),
        ("cpu_affinity", "[[1]]"),
        ("save_memory", "2"),
        ("save_memory", "{}"),
    ],
)
def test_a_value_of_no_sense_is_an_error_of_the_client(name: str, value: str) -> None:
    with pytest.raises(InputError, match=f"load option {name}"):
        load_options_of("m", f'{{"parameters": {{"{name}": {value}}}}}')


@pytest.mark.parametrize("config", ["x", "[]", "1", "null", '"x"', '{"parameters": 1}', "[" * 100_000, "9" * 5000])
def test_what_is_no_configuration_is_an_error_of_the_client(config: str) -> None:
    with pytest.raises(InputError, match="no JSON object"):
        load_options_of("m", config)
