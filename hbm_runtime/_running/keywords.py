"""The keywords of a run, for type checkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class RunKeywords(TypedDict, total=False):
    """What `HB_HBMRuntime.run` takes by keyword: the inputs in one of their forms, which run, and how."""

    input_tensor: Any
    input_tensors: Mapping[str, Any]
    multi_input_tensors: Mapping[str, Mapping[str, Any]]
    model_name: str | None
    priority: Mapping[str, int] | None
    bpu_cores: Mapping[str, Sequence[int]] | None
    custom_id: Mapping[str, int] | None
    device_id: Mapping[str, int] | None
    timeout: float | None
    deadline: float | None
    outputs: Any
    output_names: Sequence[str] | Mapping[str, Sequence[str]] | None
