"""Makes a policy folder of a trained ACT checkpoint: ``lerobot-policy-hbm CHECKPOINT FOLDER``.

The folder gets ``config.json``, the checkpoint's processors, and two ONNX models, which are then compiled or packed.
Needs the package onnx.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from lerobot.configs.policies import PreTrainedConfig
from lerobot.policies.act.modeling_act import ACTPolicy
from lerobot.utils.constants import OBS_IMAGES, OBS_STATE
from torch import nn

from .configuration_hbm import DECODER, VISION, HbmConfig

__all__ = ["DECODER", "VISION", "export", "main", "write_config", "write_models"]

_COPIED = ("chunk_size", "n_action_steps", "temporal_ensemble_coeff", "normalization_mapping")


def export(checkpoint: str | Path, folder: str | Path) -> None:
    """Writes a policy folder without its ``.hbm`` files.

    Args:
        checkpoint: A folder that `ACTPolicy.save_pretrained` has made, with the processors where it has some.
        folder: Made where it is not there.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    # Where the checkpoint was trained does not matter: it is exported on the CPU.
    config = PreTrainedConfig.from_pretrained(checkpoint)
    config.device = "cpu"
    policy = ACTPolicy.from_pretrained(checkpoint, config=config)
    write_config(policy.config, target)
    write_models(policy, target)
    for file in Path(checkpoint).glob("policy_*processor*"):
        shutil.copyfile(file, target / file.name)


def write_config(act: Any, folder: Path) -> None:
    """Writes ``config.json`` for the config of an ACT policy."""
    same = {name: getattr(act, name) for name in _COPIED}
    HbmConfig(input_features=act.input_features, output_features=act.output_features, **same)._save_pretrained(folder)


def write_models(policy: Any, folder: Path) -> None:
    """Writes both ONNX models. All cameras share the encoder, so their pictures have one size."""
    pictures = {key: tuple(feature.shape) for key, feature in policy.config.image_features.items()}
    if len(set(pictures.values())) != 1:
        raise ValueError(f"the pictures have several sizes, but the encoder takes one: {pictures}")
    if policy.config.robot_state_feature is None:
        raise ValueError("a policy without observation.state cannot be exported")
    encoder, decoder = _Encoder(policy.model).eval(), _Decoder(policy.model).eval()
    picture = torch.zeros(1, *next(iter(pictures.values())))
    state = torch.zeros(1, *policy.config.robot_state_feature.shape)
    features = [encoder(picture) for _ in pictures]
    names = [f"{key.rpartition('.')[2]}_features" for key in pictures]
    options: dict[str, Any] = {"opset_version": 17, "dynamo": False}
    torch.onnx.export(
        encoder, (picture,), str(folder / f"{VISION}.onnx"),
        input_names=["images"], output_names=["Vision_Features"], **options,
    )  # fmt: skip
    torch.onnx.export(
        decoder, (state, *features), str(folder / f"{DECODER}.onnx"),
        input_names=["states", *names], output_names=["Actions"], **options,
    )  # fmt: skip


class _Encoder(nn.Module):  # type: ignore[misc, unused-ignore]
    """A picture (1, 3, H, W) to features (1, D, h, w)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.backbone, self.project = deepcopy(model.backbone), deepcopy(model.encoder_img_feat_input_proj)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        projected: torch.Tensor = self.project(self.backbone(images)["feature_map"])
        return projected


class _Decoder(nn.Module):  # type: ignore[misc, unused-ignore]
    """ACT itself, which takes features where it has pictures otherwise."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = deepcopy(model)
        self.model.backbone, self.model.encoder_img_feat_input_proj = _AsFeatures(), nn.Identity()

    def forward(self, states: torch.Tensor, *features: torch.Tensor) -> torch.Tensor:
        actions: torch.Tensor = self.model({OBS_STATE: states, OBS_IMAGES: list(features)})[0]
        return actions


class _AsFeatures(nn.Module):  # type: ignore[misc, unused-ignore]
    def forward(self, features: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"feature_map": features}


def main(arguments: Sequence[str] | None = None) -> None:
    """The program ``lerobot-policy-hbm``."""
    parser = argparse.ArgumentParser(prog="lerobot-policy-hbm", description=__doc__.split("\n", 1)[0])
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a folder with a trained ACT policy")
    parser.add_argument("folder", metavar="FOLDER", help="gets the config, the processors and two ONNX models")
    given = parser.parse_args(arguments)
    export(given.checkpoint, given.folder)
    print(f"Compile {VISION}.onnx and {DECODER}.onnx in {given.folder}, and put the two .hbm files beside them.")


if __name__ == "__main__":
    main()
