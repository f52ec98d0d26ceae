"""Text of models and files on its way to a terminal, a log or a page.

Names, descriptions and metadata are whatever the author of a model wrote. Control characters in them could clear a
reader's screen, set a terminal's title, or show a line in another order than it has; shown as escapes they are data.
"""

from __future__ import annotations

import re

# C0 but tab and newline, DEL and C1 (U+009B begins escape sequences as ESC [ does), and what changes the direction of
# text or breaks lines out of sight.
_CONTROL = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"


def printable(text: str) -> str:
    r"""Shows control characters as ``\x1b`` or ``\u202e``; tabs and line breaks stay."""
    return re.sub(_CONTROL, _escape, text)


def printable_line(text: str) -> str:
    r"""Does the same, and shows line breaks and tabs as ``\n`` and ``\t``: for what must stay on one line."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def printable_json(document: str) -> str:
    """Escapes what `json` leaves as it is; the document says the same."""
    return re.sub(_CONTROL, lambda found: f"\\u{ord(found.group()):04x}", document)


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
