"""Schemathesis judges the HTTP half by the protocol's OpenAPI file: every path, requests right and wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from support.live import nothing_leaks
from support.serving import client_of, serving

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

__all__ = ["nothing_leaks"]

OPENAPI = Path(__file__).parents[2] / "docs" / "api" / "openapi.yaml"
SETTINGS = """
[checks]
# Which values a right request may have is the model's affair.
positive_data_acceptance.enabled = false
# Models that were unloaded answer 503, and requests whose time limit is tiny 504.
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503", "504"]
"""


def test_every_path_keeps_what_the_openapi_file_promises(models: ModelFactory, tmp_path: Path) -> None:
    document = yaml.safe_load(OPENAPI.read_text())
    # Names that exist, so that requests come further than to "no such model". Those that are unloaded keep random ones.
    document["components"]["parameters"]["Model"]["schema"]["enum"] = ["times_2", "mixed"]
    described = tmp_path / "openapi.yaml"
    described.write_text(yaml.safe_dump(document))
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    with serving([models.scaled(2), models.mixed()]) as server:
        words = ["run", str(described), "--url", f"http://{server.http}", "--seed", "1", "--generation-deterministic"]
        words += ["--max-examples", "20", "--warnings", "off", "--no-color"]
        done = subprocess.run(
            [str(Path(sys.executable).parent / "schemathesis"), *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
        assert "Tested: 24" in done.stdout
        with client_of(server, "http") as client:
            assert client.is_server_ready()
