"""The packer's front: one call from an ONNX model to a host ``.hbm``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from hbm_runtime._errors import InputError
from hbm_runtime._files import refuse_same_file
from hbm_runtime.packer.build import build_model
from hbm_runtime.packer.config import PackJob, load_config
from hbm_runtime.packer.container import HostFile, is_host_model, link_files, write_file
from hbm_runtime.packer.errors import PackError
from hbm_runtime.packer.graph.load import ModelFile, Source, external_files
from hbm_runtime.packer.options import ImageRules, ModelOptions, Progress
from hbm_runtime.packer.version import producer


def pack(
    source: Source,
    output: str | os.PathLike[str],
    options: ModelOptions | None = None,
    *,
    description: str = "",
    progress: Progress | None = None,
) -> HostFile:
    """Packs one ONNX model into a host ``.hbm``. The same input gives the same bytes.

    Args:
        source: An ONNX file, its bytes, or a ``ModelProto``.
        output: The file to write, which is not read from; it appears complete or not at all.
        options: Name, march, inputs, outputs and everything else; None keeps all tensors as the graph declares them.
        description: Text of ``hbDNNGetHBMDesc``.
        progress: Called with a stage and the part that is done.

    Returns:
        What was written.

    Raises:
        PackError: The model or the options cannot be packed, or the file cannot be written.
    """
    model = ModelFile(source) if isinstance(source, str | os.PathLike) else source
    inputs = _inputs_beside(model, output)
    content = _packed(model, options or ModelOptions(), description, progress)
    write_file(output, content, inputs=inputs)
    return content


def pack_config(
    config: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    rules: ImageRules | None = None,
    description: str = "",
    progress: Progress | None = None,
    trial_seconds: float | None = None,
) -> Path:
    """Packs the model that a configuration of the vendor's compiler names, with the tensors that a board's has.

    Args:
        config: The YAML file.
        output: The file to write; None writes ``<working_dir>/<output_model_file_prefix>.hbm`` as the compiler does,
            and creates the folder.
        rules: Decisions about image inputs that no document settles.
        description: Text of ``hbDNNGetHBMDesc``.
        progress: Called with a stage and the part that is done.
        trial_seconds: As in ``ModelOptions``; None takes its default.

    Returns:
        The file that was written.

    Raises:
        PackError: The configuration or the model cannot be packed, or the file cannot be written.
    """
    job = load_config(config, rules)
    if trial_seconds is not None:
        job = replace(job, options=replace(job.options, trial_seconds=trial_seconds))
    target = job.output if output is None else Path(output)
    pack_job(job, target, config, description=description, progress=progress, make_folder=output is None)
    return target


def pack_job(
    job: PackJob,
    target: Path,
    config: str | os.PathLike[str],
    *,
    description: str = "",
    progress: Progress | None = None,
    make_folder: bool = False,
) -> HostFile:
    """Packs what a configuration asks for, and returns what was written.

    Args:
        job: The job that `load_config` read from it.
        target: The file to write.
        config: The YAML file, which is not written to.
        description: As for `pack_config`.
        progress: As for `pack_config`.
        make_folder: Create the folder.

    Raises:
        PackError: As `pack_config`.
    """
    inputs = [config, *_inputs_beside(job.parsed, target, config)]
    content = _packed(job.parsed, job.options, description, progress)
    if make_folder:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PackError(f"cannot create {target.parent}: {error.strerror}") from None
    write_file(target, content, inputs=inputs)
    return content


def _inputs_beside(
    source: Source | ModelFile, output: str | os.PathLike[str], *others: str | os.PathLike[str]
) -> list[str | os.PathLike[str]]:
    """The files that packing a model reads. Refuses, before the work, an output that is one of them."""
    inputs = list(others)
    if isinstance(source, ModelFile):
        inputs.append(source.path)
        # Parsing the model for this alone would be a waste where no older file can be one of them.
        if Path(output).is_file() and not is_host_model(output):
            inputs += external_files(source)
    try:
        refuse_same_file(output, inputs)
    except InputError as error:
        raise PackError(str(error)) from None
    return inputs


def _packed(source: Source | ModelFile, options: ModelOptions, description: str, progress: Progress | None) -> HostFile:
    model = build_model(source, options, progress)
    if progress is not None:
        progress("writing", 0.95)
    return HostFile((model,), march=options.march, description=description.encode(), producer=producer())


def link(
    paths: Iterable[str | os.PathLike[str]], output: str | os.PathLike[str], *, description: str | None = None
) -> HostFile:
    """Joins host ``.hbm`` files into one with all their models. Equal graphs and weights are stored once.

    Args:
        paths: Files to join, in the order in which their models shall appear.
        output: The file to write; none of ``paths``.
        description: Text of ``hbDNNGetHBMDesc``; None joins the different ones with line breaks.

    Returns:
        What was written.

    Raises:
        PackError: A file is damaged or no host model, model names collide, marches differ, or writing fails.
    """
    return link_files(paths, output, description)
