"""Which file is for which input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hbm_runtime._models.naming import unknown_tensor
from hbm_runtime._models.tensor_info import TensorInfo
from hbm_runtime.cli.arguments import suggestion
from hbm_runtime.cli.errors import UsageError
from hbm_runtime.cli.models import ModelFacts

LUMA_SUFFIX, CHROMA_SUFFIX = "_y", "_uv"


@dataclass(frozen=True)
class Source:
    """Where the values of one input come from.

    Attributes:
        path: The file.
        whole_image: The file has all planes of a picture, of which this input is one.
    """

    path: Path
    whole_image: bool = False


def image_pairs(tensors: Sequence[TensorInfo]) -> dict[str, tuple[TensorInfo, TensorInfo]]:
    """Finds the inputs that are the two planes of an NV12 picture, by their common name."""
    by_name = {tensor.name: tensor for tensor in tensors}
    pairs = {}
    for name, luma in by_name.items():
        base = name.removesuffix(LUMA_SUFFIX)
        chroma = by_name.get(base + CHROMA_SUFFIX)
        if base != name and chroma is not None:
            pairs[base] = (luma, chroma)
    return pairs


def assign(words: Sequence[str], model: ModelFacts) -> dict[str, Source]:
    """Gives each input its file.

    Args:
        words: Files in the order of the inputs, where a picture may stand for both planes of an NV12 input; or
            ``name=file``, where the name may be that of an NV12 input without ``_y`` and ``_uv``.
        model: The model.

    Raises:
        UsageError: Names or numbers do not fit.
    """
    names = {tensor.name for tensor in model.inputs} | image_pairs(model.inputs).keys()
    named = [word.partition("=") for word in words]
    are_named = [
        equals == "=" and (name in names or not Path(word).exists())
        for word, (name, equals, _) in zip(words, named, strict=True)
    ]
    if all(are_named):
        return _assign_by_name({name: file for name, _, file in named}, model)
    if any(are_named):
        raise UsageError("--input_file names some inputs and not others: write name=file for each, or for none")
    return _assign_by_place(words, model)


def _assign_by_name(files: Mapping[str, str], model: ModelFacts) -> dict[str, Source]:
    pairs = image_pairs(model.inputs)
    names = [tensor.name for tensor in model.inputs]
    sources: dict[str, Source] = {}
    for name, file in files.items():
        if name in names:
            sources[name] = Source(Path(file))
        elif name in pairs:
            sources.update({plane.name: Source(Path(file), whole_image=True) for plane in pairs[name]})
        else:
            raise UsageError(f"{unknown_tensor(model.name, 'input', names, name)}{suggestion(name, names)}")
    missing = [name for name in names if name not in sources]
    if missing:
        raise UsageError(f"--input_file gives nothing for input {', '.join(missing)} of model {model.name!r}")
    return {name: sources[name] for name in names}


def _assign_by_place(files: Sequence[str], model: ModelFacts) -> dict[str, Source]:
    names = [tensor.name for tensor in model.inputs]
    if len(files) == len(names):
        return {name: Source(Path(file)) for name, file in zip(names, files, strict=True)}
    slots: list[tuple[str, ...]] = []
    pairs = {pair[0].name: pair for pair in image_pairs(model.inputs).values()}
    second = {chroma.name for _, chroma in pairs.values()}
    for name in names:
        if name in pairs:
            slots.append(tuple(plane.name for plane in pairs[name]))
        elif name not in second:
            slots.append((name,))
    if len(files) != len(slots):
        either = f" (or {len(slots)} with one picture for each pair of _y and _uv)" if pairs else ""
        raise UsageError(
            f"--input_file gives {len(files)} files, but model {model.name!r} has {len(names)} inputs{either}: "
            + ", ".join(names)
        )
    sources = {
        name: Source(Path(file), whole_image=len(slot) > 1)
        for file, slot in zip(files, slots, strict=True)
        for name in slot
    }
    return {name: sources[name] for name in names}
