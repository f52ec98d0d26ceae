"""Every exception of the package is raised by a situation that users get into, and has its line in the guide."""

from __future__ import annotations

import ast
import http.server
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.child import output_of, run_python
from support.live import let_go
from support.model_factory import ModelFactory

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, HbmError, _core, encryption

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "errors.md"
X = np.ones((2, 3), np.float32)
PASSPHRASE = "a passphrase of four words"

Situation = Callable[[ModelFactory, Path], None]
SITUATIONS: dict[str, tuple[Situation, dict[str, Any]]] = {}


def raises(**attributes: Any) -> Callable[[Situation], Situation]:
    """Notes a situation; its function is named as the error. The attributes are those that the error has."""

    def note(situation: Situation) -> Situation:
        SITUATIONS[situation.__name__] = (situation, attributes)
        return situation

    return note


@raises(model="nobody")
def InputError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    HB_HBMRuntime(models.scaled(2)).run(X, model_name="nobody")


@raises(model="times_2", tensor="x")
def ShapeError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    HB_HBMRuntime(models.scaled(2)).run(X[0])


@raises()
def InputTypeError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    hbm_runtime.dequantize([1, 2], {"scale": 0.5})  # type: ignore[arg-type]


@raises(function="hbDNNInitializeFromFiles", status_name="HB_UCP_MODEL_INCOMPATIBLE")
def ModelError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    """A file that was compiled for a board, on a PC."""
    path = folder / "board.hbm"
    path.write_bytes(b"compiled for a board " * 100)
    HB_HBMRuntime(path)


@raises(function="hbDNNInitializeFromFiles", status_name="HB_UCP_MODEL_INVALID")
def ContainerError(models: ModelFactory, folder: Path) -> None:
    path = folder / "cut.hbm"
    path.write_bytes(models.pair().read_bytes()[:-100])
    HB_HBMRuntime(path)


@raises()
def HbmIOError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    path = folder / "model.hbm"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))
        HB_HBMRuntime(path)


@raises()
def ModelNotFoundError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    HB_HBMRuntime(folder / "nowhere.hbm")


def encrypted(models: ModelFactory, folder: Path) -> Path:
    path = folder / "secret.hbm"
    encryption.encrypt_model(models.scaled(2), path, PASSPHRASE)
    return path


@raises()
def EncryptedModelError(models: ModelFactory, folder: Path) -> None:
    HB_HBMRuntime(encrypted(models, folder))


@raises()
def WrongPassphraseError(models: ModelFactory, folder: Path) -> None:
    HB_HBMRuntime(encrypted(models, folder), passphrase=PASSPHRASE + "!")


@raises()
def TamperedModelError(models: ModelFactory, folder: Path) -> None:
    path = encrypted(models, folder)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    HB_HBMRuntime(path, passphrase=PASSPHRASE)


@raises(function="hbDNNInferV2", status=-100002, status_name="HB_UCP_API_USE_ERROR", model="times_2")
def DriverError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    runtime = HB_HBMRuntime(models.scaled(2))
    _core.set_faults("hbDNNInferV2:fail=HB_UCP_API_USE_ERROR")
    runtime.run(X)


@raises(function="hbUCPMallocCached", status_name="HB_UCP_MEM_ALLOC_FAIL", model="times_2", tensor="x")
def OutOfResourcesError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    runtime = HB_HBMRuntime(models.scaled(2))
    _core.set_faults("hbUCPMallocCached:fail=HB_UCP_MEM_ALLOC_FAIL")
    runtime.run(X)


@raises(model="nonzero", function="inferOutputProperties")
def UnsupportedError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    """The shape depends on the data."""
    HB_HBMRuntime(models.nonzero()).infer_shapes("nonzero", {"x": (3,)})


@raises(function="hbUCPWaitTaskDone", status_name="HB_UCP_TASK_TIMEOUT", model="times_2")
def HbmTimeoutError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    runtime = HB_HBMRuntime(models.scaled(2))
    _core.set_faults("task:hang@1")
    runtime.run(X, timeout=0.01)


@raises(model="times_2")
def HbmDeadlineError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    HB_HBMRuntime(models.scaled(2)).run_async(X, deadline=time.monotonic() - 1).result(10)


