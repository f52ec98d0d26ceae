"""What the child process of an upload's trial runs. It prints what it does; the engine may end it at any time."""

from __future__ import annotations

import json
import sys


def main(path: str) -> None:
    """Loads the models of a file and runs each once; dynamic dimensions are 1."""
    import numpy as np  # noqa: PLC0415 (from the path that the parent gave)

    import hbm_runtime  # noqa: PLC0415

    sys.stdout.write("loading\n")
    sys.stdout.flush()
    try:
        with hbm_runtime.HB_HBMRuntime(path) as runtime:
            sys.stdout.write("running\n")
            sys.stdout.flush()
            for name in runtime.model_names:
                inputs = {
                    tensor: np.ones([max(size, 1) if size < 0 else size for size in info.shape], info.np_dtype)
                    for tensor, info in runtime[name].inputs.items()
                }
                runtime.run({name: inputs})
    except (hbm_runtime.HbmError, MemoryError) as error:  # the server will find the same
        sys.stderr.write(f"{error}\n")


if __name__ == "__main__":
    sys.path[:] = json.loads(sys.argv[2])
    main(sys.argv[1])
