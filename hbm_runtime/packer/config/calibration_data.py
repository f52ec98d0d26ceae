"""Reads calibration data: one folder of .npy files for each input."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbm_runtime.packer.config.inputs import ConfiguredInput
from hbm_runtime.packer.config.read import Configuration
from hbm_runtime.packer.config.schema import CALIBRATION
from hbm_runtime.packer.errors import PackWarning
from hbm_runtime.packer.options import Sample

_MOST_SAMPLES = 20


def read_samples(
    configuration: Configuration, inputs: Sequence[ConfiguredInput], shapes: dict[str, tuple[int | str | None, ...]]
) -> list[Sample]:
    """The first samples of ``cal_data_dir``; none when it is not given, not here, or calibration is skipped.

    The files hold what the trained model takes. A batch dimension of 1 may be missing in them.

    Raises:
        PackError: A folder has no files, counts differ, or a file is no array of the input's shape.
    """
    folders = configuration.texts(CALIBRATION, "cal_data_dir")
    if not folders or configuration.values[CALIBRATION]["calibration_type"] == "skip":
        return []
    if len(folders) != len(inputs):
        raise configuration.error(
            CALIBRATION, "cal_data_dir", f"{len(folders)} folders for {len(inputs)} inputs; give one for each"
        )
    missing = [folder for folder in folders if _folder(configuration, folder) is None]
    if missing:
        # The data often stays on the machine of the vendor's compiler; most models can be packed without it.
        warnings.warn(
            f"{configuration.path}: calibration_parameters.cal_data_dir: there is no folder {', '.join(missing)}; "
            "going on without calibration data",
            PackWarning,
            stacklevel=3,
        )
        return []
    files = [_files(configuration, folder) for folder in folders]
    count = min(_MOST_SAMPLES, *(len(each) for each in files))
    return [
        {
            entry.name: _load(configuration, files[at][number], entry.shape or shapes[entry.name])
            for at, entry in enumerate(inputs)
        }
        for number in range(count)
    ]


def _folder(configuration: Configuration, folder: str) -> Path | None:
    candidates = (Path(folder), configuration.path.parent / folder)
    return next((path for path in candidates if path.is_dir()), None)


def _files(configuration: Configuration, folder: str) -> list[Path]:
    path = _folder(configuration, folder)
    found = sorted(path.glob("*.npy")) if path is not None else []
    if not found:
        raise configuration.error(CALIBRATION, "cal_data_dir", f"{path} has no .npy files")
    return found


def _load(configuration: Configuration, path: Path, shape: Sequence[int | str | None]) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise configuration.error(CALIBRATION, "cal_data_dir", f"{path} is no .npy file: {error}") from None
    if array.ndim == len(shape) - 1:
        array = array[None]
    if array.ndim != len(shape) or any(
        isinstance(wanted, int) and wanted != size for wanted, size in zip(shape, array.shape, strict=True)
    ):
        raise configuration.error(
            CALIBRATION, "cal_data_dir", f"{path} has the shape {list(array.shape)}, the input has {list(shape)}"
        )
    return array
