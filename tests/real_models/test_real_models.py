"""Trained models as users bring them: as ONNX files and packed, bit for bit what ONNX Runtime gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from differential.reference import Refused
from differential.variants import SHORT
from support.engine_version import is_older_than

from .catalogue import RealModel
from .checking import differences, expected
from .fetching import CHOSEN, downloads, path_of
from .models import MODELS

LEAST = 25


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the reference."""
    monkeypatch.setenv("BPUSIM_THREADS", "1")


@pytest.mark.no_sanitizer
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_trained_model_gives_what_onnx_runtime_gives(model: RealModel, tmp_path: Path) -> None:
    path = path_of(model, downloads())
    # Who says where they are wants the proof: then none may be missing.
    if not path.exists() and not CHOSEN:
        pytest.skip("the trained models are not here; ./build.sh test downloads them")
    try:
        calls = [*expected(model, path)]
    except Refused as refusal:
        if is_older_than("1.31"):
            pytest.skip(f"this version of ONNX Runtime refuses the model: {refusal}")
        raise
    for variant in SHORT:
        assert differences(path, variant, tmp_path, calls) == [], variant.name


def test_the_catalogue_has_models_of_all_kinds() -> None:
    names = [model.name for model in MODELS]
    assert len(set(names)) == len(names) >= LEAST
    kinds = " ".join(model.kind for model in MODELS)
    assert all(kind in kinds for kind in ("vision", "speech", "text", "streaming"))
    assert sum(bool(model.state) for model in MODELS) >= 5
    assert sum(len({tuple(sizes.items()) for sizes in model.sizes}) > 1 for model in MODELS) >= 15
