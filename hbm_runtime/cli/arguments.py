"""Arguments as the vendor's tools spell them: ``--name value`` and ``--name=value``, ``_`` and ``-`` alike."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Sequence
from typing import NoReturn

from hbm_runtime.cli.errors import UsageError

_TRUE = {"1", "t", "true", "y", "yes"}
_FALSE = {"0", "f", "false", "n", "no"}


class Parser(argparse.ArgumentParser):
    """Raises UsageError instead of leaving the process, and knows the spellings of the vendor's tools.

    Args:
        prog: The words in front of the arguments.
        description: One sentence for the help.
        epilog: Text below the options in the help.
    """

    def __init__(self, prog: str, description: str = "", epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def add_option(self, name: str, *short: str, **settings: object) -> None:
        """Adds ``--name``; of a repeated option the last one counts, as with the vendor's tools."""
        self.add_argument(*short, f"--{name}", **settings)  # type: ignore[arg-type]

    def add_flag(self, name: str, default: bool, help: str) -> None:  # noqa: A002 (argparse's word)
        """Adds ``--name``, ``--name=true``, ``--name=false`` and ``--noname``."""
        self.add_option(name, nargs="?", const=True, default=default, type=boolean, metavar="BOOL", help=help)

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Parses the words behind the command.

        Raises:
            UsageError: A word or a value is wrong.
        """
        parsed, unknown = self.parse_known_args(self._spelled(words))
        if unknown:
            self.error(self._unknown(unknown[0]))
        return parsed

    def actions(self) -> list[argparse.Action]:
        """All arguments."""
        return self._actions

    def commands(self) -> list[Parser]:
        """The parsers of the commands that this one has."""
        return [
            parser
            for action in self._actions
            if isinstance(action, argparse._SubParsersAction)
            for parser in action.choices.values()
        ]

    def error(self, message: str) -> NoReturn:
        """Raises UsageError."""
        raise UsageError(message, self.prog)

    def _spelled(self, words: Sequence[str]) -> list[str]:
        options = {_folded(option): option for option in self._option_string_actions if option.startswith("--")}
        flags = {name for name, option in options.items() if self._option_string_actions[option].type is boolean}
        negations = {f"no{name}": options[name] for name in flags}
        spelled: list[str] = []
        for index, word in enumerate(words):
            if word == "--":
                return spelled + list(words[index:])
            name, equals, value = word.partition("=")
            folded = _folded(name) if _is_option(name) else ""
            if folded in flags and not equals:
                # As with gflags, what follows belongs to a flag only when it is a truth value.
                follows = words[index + 1].lower() if index + 1 < len(words) else ""
                spelled.append(options[folded] + ("" if follows in _TRUE | _FALSE else "=true"))
            elif folded in options:
                spelled.append(options[folded] + equals + value)
            elif folded in negations and not equals:
                spelled.append(f"{negations[folded]}=false")
            else:
                spelled.append(word)
        return spelled

    def _unknown(self, word: str) -> str:
        name = word.partition("=")[0]
        if not name.startswith("-"):
            return f"unexpected argument {word!r}"
        known = [option for option in self._option_string_actions if option.startswith("--")]
        return f"there is no option {name}" + suggestion(name, known)


def _is_option(word: str) -> bool:
    # One dash is enough for gflags; a single letter is an option of its own.
    return word.startswith("--") or (word.startswith("-") and len(word) > 2)


def _folded(name: str) -> str:
    return name.lstrip("-").replace("-", "_")


def suggestion(word: str, known: Sequence[str]) -> str:
    """Returns "; did you mean …?" for a word that resembles a known one, else ""."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def boolean(text: str) -> bool:
    """Reads a truth value as gflags does."""
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise argparse.ArgumentTypeError(f"expected true or false, not {text!r}")


def integer(low: int, high: int | None = None) -> Callable[[str], int]:
    """Returns a reader of whole numbers from low to high."""
    wanted = f"a whole number from {low} to {high}" if high is not None else f"a whole number of at least {low}"

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if value < low or (high is not None and value > high):
            raise argparse.ArgumentTypeError(f"expected {wanted}, not {text!r}")
        return value

    return read


def number(low: float, *, exclusive: bool = False) -> Callable[[str], float]:
    """Returns a reader of finite numbers of at least low, or greater than low."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not (low < value if exclusive else low <= value) or value == float("inf"):
            wanted = f"greater than {low:g}" if exclusive else f"of at least {low:g}"
            raise argparse.ArgumentTypeError(f"expected a number {wanted}, not {text!r}")
        return value

    return read


def words(text: str) -> list[str]:
    """Splits at commas; blanks around the parts do not count."""
    return [part.strip() for part in text.split(",") if part.strip()]


def shapes(text: str) -> list[list[int]]:
    """Reads ``1,300,300,1;[]``: lists of whole numbers, one for each input; ``[]``, ``()`` or nothing for a scalar."""
    groups = [group.strip() for group in text.strip().split(";")]
    try:
        read = [[] if group in {"", "[]", "()"} else [int(part) for part in group.split(",")] for group in groups]
    except ValueError:
        read = []
    if not any(groups) or not read or any(value < 0 for group in read for value in group):
        raise argparse.ArgumentTypeError(f"expected numbers such as 1,300,300,1;1,150,150,2, not {text!r}")
    return read