@raises(model="times_2")
def HbmCancelledError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    runtime = HB_HBMRuntime(models.scaled(2))
    _core.set_faults("task:hang@1")
    request = runtime.run_async(X)
    request.abandon()
    request.result(10)


@raises()
def HbmQueueFullError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    queue = HB_HBMRuntime(models.scaled(2)).queue("times_2", size=1, policy="reject", on_result=print)
    _core.set_faults("task:hang@1")
    for _ in range(3):
        queue.submit(X)


@raises()
def HbmStateError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    hbm_runtime.load_driver("vendor")


@raises()
def HbmClosedError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    with HB_HBMRuntime(models.scaled(2)) as runtime:
        pass
    runtime.run(X)


@raises()
def HbmNetworkError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    hbm_runtime.connect(f"http://127.0.0.1:{port}")


@raises()
def HbmRemoteError(models: ModelFactory, folder: Path) -> None:  # noqa: ARG001
    class Nonsense(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"no server of models")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Nonsense) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            hbm_runtime.connect(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()


IN_A_CHILD = """
import os, sys
import numpy as np
import hbm_runtime
try:
{code}
except hbm_runtime.HbmError as error:
    print(repr((type(error).__name__, str(error))), flush=True)
"""
CHILDREN = {
    "DriverNotFoundError": "    hbm_runtime.get_devices()",
    "MissingPackageError": (
        "    sys.modules['cryptography'] = None\n"
        "    hbm_runtime.encryption.encrypt_model(sys.argv[1], 'secret.hbm', 'four words or more of it')"
    ),
    "HbmForkError": (
        "    runtime = hbm_runtime.HB_HBMRuntime(sys.argv[1])\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        try:\n"
        "            runtime.run(np.ones((2, 3), np.float32))\n"
        "        except hbm_runtime.HbmError as error:\n"
        "            print(repr((type(error).__name__, str(error))), flush=True)\n"
        "        finally:\n"
        "            os._exit(0)\n"
        "    os.waitpid(child, 0)"
    ),
}


@pytest.fixture(autouse=True)
def no_faults() -> Iterator[None]:
    yield
    let_go()


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_raises_its_error(models: ModelFactory, tmp_path: Path, name: str) -> None:
    situation, attributes = SITUATIONS[name]
    with pytest.raises(HbmError) as caught:
        situation(models, tmp_path)
    error = caught.value
    assert type(error) is getattr(hbm_runtime, name)
    reported = {key: getattr(error, key) for key in ("function", "status", "status_name", "model", "tensor")}
    assert {key: reported[key] for key in attributes} == attributes
    assert (reported["function"] is None) == (reported["status"] is None) == ("function" not in attributes)
    for value in (reported["model"], reported["tensor"]):
        assert value is None or value in str(error)


@pytest.mark.parametrize("name", CHILDREN)
def test_a_situation_of_a_process_raises_its_error(models: ModelFactory, tmp_path: Path, name: str) -> None:
    environment = {"HBM_RUNTIME_DRIVER": str(tmp_path)} if name == "DriverNotFoundError" else {}
    script = IN_A_CHILD.format(code=CHILDREN[name])
    done = run_python(script, models.scaled(2), cwd=tmp_path, environment=environment, fresh=True)
    raised, text = ast.literal_eval(output_of(done))
    assert raised == name
    assert text.strip()


def test_a_socket_is_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "model.hbm"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))
        with pytest.raises(hbm_runtime.HbmIOError, match=r"model\.hbm") as caught:
            HB_HBMRuntime(path)
    assert isinstance(caught.value, OSError)


def family(root: type[HbmError] = HbmError) -> set[type[HbmError]]:
    return {root}.union(*(family(child) for child in root.__subclasses__()))


def test_every_error_has_a_situation_advice_and_a_place_in_the_guide() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    ours = {kind for kind in family() if kind.__name__ in hbm_runtime.__all__}
    assert {kind.__name__ for kind in ours} == {"HbmError", *SITUATIONS, *CHILDREN}
    for kind in ours - {HbmError}:
        name = kind.__name__
        assert getattr(hbm_runtime, name) is kind
        assert name in hbm_runtime.__all__
        assert "How to fix: " in (kind.__doc__ or "")
        (row,) = [line for line in guide.splitlines() if line.startswith(f"| `{name}`")]
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert all(cells[i] for i in (0, 2, 3)), f"{name} lacks its cause or how to fix it in {GUIDE.name}"
