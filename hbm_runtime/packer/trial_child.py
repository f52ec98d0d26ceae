"""What the child process of a trial runs: it loads one model, runs it once on made-up inputs, and says how far it got.

It is started as a program of its own: it prints one JSON line for each step, and the engine may end it at any time.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main(model: str) -> None:
    """Loads and runs the model in the file ``model``."""
    import numpy as np  # noqa: PLC0415 (from the path that the parent gave)
    import onnxruntime as ort  # type: ignore[import-untyped]  # noqa: PLC0415

    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.disable_prepacking", "1")
    _tell("loading")
    try:
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        _tell("refused", str(error))
        return
    random = np.random.default_rng(0)
    outputs = {entry.name: [entry.type, entry.shape] for entry in session.get_outputs()}
    _tell("running", outputs=outputs)
    try:
        session.run(None, {entry.name: _made_up(entry, random) for entry in session.get_inputs()})
    except Exception as error:
        _tell("failed", str(error))
        return
    _tell("done")


def _made_up(entry: Any, random: Any) -> Any:
    """Normal numbers for floats, zeros for everything else, which may be an index; dynamic dimensions are 1."""
    import numpy as np  # noqa: PLC0415

    kind = entry.type.removeprefix("tensor(").removesuffix(")")
    kind = {"float": "float32", "double": "float64", "string": "object"}.get(kind, kind)
    shape = [size if isinstance(size, int) and size >= 0 else 1 for size in entry.shape]
    if kind.startswith("float"):
        return random.normal(size=shape).astype(kind)
    return np.full(shape, "" if kind == "object" else 0, kind)


def _tell(step: str, text: str = "", **more: Any) -> None:
    print(json.dumps({"step": step, "text": text, **more}), flush=True)


if __name__ == "__main__":
    sys.path[:] = json.loads(sys.argv[2])
    main(sys.argv[1])
