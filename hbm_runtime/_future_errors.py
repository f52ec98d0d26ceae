"""The exceptions that are also those of `concurrent.futures`, which takes long to import."""

from __future__ import annotations

import concurrent.futures
import sys

from ._errors import HbmError


class HbmCancelledError(HbmError, concurrent.futures.CancelledError):
    """The request was cancelled or abandoned, by `InferRequest.cancel`, `abandon`, or the awaiting task's end.

    How to fix: none is needed; submit it again to have its result.
    """

    __module__ = "hbm_runtime"


if sys.version_info >= (3, 11):
    WaitTimeoutError = TimeoutError
else:

    class WaitTimeoutError(TimeoutError, concurrent.futures.TimeoutError):
        """What a future's `result(timeout)` raises: two exceptions in Python 3.10, of which callers catch either."""
