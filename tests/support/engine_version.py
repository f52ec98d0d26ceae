"""What engines do that are older than the newest: tests say so, and are skipped where nothing is left to test."""

from __future__ import annotations

import importlib.metadata

import pytest


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def is_older_than(version: str) -> bool:
    """Returns True if ONNX Runtime is of a version before this one."""
    return _numbers(importlib.metadata.version("onnxruntime")) < _numbers(version)


def needs_engine(version: str, reason: str) -> pytest.MarkDecorator:
    """Skips a test with ONNX Runtime before this version; the reason says what such an engine does instead."""
    return pytest.mark.skipif(is_older_than(version), reason=f"needs ONNX Runtime {version}: {reason}")
