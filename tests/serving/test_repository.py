"""Loading, unloading, uploading and replacing models, by clients and by SIGHUP."""

from __future__ import annotations

import base64
import json
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import helper
from support import onnx_models
from support.live import nothing_leaks
from support.serving import Client, client_of, infer, serving

from hbm_runtime import InputError, ModelError
from hbm_runtime.serving.settings import Limits

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

__all__ = ["nothing_leaks"]

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def _index(client: Client, protocol: str) -> dict[str, str]:
    if protocol == "http":
        entries = client.get_model_repository_index()
    else:
        entries = client.get_model_repository_index(as_json=True)["models"]
    return {entry["name"]: entry["state"] for entry in entries}


def _times(client: Client, protocol: str, model: str) -> float:
    return float(infer(client, protocol, model, {"x": X}).as_numpy("y")[0, 1])


def test_models_are_unloaded_and_loaded(models: ModelFactory, protocol: str) -> None:
    with serving([models.scaled(2), models.mixed()]) as server, client_of(server, protocol) as client:
        assert _index(client, protocol) == {"times_2": "READY", "mixed": "READY"}
        client.unload_model("times_2")
        assert _index(client, protocol) == {"times_2": "UNAVAILABLE", "mixed": "READY"}
        assert not client.is_model_ready("times_2")
        assert client.is_server_ready()
        with pytest.raises(Exception, match="is not loaded"):
            _times(client, protocol, "times_2")
        client.load_model("times_2")
        assert _times(client, protocol, "times_2") == 2
        with pytest.raises(Exception, match="no model file is known"):
            client.load_model("times_3")


def test_one_model_of_several_in_a_file_is_unloaded(models: ModelFactory, protocol: str) -> None:
    given = {"in": np.ones((1, 2), np.float32)}
    with serving([models.pair()]) as server, client_of(server, protocol) as client:
        client.unload_model("first")
        np.testing.assert_array_equal(infer(client, protocol, "second", given).as_numpy("out"), 3 * given["in"])
        client.load_model("first")
        np.testing.assert_array_equal(infer(client, protocol, "first", given).as_numpy("out"), 2 * given["in"])


def test_a_folder_s_models_are_served_and_new_ones_found(models: ModelFactory, protocol: str, tmp_path: Path) -> None:
    shutil.copy(models.scaled(2), tmp_path / "times_2.onnx")
    in_triton_s_layout = tmp_path / "triple" / "1"
    in_triton_s_layout.mkdir(parents=True)
    shutil.copy(models.scaled(3), in_triton_s_layout / "model.onnx")
    with serving(folder=tmp_path) as server, client_of(server, protocol) as client:
        assert _index(client, protocol) == {"times_2": "READY", "triple": "READY"}
        assert _times(client, protocol, "triple") == 3
        shutil.copy(models.scaled(5), tmp_path / "five.onnx")
        client.load_model("five")
        assert _times(client, protocol, "five") == 5


