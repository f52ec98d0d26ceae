"""The adapter that `physicalai` imports when it loads a ``.hbm`` file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from physicalai.inference.adapters.base import RuntimeAdapter
from physicalai.inference.adapters.registry import adapter_registry

from .. import HB_HBMRuntime, HbmStateError
from .real_values import RealModel


@adapter_registry.register("hbm", extensions=(".hbm",))
class HbmAdapter(RuntimeAdapter):  # type: ignore[misc, unused-ignore]
    """Runs a policy's ``.hbm`` file. Inputs and outputs are real numbers, also where the model's are quantised."""

    def __init__(self, device: str = "bpu", model_name: str | None = None, **options: Any) -> None:
        """Takes options.

        Args:
            device: Any text; where a model runs is for the driver to say.
            model_name: Which model of a file with several.
            options: Keyword arguments of `hbm_runtime.HB_HBMRuntime`.
        """
        super().__init__(device, **options)
        self._name = model_name
        self._model: RealModel | None = None

    def load(self, model_path: Path) -> None:
        """Loads the file. Raises as `hbm_runtime.HB_HBMRuntime` does, FileNotFoundError among others."""
        runtime = HB_HBMRuntime(str(model_path), **self.config)
        self._model = RealModel(runtime if self._name is None else runtime[self._name])

    def predict(self, inputs: dict[str, Any]) -> dict[str, NDArray[Any]]:
        """Runs the model: arrays by input name in, by output name out."""
        return self._loaded().run(inputs)

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs."""
        return [] if self._model is None else self._model.input_names

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs."""
        return [] if self._model is None else self._model.output_names

    def default_device(self) -> str:
        """The device that is meant where none is named."""
        return "bpu"

    def _loaded(self) -> RealModel:
        if self._model is None:
            raise HbmStateError("no model is loaded; call load() first")
        return self._model
