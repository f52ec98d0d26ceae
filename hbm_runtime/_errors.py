"""The exceptions of this package.

Each is an `HbmError`, and therefore a `RuntimeError`; many are also the built-in exception that Python programmers
expect for their cause.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._printable import printable


class HbmError(RuntimeError):
    """Root of all exceptions of this package.

    The message shows control characters of names as escapes; `model` and `tensor` are the names themselves.

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
        super().__init__(printable(message))
        self.function = function
        self.status = status
        self.status_name = status_name
        self.model = model
        self.tensor = tensor


class InputError(HbmError, ValueError):
    """The caller passed something wrong: names, dtypes, shapes, scheduling values. Nothing was run or changed.

    How to fix: the message names model and tensor, what was expected and what was given.
    """


class ShapeError(InputError):
    """A shape does not fit the model's: rank or dimensions. Nothing was run or changed.

    How to fix: the message names the tensor and both shapes; -1 in the model's stands for any size.
    """


class InputTypeError(HbmError, TypeError):
    """An argument has a type that is never accepted. Nothing was run or changed.

    How to fix: the message names the type; arrays are numpy's.
    """


class ModelError(HbmError):
    """A model cannot be used here: sound but unfit, damaged (`ContainerError`), or not readable (`HbmIOError`).

    Sound models are refused when they are compiled for another SoC, or have an element type, an operator, a rank or
    external data that the driver cannot serve; `model` and `tensor` name it.

    How to fix: compile or pack the model again; on a PC pack the ONNX model with ``hbm-runtime pack``.
    """


class ContainerError(ModelError):
    """A file or buffer itself is no model, or is truncated or damaged: its content cannot be read.

    How to fix: copy or make the file again; the message says what is wrong with it.
    """


class HbmIOError(ModelError, OSError):
    """A model's file is there, but cannot be read: a folder, a missing permission, a failing disk.

    How to fix: the message has the path and the system's reason.
    """


class EncryptedModelError(ModelError):
    """A model is encrypted and no passphrase was given, or the other way round, or it cannot be decrypted.

    How to fix: give ``passphrase=`` for models that `hbm_runtime.encryption.encrypt_model` wrote, and only for those.
    """


class WrongPassphraseError(EncryptedModelError):
    """The passphrase is not the one that the model was encrypted with.

    How to fix: give the right one; it cannot be recovered.
    """


class TamperedModelError(EncryptedModelError, ContainerError):
    """An encrypted model was changed or cut off after it was encrypted. Nothing of it was loaded.

    How to fix: copy it again from where it was made, and ask who changed it.
    """


class ModelNotFoundError(HbmError, FileNotFoundError):
    """There is no model file at that path.

    How to fix: correct the path; relative ones start at the working folder.
    """


class DriverError(HbmError):
    """The driver refused a call or failed; ``function`` names the call and ``status`` the reason.

    How to fix: depends on the status. The runtime stays usable; the next run may well succeed.
    """


class OutOfResourcesError(DriverError):
    """The driver has no memory or no task left.

    How to fix: drop outputs that are still held, run fewer requests at a time, close runtimes that are not used.
    """


class DriverNotFoundError(HbmError):
    """No driver library could be loaded; the message lists every place that was tried and why it failed.

    How to fix: install the board's driver, or on a PC this package with bpusim; ``hbm-runtime doctor`` looks into it.
    """


class UnsupportedError(HbmError, NotImplementedError):
    """The driver in use does not support the call, or the model does not allow it.

    How to fix: leave the option out on a board; on a PC use bpusim.
    """


class MissingPackageError(HbmError, ImportError):
    """A package that only some users need is not installed.

    How to fix: the message says how to install it.
    """


class HbmTimeoutError(HbmError, TimeoutError):
    """A call was not done in time. The device goes on with it and keeps its memory; the runtime stays usable.

    How to fix: allow a longer time-out, or queue fewer requests before this one (`RequestInfo.queue_depth`).
    """


class HbmDeadlineError(HbmTimeoutError):
    """The deadline of a request had passed before it reached the device; it was not run.

    How to fix: none is needed where late results are worthless; otherwise a later deadline or a higher priority.
    """


class HbmQueueFullError(HbmError):
    """A bounded queue is full and its policy is to reject, or to block and there was no place in time.

    How to fix: submit less often, or choose the policy "latest" or "drop_oldest".
    """


class HbmStateError(HbmError):
    """The call is not possible in the present state, such as choosing a driver after one was loaded.

    How to fix: the message says what has to happen first.
    """


class HbmClosedError(HbmStateError):
    """The runtime, or the queue, was closed.

    How to fix: make a new one; results that were returned before stay valid.
    """


class HbmForkError(HbmError):
    """The process is a fork of one that had loaded the driver, which does not survive a fork.

    How to fix: use ``multiprocessing`` with the start method ``spawn``, or load models only in the child.
    """


class HbmRemoteError(HbmError):
    """A server refused a call or failed, in a way that no other class describes: a wrong token, a limit.

    How to fix: the message is the server's; ``code`` names the kind.

    Attributes:
        code: HTTP status or gRPC code as text, such as ``"401"`` or ``"UNAUTHENTICATED"``; None if there is none.
    """

    code: str | None = None


class HbmNetworkError(HbmError, OSError):
    """A server cannot be reached, or the connection to it broke or is not trusted.

    How to fix: check address, port and scheme (``https`` and ``grpcs`` for servers with TLS), and that the server runs.
    If ``may_have_run`` is False, nothing was run and the call can be repeated.

    Attributes:
        may_have_run: True if the server may have got the request before the connection broke.
    """

    may_have_run: bool = False


for _class in [value for value in globals().values() if isinstance(value, type) and issubclass(value, HbmError)]:
    _class.__module__ = "hbm_runtime"  # where users find it: tracebacks, pickles and help() say so

if not TYPE_CHECKING:  # type checkers would take every name

    def __getattr__(name: str) -> Any:
        """Finds the errors of futures here too: the extension and pickles look for all of them in this module."""
        if name in {"HbmCancelledError", "WaitTimeoutError"}:
            return getattr(import_module("hbm_runtime._future_errors"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
