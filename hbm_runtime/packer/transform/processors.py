"""What decides whether this processor computes products of bytes exactly."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np

from hbm_runtime.packer.graph.graph import Graph

# Two neighbouring products of an unsigned and a signed byte must fit 16 bits where sums are made pairwise:
# 255 * (|w0| + |w1|) <= 32767.
_SAFE_WEIGHT = 64


def sums_bytes_exactly(graph: Graph) -> bool:
    """Returns True if engines on this processor compute the graph's quantised layers without overflows.

    Without instructions that sum 8-bit products in 32 bits, sums in 16 bits can overflow when weights are large.
    """
    return sums_in_32_bits() or _largest_weight(graph) <= _SAFE_WEIGHT


def sums_in_32_bits() -> bool:
    """Returns True if this processor multiplies bytes and sums them without intermediate 16-bit results."""
    if platform.machine() not in {"x86_64", "AMD64"}:
        return True
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    flags = next((line.split(":", 1)[1].split() for line in text.splitlines() if line.startswith("flags")), [])
    return bool({"avx512_vnni", "avx_vnni"} & set(flags))


def _largest_weight(graph: Graph) -> int:
    largest = 0
    for node in graph.proto.node:
        if node.op_type == "DequantizeLinear":
            weights = graph.constant(node.input[0])
            if weights is not None and weights.dtype == np.int8:
                largest = max(largest, int(np.abs(weights.astype(np.int16)).max(initial=0)))
    return largest
