"""The results of a detector, as plain arrays."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import MissingPackageError
from .drawing import draw


@dataclass(frozen=True)
class Detections:
    """The detections of one picture, the most certain first.

    Indexing by a number, slice, mask or list of numbers gives those detections.

    Attributes:
        boxes: float32 (N, 4): x1, y1, x2, y2 in pixels of the picture.
        scores: float32 (N,), 0 to 1.
        classes: int64 (N,), numbers of the model's classes.
        masks: bool (N, height, width) of the picture, or None where the model has none.
        keypoints: float32 (N, K, 3): x, y and how certain the point is visible, or None.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]
    masks: NDArray[np.bool_] | None = None
    keypoints: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, which: int | slice | Sequence[int] | NDArray[Any]) -> Detections:
        chosen = np.arange(len(self))[which].reshape(-1)
        return Detections(
            self.boxes[chosen],
            self.scores[chosen],
            self.classes[chosen],
            None if self.masks is None else self.masks[chosen],
            None if self.keypoints is None else self.keypoints[chosen],
        )

    def __iter__(self) -> Iterator[Detections]:
        return (self[number] for number in range(len(self)))

    def draw(self, image: NDArray[np.uint8], names: Sequence[str] | None = None) -> NDArray[np.uint8]:
        """Draws boxes, masks, key points and labels into a copy of the picture.

        Args:
            image: BGR or RGB pixels (height, width, 3), those that the detections are of.
            names: Names of the classes, by number; without them numbers are drawn.

        Returns:
            A new array of the same shape.
        """
        labels = [
            (kind, f"{names[kind] if names is not None and 0 <= kind < len(names) else kind} {score:.2f}")
            for kind, score in zip(self.classes.tolist(), self.scores.tolist(), strict=True)
        ]
        return draw(image, self.boxes, labels, self.masks, self.keypoints)

    def to_supervision(self) -> Any:
        """Returns the same as `supervision.Detections`; key points go into ``data["keypoints"]``.

        Raises:
            MissingPackageError: The package supervision is not installed.
        """
        try:
            supervision = importlib.import_module("supervision")
        except ImportError as error:
            raise MissingPackageError("to_supervision() needs a package: pip install supervision") from error
        data = {} if self.keypoints is None else {"keypoints": self.keypoints}
        return supervision.Detections(
            xyxy=self.boxes, confidence=self.scores, class_id=self.classes, mask=self.masks, data=data
        )
