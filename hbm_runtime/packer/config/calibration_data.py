"""Reads calibration data: one folder of .npy files for each input."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from hbm_runtime.packer.config.inputs import ConfiguredInput
from hbm_runtime.packer.config.read import Configuration
from hbm_runtime.packer.config.schema import CALIBRATION
from hbm_runtime.packer.errors import PackError, PackWarning
from hbm_runtime.packer.options import Sample

_MAX_SAMPLES = 20


Shape = tuple[int | str | None, ...]


class CalibrationSamples(Sequence[Sample]):
    """Samples that are read when they are asked for: twenty pictures can be larger than the model.

    Args:
        files: The file of each input, for each sample.
        ranks: Dimensions of each input; a batch dimension of 1 may be missing in a file.
    """

    def __init__(self, files: Sequence[dict[str, Path]], ranks: dict[str, int]) -> None:
        self._files = files
        self._ranks = ranks

    def __len__(self) -> int:
        return len(self._files)

    @overload
    def __getitem__(self, at: int) -> Sample: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Sample]: ...
    def __getitem__(self, at: int | slice) -> Sample | Sequence[Sample]:
        if isinstance(at, slice):
            return CalibrationSamples(self._files[at], self._ranks)
        return {name: self._load(name, path) for name, path in self._files[at].items()}

    def _load(self, name: str, path: Path) -> NDArray[Any]:
        try:
            array: NDArray[Any] = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise PackError(f"{path} cannot be read: {error}") from None
        return array[None] if array.ndim == self._ranks[name] - 1 else array


def find_samples(
    configuration: Configuration, inputs: Sequence[ConfiguredInput], shapes: dict[str, Shape]
) -> Sequence[Sample]:
    """The first samples of ``cal_data_dir``; none when it is not given, not here, or calibration is skipped.

    The files hold what the trained model takes.

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
    count = min(_MAX_SAMPLES, *(len(each) for each in files))
    wanted = {entry.name: entry.shape or shapes[entry.name] for entry in inputs}
    samples = [{entry.name: files[at][number] for at, entry in enumerate(inputs)} for number in range(count)]
    for sample in samples:
        for name, path in sample.items():
            _check(configuration, path, wanted[name])
    return CalibrationSamples(samples, {name: len(shape) for name, shape in wanted.items()})


def _folder(configuration: Configuration, folder: str) -> Path | None:
    candidates = (Path(folder), configuration.path.parent / folder)
    return next((path for path in candidates if path.is_dir()), None)


def _files(configuration: Configuration, folder: str) -> list[Path]:
    path = _folder(configuration, folder)
    found = sorted(path.glob("*.npy")) if path is not None else []
    if not found:
        raise configuration.error(CALIBRATION, "cal_data_dir", f"{path} has no .npy files")
    return found


def _check(configuration: Configuration, path: Path, wanted: Shape) -> None:
    """Raises PackError unless the file holds an array of this shape; reads no more than its head."""
    try:
        shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
    except (OSError, ValueError) as error:
        raise configuration.error(CALIBRATION, "cal_data_dir", f"{path} is no .npy file: {error}") from None
    if len(shape) == len(wanted) - 1:
        shape = (1, *shape)
    if len(shape) != len(wanted) or any(
        isinstance(one, int) and one != size for one, size in zip(wanted, shape, strict=True)
    ):
        raise configuration.error(
            CALIBRATION, "cal_data_dir", f"{path} has the shape {list(shape)}, the input has {list(wanted)}"
        )
