"""Values that break programs, and ways to damage good ones. Everything follows from one generator of random numbers."""

from __future__ import annotations

import random
from typing import Any

TEXTS = ["", "x", "constant", "../../etc/passwd", "a\0b", "\x1b[31m", "\U0001f600" * 40, "%00", "%2e%2e%2f", "A" * 5000]
TEXTS += ["y" * 300, "NaN", "-1", "FP32", "BYTES", "BF16", "INT4", "\r\nX: y", "'\"\\", "\u202e", "None"]
NUMBERS: list[Any] = [0, -1, 1, 2**31, 2**32, 2**62, 2**63 - 1, -(2**63), 2**64, 10**30, 0.5, 1e308, -1e-320, True]
KEYS = ["inputs", "outputs", "name", "datatype", "shape", "data", "parameters", "id", "binary_data_size", "timeout"]
KEYS += ["shared_memory_region", "shared_memory_byte_size", "shared_memory_offset", "binary_data", "config", "key"]
KEYS += ["binary_data_output", "classification", "priority", "hbm_priority", "hbm_bpu_cores", "hbm_custom_id"]
KEYS += ["hbm_deadline_ms", "hbm_profile", "hbm_repeat", "hbm_device_id", "offset", "byte_size", "ready"]
KEYS += ["file:1/model.hbm"]


def scalar(rng: random.Random) -> Any:
    """Some text, number, truth value or nothing."""
    return rng.choice([rng.choice(TEXTS), rng.choice(NUMBERS), None])


def value(rng: random.Random, depth: int = 3) -> Any:
    """Some JSON value."""
    kind = rng.randrange(6 if depth else 3)
    if kind < 3:
        return scalar(rng)
    if kind == 3:
        return {rng.choice(KEYS): value(rng, depth - 1) for _ in range(rng.randrange(4))}
    if kind == 4:
        return [[]] * rng.randrange(200)
    return [value(rng, depth - 1) for _ in range(rng.randrange(5))]


def changed(rng: random.Random, document: Any) -> Any:
    """A JSON document of which one part is something else."""
    if isinstance(document, dict) and document and rng.random() < 0.85:
        return _changed_object(rng, document)
    if isinstance(document, list) and document and rng.random() < 0.7:
        return _changed_list(rng, document)
    return value(rng)


def _changed_object(rng: random.Random, document: dict[str, Any]) -> dict[str, Any]:
    key = rng.choice(list(document))
    rest = {name: part for name, part in document.items() if name != key}
    chance = rng.random()
    if chance < 0.1:
        return rest
    if chance < 0.2:
        return {**document, rng.choice(KEYS): value(rng)}
    return {**rest, key: changed(rng, document[key])}


def _changed_list(rng: random.Random, document: list[Any]) -> list[Any]:
    index = rng.randrange(len(document))
    chance = rng.random()
    if chance < 0.1:
        return document[:index] + document[index + 1 :]
    if chance < 0.2:
        return document * rng.randrange(2, 5)
    return [*document[:index], changed(rng, document[index]), *document[index + 1 :]]


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Bytes with some flipped, cut off, repeated or put in."""
    kind = rng.randrange(5)
    position = rng.randrange(len(data) + 1)
    if kind == 0:
        return data[:position]
    if kind == 1:
        return data[:position] + rng.randbytes(rng.randrange(1, 20)) + data[position:]
    if kind == 2:
        return data[:position] + data[position - rng.randrange(20) :]
    flipped = bytearray(data)
    for _ in range(rng.randrange(1, 6)):
        if flipped:
            flipped[rng.randrange(len(flipped))] = rng.randrange(256)
    return bytes(flipped)
