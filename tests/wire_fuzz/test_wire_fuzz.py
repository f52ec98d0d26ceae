"""A short run of the fuzz; the long one is a command (see ``__main__.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.live import nothing_leaks
from support.serving import serving
from wire_fuzz.running import fuzz

from hbm_runtime.serving.settings import Limits

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

__all__ = ["nothing_leaks"]


def test_hostile_requests_harm_nobody(models: ModelFactory) -> None:
    limits = Limits(message_bytes=1_000_000, idle_seconds=2, repeat=10)
    with serving([models.scaled(2), models.mixed()], limits=limits, allow_upload=True) as server:
        outcome = fuzz(str(server.http), str(server.grpc), 1, requests=500)
    assert outcome.wrong == []
    assert outcome.requests == 1000
