"""Exported robot policies of `physicalai` on this runtime, without PyTorch.

`physicalai` finds `register` by its entry point; a policy folder with a ``.hbm`` file then loads like any other:
``InferenceModel("exports/act", backend="hbm")``.
"""

from __future__ import annotations

from typing import Any


def register(registry: Any) -> None:
    """Registers ``.hbm`` files with physicalai's adapters. Nothing heavy is imported before one is loaded."""
    registry.register_lazy_module("hbm", "hbm_runtime.integrations.physicalai_adapter", extensions=(".hbm",))
