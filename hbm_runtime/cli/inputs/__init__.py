"""Input values from files: which file is for which input, reading them, pictures, random data."""

from __future__ import annotations

from hbm_runtime.cli.inputs.plan import add_input_arguments, read_inputs

__all__ = ["add_input_arguments", "read_inputs"]
