"""Compares the outputs of two models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbm_runtime.compare.models import ComparedModel
from hbm_runtime.compare.trained_inputs import to_trained_inputs
from hbm_runtime.packer import PackError

Array = NDArray[Any]


@dataclass(frozen=True)
class OutputReport:
    """How far one output differs, over all samples.

    Attributes:
        name: The output's name in the reference.
        other_name: The output's name in the other model.
        shape: Its shape in the last sample.
        cosine: Similarity of all values, 1 when equal up to a factor. The least of all samples.
        largest_error: Largest absolute difference.
        mean_error: Mean absolute difference.
        largest_value: Largest absolute value of the reference, to judge the errors by.
        equal: Part of the values that are exactly equal.
    """

    name: str
    other_name: str
    shape: tuple[int, ...]
    cosine: float
    largest_error: float
    mean_error: float
    largest_value: float
    equal: float


@dataclass(frozen=True)
class Report:
    """The comparison of two models.

    Attributes:
        outputs: Reports of the outputs, in the order of the reference.
        samples: Number of samples that were run.
    """

    outputs: tuple[OutputReport, ...]
    samples: int

    def passes(self, *, least_cosine: float = 0.99, largest_error: float | None = None) -> bool:
        """Returns True if every output is at least this similar and, if given, nowhere farther off than this."""
        return all(
            output.cosine >= least_cosine and (largest_error is None or output.largest_error <= largest_error)
            for output in self.outputs
        )

    def to_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {"samples": self.samples, "outputs": [asdict(output) for output in self.outputs]}


def compare_models(
    reference: ComparedModel,
    other: ComparedModel,
    samples: Sequence[Mapping[str, Array]],
    *,
    reference_samples: Sequence[Mapping[str, Array]] | None = None,
) -> Report:
    """Runs both models on the same samples and compares their outputs.

    Args:
        reference: The model that counts as right, mostly the trained ONNX file.
        other: The model to judge, mostly the packed one.
        samples: Inputs of ``other``.
        reference_samples: Inputs of ``reference``; None makes them from ``samples`` by the description of ``other``:
            colours, range, layout and normalisation.

    Raises:
        PackError: The outputs of the two do not belong together, or inputs cannot be made.
        HbmError: The driver cannot run a sample.
    """
    if not samples:
        raise PackError("there is nothing to compare on: no samples")
    pairs: dict[str, str] = {}
    collected: dict[str, list[OutputReport]] = {}
    for number, sample in enumerate(samples):
        if reference_samples is not None:
            trained = reference_samples[number]
        else:
            trained = to_trained_inputs(reference.inputs, other.description, sample)
        expected, given = reference.run(trained), other.run(sample)
        pairs = pairs or _pairs(list(expected), list(given))
        for name, other_name in pairs.items():
            collected.setdefault(name, []).append(_compare(name, other_name, expected[name], given[other_name]))
    return Report(tuple(_joined(reports) for reports in collected.values()), len(samples))


def _pairs(expected: list[str], given: list[str]) -> dict[str, str]:
    """Outputs that belong together: by name, else by position."""
    common = [name for name in expected if name in given]
    if common:
        return {name: name for name in common}
    if len(expected) == len(given):
        return dict(zip(expected, given, strict=True))
    raise PackError(
        f"the outputs do not belong together: {', '.join(expected)} in the reference, {', '.join(given)} in the other"
    )


def _compare(name: str, other_name: str, expected: Array, given: Array) -> OutputReport:
    if expected.shape != given.shape:
        raise PackError(
            f"output '{name}' has the shape {list(expected.shape)} in the reference, {list(given.shape)} in the other"
        )
    a, b = expected.astype(np.float64).ravel(), given.astype(np.float64).ravel()
    difference = np.abs(a - b)
    # Not-a-number in the same places is equal; in different places it must not hide.
    difference[np.isnan(a) & np.isnan(b)] = 0.0
    difference[np.isnan(difference)] = np.inf
    return OutputReport(
        name=name,
        other_name=other_name,
        shape=expected.shape,
        cosine=_cosine(a, b),
        largest_error=float(difference.max(initial=0.0)),
        mean_error=float(difference.mean()) if difference.size else 0.0,
        largest_value=float(np.nanmax(np.abs(a))) if a.size and not np.isnan(a).all() else 0.0,
        equal=float((difference == 0).mean()) if difference.size else 1.0,
    )


def _cosine(a: Array, b: Array) -> float:
    norms = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    if not np.isfinite(norms):
        return 1.0 if np.array_equal(a, b, equal_nan=True) else 0.0
    if norms == 0.0:
        return 1.0 if np.array_equal(a, b) else 0.0
    return float(np.clip(a @ b / norms, -1.0, 1.0))


def _joined(reports: list[OutputReport]) -> OutputReport:
    last = reports[-1]
    return OutputReport(
        name=last.name,
        other_name=last.other_name,
        shape=last.shape,
        cosine=min(report.cosine for report in reports),
        largest_error=max(report.largest_error for report in reports),
        mean_error=float(np.mean([report.mean_error for report in reports])),
        largest_value=max(report.largest_value for report in reports),
        equal=float(np.mean([report.equal for report in reports])),
    )
