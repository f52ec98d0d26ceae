"""The documentation as it is read: rendered, every link leads somewhere, and the API pages show what is there."""

from __future__ import annotations

import enum
import fcntl
import html
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

import hbm_runtime

pytest.importorskip("furo", reason="the documentation's tools are not installed")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The documentation as HTML, built once for all workers of pytest-xdist; a warning of Sphinx is an error."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "html"
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".done").exists():
            command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(ROOT / "docs")]
            done = subprocess.run([*command, str(folder)], capture_output=True, text=True, timeout=300, check=False)
            assert done.returncode == 0, done.stderr
            (folder / ".done").touch()
    return folder


def text_of(page: Path) -> str:
    """What a reader sees, with single blanks."""
    body = re.sub(r"(?s)<(script|style|head)\b.*?</\1>", "", page.read_text(encoding="utf-8"))
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", body)).split())


def sections(page: Path) -> dict[str, str]:
    """HTML of each class of an API page, by its dotted name."""
    content = page.read_text(encoding="utf-8")
    heads = re.finditer(r'<dt class="sig[^>]* id="(hbm_runtime\.\w+)"', content)
    starts = [(match.start(), match[1]) for match in heads]
    ends = [start for start, _ in starts[1:]] + [len(content)]
    return {name: content[start:end] for (start, name), end in zip(starts, ends, strict=True)}


def test_every_link_inside_the_documentation_leads_somewhere(built: Path) -> None:
    pages = {page: page.read_text(encoding="utf-8") for page in built.rglob("*.html")}
    ids = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in pages.items()}
    assert len(pages) > 20
    dead = []
    for page, text in pages.items():
        for link in map(html.unescape, re.findall(r'<a [^>]*href="([^"]+)"', text)):
            path, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", link):
                continue
            target = Path(page.parent, unquote(path)).resolve() if path else page
            if not target.exists() or (anchor and target in ids and unquote(anchor) not in ids[target]):
                dead.append(f"{page.relative_to(built)}: {link}")
    assert dead == []


def public_members(cls: type) -> list[str]:
    """What `dir()` shows and this package gives: not what int, tuple, Future and the like bring along."""
    bases = [cls] if issubclass(cls, BaseException) else cls.__mro__  # HbmError's attributes are shown once
    owners = {name: next((base for base in bases if name in vars(base)), None) for name in dir(cls)}
    return [
        name
        for name, owner in owners.items()
        if not name.startswith("_") and owner is not None and owner.__module__.split(".")[0] == "hbm_runtime"
    ]


def test_every_member_of_a_class_is_on_its_page(built: Path) -> None:
    shown = sections(built / "api" / "python.html")
    missing = []
    for name in hbm_runtime.__all__:
        cls = getattr(hbm_runtime, name)
        if not inspect.isclass(cls):
            continue
        section = shown[f"hbm_runtime.{name}"]
        members = set(public_members(cls))
        if issubclass(cls, enum.Enum):  # in tables, with their meaning
            page = (ROOT / "docs" / "api" / "python.md").read_text(encoding="utf-8")
            missing += [each for each in cls.__members__ if f"`{each}`" not in page]
            members -= set(cls.__members__)
        missing += [
            f"{name}.{member}"
            for member in members
            if f'id="hbm_runtime.{name}.{member}"' not in section and f"<strong>{member}</strong>" not in section
        ]
    assert len(shown) > 30
    assert sorted(missing) == []


def test_modules_show_what_they_offer(built: Path) -> None:
    content = (built / "api" / "python-modules.html").read_text(encoding="utf-8")
    for name in ("image", "encryption", "testing", "packer", "compare", "samples"):
        offered = importlib.import_module(f"hbm_runtime.{name}").__all__
        assert [each for each in offered if f'id="hbm_runtime.{name}.{each}"' not in content] == []


def test_text_before_a_colon_is_not_taken_for_a_type(built: Path) -> None:
    shown = text_of(built / "api" / "python.html")
    assert "{model: {output: array}}" in shown
    assert "Statistics by model: of whole requests, and below that by phase, layer and tensor." in shown
    assert "Scale factors, float32, 1-D: one, or one per element of the axis; empty when not quantised." in shown
