"""The commands: each module has ``SUMMARY``, ``add_arguments(parser)`` and ``run(arguments, output)``."""

from __future__ import annotations
