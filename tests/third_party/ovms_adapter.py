"""``OVMSAdapter`` of OpenVINO's Model API against a server; run where openvino-model-api is installed.

``python ovms_adapter.py HTTP``: address of a server that has the model times_2.
"""

from __future__ import annotations

import sys

import numpy as np
from model_api.adapters import OVMSAdapter

X = np.arange(6, dtype=np.float32).reshape(2, 3)

if __name__ == "__main__":
    adapter = OVMSAdapter(f"{sys.argv[1]}/v2/models/times_2")
    adapter.load_model()
    described = adapter.get_input_layers()["x"]
    assert list(described.shape) == [2, 3]
    np.testing.assert_array_equal(adapter.infer_sync({"x": X})["y"], 2 * X)
    print("OVMSAdapter got the right answer")
