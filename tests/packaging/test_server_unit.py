"""The Debian package's unit for the server: confined, off until somebody enables it, with a command that there is."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from hbm_runtime.cli.arguments import Parser
from hbm_runtime.cli.commands import serve

DEBIAN = Path(__file__).parents[2] / "debian"
UNIT = DEBIAN / "python3-hbm-runtime.hbm-runtime-serve.service"

pytestmark = pytest.mark.skipif(not UNIT.exists(), reason="the source distribution has no debian folder")

CONFINED = {
    "DynamicUser": "yes",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallFilter": "@system-service",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
}


def _settings() -> dict[str, str]:
    lines = [line for line in UNIT.read_text().splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_it_is_confined() -> None:
    settings = _settings()
    assert {name: settings.get(name) for name in CONFINED} == CONFINED
    assert "User" not in settings  # root


def test_the_board_s_devices_can_be_opened() -> None:
    """Each of these makes a list of devices of which all others are closed, ProtectClock on Ubuntu 22.04."""
    closing = {"PrivateDevices", "ProtectClock", "DeviceAllow", "DevicePolicy"}
    assert not closing & _settings().keys()


def test_it_is_off_until_it_is_enabled() -> None:
    assert "dh_installsystemd --name=hbm-runtime-serve --no-enable --no-start" in (DEBIAN / "rules").read_text()
    assert not any("systemctl" in path.read_text() for path in DEBIAN.glob("python3-hbm-runtime.p*") if path != UNIT)


def test_its_command_is_understood_and_listens_on_loopback() -> None:
    program, command, *words = shlex.split(_settings()["ExecStart"])
    assert (program, command) == ("/usr/bin/hbm-runtime", "serve")
    parser = Parser("serve")
    serve.add_arguments(parser)
    given = parser.parse([word for word in words if not word.startswith("$")])
    assert str(given.models) == f"/var/lib/{_settings()['StateDirectory'].split()[-1]}"
    assert given.http.startswith("127.0.0.1:")
    assert given.grpc.startswith("127.0.0.1:")


def test_it_ends_only_after_the_requests_under_way() -> None:
    parser = Parser("serve")
    serve.add_arguments(parser)
    assert float(_settings()["TimeoutStopSec"]) > parser.parse(["x"]).drain_time
