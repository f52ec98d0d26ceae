"""The wire format of inference messages, as far as it takes to leave their tensors where they are."""

from __future__ import annotations

from collections.abc import Sequence

RAW_INPUTS = 0x3A
"""Tag of ``ModelInferRequest.raw_input_contents``: field 7, length-delimited."""
RAW_OUTPUTS = 0x32
"""Tag of ``ModelInferResponse.raw_output_contents``: field 6, length-delimited."""
_WORTHWHILE = 32 * 1024
"""Parsing less than this as a whole costs less than looking at the fields."""
_MAX_FIELDS = 2000
"""A message of millions of fields would keep this thread busy for long."""
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def with_raw_contents(head: bytes, tag: int, contents: Sequence[bytes | memoryview]) -> bytes:
    """Adds the bytes of tensors to a serialized message, for which each is copied once.

    The bytes of a serialized message may be followed by further fields, here those with the elements.
    """
    parts: list[bytes | memoryview] = [head]
    for content in contents:
        parts += (bytes((tag,)), _written(len(content)), content)
    return b"".join(parts)


def without_raw_contents(data: bytes, tag: int) -> tuple[bytes, list[memoryview]] | None:
    """Takes the bytes of the tensors out of a serialized message, without a copy of them.

    The parser of protobuf copies each twice: into its own memory, and out of it.

    Args:
        data: The message.
        tag: `RAW_INPUTS` of a request, `RAW_OUTPUTS` of a response.

    Returns:
        The rest of the message, and the bytes of the tensors. None where the message has to be parsed as
        a whole: it is small, it is of an unusual form, or its parser is to say what is wrong with it.
    """
    if len(data) < _WORTHWHILE:
        return None
    view = memoryview(data)
    rest: list[memoryview] = []
    raw: list[memoryview] = []
    position = 0
    try:
        for _ in range(_MAX_FIELDS):
            if position == len(data):
                return b"".join(rest), raw
            field, begin = _varint(data, position)
            content, end = _content(data, field & 7, begin)
            if end > len(data):
                return None
            if field == tag:
                raw.append(view[content:end])
            else:
                rest.append(view[position:end])
            position = end
    except (IndexError, ValueError):
        return None
    return None


def _content(data: bytes, kind: int, begin: int) -> tuple[int, int]:
    """Where a field's content begins and ends, of which the end may lie behind that of the data."""
    if kind == _LENGTH:
        length, begin = _varint(data, begin)
        return begin, begin + length
    if kind == _VARINT:
        return begin, _varint(data, begin)[1]
    if kind == _FIXED64:
        return begin, begin + 8
    if kind == _FIXED32:
        return begin, begin + 4
    raise ValueError  # groups, which protobuf has given up, or nothing that it knows


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Reads a number of up to ten bytes, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError


def _written(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)
