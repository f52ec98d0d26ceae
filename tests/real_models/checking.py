"""One trained model from one file, in several forms of call, against ONNX Runtime."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from differential.forms import FORMS, Setup
from differential.reference import Reference, difference
from differential.variants import Variant
from support.dtypes import Array

from .catalogue import RealModel

_FIRST = ("run of a flat dict", "run_async", "outputs=", "bind", "queue")
_LATER = ("run of a flat dict",)


Call = tuple[dict[str, Array], dict[str, Array]]
"""Inputs and outputs."""


def expected(model: RealModel, path: Path) -> Iterator[Call]:
    """Inputs and outputs of each call; states go from one to the next."""
    reference = Reference(path)
    state: dict[str, Array] = {}
    for call in range(len(model.sizes)):
        inputs = {**model.arrays(call), **state}
        outputs = reference.run(inputs)
        assert not isinstance(outputs, str), f"{model.name}: ONNX Runtime cannot run it: {outputs}"
        yield inputs, outputs
        state = {name: outputs[source] for source, name in model.state.items()}


def differences(path: Path, variant: Variant, folder: Path, calls: Sequence[Call]) -> list[str]:
    """What differs from the expected calls; nothing when all is well."""
    found: list[str] = []
    file = variant.make(path, folder)
    with variant.load(file) as runtime:
        for number, (inputs, outputs) in enumerate(calls):
            for name in _LATER if number else _FIRST:
                call = Setup(runtime, runtime.model_names[0], file, folder, inputs, outputs, random.Random(number))
                try:
                    result = FORMS[name](call)
                except Exception as error:  # whatever it is, it is a finding
                    found.append(f"call {number}, {name}: {type(error).__name__}: {error}")
                    continue
                texts = {output: difference(result.get(output), array) for output, array in outputs.items()}
                found += [f"call {number}, {name}, output '{output}': {text}" for output, text in texts.items() if text]
    return found
