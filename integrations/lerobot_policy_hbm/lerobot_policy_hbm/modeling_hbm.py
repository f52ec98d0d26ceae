"""The policy: two models behind LeRobot's interface."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lerobot.configs.policies import PreTrainedConfig
from lerobot.policies.act.modeling_act import ACTTemporalEnsembler
from lerobot.policies.pretrained import PreTrainedPolicy
from lerobot.utils.constants import OBS_STATE

from hbm_runtime import HB_HBMRuntime, InputError
from hbm_runtime.integrations.real_values import RealModel

from .configuration_hbm import HbmConfig


class HbmPolicy(PreTrainedPolicy):  # type: ignore[misc, unused-ignore]
    """Actions from two ``.hbm`` files: the encoder runs for every camera, the decoder once.

    Tensors hold real numbers, also where those of the models are quantised. One observation at a time; not for several
    threads, as every policy of LeRobot.
    """

    config_class = HbmConfig
    name = "hbm"

    def __init__(self, config: HbmConfig, folder: str | Path | None = None, **_: Any) -> None:
        """Loads both models.

        Args:
            config: Names the files; its ``pretrained_path`` is the folder where none is given.
            folder: Where the files are.

        Raises:
            FileNotFoundError: A file is not there.
            hbm_runtime.InputError: The models do not fit each other or the config.
        """
        super().__init__(config)
        config.validate_features()
        place = folder if folder is not None else config.pretrained_path
        if place is None:
            raise FileNotFoundError("a policy of type hbm is loaded from a folder; give --policy.path")
        self._folder = Path(place)
        if not self._folder.is_dir():
            raise FileNotFoundError(f"{self._folder} is not a folder; fetch a policy of a hub with `hf download`")
        self._vision = RealModel(HB_HBMRuntime(str(self._folder / config.vision_file)))
        self._decoder = RealModel(HB_HBMRuntime(str(self._folder / config.decoder_file)))
        self._cameras = {f"{key.rpartition('.')[2]}_features": key for key in config.image_features}
        self._check()
        self.reset()

    @classmethod
    def from_pretrained(
        cls, pretrained_name_or_path: str | Path, *, config: HbmConfig | None = None, **options: Any
    ) -> HbmPolicy:
        """Loads a policy's folder, with its own config or the given one; other options are for reading its own."""
        if config is None:
            config = PreTrainedConfig.from_pretrained(pretrained_name_or_path, **options)
        policy = cls(config, pretrained_name_or_path)
        policy.eval()
        return policy

    def reset(self) -> None:
        """Forgets the actions that are left, as at the start of an episode."""
        self._actions: deque[torch.Tensor] = deque()
        if self.config.temporal_ensemble_coeff is not None:
            self._ensembler = ACTTemporalEnsembler(self.config.temporal_ensemble_coeff, self.config.chunk_size)

    def select_action(self, batch: Mapping[str, torch.Tensor], **_: Any) -> torch.Tensor:
        """The next action (1, A), normalised; the models run when the chunk is used up."""
        if self.config.temporal_ensemble_coeff is not None:
            action: torch.Tensor = self._ensembler.update(self.predict_action_chunk(batch))
            return action
        if not self._actions:
            chunk = self.predict_action_chunk(batch)[:, : self.config.n_action_steps]
            self._actions.extend(chunk.transpose(0, 1))
        return self._actions.popleft()

    def predict_action_chunk(self, batch: Mapping[str, torch.Tensor], **_: Any) -> torch.Tensor:
        """The chunk (1, chunk_size, A) for one observation, normalised: both models run."""
        picture_input, features_output = self._vision.input_names[0], self._vision.output_names[0]
        inputs = {} if OBS_STATE not in batch else {"states": _array(batch[OBS_STATE])}
        for name, key in self._cameras.items():
            inputs[name] = self._vision.run({picture_input: _array(batch[key])})[features_output]
        found = self._decoder.run(inputs)[self._decoder.output_names[0]]
        return torch.from_numpy(np.array(found, np.float32))  # a copy, so that the device's memory is free

    def forward(self, batch: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, dict[str, Any] | None]:
        """Raises NotImplementedError: compiled models are not trained."""
        raise NotImplementedError("compiled models are not trained; train LeRobot's ACT and export it again")

    def get_optim_params(self) -> dict[str, Any]:
        """Nothing: compiled models are not trained."""
        return {}

    def _save_pretrained(self, save_directory: Path) -> None:
        self.config._save_pretrained(save_directory)
        for name in (self.config.vision_file, self.config.decoder_file):
            shutil.copyfile(self._folder / name, save_directory / name)

    def _check(self) -> None:
        """Says what does not fit before a robot moves."""
        missing = [name for name in self._decoder.input_names if name not in self._cameras and name != "states"]
        if missing:
            cameras = ", ".join(self._cameras.values())
            raise InputError(
                f"{self.config.decoder_file} needs {', '.join(missing)}; the policy's cameras are {cameras}, so it can "
                f"get {', '.join(['states', *self._cameras])}. Correct input_features in config.json"
            )
        actions = self._decoder.model.outputs[self._decoder.output_names[0]]
        expected = (1, self.config.chunk_size, self.config.action_feature.shape[0])
        if tuple(actions.shape) != expected:
            raise InputError(
                f"{self.config.decoder_file} gives actions of shape {tuple(actions.shape)}, but config.json says "
                f"{expected} (1, chunk_size, size of the action)",
                tensor=actions.name,
            )


def _array(tensor: torch.Tensor) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(tensor.detach().cpu().numpy())
