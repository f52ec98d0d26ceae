"""`lerobot`, unmodified, finds the policy type ``hbm`` by its distribution's name and runs a policy with it.

The reference is LeRobot's own ACT: a small one is made here, exported, packed, and must give the same actions.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hbm_runtime import InputError
from hbm_runtime.packer import pack

if importlib.util.find_spec("lerobot") is None or importlib.util.find_spec("torch") is None:
    pytest.skip("lerobot is not installed; ./build.sh integrations runs this", allow_module_level=True)

import torch

# In PyPI's wheel torchvision's operators in C++ need CUDA's libraries. ACT uses none, but their names must be there.
_OPERATORS = torch.library.Library("torchvision", "FRAGMENT")
if importlib.util.find_spec("nvidia") is None:
    for _name in ("nms", "qnms"):
        _OPERATORS.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

# What lerobot and what it imports warn of is not this project's business.
pytestmark = pytest.mark.filterwarnings("ignore")

CAMERAS = ("front", "wrist")
SIDE, STATE, ACTIONS, CHUNK = 64, 3, 2, 5


def features() -> tuple[dict[str, Any], dict[str, Any]]:
    from lerobot.configs.types import FeatureType, PolicyFeature

    inputs = {f"observation.images.{name}": PolicyFeature(FeatureType.VISUAL, (3, SIDE, SIDE)) for name in CAMERAS}
    inputs["observation.state"] = PolicyFeature(FeatureType.STATE, (STATE,))
    return inputs, {"action": PolicyFeature(FeatureType.ACTION, (ACTIONS,))}


def stats() -> dict[str, dict[str, torch.Tensor]]:
    pictures = {"mean": torch.full((3, 1, 1), 0.4), "std": torch.full((3, 1, 1), 0.2)}
    found = {f"observation.images.{name}": pictures for name in CAMERAS}
    found["observation.state"] = {"mean": torch.tensor([1.0, 0.0, -1.0]), "std": torch.tensor([2.0, 1.0, 0.5])}
    found["action"] = {"mean": torch.tensor([10.0, -10.0]), "std": torch.tensor([3.0, 0.1])}
    return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of LeRobot's ACT with its processors, as training leaves it."""
    from lerobot.policies.act.configuration_act import ACTConfig
    from lerobot.policies.act.modeling_act import ACTPolicy
    from lerobot.policies.factory import make_pre_post_processors

    inputs, outputs = features()
    config = ACTConfig(
        input_features=inputs, output_features=outputs, device="cpu", chunk_size=CHUNK, n_action_steps=3,
        pretrained_backbone_weights=None, dim_model=32, n_heads=4, dim_feedforward=48, n_encoder_layers=1,
        use_vae=False,
    )  # fmt: skip
    torch.manual_seed(5)
    folder = tmp_path_factory.mktemp("act")
    ACTPolicy(config).eval().save_pretrained(folder)
    for processor in make_pre_post_processors(config, dataset_stats=stats()):
        processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The policy folder of the checkpoint, with two packed models."""
    from lerobot_policy_hbm import export

    made = tmp_path_factory.mktemp("hbm")
    export.main([str(trained), str(made)])
    for name in (export.VISION, export.DECODER):
        pack(made / f"{name}.onnx", made / f"{name}.hbm")
    return made


def observation(seed: int) -> dict[str, torch.Tensor]:
    """As a robot gives it: no batch, no normalisation."""
    rng = np.random.default_rng(seed)
    found = {
        f"observation.images.{name}": torch.from_numpy(rng.random((3, SIDE, SIDE), np.float32)) for name in CAMERAS
    }
    found["observation.state"] = torch.from_numpy(rng.normal(size=STATE).astype(np.float32))
    return found


def loaded(path: Path, *overrides: str) -> Any:
    """Policy and processors as LeRobot's programs make them of ``--policy.path``."""
    from types import SimpleNamespace

    from lerobot.configs.policies import PreTrainedConfig
    from lerobot.policies.factory import make_policy, make_pre_post_processors

    config = PreTrainedConfig.from_pretrained(path, cli_overrides=list(overrides))
    config.pretrained_path = path
    pictures = {
        f"observation.images.{name}": {
            "dtype": "video",
            "shape": (SIDE, SIDE, 3),
            "names": ["height", "width", "channels"],
        }
        for name in CAMERAS
    }
    numbers = {
        "observation.state": {"dtype": "float32", "shape": (STATE,), "names": None},
        "action": {"dtype": "float32", "shape": (ACTIONS,), "names": None},
    }
    # What make_policy reads of a dataset's metadata.
    dataset: Any = SimpleNamespace(features={**pictures, **numbers}, stats=stats())
    return (make_policy(config, ds_meta=dataset), *make_pre_post_processors(config, pretrained_path=str(path)))


