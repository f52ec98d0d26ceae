"""What the packer raises."""

from __future__ import annotations


class PackError(ValueError):
    """The model, the configuration or the output file cannot be packed as asked.

    The text names what is wrong, what was expected and what to do. Nothing was written.
    """


class PackWarning(UserWarning):
    """Something was packed otherwise than it may have been meant: a deprecated key, or ranges that were guessed."""
