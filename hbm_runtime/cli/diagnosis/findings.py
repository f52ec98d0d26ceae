"""Single findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class State(str, Enum):
    """How a finding is meant."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: What it is about.
        text: What was found.
        state: How serious it is.
        advice: What to do; "" when there is nothing to do.
    """

    subject: str
    text: str
    state: State = State.OK
    advice: str = ""

    def document(self) -> dict[str, str]:
        """The finding for JSON."""
        return {"subject": self.subject, "state": self.state.value, "text": self.text, "advice": self.advice}


@dataclass
class Findings:
    """Findings of one kind, and the facts behind them for programs, which know them by their key."""

    key: str
    title: str
    rows: list[Finding] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def ok(self, subject: str, text: object) -> None:
        """Adds something that is as it should be."""
        self.rows.append(Finding(subject, str(text)))

    def note(self, subject: str, text: object, advice: str = "") -> None:
        """Adds something that may matter."""
        self.rows.append(Finding(subject, str(text), State.NOTE, advice))

    def problem(self, subject: str, text: object, advice: str) -> None:
        """Adds something that keeps models from running."""
        self.rows.append(Finding(subject, str(text), State.PROBLEM, advice))
