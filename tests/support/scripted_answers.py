"""Answers for `support.scripted_server`, and the errors that they cause."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import numpy as np

from hbm_runtime import (
    HbmError,
)
from support.scripted_server import Received

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def good(request: Received, data: bytes = X.tobytes()) -> None:
    output = {"name": "y", "datatype": "FP32", "shape": [2, 3], "parameters": {"binary_data_size": len(data)}}
    request.answer({"model_name": "m", "outputs": [output]}, 200, data)


def failure(call: Callable[[], object]) -> HbmError | None:
    """What a call raises."""
    try:
        call()
    except HbmError as error:
        return error
    return None


def closes(request: Received) -> None:
    request.connection.shutdown(socket.SHUT_RDWR)


def fails(status: int, error: dict[str, Any] | None, text: str = "it is so") -> Callable[[Received], None]:
    document = {"error": text} if error is None else {"error": text, "hbm_error": error}
    return lambda request: request.answer(document, status)
