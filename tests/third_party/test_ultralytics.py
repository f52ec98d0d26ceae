"""Ultralytics' client for Triton, the one behind ``YOLO("http://host:8000/model")``, as it is published."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from support.live import nothing_leaks
from support.onnx_models import identity
from support.serving import address_of, serving
from third_party.fetching import CHOSEN, downloads, ultralytics_client

__all__ = ["nothing_leaks"]

TOLD = {"names": {0: "cat", 1: "dog"}, "task": "detect", "imgsz": [8, 8], "stride": 32}


@pytest.fixture
def remote_model() -> Any:
    """The class of the client."""
    path = ultralytics_client(downloads())
    # Who says where it is wants the proof: then it may not be missing.
    if not path.exists() and not CHOSEN:
        pytest.skip("the client is not here; ./build.sh test downloads it")
    described = importlib.util.spec_from_file_location("ultralytics_triton", path)
    assert described is not None
    assert described.loader is not None
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module.TritonRemoteModel


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A model with the metadata that Ultralytics writes into its exports."""
    model = identity("F32", (1, 3, 8, 8))
    onnx.helper.set_model_props(model, {name: str(value) for name, value in TOLD.items()})
    path = tmp_path / "yolo.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("protocol", ["http", "grpc"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8])
def test_pictures_go_there_and_come_back(remote_model: Any, exported: Path, protocol: str, dtype: Any) -> None:
    picture = np.arange(192).reshape(1, 3, 8, 8).astype(dtype)
    with serving([exported]) as server:
        model = remote_model(f"{protocol}://{address_of(server, protocol)}/yolo")
        try:
            (answer,) = model(picture)
        finally:
            model.triton_client.close()
    assert answer.dtype == dtype
    np.testing.assert_array_equal(answer, picture)
    assert {name: model.metadata[name] for name in TOLD} == {name: str(value) for name, value in TOLD.items()}
