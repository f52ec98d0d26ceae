"""What the child process runs that asks onnx what is wrong with a model: hostile attributes make its inference endless.

It is started as a program of its own, and prints what onnx says, or nothing.
"""

from __future__ import annotations

import json
import resource
import sys

_MEMORY = 4 << 30


def main(model: str) -> None:
    """Checks the model in the file ``model``, shapes included."""
    import onnx  # noqa: PLC0415 (from the path that the parent gave)

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY if most == resource.RLIM_INFINITY else min(_MEMORY, most), most))
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        print(error)


if __name__ == "__main__":
    sys.path[:] = json.loads(sys.argv[2])
    main(sys.argv[1])
