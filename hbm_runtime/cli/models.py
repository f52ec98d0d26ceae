"""Loads models for a command, and reads what the driver reports of their tensors."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hbm_runtime import HB_HBMRuntime, driver_info, load_driver
from hbm_runtime._models.tensor_info import TensorInfo
from hbm_runtime.cli.arguments import Parser, integer, suggestion, words
from hbm_runtime.cli.errors import UsageError
from hbm_runtime.cli.passphrase import add_passphrase_argument, read_passphrase
from hbm_runtime.cli.remote import add_remote_arguments, connected

if TYPE_CHECKING:
    from hbm_runtime import RemoteRuntime

DYNAMIC = -1


@dataclass(frozen=True)
class ModelFacts:
    """One loaded model."""

    name: str
    description: str
    core_count: int
    engine: str
    engine_reason: str
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


@dataclass(frozen=True)
class LoadedModels:
    """The models of the given files.

    Attributes:
        runtime: The runtime that has them.
        files: Paths as given; of a server its URL.
        load_seconds: How long loading took.
        options: The load options that the command line named, among them the passphrase of encrypted files.
    """

    runtime: HB_HBMRuntime | RemoteRuntime
    files: tuple[str, ...]
    load_seconds: float
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def again(self, **more: Any) -> HB_HBMRuntime:
        """Loads the same files once more, as they were loaded and with further load options."""
        return HB_HBMRuntime(self.files, **self.options, **more)

    @property
    def ucp_version(self) -> str:
        """Version of libhbucp, where the models run."""
        if isinstance(self.runtime, HB_HBMRuntime):
            return driver_info()["hbucp_version"]
        return self.runtime.driver_info().get("hbucp_version", "")

    def core_counters(self) -> list[dict[str, int]] | None:
        """The counters of the cores that the models run on; None where the driver does not report them."""
        return self.runtime.stats()["cores"] or None

    def facts(self, name: str) -> ModelFacts:
        """What is known of a model."""
        view = self.runtime.model(name)
        return ModelFacts(
            name=name,
            description=view.desc,
            core_count=view.compile_bpu_core_num,
            engine=view.engine,
            engine_reason=view.engine_reason,
            inputs=tuple(view.inputs.values()),
            outputs=tuple(view.outputs.values()),
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


def read_files(arguments: argparse.Namespace, models: LoadedModels) -> list[str]:
    """The files that a command reads: models, and inputs where it takes them."""
    given: list[str] = getattr(arguments, "input_file", None) or []
    return [*models.files, *given, *(entry.partition("=")[2] for entry in given if "=" in entry)]


def add_model_arguments(parser: Parser) -> None:
    """Declares which models are loaded by which driver."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="model files, as --model_file")
    parser.add_option("model_file", metavar="FILES", type=words, default=[], help="model files, separated by commas")
    parser.add_option("model_name", metavar="NAME", default="", help="which model of the files")
    add_passphrase_argument(parser)
    add_remote_arguments(parser)
    add_driver_arguments(parser)


def add_driver_arguments(parser: Parser) -> None:
    """Declares which driver is used, and how it gets the models."""
    parser.add_option("driver", metavar="CHOICE", help="vendor, bpusim or a folder with the driver's libraries")
    parser.add_option("engine", metavar="NAME", help="what computes on bpusim: onnxruntime (the default), openvino")
    parser.add_flag(
        "rewrite", default=False, help="compute quantised layers of .onnx models in integers, as packing does"
    )
    parser.add_option("log_level", type=integer(0, 4), metavar="N", help="the driver's: 0 trace to 4 error")


def choose_driver(arguments: argparse.Namespace) -> None:
    """Loads the driver that the arguments name, if they do."""
    if arguments.log_level is not None:
        os.environ["HB_UCP_LOG_LEVEL"] = str(arguments.log_level)
    if arguments.engine:
        os.environ["BPUSIM_ENGINE"] = arguments.engine
    if arguments.driver:
        load_driver(arguments.driver)


def load_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """The load options that the arguments name, as keywords of the constructor."""
    return {"rewrite": True} if arguments.rewrite else {}


def open_models(arguments: argparse.Namespace) -> LoadedModels:
    """Loads the models that the arguments name, or connects to the server that has them."""
    begin = time.perf_counter()
    remote = connected(arguments)
    if remote is not None:
        return LoadedModels(remote, (arguments.url,), time.perf_counter() - begin)
    files = [*arguments.model_file, *arguments.files]
    if not files:
        raise UsageError("no model is given: --model_file model.hbm, or --url http://host:8000")
    return load(files, arguments)


def load(files: Sequence[str], arguments: argparse.Namespace) -> LoadedModels:
    """Loads model files with the driver that the arguments choose."""
    choose_driver(arguments)
    options = {"passphrase": read_passphrase(files, arguments), **load_options(arguments)}
    driver_info()  # so that loading the driver does not count
    begin = time.perf_counter()
    runtime = HB_HBMRuntime(files, **options)
    return LoadedModels(runtime, tuple(files), time.perf_counter() - begin, options)
