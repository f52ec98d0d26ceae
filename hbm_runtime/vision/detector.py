"""Detects objects in pictures with YOLO models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from .._errors import InputError
from ..image import Letterbox
from .candidates import Candidates, decode_anchors, decode_distances, decode_table, joined
from .detections import Detections
from .layouts import Head, Layout, Table, recognise
from .masks import paint_masks
from .preparing import PictureInput
from .stored import Rows
from .suppression import non_maximum_suppression

if TYPE_CHECKING:
    from .._models.model import Model
    from .._running.runnable import RunnableRuntime
    from ..serving.client.remote_model import RemoteModel
    from ..serving.client.runtime import RemoteRuntime

ANCHORS = (
    ((10, 13), (16, 30), (33, 23)),
    ((30, 61), (62, 45), (59, 119)),
    ((116, 90), (156, 198), (373, 326)),
)
"""Anchors of YOLOv5 as it was trained on COCO: width and height in pixels, for strides 8, 16 and 32."""


class Detector:
    """Runs a YOLO model on pictures. May be used from any number of threads.

    It understands models with raw heads, as the vendor's model zoo compiles them (YOLOv5, and YOLOv8, YOLO11 and others
    with distributed distances; NHWC or NCHW; int8, int16, int32 or floating), and exported ONNX models with one table.
    Masks and key points come with the detections where the model has them.
    """

    def __init__(
        self,
        model: RunnableRuntime | RemoteRuntime | Model | RemoteModel,
        *,
        confidence: float = 0.25,
        iou: float = 0.45,
        limit: int = 300,
        size: tuple[int, int] | None = None,
        keypoints: int = 0,
        anchors: Sequence[Sequence[tuple[float, float]]] = ANCHORS,
        distances_first: bool | None = None,
        color: int = 114,
        center: bool = True,
        range: Literal["full", "video"] = "full",  # noqa: A002 (as in hbm_runtime.image)
    ) -> None:
        """Takes a model; nothing is run.

        Args:
            model: A model such as ``runtime["yolo"]``, or a runtime that has one model only.
            confidence: The least score, 0 to 1.
            iou: How much boxes of one class may overlap, 0 to 1.
            limit: How many detections are kept at most.
            size: (width, height) for a model whose input is dynamic.
            keypoints: How many key points an exported ONNX model gives; heads say it by their shapes.
            anchors: YOLOv5's anchors, for each scale from the finest: width and height in pixels.
            distances_first: True if the heads of a model with 64 classes give their 64 distances before the scores;
                for all others the shapes decide it.
            color: Colour of the padding around pictures.
            center: Put pictures in the middle of the padding; else at the upper left.
            range: Range of the values of NV12; see `hbm_runtime.image`.

        Raises:
            InputError: The runtime has several models, or the inputs are of no known kind.
        """
        self.model: Any = _only_model(model)
        self.input = PictureInput.of(self.model, size)
        self._confidence, self._iou, self._limit = float(confidence), float(iou), limit
        self._keypoints = keypoints
        self._distances_first = distances_first
        self._anchors = [np.asarray(scale, np.float32).reshape(-1, 2) for scale in anchors]
        self._letterbox: dict[str, Any] = {"color": color, "center": center, "range": range}

    def __call__(self, image: NDArray[np.uint8], **scheduling: Any) -> Detections:
        """Finds things in a picture.

        Args:
            image: BGR pixels (height, width, 3), uint8, as OpenCV gives them.
            scheduling: ``priority``, ``bpu_cores``, ``timeout`` and so on, for `Model.run`.

        Returns:
            Detections in pixels of the picture.
        """
        inputs, place = self.input.prepare(image, **self._letterbox)
        return self.decode(self.model.run(inputs, **scheduling), place)

    def decode(self, outputs: Mapping[str, NDArray[Any]], place: Letterbox | None = None) -> Detections:
        """Decodes outputs that the model has returned, for instance by `Model.run_async` or a queue.

        Args:
            outputs: All outputs for one picture, by name, as the model stores them.
            place: Where the picture is in the input, from `PictureInput.prepare` or `hbm_runtime.image.letterbox`; None
                gives detections in pixels of the input.

        Raises:
            InputError: The outputs are of no known layout, or there are 64 classes and `distances_first` is not given.
        """
        size = self.input.size
        shapes = {name: array.shape for name, array in outputs.items()}
        layout = recognise(shapes, size, len(self._anchors[0]), self._distances_first)
        found, keypoints = self._candidates(outputs, layout)
        kept = non_maximum_suppression(found.boxes, found.scores, found.classes, iou=self._iou, limit=self._limit)
        place = place or Letterbox(size, size, 0, 0, size)
        boxes, extra = place.boxes_to_source(found.boxes[kept]), found.extra[kept]
        masks, points = None, None
        if layout.prototypes is not None:
            name, channels = layout.prototypes
            prototypes = self._rows(outputs, name, channels).real(slice(None))
            masks = paint_masks(prototypes, extra, boxes, place)
        elif keypoints:
            points = extra.reshape(len(kept), keypoints, 3).copy()
            points[:, :, :2] = place.points_to_source(points[:, :, :2], clip=True)
        return Detections(boxes, found.scores[kept], found.classes[kept], masks, points)

    def _candidates(self, outputs: Mapping[str, NDArray[Any]], layout: Layout) -> tuple[Candidates, int]:
        """All boxes, and how many key points each has."""
        if layout.table is not None:
            return self._of_table(outputs, layout.table, layout.prototypes)
        keypoints = layout.heads[0].extra // 3 if layout.prototypes is None else 0
        parts = []
        for number, head in enumerate(layout.heads):
            rows = [self._rows(outputs, name, head.channels) for name in head.names]
            parts.append(self._of_head(number, head, rows, keypoints))
        return joined(parts), keypoints

    def _of_head(self, number: int, head: Head, rows: list[Rows], keypoints: int) -> Candidates:
        if len(rows) == 1:
            if number >= len(self._anchors) or rows[0].channels % len(self._anchors[number]):
                raise InputError(f"output '{head.names[0]}' does not fit the anchors; pass anchors=...")
            return decode_anchors(head.grid, rows[0], self._anchors[number], head.extra, self._confidence)
        extra = rows[2] if len(rows) == 3 else None
        return decode_distances(head.grid, rows[0], rows[1], extra, confidence=self._confidence, keypoints=keypoints)

    def _of_table(
        self, outputs: Mapping[str, NDArray[Any]], table: Table, prototypes: tuple[str, int] | None
    ) -> tuple[Candidates, int]:
        rows = self._rows(outputs, table.name, table.channels)
        extra = 3 * self._keypoints if prototypes is None else outputs[prototypes[0]].shape[prototypes[1]]
        found = decode_table(rows, extra, self._confidence, objectness=table.objectness)
        return found, self._keypoints if prototypes is None else 0

    def _rows(self, outputs: Mapping[str, NDArray[Any]], name: str, channels: int) -> Rows:
        return Rows(outputs[name], self.model.outputs[name].quant, channels=channels)


def _only_model(given: Any) -> Any:
    names = getattr(given, "model_names", None)
    if names is None:
        return given
    if len(names) != 1:
        raise InputError(
            f"the runtime has the models {', '.join(names)}; pass one of them, such as runtime['{names[0]}']"
        )
    return given[names[0]]