def test_a_file_is_swapped_under_load_and_nothing_fails(models: ModelFactory, protocol: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    shutil.copy(models.scaled(2), path)
    failures: list[Any] = []
    seen: set[float] = set()
    stop = threading.Event()
    with serving([path]) as server:

        def work() -> None:
            with client_of(server, protocol) as client:
                try:
                    while not stop.is_set():
                        seen.add(_times(client, protocol, "model"))
                except Exception as error:
                    failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        with client_of(server, protocol) as client:
            for turn in range(10):
                replacement = tmp_path / "next"
                shutil.copy(models.scaled(3 if turn % 2 == 0 else 2), replacement)
                replacement.replace(path)
                if turn % 5 == 4:  # other options: a new runtime
                    client.load_model("model", config=json.dumps({"parameters": {"threads": {"string_value": "1"}}}))
                elif turn % 5 == 3:
                    server.reload()
                else:
                    client.load_model("model")
        stop.set()
        for thread in threads:
            thread.join(30)
    assert not failures
    assert seen == {2, 3}


def test_what_cannot_be_loaded_changes_nothing(models: ModelFactory, protocol: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    shutil.copy(models.scaled(2), path)
    with serving([path]) as server, client_of(server, protocol) as client:
        path.write_bytes(b"nonsense")
        with pytest.raises(Exception, match=r"model\.onnx"):
            client.load_model("model")
        server.reload()
        path.unlink()
        with pytest.raises(Exception, match=r"model\.onnx"):
            client.load_model("model")
        server.reload()
        assert _times(client, protocol, "model") == 2


@pytest.mark.parametrize("kept", [True, False])
def test_a_model_is_uploaded_and_replaced(protocol: str, tmp_path: Path, kept: bool) -> None:
    folder = tmp_path / "uploads" if kept else None

    def content(factor: float) -> bytes:
        return onnx_models.scaled(factor).SerializeToString()

    with serving(allow_upload=True, upload_folder=folder) as server, client_of(server, protocol) as client:
        client.load_model("mine", config="{}", files={"file:1/model.onnx": content(4)})
        assert _times(client, protocol, "mine") == 4
        client.load_model("mine", config="{}", files={"file:1/model.onnx": content(5)})
        assert _times(client, protocol, "mine") == 5
        client.unload_model("mine")
        client.load_model("mine")
        assert _times(client, protocol, "mine") == 5
    if folder is not None:
        assert [path.name for path in folder.iterdir()] == ["mine"]
        with serving(allow_upload=True, upload_folder=folder) as server, client_of(server, protocol) as client:
            assert _times(client, protocol, "mine") == 5


BAD_UPLOADS: dict[str, tuple[str, dict[str, bytes], str]] = {
    "a path as the name": ("../evil", {"file:1/model.onnx": b"x"}, "no name for an uploaded model|404"),
    "a hidden name": (".evil", {"file:1/model.onnx": b"x"}, "no name for an uploaded model"),
    "a path as the file": ("mine", {"file:../../evil": b"x"}, "an upload is one file"),
    "an absolute path": ("mine", {"file:/etc/evil": b"x"}, "an upload is one file"),
    "another version": ("mine", {"file:2/model.onnx": b"x"}, "an upload is one file"),
    "two files": ("mine", {"file:1/model.onnx": b"x", "file:1/model.hbm": b"x"}, "an upload is one file"),
    "no model": ("mine", {"file:1/model.hbm": b"nonsense"}, "mine"),
    "too large": ("mine", {"file:1/model.onnx": bytes(5001)}, "5000|larger"),
}


@pytest.mark.parametrize(("name", "files", "text"), list(BAD_UPLOADS.values()), ids=list(BAD_UPLOADS))
def test_a_wrong_upload_leaves_nothing(
    protocol: str, tmp_path: Path, name: str, files: dict[str, bytes], text: str
) -> None:
    folder = tmp_path / "uploads"
    settings: dict[str, Any] = {"allow_upload": True, "upload_folder": folder, "limits": Limits(upload_bytes=5000)}
    with serving(**settings) as server, client_of(server, protocol) as client:
        with pytest.raises(Exception, match=text):
            client.load_model(name, config="{}", files=files)
        assert list(folder.iterdir()) == []
        assert _index(client, protocol) == {} if protocol == "http" else True
    assert [path.name for path in tmp_path.iterdir()] == ["uploads"]


def test_a_full_disk_is_reported(protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with serving(allow_upload=True, upload_folder=tmp_path) as server, client_of(server, protocol) as client:
        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(Exception, match="No space left"):
            client.load_model("mine", config="{}", files={"file:1/model.onnx": b"x"})
        assert list(tmp_path.iterdir()) == []


def test_an_encrypted_model_is_loaded_with_its_passphrase(models: ModelFactory, protocol: str, tmp_path: Path) -> None:
    from hbm_runtime.encryption import encrypt_model

    encrypted = tmp_path / "secret.hbm"
    encrypt_model(models.cores(1), encrypted, "pass")
    config = {"parameters": {"passphrase": {"string_value": "pass"}}}
    with serving(allow_upload=True) as server, client_of(server, protocol) as client:
        files = {"file:1/model.hbm": encrypted.read_bytes()}
        with pytest.raises(Exception, match="encrypted"):
            client.load_model("secret", config="{}", files=files)
        client.load_model("secret", config=json.dumps(config), files=files)
        assert _times(client, protocol, "secret") == 2


def test_text_that_is_no_base64_is_refused() -> None:
    from hbm_runtime.serving.models.control import _bytes_of

    assert _bytes_of("m", base64.b64encode(b"x").decode()) == b"x"
    for value in ("***", 5, None):
        with pytest.raises(InputError, match="base64"):
            _bytes_of("m", value)


def test_a_server_with_wrong_models_does_not_start(models: ModelFactory, tmp_path: Path) -> None:
    (tmp_path / "times_2.onnx").write_bytes(models.scaled(2).read_bytes())
    with (
        pytest.raises(InputError, match="two files have a model 'times_2'"),
        serving([models.scaled(2), tmp_path / "times_2.onnx"]),
    ):
        pass
    (tmp_path / "bad.hbm").write_bytes(b"nonsense")
    with pytest.raises(ModelError), serving([models.scaled(2), tmp_path / "bad.hbm"]):
        pass


def quotient_that_does_not_exist() -> bytes:
    """A graph that ends the engine while it loads it; behind a node nobody sees that before."""
    nodes = [helper.make_node("Identity", ["least"], ["a"]), helper.make_node("Div", ["a", "minus"], ["b"]),
             helper.make_node("Add", ["x", "b"], ["y"])]  # fmt: skip
    constants = {"least": np.array([-(2**63)], np.int64), "minus": np.array([-1], np.int64)}
    tensors = [("x", "S64", [1])], [("y", "S64", [1])]
    return onnx_models.build(nodes, *tensors, constants).SerializeToString()


def test_an_upload_that_ends_the_engine_ends_only_its_trial(protocol: str, tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    with serving(allow_upload=True, upload_folder=folder) as server, client_of(server, protocol) as client:
        with pytest.raises(Exception, match="the engine ends with this model: SIG"):
            client.load_model("mine", config="{}", files={"file:1/model.onnx": quotient_that_does_not_exist()})
        assert list(folder.iterdir()) == []
        content = onnx_models.scaled(4).SerializeToString()
        client.load_model("mine", config="{}", files={"file:1/model.onnx": content})
        assert _times(client, protocol, "mine") == 4
