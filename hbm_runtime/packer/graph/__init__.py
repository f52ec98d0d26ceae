"""ONNX graphs: reading, editing and splitting off the weights. Only standard operators are ever added."""

from __future__ import annotations
