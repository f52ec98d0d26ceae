"""Runs a case in all forms from all variants, and reports what differs from the reference."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.dtypes import Array

from hbm_runtime import HB_HBMRuntime, HbmError
from hbm_runtime.packer import PackError

from .cases import Arrays, Case
from .forms import FORMS, PROGRAMS, TWICE, Form, Setup
from .reference import Reference, Refused, difference
from .variants import RAW, SHORT, Variant


@dataclass(frozen=True)
class Difference:
    """One thing that is not as ONNX Runtime has it."""

    seed: int
    where: str
    text: str

    def __str__(self) -> str:
        return f"seed {self.seed}, {self.where}: {self.text}"


@dataclass
class Report:
    """What became of a case.

    Attributes:
        differences: None when all is well.
        compared: Results that were compared.
        refused: Why ONNX Runtime does not run it; "" when it does.
    """

    differences: list[Difference] = field(default_factory=list)
    compared: int = 0
    refused: str = ""


@dataclass(frozen=True)
class Plan:
    """How much is tried.

    Attributes:
        variants: Files that are run.
        programs: Forms that start programs or take longer, too.
    """

    variants: Sequence[Variant] = SHORT
    programs: Sequence[str] = ()


def check_case(case: Case, folder: Path, plan: Plan = Plan()) -> Report:
    """Runs everything that the plan says."""
    report = Report()
    path = case.write(folder)
    variants = [variant for variant in plan.variants if not (variant.needs_one_file and case.external)]
    if case.refused:
        _check_refusals(case, path, folder, variants, report)
        return report
    wanted = list(_wanted(case, path, report))
    if not wanted:
        return report
    for variant in variants:
        checker = _Checker(case, variant, folder, report)
        try:
            file = variant.make(path, folder)
            checker.run(file, wanted, plan.programs)
        except Exception as error:  # whatever it is, it is a finding
            checker.found("loading", f"{type(error).__name__}: {error}")
    return report


def _wanted(case: Case, path: Path, report: Report) -> Iterator[tuple[int, Arrays, Arrays]]:
    """Number, inputs and outputs of each call that ONNX Runtime can do."""
    try:
        reference = Reference(path)
    except Refused as error:
        report.refused = str(error)
        return
    for number, inputs in enumerate(case.calls[:1] if case.draws else case.calls):
        outputs = reference.run(inputs)
        if isinstance(outputs, str):
            report.refused = outputs
            _check_that_it_fails(case, path, number, inputs, report)
        else:
            yield number, inputs, outputs


def _check_that_it_fails(case: Case, path: Path, number: int, inputs: Arrays, report: Report) -> None:
    try:
        HB_HBMRuntime(path).run(inputs)
    except HbmError:
        return
    except Exception as error:
        text = f"ONNX Runtime refuses the run, and this is a {type(error).__name__}: {error}"
    else:
        text = f"ONNX Runtime refuses the run, and here it succeeds: {report.refused}"
    report.differences.append(Difference(case.seed, f"{RAW.name}, call {number}, run", text))


def _check_refusals(case: Case, path: Path, folder: Path, variants: Sequence[Variant], report: Report) -> None:
    """A tensor of half bytes is an error that names it, unless the engine has another reason to refuse the model."""
    try:
        Reference(path)
    except Refused as error:
        report.refused = str(error)
        return
    for variant in variants:
        try:
            variant.load(variant.make(path, folder))
            text = "was loaded"
        except (HbmError, PackError) as error:
            text = "" if case.refused in str(error) else f"the error does not name it: {error}"
        report.compared += 1
        if text:
            report.differences.append(Difference(case.seed, variant.name, f"tensor '{case.refused}' of 4 bits: {text}"))


class _Checker:
    """One variant of one case."""

    def __init__(self, case: Case, variant: Variant, folder: Path, report: Report) -> None:
        self._case = case
        self._variant = variant
        self._folder = folder
        self._report = report
        self._random = random.Random(case.seed)

    def found(self, where: str, text: str) -> None:
        """Notes a difference."""
        self._report.differences.append(Difference(self._case.seed, f"{self._variant.name}, {where}", text))

    def run(self, file: Path, wanted: Sequence[tuple[int, Arrays, Arrays]], programs: Sequence[str]) -> None:
        """All forms of the first call, some of the others, then the first call again, whose sizes were seen before."""
        runtime = self._variant.load(file)
        kept: list[tuple[Mapping[str, Array], Arrays, str]] = []
        rounds = [*wanted, wanted[0]] if len(wanted) > 1 and not self._case.draws else wanted
        for turn, (number, inputs, outputs) in enumerate(rounds):
            forms = {**FORMS, **{name: PROGRAMS[name] for name in programs}} if turn == 0 else self._some()
            for name, form in forms.items():
                if self._case.draws:
                    if name in TWICE:
                        continue
                    runtime = self._variant.load(file)
                call = Setup(runtime, runtime.model_names[0], file, self._folder, inputs, outputs, self._random)
                where = f"call {number}, {name}"
                result = self._compare(form, call, where)
                if result is not None and turn == 0:
                    kept.append((result, outputs, where))
        for result, outputs, where in kept:
            self._judge(result, outputs, f"{where}, looked at again after later runs")
        runtime.close()

    def _some(self) -> dict[str, Form]:
        names = ["run of a flat dict", *self._random.sample(list(FORMS), 3)]
        return {name: FORMS[name] for name in names}

    def _compare(self, form: Form, call: Setup, where: str) -> Mapping[str, Array] | None:
        try:
            result = form(call)
        except Exception as error:
            self.found(where, f"{type(error).__name__}: {error}")
            return None
        self._report.compared += 1
        self._judge(result, call.wanted, where)
        return result

    def _judge(self, result: Mapping[str, Array], wanted: Mapping[str, Array], where: str) -> None:
        if "output_names" not in where and list(result) != list(wanted):
            self.found(where, f"outputs are {list(result)} instead of {list(wanted)}")
            return
        for name, array in result.items():
            text = difference(array, wanted[name])
            if text:
                self.found(where, f"output '{name}': {text}")
