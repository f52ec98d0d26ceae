"""Packs ONNX models into host ``.hbm`` files that bpusim runs on any PC."""

from __future__ import annotations
