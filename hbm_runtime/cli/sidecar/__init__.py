"""Sidecars: what ``model_info --json`` says of a board's model, kept beside it for machines that cannot load it."""

from __future__ import annotations

from hbm_runtime.cli.sidecar.document import Sidecar, beside, read_sidecar
from hbm_runtime.cli.sidecar.vendor import how_to_get_a_sidecar, vendor_text

__all__ = ["Sidecar", "beside", "how_to_get_a_sidecar", "read_sidecar", "vendor_text"]
