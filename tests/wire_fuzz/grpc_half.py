"""Hostile calls over gRPC, and whether each was answered as it has to be."""

from __future__ import annotations

import json
import random
from typing import Any

import grpc
from wire_fuzz import values
from wire_fuzz.http_half import MODEL, VICTIM

from hbm_runtime.serving.protocol.messages import SERVICE, message, methods

NEVER = {"INTERNAL", "UNKNOWN", "DATA_LOSS", "ABORTED"}
NAMES = sorted(name for name, (_, streams) in methods().items() if not streams)
NUMBERS = [0, 1, -1, 24, 2**31 - 1, 2**62, -(2**63)]


def good_request() -> bytes:
    """Asks for ``2 * x`` of zeros."""
    made = message("ModelInferRequest")(model_name=MODEL, raw_input_contents=[bytes(24)])
    made.inputs.add(name="x", datatype="FP32", shape=[2, 3])
    return bytes(made.SerializeToString())


def infer_request(rng: random.Random) -> Any:
    """An inference request in which some fields are wrong."""
    made = message("ModelInferRequest")(model_name=rng.choice([MODEL, MODEL, MODEL, VICTIM, _text(rng)]), id=_text(rng))
    for _ in range(rng.choice([1, 1, 1, 0, 2, 300])):
        name, datatype = rng.choice(["x", "x", _text(rng)]), rng.choice(["FP32", "FP32", _text(rng)])
        tensor = made.inputs.add(name=name, datatype=datatype)
        tensor.shape.extend(rng.choice([[2, 3], [2, 3], [rng.choice(NUMBERS) for _ in range(rng.randrange(20))]]))
        if rng.random() < 0.2:
            tensor.contents.fp32_contents.extend([1.0] * rng.choice([6, 0, 5]))
        else:
            made.raw_input_contents.append(rng.choice([bytes(24), bytes(24), rng.randbytes(rng.randrange(100))]))
        if rng.random() < 0.15:
            _place(rng, tensor.parameters)
    if rng.random() < 0.4:
        _place(rng, made.outputs.add(name=rng.choice(["y", _text(rng)])).parameters)
    for _ in range(rng.randrange(3)):
        _parameter(rng, made.parameters[rng.choice(values.KEYS)])
    return made


def _text(rng: random.Random) -> str:
    return rng.choice(values.TEXTS)


def _place(rng: random.Random, parameters: Any) -> None:
    parameters["shared_memory_region"].string_param = rng.choice(["r", _text(rng)])
    parameters["shared_memory_byte_size"].int64_param = rng.choice(NUMBERS)
    if rng.random() < 0.5:
        _parameter(rng, parameters["shared_memory_offset"])


def _parameter(rng: random.Random, parameter: Any) -> None:
    kind = rng.randrange(4)
    if kind == 0:
        parameter.string_param = _text(rng)
    elif kind == 1:
        parameter.int64_param = rng.choice(NUMBERS)
    elif kind == 2:
        parameter.double_param = rng.choice([0.5, 1e308, float("nan"), float("-inf")])
    else:
        parameter.bool_param = True


def call(rng: random.Random) -> tuple[str, bytes]:
    """Makes a method and its message."""
    if rng.random() < 0.6:
        name, data = "ModelInfer", bytes(infer_request(rng).SerializeToString())
    else:
        name = rng.choice(NAMES)
        made = methods()[name][0]()
        for field in made.DESCRIPTOR.fields:
            if field.type == field.TYPE_STRING and not field.is_repeated:
                setattr(made, field.name, rng.choice([VICTIM, "r", "/none", _text(rng)]))
        data = bytes(made.SerializeToString())
    if rng.random() < 0.3:
        data = values.damaged(rng, data)
    if rng.random() < 0.01:
        data = bytes(3_000_000)
    return name, data


def sent(rng: random.Random, channel: Any) -> str | None:
    """Makes one call; returns what was wrong with its end."""
    name, data = call(rng)
    metadata = [("authorization", "Bearer x")] if rng.random() < 0.05 else []
    compression = rng.choice([grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate])
    pending = channel.unary_unary(f"/{SERVICE}/{name}").future(
        data, timeout=rng.choice([30, 30, 30, 1e-3]), metadata=metadata, compression=compression
    )
    if rng.random() < 0.05:
        pending.cancel()
        return None
    code = pending.code().name
    if code in NEVER:
        return f"{code} {pending.details()!r} to {name} {data[:2000].hex()}"
    trailing = dict(pending.trailing_metadata() or ())
    if "hbm-error-bin" in trailing and not json.loads(trailing["hbm-error-bin"])["class"]:
        return f"{code} without a reason to {name} {data[:2000].hex()}"
    return None
