"""What tests of the server share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from support.live import let_go
from support.serving import Client, client_of, serving

from hbm_runtime import _core
from hbm_runtime.serving.server import Server

if TYPE_CHECKING:
    from support.model_factory import ModelFactory


@pytest.fixture(params=["http", "grpc"])
def protocol(request: pytest.FixtureRequest) -> str:
    """Each of the two protocols."""
    return str(request.param)


@pytest.fixture
def server(models: ModelFactory) -> Iterator[Server]:
    """The models times_2 and mixed."""
    with serving([models.scaled(2), models.mixed()]) as server:
        yield server


@pytest.fixture
def client(server: Server, protocol: str) -> Iterator[Client]:
    """tritonclient's client of that server."""
    with client_of(server, protocol) as client:
        yield client


@pytest.fixture
def hanging() -> Iterator[None]:
    """The next task hangs until the test releases it."""
    _core.set_faults("task:hang@1")
    yield
    let_go()
