"""Reads the YAML that users write for the vendor's compiler, and turns it into options of the packer."""

from __future__ import annotations

from hbm_runtime.packer.config.job import PackJob, load_config

__all__ = ["PackJob", "load_config"]
