"""The options of commands that say what goes into a model."""

from __future__ import annotations

from hbm_runtime.cli.inputs.options import add_input_arguments, read_inputs

__all__ = ["add_input_arguments", "read_inputs"]
