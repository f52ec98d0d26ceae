"""Loading models for a command, and what the driver tells of their tensors."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hbm_runtime import HB_HBMRuntime, QuantParams, driver_info, hbDNNDataType, load_driver
from hbm_runtime.cli.arguments import Parser, integer, suggestion, words
from hbm_runtime.cli.errors import CommandError, UsageError

DYNAMIC = -1

_NUMPY_TYPES = {
    hbDNNDataType.S8: np.int8,
    hbDNNDataType.U8: np.uint8,
    hbDNNDataType.F16: np.float16,
    hbDNNDataType.S16: np.int16,
    hbDNNDataType.U16: np.uint16,
    hbDNNDataType.F32: np.float32,
    hbDNNDataType.S32: np.int32,
    hbDNNDataType.U32: np.uint32,
    hbDNNDataType.F64: np.float64,
    hbDNNDataType.S64: np.int64,
    hbDNNDataType.U64: np.uint64,
    hbDNNDataType.BOOL8: np.bool_,
}


@dataclass(frozen=True)
class TensorFacts:
    """One input or output as the driver reports it.

    Attributes:
        index: Its place in the model.
        name: Its name.
        dtype: Element type.
        shape: Dimensions; -1 where dynamic.
        strides: Bytes per step; -1 where the caller chooses.
        quant: Quantisation parameters.
        description: Free text, mostly "".
    """

    index: int
    name: str
    dtype: hbDNNDataType
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    quant: QuantParams
    description: str

    @property
    def np_dtype(self) -> np.dtype[Any]:
        """The numpy type of the elements."""
        if self.dtype not in _NUMPY_TYPES:
            raise CommandError(f"tensor {self.name!r} has {self.dtype.name} elements, which are not supported")
        return np.dtype(_NUMPY_TYPES[self.dtype])

    @property
    def is_dynamic(self) -> bool:
        """Whether a dimension is known only when the model runs."""
        return DYNAMIC in self.shape

    @property
    def padded_bytes(self) -> int | None:
        """Bytes from the first to the last row with padding; None where strides are chosen at run time."""
        if self.is_dynamic or DYNAMIC in self.strides:
            return None
        return self.strides[0] * self.shape[0] if self.shape else self.np_dtype.itemsize

    def document(self) -> dict[str, Any]:
        """The facts for JSON; numbers are those of the Python API."""
        return {
            "name": self.name,
            "dtype": self.dtype.name,
            "shape": list(self.shape),
            "strides": list(self.strides),
            "bytes": self.padded_bytes,
            "quantisation": {
                "type": self.quant.quant_type.name,
                "axis": self.quant.axis,
                "scale": self.quant.scale.tolist(),
                "zero_point": self.quant.zero_point.tolist(),
            },
            "description": self.description,
        }


@dataclass(frozen=True)
class ModelFacts:
    """One loaded model."""

    name: str
    description: str
    core_count: int
    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]


@dataclass(frozen=True)
class LoadedModels:
    """The models of the given files.

    Attributes:
        runtime: The runtime that has them.
        files: Paths as given.
        load_seconds: How long loading took.
    """

    runtime: HB_HBMRuntime
    files: tuple[str, ...]
    load_seconds: float

    def facts(self, name: str) -> ModelFacts:
        """What is known of a model."""
        runtime = self.runtime
        return ModelFacts(
            name=name,
            description=runtime.model_descs[name],
            core_count=runtime.compile_bpu_core_num[name],
            inputs=_tensors(runtime, name, "input"),
            outputs=_tensors(runtime, name, "output"),
        )

    def only(self, name: str) -> ModelFacts:
        """The model of that name, or the only one when the name is empty.

        Raises:
            UsageError: There is no such model, or several and none is named.
        """
        names = self.runtime.model_names
        if name:
            if name not in names:
                raise UsageError(
                    f"there is no model {name!r} in {', '.join(self.files)}; the models are: {', '.join(names)}"
                    + suggestion(name, names)
                )
            return self.facts(name)
        if len(names) > 1:
            raise UsageError(f"--model_name must choose one of the models {', '.join(names)}")
        return self.facts(names[0])


def add_model_arguments(parser: Parser) -> None:
    """Declares which models are loaded by which driver."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="model files, as --model_file")
    parser.add_option("model_file", metavar="FILES", type=words, default=[], help="model files, separated by commas")
    parser.add_option("model_name", metavar="NAME", default="", help="which model of the files")
    add_driver_arguments(parser)


def add_driver_arguments(parser: Parser) -> None:
    """Declares which driver is used."""
    parser.add_option("driver", metavar="CHOICE", help="vendor, bpusim or a folder with the driver's libraries")
    parser.add_option("log_level", type=integer(0, 4), metavar="N", help="the driver's: 0 trace to 4 error")


def choose_driver(arguments: argparse.Namespace) -> None:
    """Loads the driver that the arguments name, if they do."""
    if arguments.log_level is not None:
        os.environ["HB_UCP_LOG_LEVEL"] = str(arguments.log_level)
    if arguments.driver:
        load_driver(arguments.driver)


def open_models(arguments: argparse.Namespace) -> LoadedModels:
    """Loads the models that the arguments name."""
    files = [*arguments.model_file, *arguments.files]
    if not files:
        raise UsageError("no model is given: --model_file model.hbm")
    return load(files, arguments)


def load(files: Sequence[str], arguments: argparse.Namespace) -> LoadedModels:
    """Loads model files with the driver that the arguments choose."""
    choose_driver(arguments)
    driver_info()  # so that loading the driver does not count
    begin = time.perf_counter()
    runtime = HB_HBMRuntime(files)
    return LoadedModels(runtime, tuple(files), time.perf_counter() - begin)


def _tensors(runtime: HB_HBMRuntime, model: str, side: str) -> tuple[TensorFacts, ...]:
    def of(what: str) -> Any:
        return getattr(runtime, f"{side}_{what}")[model]

    names, dtypes, shapes, strides = of("names"), of("dtypes"), of("shapes"), of("strides")
    quants, descriptions = of("quants"), of("descs")
    return tuple(
        TensorFacts(
            index=index,
            name=name,
            dtype=dtypes[name],
            shape=tuple(shapes[name]),
            strides=tuple(strides[name]),
            quant=quants[name],
            description=descriptions[name],
        )
        for index, name in enumerate(names)
    )
