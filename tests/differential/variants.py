"""The files that one model can be run from: as it is, and packed in several ways."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hbm_runtime import HB_HBMRuntime
from hbm_runtime.packer import ModelOptions, UnsignedActivations, pack


@dataclass(frozen=True)
class Variant:
    """A way to make a model file of an ONNX file.

    Attributes:
        name: Its name in messages.
        options: The packer's options; None leaves the ONNX file as it is.
        in_memory: The file is read first, and its bytes are loaded.
    """

    name: str
    options: ModelOptions | None = None
    in_memory: bool = False

    def make(self, model: Path, folder: Path) -> Path:
        """The file to load."""
        if self.options is None:
            return model
        packed = folder / f"{model.stem}.hbm"
        pack(model, packed, self.options)
        return packed

    @property
    def needs_one_file(self) -> bool:
        """True if the constants have to be in the model itself."""
        return self.in_memory and self.options is None

    def load(self, file: Path) -> HB_HBMRuntime:
        """A runtime with the model."""
        return HB_HBMRuntime(bytearray(file.read_bytes()) if self.in_memory else file)


RAW = Variant("onnx")
SHORT = (
    RAW,
    Variant("packed", ModelOptions(trial_seconds=0)),
    Variant("packed without padding", ModelOptions(trial_seconds=0, pad_outputs=False)),
)
_MARCHES = {"s100": "nash-e", "s100p": "nash-m", "s600": "nash-p"}
_LONG = (
    *SHORT,
    Variant("onnx, in memory", in_memory=True),
    Variant("packed, in memory", ModelOptions(trial_seconds=0), in_memory=True),
    Variant("packed, padded inputs", ModelOptions(trial_seconds=0, pad_inputs=True)),
    Variant("packed for nash-e", ModelOptions(trial_seconds=0, march="nash-e")),
    Variant("packed for nash-m", ModelOptions(trial_seconds=0, march="nash-m", pad_inputs=True)),
    Variant("packed for nash-p", ModelOptions(trial_seconds=0, march="nash-p")),
    Variant("packed, as computed", ModelOptions(trial_seconds=0, unsigned_activations=UnsignedActivations.NEVER)),
)


def all_variants(soc: str) -> tuple[Variant, ...]:
    """Those that run where BPUSIM_SOC is set so; "" where it is not set."""
    marches = {"", _MARCHES[soc]} if soc else {"", *_MARCHES.values()}
    return tuple(variant for variant in _LONG if variant.options is None or variant.options.march in marches)
