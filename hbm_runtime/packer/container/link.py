"""One host ``.hbm`` from several."""

from __future__ import annotations

import os
from collections.abc import Iterable

from hbm_runtime.packer.container.content import HostFile
from hbm_runtime.packer.container.file import read_file, write_file
from hbm_runtime.packer.errors import PackError


def link_content(files: Iterable[tuple[str, HostFile]], description: bytes | None = None) -> HostFile:
    """One file with the models of several, in their order.

    Args:
        files: A name for messages and the content of each.
        description: File description; None joins the different ones with line breaks.

    Raises:
        PackError: Two files have a model of the same name, or are made for different marches.
    """
    models = []
    march, march_from = "", ""
    owner: dict[str, str] = {}
    descriptions: list[bytes] = []
    producer = ""
    for name, content in files:
        for model in content.models:
            if model.name in owner:
                raise PackError(f"model '{model.name}' is in {owner[model.name]} and in {name}; names must be unique")
            owner[model.name] = name
            models.append(model)
        if content.march:
            if march and march != content.march:
                raise PackError(f"{march_from} is made for {march}, {name} for {content.march}; pack for one march")
            march, march_from = content.march, name
        if content.description and content.description not in descriptions:
            descriptions.append(content.description)
        producer = producer or content.producer
    joined = b"\n".join(descriptions) if description is None else description
    return HostFile(models=tuple(models), march=march, description=joined, producer=producer)


def link_files(
    paths: Iterable[str | os.PathLike[str]], output: str | os.PathLike[str], description: str | None = None
) -> HostFile:
    """Writes one host ``.hbm`` with the models of several. Graphs and weights that are equal are stored once.

    Args:
        paths: Host ``.hbm`` files; at least one.
        output: The file to write; none of ``paths``.
        description: File description; None joins the different ones with line breaks.

    Returns:
        What was written.

    Raises:
        PackError: A file is damaged or no host model, names collide, marches differ, or writing fails.
    """
    inputs = list(paths)
    files = [(os.fspath(path), read_file(path)) for path in inputs]
    content = link_content(files, None if description is None else description.encode())
    write_file(output, content, inputs=inputs)
    return content
