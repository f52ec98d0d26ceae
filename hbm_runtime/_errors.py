"""The exceptions of this package.

Each is an `HbmError`, and therefore a `RuntimeError`; many are also the built-in exception that Python programmers
expect for their cause.
"""

from __future__ import annotations

import concurrent.futures


class HbmError(RuntimeError):
    """Root of all exceptions of this package.

    Attributes:
        function: The driver's function that failed, such as ``"hbDNNInferV2"``, or None.
        status: Its status code, or None.
        status_name: The name of that code, such as ``"HB_UCP_TASK_TIMEOUT"``, or None.
        model: The model that it is about, or None.
        tensor: The tensor that it is about, or None.
    """

    function: str | None
    status: int | None
    status_name: str | None
    model: str | None
    tensor: str | None

    def __init__(
        self,
        message: str,
        *,
        function: str | None = None,
        status: int | None = None,
        status_name: str | None = None,
        model: str | None = None,
        tensor: str | None = None,
    ) -> None:
        super().__init__(message)
        self.function = function
        self.status = status
        self.status_name = status_name
        self.model = model
        self.tensor = tensor


class InputError(HbmError, ValueError):
    """The caller passed something wrong: names, dtypes, shapes, scheduling values. Nothing was run or changed.

    Cure: the message names model and tensor, what was expected and what was given.
    """


class InputTypeError(HbmError, TypeError):
    """An argument has a type that is never accepted. Nothing was run or changed."""


class ModelError(HbmError):
    """A file or buffer is no model, or is truncated, corrupt, or compiled for another SoC.

    Cure: compile or pack the model again; on a PC pack the ONNX model with ``hbm-runtime pack``.
    """


class EncryptedModelError(ModelError):
    """A model is encrypted and no passphrase was given, or the other way round, or it cannot be decrypted.

    Cure: give ``passphrase=`` for models that `hbm_runtime.encryption.encrypt_model` wrote, and only for those.
    """


class WrongPassphraseError(EncryptedModelError):
    """The passphrase is not the one that the model was encrypted with."""


class TamperedModelError(EncryptedModelError):
    """An encrypted model was changed or cut off after it was encrypted. Nothing of it was loaded."""


class ModelNotFoundError(HbmError, FileNotFoundError):
    """There is no model file at that path."""


class DriverError(HbmError):
    """The driver refused a call or failed; ``function`` and ``status`` tell which and how."""


class OutOfResourcesError(DriverError):
    """The driver has no memory or no task left.

    Cure: drop outputs that are still held, run fewer requests at a time, close runtimes that are not used.
    """


class DriverNotFoundError(HbmError):
    """No driver library could be loaded; the message lists every place that was tried and why it failed."""


class UnsupportedError(HbmError, NotImplementedError):
    """The driver in use cannot do that."""


class MissingPackageError(HbmError, ImportError):
    """A Python package that only some users need is not installed; the message tells how to install it."""


class HbmTimeoutError(HbmError, TimeoutError):
    """Not done in time. The device goes on; its memory is kept until it is done and the runtime can be used."""


class HbmDeadlineError(HbmTimeoutError):
    """The deadline of a request had passed before it reached the device; it was not run."""


class HbmCancelledError(HbmError, concurrent.futures.CancelledError):
    """The request was cancelled or abandoned."""


class HbmQueueFullError(HbmError):
    """A bounded queue is full and its policy is to reject."""


class HbmStateError(HbmError):
    """Not possible in the present state, such as choosing a driver after one was loaded."""


class HbmClosedError(HbmStateError):
    """The runtime was closed."""


class HbmForkError(HbmError):
    """The process is a fork of one that had loaded the driver, which does not survive a fork.

    Cure: use ``multiprocessing`` with the start method ``spawn``, or load models only in the child.
    """
