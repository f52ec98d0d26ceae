"""The rules that every host model keeps. Checked before writing and after reading."""

from __future__ import annotations

from hbm_runtime.packer.container.content import DYNAMIC, HostFile, Model, QuantisationType, Tensor
from hbm_runtime.packer.errors import PackError, about

MAX_DIMENSIONS = 10
MAX_DIMENSION = 2**31 - 1
MAX_SIZE = 2**63 - 1
MAX_CORES = 4


def check_file(content: HostFile) -> None:
    """Raises PackError when the content breaks a rule of the format."""
    if not content.models:
        raise PackError("a host model file needs at least one model")
    _check_text("march", content.march)
    _check_text("producer", content.producer)
    _check_unique("model", [model.name for model in content.models], "file")
    for model in content.models:
        with about(model=model.name):
            check_model(model)


def check_model(model: Model) -> None:
    """Raises PackError when the model breaks a rule of the format."""
    where = f"model '{model.name}'"
    _check_name("model", model.name)
    if not 1 <= model.core_count <= MAX_CORES:
        raise PackError(f"{where}: compile-time core number is 1 to {MAX_CORES}, not {model.core_count}")
    if len(model.graph) == 0:
        raise PackError(f"{where}: the graph is empty")
    if model.weights is not None and len(model.weights) == 0:
        raise PackError(f"{where}: empty weights; use None when there are none")
    if not model.outputs:
        raise PackError(f"{where}: a model needs at least one output")
    _check_unique("input", [tensor.name for tensor in model.inputs], where)
    _check_unique("output", [tensor.name for tensor in model.outputs], where)
    for operation in model.operations:
        _check_text("operation name", operation.name)
        _check_text("operation type", operation.type)
    for kind, tensors in (("input", model.inputs), ("output", model.outputs)):
        for tensor in tensors:
            with about(tensor=tensor.name):
                _check_tensor(tensor, f"{where}, {kind} '{tensor.name}'", is_output=kind == "output")


def needed_size(shape: tuple[int, ...], strides: tuple[int, ...], element_size: int) -> int:
    """Bytes that a tensor covers, -1 when a dimension or a stride is dynamic."""
    if DYNAMIC in shape or DYNAMIC in strides:
        return DYNAMIC
    return shape[0] * strides[0] if shape else element_size


def _check_tensor(tensor: Tensor, where: str, *, is_output: bool) -> None:
    _check_name("tensor", tensor.name)
    _check_name("graph tensor", tensor.graph_name)
    rank = len(tensor.shape)
    if rank > MAX_DIMENSIONS:
        raise PackError(f"{where}: {rank} dimensions, at most {MAX_DIMENSIONS} are possible")
    for dimension in tensor.shape:
        if not DYNAMIC <= dimension <= MAX_DIMENSION:
            raise PackError(f"{where}: dimension {dimension} in shape {list(tensor.shape)}; 0 to 2^31-1, or -1")
    _check_strides(tensor, where)
    needed = needed_size(tensor.shape, tensor.strides, tensor.dtype.size)
    if is_output and not tensor.shape and tensor.aligned_size == DYNAMIC:
        return  # of unknown rank
    if needed == DYNAMIC:
        if tensor.aligned_size != DYNAMIC and not (is_output and 0 < tensor.aligned_size <= MAX_SIZE):
            raise PackError(f"{where}: aligned size is -1 for a dynamic tensor, not {tensor.aligned_size}")
    elif not needed <= tensor.aligned_size <= MAX_SIZE:
        raise PackError(f"{where}: aligned size {tensor.aligned_size} is below the {needed} bytes of the tensor")
    _check_quantisation(tensor, where)


def _check_strides(tensor: Tensor, where: str) -> None:
    shape, strides = tensor.shape, tensor.strides
    if len(strides) != len(shape):
        raise PackError(f"{where}: {len(strides)} strides for {len(shape)} dimensions")
    if not strides:
        return
    if strides[-1] != tensor.dtype.size:
        raise PackError(f"{where}: innermost stride is {strides[-1]}, an element has {tensor.dtype.size} bytes")
    check_apart(shape, strides, where)


def check_apart(shape: tuple[int, ...], strides: tuple[int, ...], where: str, alignment: int = 1) -> None:
    """Raises PackError when elements would share bytes.

    What is dynamic counts with the least that it can be: dimensions with one step, strides with what lies in them,
    rounded up to ``alignment`` bytes.
    """
    least = 1
    for i in reversed(range(len(shape))):
        stride = strides[i]
        if stride == DYNAMIC:
            stride = -(-least // alignment) * alignment
        elif not 1 <= stride <= MAX_SIZE:
            raise PackError(f"{where}: stride {stride} in {list(strides)}; a number of bytes or -1")
        elif stride < least:
            raise PackError(
                f"{where}: stride[{i}] = {stride} in {list(strides)} is below the {least} bytes that one step of "
                f"dimension {i} of shape {list(shape)} takes"
            )
        least = stride * max(shape[i], 1)
        if least > MAX_SIZE:
            raise PackError(f"{where}: shape {list(shape)} with strides {list(strides)} is too large")


def _check_quantisation(tensor: Tensor, where: str) -> None:
    quantisation = tensor.quantisation
    counts = (len(quantisation.scales), len(quantisation.zero_points))
    if quantisation.type == QuantisationType.NONE:
        if any(counts):
            raise PackError(f"{where}: scales or zero points without quantisation type SCALE")
        return
    axis = quantisation.axis
    if not -1 <= axis < len(tensor.shape):
        raise PackError(f"{where}: quantisation axis {axis}, the tensor has {len(tensor.shape)} dimensions")
    channels = 1 if axis == -1 else tensor.shape[axis]
    for name, count in zip(("scales", "zero points"), counts, strict=True):
        if count not in {0, 1, channels}:
            raise PackError(f"{where}: {count} {name} for axis {axis} with {channels} elements")


def _check_name(what: str, name: str) -> None:
    if not name:
        raise PackError(f"a {what} has an empty name")
    _check_text(f"{what} name", name)


def _check_text(what: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PackError(f"{what} {text!r} is no text: it cannot be written as UTF-8") from None
    if "\0" in text:
        raise PackError(f"{what} {text!r} contains a NUL character")


def _check_unique(what: str, names: list[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise PackError(f"{where}: {what} name '{name}' occurs twice")
        seen.add(name)
