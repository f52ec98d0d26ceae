"""What ends a command early, and the exit codes of the program."""

from __future__ import annotations

from enum import IntEnum

from hbm_runtime._installing import how_to_install


class ExitCode(IntEnum):
    """Exit codes; docs/guide/command-line.md lists them for users."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    BELOW_THRESHOLD = 3
    NO_DRIVER = 4
    TIMED_OUT = 5
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141
    TERMINATED = 143


class CommandError(Exception):
    """A command cannot go on; the text says what is wrong and what to do.

    Attributes:
        code: The exit code.
    """

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.code = code


class UsageError(CommandError):
    """The command line is wrong.

    Attributes:
        program: The words whose ``--help`` explains it.
    """

    def __init__(self, message: str, program: str = "") -> None:
        super().__init__(message, ExitCode.USAGE)
        self.program = program


class MissingPackageError(CommandError):
    """A package of an extra is not installed."""

    def __init__(self, what: str, package: str, extra: str = "tools") -> None:
        super().__init__(f"{what} needs the package {package}: {how_to_install(extra, package)}")
