"""Which models a board brings, and what their inputs and outputs are.

Names, shapes and types are those that manuals and published samples show; where they are silent, the trained network's
usual ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Board:
    """One board.

    Attributes:
        name: Name of its folder below the models.
        march: March of its BPU.
    """

    name: str
    march: str


BOARDS = {board.name: board for board in (Board("s100", "nash-e"), Board("s100p", "nash-m"), Board("s600", "nash-p"))}


class Kind(Enum):
    """The meaning of an output."""

    FLOAT = "F32"
    SUMS = "S32 with a scale for each channel"
    CLASSES = "indices of the largest channel, S32"


@dataclass(frozen=True)
class Output:
    """One output of a sample.

    Attributes:
        name: The name that users see.
        shape: Its shape.
        channel_axis: The axis of the trained model's channels.
        kind: Its meaning.
    """

    name: str
    shape: tuple[int, ...]
    channel_axis: int
    kind: Kind = Kind.FLOAT


@dataclass(frozen=True)
class Sample:
    """One model.

    Attributes:
        name: Name of the model and of its file, with ``{march}`` for the short form of the march.
        input_name: Name of the trained model's input.
        input_shape: Shape of the trained model's input.
        input_type: ``nv12``, or ``featuremap`` for an input that stays as it is.
        outputs: Its outputs in order.
        mean: Mean of each channel, for nv12.
        scale: Scale of each channel, for nv12.
    """

    name: str
    input_name: str
    input_shape: tuple[int, ...]
    input_type: str
    outputs: tuple[Output, ...]
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()

    def name_on(self, board: Board) -> str:
        """The model's name on a board."""
        return self.name.format(march=board.march.replace("-", ""))


_UNIT = (1 / 255,)


def _grid(name: str, side: int, channels: int, kind: Kind = Kind.SUMS) -> Output:
    return Output(name, (1, side, side, channels), 3, kind)


def _yolo11(
    parts: tuple[tuple[int, Kind], ...], numbers: tuple[str, ...], extra: tuple[Output, ...] = ()
) -> tuple[Output, ...]:
    """Heads of three strides, each with its parts."""
    names = iter(numbers)
    heads = tuple(_grid(next(names), side, channels, kind) for side in (80, 40, 20) for channels, kind in parts)
    return heads + extra


SAMPLES = (
    Sample(
        "resnet18_224x224_nv12",
        "input",
        (1, 3, 224, 224),
        "nv12",
        (Output("output", (1, 1000), 1),),
        (123.675, 116.28, 103.53),
        (0.01712475, 0.017507, 0.01742919),
    ),
    Sample(
        "mobilenetv2_224x224_nv12",
        "input",
        (1, 3, 224, 224),
        "nv12",
        (Output("output", (1, 1000), 1),),
        (123.675, 116.28, 103.53),
        (0.01712475, 0.017507, 0.01742919),
    ),
    Sample(
        "yolov5x_672x672_nv12",
        "data",
        (1, 3, 672, 672),
        "nv12",
        (
            _grid("output", 84, 255),
            _grid("1310", 42, 255),
            _grid("1312", 21, 255),
        ),
        scale=_UNIT,
    ),
    Sample(
        "yolo11n_detect_{march}_640x640_nv12",
        "images",
        (1, 3, 640, 640),
        "nv12",
        _yolo11(((80, Kind.FLOAT), (64, Kind.SUMS)), ("output0", "500", "514", "522", "536", "544")),
        scale=_UNIT,
    ),
    Sample(
        "yolo11n_seg_{march}_640x640_nv12",
        "images",
        (1, 3, 640, 640),
        "nv12",
        _yolo11(
            ((80, Kind.FLOAT), (64, Kind.SUMS), (32, Kind.SUMS)),
            ("output0", "574", "579", "593", "601", "606", "620", "628", "633"),
            (Output("output1", (1, 160, 160, 32), 3, Kind.SUMS),),
        ),
        scale=_UNIT,
    ),
    Sample(
        "yolo11n_pose_{march}_640x640_nv12",
        "images",
        (1, 3, 640, 640),
        "nv12",
        _yolo11(
            ((1, Kind.FLOAT), (64, Kind.SUMS), (51, Kind.FLOAT)),
            ("output0", "555", "560", "574", "582", "587", "601", "609", "614"),
        ),
        scale=_UNIT,
    ),
    Sample(
        "unet_mobilenet_1024x2048_nv12",
        "data",
        (1, 3, 1024, 2048),
        "nv12",
        (Output("output", (1, 256, 512, 19), 3),),
        (128.0, 128.0, 128.0),
        (1 / 128,),
    ),
    Sample(
        "lanenet256x512",
        "input",
        (1, 3, 256, 512),
        "featuremap",
        (
            Output("instance_seg_logits", (1, 3, 256, 512), 1),
            Output("binary_seg_pred", (1, 1, 256, 512), 1, Kind.CLASSES),
        ),
    ),
    Sample("asr", "audio", (1, 30000), "featuremap", (Output("logits", (1, 93, 32), 2),)),
    Sample(
        "cn_PP-OCRv3_det_infer-deploy_640x640_nv12",
        "x",
        (1, 3, 640, 640),
        "nv12",
        (Output("sigmoid_0.tmp_0", (1, 1, 640, 640), 1),),
        (123.675, 116.28, 103.53),
        (0.01712475, 0.017507, 0.01742919),
    ),
    Sample(
        "cn_PP-OCRv3_rec_infer-deploy_48x320_rgb",
        "x",
        (1, 3, 48, 320),
        "featuremap",
        (Output("softmax_5.tmp_0", (1, 40, 6625), 2),),
    ),
)
"""The models that every board brings, with names of its own where the march is part of them."""
