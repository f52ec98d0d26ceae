"""The trained models for every test here that asks for them."""

from support.demo_downloads import files

__all__ = ["files"]
