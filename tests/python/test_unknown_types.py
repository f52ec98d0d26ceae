"""Types of newer drivers, and those that numpy lacks: readable, and refused by name when they are run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.child import output_of, run_python
from support.driver_files import build_test_driver

TYPES = {"unknown": ("metadata=dtype", "UNKNOWN_99", 99), "S4": ("dtype=0", "S4", 0), "U4": ("dtype=1", "U4", 1)}

READS = """
import copy, json, pickle, sys
import numpy as np
import hbm_runtime
from hbm_runtime import HB_HBMRuntime, HbmError, hbDNNDataType
runtime = HB_HBMRuntime(sys.argv[1])
kind = runtime.input_dtypes["null"]["data"]
again = [runtime.output_dtypes["null"]["output"], copy.copy(kind), copy.deepcopy([kind])[0]]
again += [pickle.loads(pickle.dumps(kind, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
info = runtime["null"].inputs["data"]

def refusal(action):
    try:
        return str(action())
    except HbmError as error:
        return f"{type(error).__name__}|{error.model}|{error.tensor}|{error}"

x = np.ones(16, np.float32)
print(json.dumps({
    "str": str(kind), "repr": repr(kind), "name": kind.name, "int": int(kind), "index": list(range(200))[kind],
    "equal": kind == int(sys.argv[2]) and hash(kind) == hash(int(sys.argv[2])) and isinstance(kind, hbDNNDataType),
    "same": all(each is kind for each in again), "listed": len(list(hbDNNDataType)),
    "summary": json.loads(json.dumps(runtime.summary()))["models"]["null"]["inputs"][0]["dtype"],
    "nbytes": info.nbytes, "info": repr(info), "dtype": refusal(lambda: info.np_dtype),
    "runs": [refusal(lambda: run()) for run in (
        lambda: runtime.run({"data": x}, "null"), lambda: runtime.run({"data": np.array(["a"])}, "null"),
        lambda: runtime.run_async({"data": x}, "null").result(), lambda: runtime.bind("null"),
        lambda: runtime["null"].empty_inputs(),
        lambda: info.quantize(x),
    )],
    "other": len(sys.argv) < 4 or list(runtime.run({"data": x}, "null1")["null1"]["output"].shape),
}))
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_test_driver(tmp_path_factory.mktemp("driver"))


@pytest.mark.parametrize("case", TYPES)
def test_types_that_cannot_be_run_are_readable_and_refused_by_name(driver: Path, tmp_path: Path, case: str) -> None:
    settings, name, value = TYPES[case]
    others = ["others"] if case == "unknown" else []
    done = run_python(
        READS,
        driver / "libdnn.so",
        value,
        *others,
        cwd=tmp_path,
        environment={"HBM_RUNTIME_DRIVER": str(driver), "HBM_TEST_DRIVER": f"models=2 {settings}"},
    )
    seen = json.loads(output_of(done))
    runs = seen.pop("runs")
    assert seen == {
        "str": f"hbDNNDataType.{name}",
        "repr": f"<hbDNNDataType.{name}: {value}>",
        "name": name,
        "int": value,
        "index": value,
        "equal": True,
        "same": True,
        "listed": 15,
        "summary": name,
        "nbytes": None,
        "info": f"TensorInfo('data', [16], {name})",
        "dtype": f"UnsupportedError|None|None|numpy has no element type for {name}",
        "other": [16] if others else True,
    }
    reported = "99 (unknown to this version)" if case == "unknown" else name
    for text in runs[:5]:
        assert text.startswith("InputError|null|data|model 'null', input 'data'"), text
        assert reported in text
        assert "  " not in text
        assert "numpy.)" not in text
    assert runs[5].startswith("InputError|None|data|tensor 'data': quantize()")
    assert name in runs[5]


QUANTISED = """
import pickle, sys, numpy as np
from hbm_runtime import HB_HBMRuntime, HbmError, hbDNNQuantiType
runtime = HB_HBMRuntime(sys.argv[1])
quant = runtime.output_quants["null"]["output"]
print(quant.quant_type, repr(quant), isinstance(quant.quant_type, hbDNNQuantiType), quant.scale.tolist())
print(pickle.loads(pickle.dumps(quant)) == quant, runtime["null"].outputs["output"].scheme)
print(runtime.output_quants["null1"]["output"].quant_type)
y = runtime.run({"data": np.ones(16, np.float32)}, "null")["null"]["output"]
for action in (lambda: runtime["null"].outputs["output"].dequantize(y.astype(np.int8)),):
    try:
        print(action())
    except HbmError as error:
        print(type(error).__name__, error)
"""


def test_a_quantisation_that_is_not_known_is_readable_and_stored_values_can_be_run(
    driver: Path, tmp_path: Path
) -> None:
    done = run_python(
        QUANTISED,
        driver / "libdnn.so",
        cwd=tmp_path,
        environment={"HBM_RUNTIME_DRIVER": str(driver), "HBM_TEST_DRIVER": "models=2 metadata=quantisation"},
    )
    kind = "hbDNNQuantiType.UNKNOWN_7"
    assert output_of(done).splitlines() == [
        f"{kind} QuantParams(quant_type={kind}, scale=[0.5], zero_point=[], axis=0) True [0.5]",
        "True None",
        "hbDNNQuantiType.NONE",
        "InputError tensor 'output': dequantize(): quantised as 7, which this version does not know",
    ]
