"""The server's report of its driver, devices and computer."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from hbm_runtime import HbmClosedError, driver_info, get_host_info

from ..models.repository import Repository


def host_report(repository: Repository) -> dict[str, Any]:
    """Returns the runtime's report of driver, devices and computer, and of the served models."""
    host = asdict(get_host_info())
    devices = host.pop("devices")
    info = dict(driver_info())
    stats, memory, files = _of_runtimes(repository)
    return {
        "version": info["dnn_version"],
        "driver_info": info,
        "devices": devices,
        "host": host,
        "stats": stats,
        "memory_info": memory,
        "files": files,
    }


def _of_runtimes(repository: Repository) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """Counters, memory and file descriptions of the served models, by the names that clients use."""
    stats: dict[str, Any] = {"models": {}, "cores": []}
    memory, files = {}, {}
    for model in repository:
        try:
            counted = model.runtime.stats()
            memory[model.name] = model.runtime.memory_info()[model.inner]
            files.update({Path(path).name: text for path, text in model.runtime.hbm_descs.items()})
        except HbmClosedError:
            continue  # unloaded meanwhile
        stats["models"][model.name] = counted["models"][model.inner]
        stats["cores"] = counted["cores"]
    return stats, memory, files
