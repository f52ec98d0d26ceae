"""Reads a configuration file and brings every value to its kind."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from hbm_runtime.packer.config.schema import CLOSED_RUNTIME_TYPES, CUSTOM, RUNTIME_TYPES, SECTIONS, Key, Kind, Use
from hbm_runtime.packer.errors import PackError, PackWarning

_TRUE, _FALSE = {"true", "yes", "on"}, {"false", "no", "off"}
_NONE = {"none", "null", "~"}


@dataclass(frozen=True)
class Configuration:
    """A configuration with every known key; missing ones have their defaults.

    Attributes:
        path: The file.
        values: Values by section and key: texts, tuples of texts, tuples of tuples of numbers, numbers, mappings, None.
        given: The keys that the file has.
    """

    path: Path
    values: Mapping[str, Mapping[str, Any]]
    given: frozenset[tuple[str, str]]

    def text(self, section: str, key: str) -> str:
        """A text; empty when missing."""
        return str(self.values[section][key] or "")

    def texts(self, section: str, key: str) -> tuple[str, ...]:
        """A list."""
        return cast("tuple[str, ...]", self.values[section][key])

    def error(self, section: str, key: str, text: str) -> PackError:
        """An error about one key."""
        return PackError(f"{self.path}: {section}.{key}: {text}")


def read_configuration(path: str | os.PathLike[str]) -> Configuration:
    """Reads and checks a configuration, key by key.

    Raises:
        PackError: The file cannot be read, is no YAML, or has unknown keys or wrong values; the text names all of them.
    """
    path = Path(path)
    document = _parse(path)
    problems = [f"unknown section '{name}'{similar(str(name), SECTIONS)}" for name in document if name not in SECTIONS]
    values: dict[str, dict[str, Any]] = {}
    given: set[tuple[str, str]] = set()
    for section, keys in SECTIONS.items():
        content = document.get(section)
        if content is None:
            content = {}
        if not isinstance(content, dict):
            problems.append(f"{section}: a mapping of keys is expected, not {content!r}")
            content = {}
        values[section] = {name: key.default for name, key in keys.items()}
        for name, value in content.items():
            if name not in keys:
                problems.append(f"{section}: unknown key '{name}'{_hint(str(name), section)}")
                continue
            given.add((section, name))
            try:
                values[section][name] = _convert(keys[name], value)
            except ValueError as error:
                problems.append(f"{section}.{name}: {error}")
            if keys[name].use == Use.DEPRECATED:
                text = f"{path}: {section}.{name} is deprecated: {keys[name].instead}"
                warnings.warn(text, PackWarning, stacklevel=4)
    if problems:
        raise PackError(f"{path}: " + "; ".join(problems))
    return Configuration(path, values, frozenset(given))


def _parse(path: Path) -> dict[Any, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PackError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise PackError(f"{path} is not UTF-8 text: {error}") from None
    try:
        document = yaml.load(text, Loader=_UniqueKeys)
    except yaml.YAMLError as error:
        raise PackError(f"{path} is not valid YAML: {_yaml_problem(error)}") from None
    if not isinstance(document, dict):
        raise PackError(f"{path} holds no configuration; expected are the sections {', '.join(SECTIONS)}")
    return document


def _yaml_problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    parts = [part for part in (getattr(error, "context", None), getattr(error, "problem", None)) if part]
    return f"line {mark.line + 1}, column {mark.column + 1}: {', '.join(parts)}"


class _UniqueKeys(yaml.SafeLoader):
    """A loader that refuses a key that stands twice: the first one would silently not count."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' stands twice", key_node.start_mark
                )
            if isinstance(key, str):
                seen.add(key)
        return super().construct_mapping(node, deep)


def _convert(key: Key, value: object) -> Any:
    if value is None or (isinstance(value, str) and value.strip().lower() in _NONE and key.kind != Kind.NUMBERS):
        return None if key.none_counts else key.default
    converted = _CONVERTERS[key.kind](value)
    if isinstance(converted, str) and converted == "":
        return key.default
    _check(key, converted)
    return converted


def _check(key: Key, value: Any) -> None:
    if key.choices:
        for one in value if isinstance(value, tuple) else (value,):
            if one in CLOSED_RUNTIME_TYPES and key.choices is RUNTIME_TYPES:
                raise ValueError(f"'{one}' is not open to users; choose from {', '.join(key.choices)}")
            if one not in key.choices:
                raise ValueError(f"'{one}' is not possible; choose from {', '.join(key.choices)}")
    if key.least is not None and value < key.least:
        raise ValueError(f"{value} is too small; the least is {key.least:g}")
    if key.most is not None and value > key.most:
        raise ValueError(f"{value} is too large; the most is {key.most:g}")


def _text(value: object) -> str:
    if isinstance(value, dict | list):
        raise ValueError(f"{Kind.TEXT.value} is expected, not {value!r}")
    return str(value).strip()


def _list(value: object) -> tuple[str, ...]:
    if isinstance(value, dict | list):
        raise ValueError(f"{Kind.LIST.value} are expected, such as 'a;b', not {value!r}")
    return tuple(part.strip() for part in str(value).split(";") if part.strip())


def _numbers(value: object) -> tuple[tuple[float, ...], ...]:
    if isinstance(value, dict | list | bool):
        raise ValueError(f"{Kind.NUMBERS.value} are expected, such as '1.5 2 3.5', not {value!r}")
    parts = [part.strip() for part in str(value).split(";")]
    if parts and not parts[-1]:
        parts.pop()
    inputs: list[tuple[float, ...]] = []
    for part in parts:
        if part.lower() in _NONE or not part:
            inputs.append(())
            continue
        try:
            inputs.append(tuple(float(number) for number in part.replace(",", " ").split()))
        except ValueError:
            raise ValueError(f"{Kind.NUMBERS.value} are expected, not '{part}'") from None
    return tuple(inputs)


def _bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise ValueError(f"{Kind.BOOL.value} is expected, not {value!r}")


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{Kind.INTEGER.value} is expected, not {value!r}")
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"{Kind.INTEGER.value} is expected, not {value!r}") from None


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{Kind.NUMBER.value} is expected, not {value!r}")
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"{Kind.NUMBER.value} is expected, not {value!r}") from None


def _mapping(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        # Templates carry mappings as quoted text.
        try:
            value = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ValueError(f"{Kind.MAPPING.value} is expected, not {value!r}") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"{Kind.MAPPING.value} is expected, not {value!r}")
    return {str(name): entry for name, entry in value.items()}


def _text_or_mapping(value: object) -> Any:
    if isinstance(value, list):
        raise ValueError(f"{Kind.TEXT_OR_MAPPING.value} is expected, not {value!r}")
    return _mapping(value) if isinstance(value, dict) else str(value).strip()


_CONVERTERS = {
    Kind.TEXT: _text,
    Kind.LIST: _list,
    Kind.NUMBERS: _numbers,
    Kind.BOOL: _bool,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.MAPPING: _mapping,
    Kind.TEXT_OR_MAPPING: _text_or_mapping,
}


def _hint(name: str, section: str) -> str:
    for other, keys in SECTIONS.items():
        if other != section and name in keys and other != CUSTOM:
            return f" (it belongs to {other})"
    return similar(name, SECTIONS[section])


def similar(name: str, known: Iterable[str]) -> str:
    """A question for a word that resembles a known one, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""
