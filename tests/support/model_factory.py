"""Model files for the tests: made when first asked for, kept for the session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from onnx import ModelProto

from hbm_runtime.packer.container import HostFile, Model, write_file
from support import host_models, onnx_models, sample_models

SAMPLES: dict[str, Callable[[], Model]] = {
    "lanenet256x512": sample_models.lanenet,
    "yolov5x_672x672_nv12": sample_models.yolov5x,
    "resnet18_224x224_nv12": sample_models.resnet18,
    "asr": sample_models.asr,
}
"""The models that the manuals name."""


class ModelFactory:
    """Writes model files below one directory. A model's name is its file's stem."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def onnx(self, stem: str, make: Callable[[], ModelProto]) -> Path:
        """``<stem>.onnx``, written when it is not there yet."""
        path = self.directory / f"{stem}.onnx"
        if not path.exists():
            path.write_bytes(make().SerializeToString())
        return path

    def hbm(self, stem: str, make: Callable[[], HostFile]) -> Path:
        """``<stem>.hbm``, written when it is not there yet."""
        path = self.directory / f"{stem}.hbm"
        if not path.exists():
            write_file(path, make())
        return path

    def identity(self, dtype: str, shape: Sequence[onnx_models.Dim]) -> Path:
        """``y = x``."""
        stem = "_".join(["identity", dtype, *(str(dim) for dim in shape)])
        return self.onnx(stem, lambda: onnx_models.identity(dtype, shape))

    def scaled(self, factor: float, stem: str | None = None) -> Path:
        """``y = factor * x``, float32 [2, 3]; the model is called ``times_<factor>`` unless ``stem`` says otherwise."""
        return self.onnx(stem or f"times_{factor:g}", lambda: onnx_models.scaled(factor))

    def mixed(self) -> Path:
        """Three inputs, three outputs (see ``onnx_models.mixed``)."""
        return self.onnx("mixed", onnx_models.mixed)

    def many(self, count: int) -> Path:
        """``count`` numbered inputs and outputs (see ``onnx_models.many``)."""
        return self.onnx(f"many_{count}", lambda: onnx_models.many(count))

    def dynamic(self) -> Path:
        """Dynamic batch and picture size (see ``onnx_models.dynamic``)."""
        return self.onnx("dynamic", onnx_models.dynamic)

    def nonzero(self) -> Path:
        """An output whose shape the data decide (see ``onnx_models.nonzero``)."""
        return self.onnx("nonzero", onnx_models.nonzero)

    def total(self) -> Path:
        """Two lengths that have to fit (see ``onnx_models.total``)."""
        return self.onnx("total", onnx_models.total)

    def constant(self) -> Path:
        """No input at all (see ``onnx_models.constant``)."""
        return self.onnx("constant", onnx_models.constant)

    def slow(self, stem: str = "slow") -> Path:
        """As slow as asked (see ``onnx_models.slow``)."""
        return self.onnx(stem, onnx_models.slow)

    def conv_net(self) -> Path:
        """A small float32 network."""
        return self.onnx("conv_net", onnx_models.conv_net)

    def qdq_net(self) -> Path:
        """A small quantised network."""
        return self.onnx("qdq_net", onnx_models.qdq_net)

    def padded(self, dtype: str, shape: tuple[int, ...], alignment: int = 64) -> Path:
        """``y = x`` with padded rows, model ``padded``."""
        stem = "_".join(["padded", dtype, str(alignment), *(str(dim) for dim in shape)])
        return self.hbm(
            stem, lambda: HostFile(models=(host_models.padded_identity("padded", dtype, shape, alignment),))
        )

    def nv12(self, height: int, width: int) -> Path:
        """A camera model that gives back its planes, model ``camera``."""
        return self.hbm(
            f"nv12_{height}x{width}", lambda: HostFile(models=(host_models.nv12_planes("camera", height, width),))
        )

    def cores(self, count: int) -> Path:
        """``y = 2 * x`` compiled for ``count`` cores, model ``cores_<count>``."""
        return self.hbm(
            f"cores_{count}", lambda: HostFile(models=(host_models.doubler(f"cores_{count}", cores=count),))
        )

    def quantised(self) -> Path:
        """Integer outputs with scales (see ``host_models.quantised``), model ``quantised``."""
        return self.hbm("quantised", lambda: HostFile(models=(host_models.quantised("quantised"),)))

    def pair(self) -> Path:
        """Two models in one file, ``first`` and ``second``, with descriptions of every kind."""
        return self.hbm("pair", _pair)

    def sample(self, name: str) -> Path:
        """One of the models that the manuals name (keys of ``SAMPLES``)."""
        return self.hbm(name, lambda: sample_models.as_file(SAMPLES[name]()))


def _pair() -> HostFile:
    shape = (1, 2)
    return HostFile(
        models=tuple(
            host_models.packed(
                name,
                onnx_models.scaled(factor, shape),
                [host_models.tensor("in", "F32", shape, graph_name="x", description=f"input of {name}".encode())],
                [host_models.tensor("out", "F32", shape, graph_name="y", description=b"before\0after")],
                description=f'{{"name": "{name}"}}\0 t\u00e4il'.encode(),
            )
            for name, factor in (("first", 2), ("second", 3))
        ),
        description="file \u63cf\u8ff0".encode(),
        producer="tests",
    )
