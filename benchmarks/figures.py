"""A measured figure and its bound."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

PREFIX = "figure: "


@dataclass
class Figure:
    """One line of the table.

    Attributes:
        name: What was measured.
        value: The result.
        bound: What it is held to.
        unit: Their unit; empty for ratios.
        at_least: The bound is a lower one.
        gate: A miss fails the run.
        detail: The measurements that it was made of.
    """

    name: str
    value: float
    bound: float
    unit: str = ""
    at_least: bool = False
    gate: bool = True
    detail: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """True if the bound holds."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def report(self) -> None:
        """Reports the figure to the runner."""
        print(PREFIX + json.dumps(asdict(self)), flush=True)
