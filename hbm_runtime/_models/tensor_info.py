"""Metadata of a model's inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from .._errors import InputError
from ..quant import dequantize, quantize
from .quant_scheme import QuantScheme, scheme_of
from .shape import Shape

if TYPE_CHECKING:
    from .. import _core

Array = NDArray[Any]


class TensorInfo:
    """Metadata of a model input or output. A snapshot; it does not keep the runtime alive.

    Attributes:
        name: Its name.
        index: Its position among the model's inputs or outputs.
        desc: Its description, "" where there is none.
        shape: Its dimensions, a `Shape`; -1 stands for a dynamic one.
        dim_names: The names of symbolic dimensions, "" for others.
        dtype: Its element type.
        strides: Steps in bytes; -1 stands for one that the runtime fills.
        quant: How it is quantised.
        alignment: Where `strides` are -1, the runtime lays out rows that begin at multiples of this number of bytes.
        storage_nbytes: Bytes of device memory that it takes; None when they depend on its shape.
    """

    __module__ = "hbm_runtime"

    __slots__ = (
        "alignment", "desc", "dim_names", "dtype", "index", "name", "quant", "shape", "storage_nbytes", "strides",
    )  # fmt: skip

    def __init__(self, runtime: _core.Runtime, model: str, is_input: bool, index: int, name: str) -> None:
        role = "input" if is_input else "output"

        def of(what: str) -> Any:
            return getattr(runtime, f"{role}_{what}")[model][name]

        self.name = name
        self.index = index
        self.desc: str = of("descs")
        self.dim_names: tuple[str, ...] = tuple(runtime._dimension_names(model, is_input, index))
        self.shape = Shape(of("shapes"), self.dim_names)
        self.dtype: _core.hbDNNDataType = of("dtypes")
        self.strides: tuple[int, ...] = tuple(of("strides"))
        self.quant: _core.QuantParams = of("quants")
        storage, self.alignment = runtime._tensor_memory(model, is_input, index)
        self.storage_nbytes: int | None = None if storage < 0 else storage

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def is_dynamic(self) -> bool:
        """Returns True if a dimension is dynamic."""
        return -1 in self.shape

    @property
    def np_dtype(self) -> np.dtype[Any]:
        """The numpy dtype of its elements. Raises UnsupportedError for types that numpy lacks, such as S4."""
        return self.dtype.to_dtype()

    @property
    def size(self) -> int | None:
        """Number of elements; None when the shape is dynamic."""
        return None if self.is_dynamic else self.shape.size

    @property
    def nbytes(self) -> int | None:
        """Bytes of its elements without padding; None when the shape is dynamic or numpy lacks the element type."""
        return None if self.size is None or not self.dtype.has_dtype else self.size * self.np_dtype.itemsize

    @property
    def padding(self) -> int | None:
        """Bytes of its device memory that hold no element; None where it or `nbytes` is not known."""
        return None if self.storage_nbytes is None or self.nbytes is None else self.storage_nbytes - self.nbytes

    @property
    def scheme(self) -> QuantScheme | None:
        """Its quantisation, channel by channel; None when it is not quantised."""
        return scheme_of(self.quant)

    def accepts(self, shape: Sequence[int]) -> bool:
        """Returns True if an array of this shape fits."""
        return len(shape) == self.rank and all(own in (-1, given) for own, given in zip(self.shape, shape, strict=True))

    def dequantize(self, array: Array, *, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Returns the real values of stored ones; see `hbm_runtime.dequantize`."""
        with self._named():
            return dequantize(array, self.quant, out=out)

    def quantize(self, array: Array, *, out: Array | None = None) -> Array:
        """Returns the values that this tensor stores for real ones; see `hbm_runtime.quantize`.

        Tensors with a floating dtype store the values themselves.
        """
        with self._named():
            if self.dtype.name in {"F16", "F32", "F64"}:
                if out is None:
                    return array.astype(self.np_dtype)
                if out.shape != array.shape or out.dtype != self.np_dtype:
                    wanted = f"{self.np_dtype} {list(array.shape)}"
                    raise InputError(f"out must be {wanted}, given {out.dtype} {list(out.shape)}")
                out[...] = array
                return out
            return quantize(array, self.quant, self.dtype, out=out)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except InputError as error:
            raise InputError(f"tensor '{self.name}': {error}", tensor=self.name) from None

    def __repr__(self) -> str:
        dims = ", ".join(name or str(size) for name, size in zip(self.dim_names, self.shape, strict=True))
        return f"TensorInfo({self.name!r}, [{dims}], {self.dtype.name})"


class TensorInfos(Mapping[str, TensorInfo]):
    """The inputs or outputs of a model, by name in the model's order, or by index."""

    def __init__(self, infos: list[TensorInfo]) -> None:
        self._by_name = {info.name: info for info in infos}

    def __getitem__(self, key: str | SupportsIndex) -> TensorInfo:
        return self._by_name[key] if isinstance(key, str) else list(self._by_name.values())[key]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        return repr(list(self._by_name.values()))

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._by_name)
