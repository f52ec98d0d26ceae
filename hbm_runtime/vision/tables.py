"""Raw heads as the table that an exported ONNX model gives, for programs that decode that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .candidates import sigmoid
from .layouts import Layout
from .stored import Floats, Rows


def table_of_heads(outputs: Mapping[str, NDArray[Any]], layout: Layout) -> Floats:
    """Decodes every place of heads with distributed distances.

    Args:
        outputs: Real values by output name.
        layout: Layout of the outputs, with scores and distances for each scale.

    Returns:
        (1, 4 + classes, places): x, y, width, height in pixels of the input, and the probabilities of the classes.
    """
    parts = []
    for head in layout.heads:
        scores, distances = (Rows(outputs[name], channels=head.channels).real(slice(None)) for name in head.names[:2])
        raw = distances.reshape(len(distances), 4, -1)
        weights = np.exp(raw - raw.max(axis=2, keepdims=True))
        edges = (weights * np.arange(raw.shape[2], dtype=np.float32)).sum(axis=2) / weights.sum(axis=2)
        middles = head.grid.corners(np.arange(len(scores))) + np.float32(0.5)
        stride = np.array(head.grid.stride, np.float32)
        left, right = middles - edges[:, :2], middles + edges[:, 2:]
        parts.append(np.concatenate([(left + right) / 2 * stride, (right - left) * stride, sigmoid(scores)], axis=1))
    return np.ascontiguousarray(np.concatenate(parts).T[None], np.float32)
