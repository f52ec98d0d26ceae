"""Lets the OpenVINO plug-in take any processor: it offers itself to those of its maker only."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import mmap
from collections.abc import Iterator
from pathlib import Path

from support.engine_version import is_older_than

VENDOR_ID = 308  # position of HardwareDevice_VendorId in ONNX Runtime's function table
INTEL = 0x8086


class _Base(ctypes.Structure):
    _fields_ = (("get_api", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint32)), ("version", ctypes.c_void_p))


def is_installed() -> bool:
    """Returns True if the plug-in's package is there, and an engine that takes plug-ins."""
    return importlib.util.find_spec("onnxruntime_ep_openvino") is not None and not is_older_than("1.22")


@contextlib.contextmanager
def any_processor() -> Iterator[None]:
    """Lets ONNX Runtime tell plug-ins that this processor is Intel's, as long as the block runs."""
    spec = importlib.util.find_spec("onnxruntime")
    assert spec is not None
    assert spec.submodule_search_locations
    library = ctypes.CDLL(str(next(Path(spec.submodule_search_locations[0], "capi").glob("libonnxruntime.so.*"))))
    library.OrtGetApiBase.restype = ctypes.POINTER(_Base)
    entry = library.OrtGetApiBase().contents.get_api(22) + VENDOR_ID * ctypes.sizeof(ctypes.c_void_p)
    page = entry & -mmap.PAGESIZE
    libc = ctypes.CDLL(None)
    libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    assert libc.mprotect(page, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE) == 0
    vendor = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_void_p)(lambda _device: INTEL)
    pointer = ctypes.c_void_p.from_address(entry)
    before = pointer.value
    pointer.value = ctypes.cast(vendor, ctypes.c_void_p).value
    try:
        yield
    finally:
        pointer.value = before
