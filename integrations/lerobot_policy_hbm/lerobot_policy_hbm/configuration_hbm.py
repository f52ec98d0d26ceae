"""What ``config.json`` of a policy folder says. LeRobot finds the policy beside it by the names of the modules."""

from __future__ import annotations

from dataclasses import dataclass, field

from lerobot.configs.policies import PreTrainedConfig
from lerobot.configs.types import NormalizationMode
from lerobot.optim.optimizers import AdamWConfig

VISION = "BPU_ACTPolicy_VisionEncoder"
DECODER = "BPU_ACTPolicy_TransformerLayers"


@PreTrainedConfig.register_subclass("hbm")
@dataclass
class HbmConfig(PreTrainedConfig):  # type: ignore[misc, unused-ignore]
    """An ACT policy whose vision encoder and action decoder are ``.hbm`` files.

    Attributes:
        chunk_size: Actions that the decoder gives for one observation.
        n_action_steps: How many of them are done before the next observation is looked at.
        temporal_ensemble_coeff: As in LeRobot's ACT; ``n_action_steps`` is 1 with it.
        vision_file: File of the encoder, in the policy's folder: a picture in, its features out.
        decoder_file: File of the decoder: the input ``states``, and ``NAME_features`` for each camera.
        normalization_mapping: As in LeRobot's ACT; the processors use it.
    """

    chunk_size: int = 100
    n_action_steps: int = 100
    temporal_ensemble_coeff: float | None = None
    vision_file: str = f"{VISION}.hbm"
    decoder_file: str = f"{DECODER}.hbm"
    normalization_mapping: dict[str, NormalizationMode] = field(
        default_factory=lambda: dict.fromkeys(("VISUAL", "STATE", "ACTION"), NormalizationMode.MEAN_STD)
    )

    def __post_init__(self) -> None:
        """Raises ValueError when the numbers contradict each other."""
        self.device = "cpu"  # where torch's tensors are; the models run where the driver says
        super().__post_init__()
        if self.n_obs_steps != 1:
            raise ValueError(f"an ACT policy looks at one observation, not {self.n_obs_steps}")
        if not 1 <= self.n_action_steps <= self.chunk_size:
            raise ValueError(f"n_action_steps is 1 to {self.chunk_size} (chunk_size), not {self.n_action_steps}")
        if self.temporal_ensemble_coeff is not None and self.n_action_steps != 1:
            raise ValueError(f"n_action_steps is 1 with temporal_ensemble_coeff, not {self.n_action_steps}")

    def validate_features(self) -> None:
        """Raises ValueError when the policy has no picture or no action."""
        if not self.image_features:
            raise ValueError("an hbm policy needs a picture among its input_features")
        if self.action_feature is None:
            raise ValueError("an hbm policy needs 'action' among its output_features")

    def get_optimizer_preset(self) -> AdamWConfig:
        """What LeRobot asks of every policy; compiled models are not trained."""
        return AdamWConfig()

    def get_scheduler_preset(self) -> None:
        """None: compiled models are not trained."""

    @property
    def observation_delta_indices(self) -> None:
        """None: one observation, the current one."""
        return None

    @property
    def action_delta_indices(self) -> list[int]:
        """The steps of a chunk."""
        return list(range(self.chunk_size))

    @property
    def reward_delta_indices(self) -> None:
        """None: no rewards."""
        return None
