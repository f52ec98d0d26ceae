"""Writes the sample models, packed from configurations as users pack their own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import yaml

from hbm_runtime.packer import DataType, ImageRules, PackError, Quantise, load_config, pack
from hbm_runtime.packer.options import Progress
from hbm_runtime.samples.catalogue import BOARDS, SAMPLES, Board, Kind, Sample
from hbm_runtime.samples.network import make_network


def write_samples(
    folder: str | os.PathLike[str],
    boards: Iterable[str] = ("s100", "s600"),
    *,
    names: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Writes the models of boards to ``<folder>/<board>/basic/<model>.hbm``, as they lie below /opt/hobot/model.

    Args:
        folder: The folder to write to; created if missing.
        boards: Out of s100, s100p, s600.
        names: Only these models, without ``.hbm``; None writes all.
        progress: Called with the model's name and the part that is done.

    Returns:
        The files.

    Raises:
        PackError: An unknown board or model, or a file cannot be written.
    """
    wanted = None if names is None else set(names)
    jobs = [
        (BOARDS[board], sample)
        for board in _known(boards)
        for sample in SAMPLES
        if wanted is None or sample.name_on(BOARDS[board]) in wanted
    ]
    missing = (wanted or set()) - {sample.name_on(board) for board, sample in jobs}
    if missing:
        known = ", ".join(sample.name_on(BOARDS[board]) for board in _known(boards) for sample in SAMPLES)
        raise PackError(f"there is no sample model {', '.join(sorted(missing))}; there are {known}")
    written = []
    for number, (board, sample) in enumerate(jobs):
        if progress is not None:
            progress(sample.name_on(board), number / len(jobs))
        written.append(_write(Path(folder) / board.name / "basic", board, sample))
    return written


def _known(boards: Iterable[str]) -> list[str]:
    given = list(boards)
    for board in given:
        if board not in BOARDS:
            raise PackError(f"there is no board '{board}'; there are {', '.join(BOARDS)}")
    return given


def _write(folder: Path, board: Board, sample: Sample) -> Path:
    name = sample.name_on(board)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PackError(f"cannot create {folder}: {error.strerror}") from None
    sums = {
        output.name: Quantise(DataType.S32, _scales(output.shape[output.channel_axis]), axis=output.channel_axis)
        for output in sample.outputs
        if output.kind == Kind.SUMS
    }
    target = folder / f"{name}.hbm"
    with tempfile.TemporaryDirectory() as work:
        onnx.save(make_network(sample), Path(work) / f"{name}.onnx")
        config = Path(work) / "config.yaml"
        config.write_text(yaml.safe_dump(_configuration(board, sample)), encoding="utf-8")
        job = load_config(config, ImageRules())
        pack(job.source, target, replace(job.options, outputs=sums))
    return target


def _configuration(board: Board, sample: Sample) -> dict[str, dict[str, object]]:
    name = sample.name_on(board)
    inputs: dict[str, object] = {
        "input_name": sample.input_name,
        "input_type_rt": sample.input_type,
        "input_type_train": "rgb" if sample.input_type == "nv12" else "featuremap",
        "input_layout_train": "NCHW",
        "input_shape": "x".join(str(extent) for extent in sample.input_shape),
    }
    for key, values in (("mean_value", sample.mean), ("scale_value", sample.scale)):
        if values:
            inputs[key] = " ".join(repr(value) for value in values)
    return {
        "model_parameters": {"onnx_model": f"{name}.onnx", "march": board.march, "output_model_file_prefix": name},
        "input_parameters": inputs,
        "calibration_parameters": {"calibration_type": "max"},
        "compiler_parameters": {"compile_mode": "latency", "optimize_level": "O2"},
    }


def _scales(channels: int) -> tuple[float, ...]:
    """Scales of the size that real models have, different for each channel."""
    return tuple(float(scale) for scale in np.geomspace(1e-5, 1e-4, channels).astype(np.float32))
