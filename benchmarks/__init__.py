"""Measurements of the project's bounds; see README.md."""
