"""The backend that Ultralytics' AutoBackend makes for a folder with a ``.hbm`` file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from ultralytics.nn.backends.base import BaseBackend

from .. import HB_HBMRuntime, InputError
from ..vision import PictureInput
from ..vision.layouts import recognise
from ..vision.tables import table_of_heads
from .real_values import RealModel

_ANCHORS = 3


class HbmBackend(BaseBackend):  # type: ignore[misc, unused-ignore]
    """Runs a ``.hbm`` file: makes inputs as the model takes them, and decodes raw heads to the table of an export."""

    def load_model(self, weight: Any) -> None:
        """Loads the file, or the only one of a folder, and the metadata beside it."""
        path = Path(weight)
        files = sorted(path.glob("*.hbm")) if path.is_dir() else [path]
        if len(files) != 1:
            raise InputError(f"{path} must have one .hbm file, and has {len(files)}")
        self.model = RealModel(HB_HBMRuntime(str(files[0])))
        self.apply_metadata(self.read_metadata(files[0].parent))
        size = getattr(self, "imgsz", None)
        self._size = (int(size[1]), int(size[0])) if size else None
        self._taken = PictureInput.of(self.model.model, None if not self._is_dynamic() else self._size)

    def forward(self, im: torch.Tensor, **_: Any) -> Any:
        """Gives what the exported ONNX model would give.

        Args:
            im: RGB, 0 to 1, (batch, 3, height, width).
        """
        found = [self._run(picture) for picture in im.cpu().numpy()]
        parts = [torch.from_numpy(np.concatenate(each)).to(self.device) for each in zip(*found, strict=True)]
        return parts[0] if len(parts) == 1 else parts

    def _run(self, picture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        size = picture.shape[2], picture.shape[1]
        if size != self._taken.size:
            raise InputError(
                f"the model takes pictures of {self._taken.size[0]} x {self._taken.size[1]}, "
                f"given {size[0]} x {size[1]}; pass imgsz=({self._taken.size[1]}, {self._taken.size[0]})"
            )
        outputs = self.model.run(self._inputs(picture))
        layout = recognise({name: array.shape for name, array in outputs.items()}, size, _ANCHORS)
        if layout.heads:
            if layout.prototypes is not None or len(layout.heads[0].names) != 2:
                raise InputError("of raw heads only those that find boxes are decoded for Ultralytics")
            return [table_of_heads(outputs, layout)]
        return [np.asarray(array, np.float32) for array in outputs.values()]

    def _inputs(self, picture: NDArray[np.float32]) -> dict[str, Any]:
        if self._taken.planar and self._taken.dtype.kind == "f":
            return {self._taken.luma: picture[None].astype(self._taken.dtype)}
        pixels = np.rint(picture.transpose(1, 2, 0)[:, :, ::-1] * 255).astype(np.uint8)
        return dict(self._taken.prepare(pixels)[0])

    def _is_dynamic(self) -> bool:
        return any(info.is_dynamic for info in self.model.model.inputs.values())
