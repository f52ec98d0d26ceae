"""The changes that turn a trained graph into one with a board's inputs and outputs."""

from __future__ import annotations
