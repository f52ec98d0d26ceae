"""Accuracy reports: how far the outputs of two models differ on the same pictures or arrays."""

from __future__ import annotations

from hbm_runtime.compare.inputs import read_samples
from hbm_runtime.compare.models import ComparedModel, open_model
from hbm_runtime.compare.report import OutputReport, Report, compare_models

__all__ = ["ComparedModel", "OutputReport", "Report", "compare_models", "open_model", "read_samples"]
