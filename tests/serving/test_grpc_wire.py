"""Inference requests whose tensors are left where they are: read like protobuf's own parser, whatever is sent."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from support.serving import client_of, infer, serving
from wire_fuzz import values

from hbm_runtime.serving.protocol.grpc_wire import RAW_INPUTS, without_raw_contents
from hbm_runtime.serving.protocol.messages import message

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

REQUEST = message("ModelInferRequest")
LARGE = bytes(range(256)) * 400


def _request(*raw: bytes) -> Any:
    made = REQUEST(model_name="m", id="1", raw_input_contents=raw)
    made.inputs.add(name="x", datatype="UINT8", shape=[len(LARGE)]).parameters["a"].string_param = "b"
    made.outputs.add(name="y")
    made.parameters["hbm_custom_id"].int64_param = -7
    return made


@pytest.mark.parametrize("raw", [(LARGE,), (LARGE, b"", LARGE[:7]), (b"", LARGE), (b"x" * 40_000,) * 3])
def test_tensors_are_taken_out_and_the_rest_stays(raw: tuple[bytes, ...]) -> None:
    whole = _request(*raw)
    data = whole.SerializeToString()
    parts = without_raw_contents(data, RAW_INPUTS)
    assert parts is not None
    assert [bytes(each) for each in parts[1]] == list(raw)
    assert all(each.obj is data for each in parts[1])
    del whole.raw_input_contents[:]
    assert REQUEST.FromString(parts[0]) == whole


@pytest.mark.parametrize(
    "data",
    [
        _request(b"small").SerializeToString(),
        _request(LARGE).SerializeToString()[:-1],
        _request(LARGE).SerializeToString() + b"\x3a",
        _request(LARGE).SerializeToString() + b"\x3a" + b"\xff" * 11,
        _request(LARGE).SerializeToString() + b"\x0b\x0c",
        _request(LARGE).SerializeToString() + b"\x3a\x00" * 5000,
    ],
    ids=["small", "cut off", "no length", "endless length", "a group", "many fields"],
)
def test_the_rest_is_left_to_the_parser(data: bytes) -> None:
    assert without_raw_contents(data, RAW_INPUTS) is None


def test_damaged_messages_are_read_like_by_the_parser() -> None:
    good = _request(LARGE).SerializeToString()
    for seed in range(2000):
        rng = random.Random(seed)
        data = values.damaged(rng, good)
        parts = without_raw_contents(data, RAW_INPUTS)
        if parts is None:
            continue
        try:
            read = REQUEST.FromString(parts[0])
            read.raw_input_contents.extend(bytes(each) for each in parts[1])
        except DecodeError:
            with pytest.raises(DecodeError):
                REQUEST.FromString(data)
        else:
            assert read == REQUEST.FromString(data), seed


def test_a_large_request_has_the_right_answer(models: ModelFactory) -> None:
    array = np.arange(100_000, dtype=np.float32)
    path = models.identity("F32", array.shape)
    with serving([path]) as server, client_of(server, "grpc") as client:
        np.testing.assert_array_equal(infer(client, "grpc", path.stem, {"x": array}).as_numpy("y"), array)
