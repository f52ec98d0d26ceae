"""The headers, the list of functions and the list of values name the same things."""

from __future__ import annotations

import re

from support.driver_files import HEADERS, listed_functions

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def headers() -> str:
    """The text of the vendor's headers without comments."""
    files = sorted((HEADERS / "hobot").rglob("*.h"))
    assert len(files) == 5
    return "\n".join(COMMENT.sub("", path.read_text(encoding="utf-8")) for path in files)


def test_every_function_is_declared_and_listed() -> None:
    declared = re.findall(r"^(?:int32_t|const char\*) (hb\w+)\(", headers(), re.MULTILINE)
    assert len(declared) == len(set(declared)) == 31
    assert set(declared) == listed_functions("dnn") | listed_functions("hbucp")


def test_the_value_of_every_name_is_asserted() -> None:
    text = headers()
    macros = re.findall(r"^#define (\w+) ", text, re.MULTILINE)
    enumerators = [
        name
        for body in re.findall(r"typedef enum \w+ \{(.*?)\}", text, re.DOTALL)
        for name in re.findall(r"(\w+) = ", body)
    ]
    asserted = re.findall(r"^ABI_VALUE\((\w+),", (HEADERS / "layout.inc").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(asserted) == len(set(asserted))
    assert set(asserted) == {*macros, *enumerators}


def test_the_size_of_every_type_is_asserted() -> None:
    types = set(re.findall(r"^typedef (?:struct|enum) (\w+)", headers(), re.MULTILINE))
    types |= set(re.findall(r"^typedef void\* (\w+);", headers(), re.MULTILINE)) | {"hbUCPTaskDoneCb"}
    asserted = re.findall(r"^ABI_SIZE\((\w+),", (HEADERS / "layout.inc").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(asserted) == types
