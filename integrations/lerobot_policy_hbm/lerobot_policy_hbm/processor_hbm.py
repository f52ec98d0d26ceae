"""The processors of the policy are those of LeRobot's ACT: normalisation before the models, its inverse behind them."""

from __future__ import annotations

from typing import Any

from lerobot.policies.act.processor_act import make_act_pre_post_processors

from .configuration_hbm import HbmConfig


def make_hbm_pre_post_processors(config: HbmConfig, dataset_stats: Any = None) -> tuple[Any, Any]:
    """Makes both processors; LeRobot calls it by its name where a folder has none of its own."""
    pair: tuple[Any, Any] = make_act_pre_post_processors(config, dataset_stats)
    return pair
