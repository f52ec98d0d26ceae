"""One model as it is served: the runtime that has it, its gate, its counts, its health."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hbm_runtime import DriverError, HB_HBMRuntime

from ..calls.gate import Gate
from .description import PLATFORM, extended_description, model_config, own_metadata, tensor_entries
from .statistics import ModelStatistics

VERSION = "1"
"""The only version that models have."""

_FAILURES_UNTIL_SICK = 3
_SECONDS_SICK = 10.0


class Health:
    """Follows whether the driver runs a model. Safe to use from any thread.

    After several failures of the driver in a row the model counts as not ready for some seconds; then requests may
    find out whether it has recovered.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._sick_until = 0.0

    @property
    def ready(self) -> bool:
        """Returns True if the last runs were not failures of the driver."""
        return time.monotonic() >= self._sick_until

    def ended(self, error: BaseException | None) -> None:
        """Notes how a run ended."""
        if not isinstance(error, DriverError):
            self._failures = 0
            return
        self._failures += 1
        if self._failures >= _FAILURES_UNTIL_SICK:
            self._sick_until = time.monotonic() + _SECONDS_SICK


@dataclass(frozen=True)
class Description:
    """The description of a model for clients.

    Attributes:
        metadata: The protocol's metadata.
        config: Triton's model configuration.
        inputs: Names of the inputs.
        outputs: Names of the outputs.
    """

    metadata: dict[str, Any]
    config: dict[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Origin:
    """Where a model came from, so that it can be loaded again.

    Attributes:
        path: Its file.
        options: Load options that differ from the server's, as keyword arguments of `HB_HBMRuntime`.
    """

    path: str
    options: Mapping[str, Any]


class ServedModel:
    """A model under the name that clients use. Replaced as a whole when it is loaded with other options.

    Args:
        name: The name that clients use.
        runtime: The runtime that has the model, perhaps among others of the same file.
        inner: The model's name in that runtime.
        origin: Where it came from.
        gate: Its back-pressure.
    """

    def __init__(self, name: str, runtime: HB_HBMRuntime, inner: str, origin: Origin, gate: Gate) -> None:
        self.name = name
        self.runtime = runtime
        self.inner = inner
        self.origin = origin
        self.gate = gate
        self.statistics = ModelStatistics()
        self.health = Health()
        self.profile_lock = threading.Lock()
        self.description = self._describe()

    @property
    def ready(self) -> bool:
        """Returns True if requests are expected to succeed."""
        return not self.runtime.closed and self.health.ready

    def replace_file(self, origin: Origin, passphrase: str | None) -> None:
        """Swaps the file under load: requests under way finish on the old model."""
        self.runtime.reload(self.inner, origin.path, passphrase=passphrase)
        self.origin = origin
        self.description = self._describe()

    def _describe(self) -> Description:
        view = self.runtime.model(self.inner)
        inputs = tensor_entries(list(view.inputs.values()))
        outputs = tensor_entries(list(view.outputs.values()))
        extended = extended_description(self.runtime, self.inner)
        own = own_metadata(view.desc)
        config = model_config(self.name, inputs, outputs)
        config["parameters"] = {
            "hbm": {"string_value": extended},
            **({"metadata": {"string_value": own}} if own else {}),
        }
        metadata = {
            "name": self.name,
            "versions": [VERSION],
            "platform": PLATFORM,
            "inputs": inputs,
            "outputs": outputs,
            "parameters": {"hbm": extended},
        }
        return Description(metadata, config, tuple(view.inputs), tuple(view.outputs))