def actions_of(path: Path, seeds: range, *overrides: str) -> np.ndarray[Any, Any]:
    policy, before, after = loaded(path, *overrides)
    policy.reset()
    return np.stack([after(policy.select_action(before(observation(seed)))).numpy() for seed in seeds])


def test_lerobot_finds_the_policy_by_the_name_of_its_distribution() -> None:
    from lerobot.configs.policies import PreTrainedConfig
    from lerobot.policies.factory import get_policy_class, make_policy_config
    from lerobot.utils.import_utils import register_third_party_plugins

    register_third_party_plugins()
    assert "hbm" in PreTrainedConfig.get_known_choices()
    assert get_policy_class("hbm").__name__ == "HbmPolicy"
    config = make_policy_config("hbm", chunk_size=7, n_action_steps=2)
    assert (config.type, config.chunk_size, config.device) == ("hbm", 7, "cpu")


def test_the_actions_are_those_of_lerobots_own_policy(trained: Path, folder: Path) -> None:
    # 8 observations with chunks of which 3 actions are done: the models run at the first, fourth and seventh.
    ours, theirs = actions_of(folder, range(8)), actions_of(trained, range(8))
    assert ours.shape == theirs.shape == (8, 1, ACTIONS)
    np.testing.assert_allclose(ours, theirs, atol=2e-4)
    assert np.ptp(theirs[:, 0, 0]) > 0.01, "the actions do not depend on what is seen"


def test_overlapping_chunks_are_averaged_as_lerobot_does(trained: Path, folder: Path) -> None:
    options = ("--n_action_steps=1", "--temporal_ensemble_coeff=0.01")
    np.testing.assert_allclose(
        actions_of(folder, range(6), *options), actions_of(trained, range(6), *options), atol=2e-4
    )


def test_a_policy_that_is_saved_can_be_loaded(folder: Path, tmp_path: Path) -> None:
    policy, before, after = loaded(folder)
    for part in (policy, before, after):
        part.save_pretrained(tmp_path)
    np.testing.assert_array_equal(actions_of(tmp_path, range(4)), actions_of(folder, range(4)))


def test_processors_are_made_where_a_folder_has_none(folder: Path) -> None:
    from lerobot.policies.factory import make_pre_post_processors

    policy, saved, _ = loaded(folder)
    made, _ = make_pre_post_processors(policy.config, dataset_stats=stats())
    one, other = made(observation(0)), saved(observation(0))
    for key in policy.config.input_features:
        torch.testing.assert_close(one[key], other[key])


def test_what_does_not_fit_is_said_before_a_robot_moves(folder: Path) -> None:
    from lerobot.configs.policies import PreTrainedConfig
    from lerobot_policy_hbm import HbmConfig
    from lerobot_policy_hbm.modeling_hbm import HbmPolicy

    with pytest.raises(FileNotFoundError, match=r"--policy\.path"):
        HbmPolicy(PreTrainedConfig.from_pretrained(folder))
    with pytest.raises(FileNotFoundError, match="hf download"):
        HbmPolicy.from_pretrained("someone/act", config=PreTrainedConfig.from_pretrained(folder))
    with pytest.raises(FileNotFoundError, match=r"missing\.hbm"):
        HbmPolicy.from_pretrained(folder, cli_overrides=["--vision_file=missing.hbm"])
    with pytest.raises(InputError, match=r"\(1, 5, 2\), but config.json says \(1, 6, 2\)"):
        HbmPolicy.from_pretrained(folder, cli_overrides=["--chunk_size=6"])
    config = PreTrainedConfig.from_pretrained(folder)
    del config.input_features["observation.images.wrist"]
    with pytest.raises(InputError, match=r"needs wrist_features; the policy's cameras are observation\.images\.front"):
        HbmPolicy.from_pretrained(folder, config=config)
    for wrong in ({"n_action_steps": 101}, {"n_action_steps": 2, "temporal_ensemble_coeff": 0.1}):
        with pytest.raises(ValueError, match="n_action_steps is 1"):
            HbmConfig(**wrong)
    with pytest.raises(ValueError, match="needs a picture"):
        HbmConfig().validate_features()
    with pytest.raises(NotImplementedError, match="not trained"):
        HbmPolicy.from_pretrained(folder).forward({})
