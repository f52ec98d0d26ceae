"""The inputs of a configuration: lists of the same length, taken apart by input and checked against each other."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hbm_runtime.packer.config.read import Configuration
from hbm_runtime.packer.config.schema import COMPILER, INPUT, INPUT_SOURCES
from hbm_runtime.packer.options import FeatureInput, ImageInput, ImageRules, ImageType, InputSource
from hbm_runtime.packer.transform.image_input import check_image_input


@dataclass(frozen=True)
class ConfiguredInput:
    """One input as the configuration has it.

    Attributes:
        name: The input's name in the ONNX model.
        shape: As given; None keeps the model's.
        option: What becomes of it.
        runtime: Value of input_type_rt.
        train: Value of input_type_train.
        layout: Value of input_layout_train; empty for featuremaps that have none.
        source: Value of input_source, given or by default.
        space_and_range: Value of input_space_and_range.
    """

    name: str
    shape: tuple[int, ...] | None
    option: ImageInput | FeatureInput
    runtime: str
    train: str
    layout: str
    source: str
    space_and_range: str


def configured_inputs(
    configuration: Configuration, model_inputs: dict[str, tuple[int | str | None, ...]], rules: ImageRules
) -> list[ConfiguredInput]:
    """All inputs in the configuration's order.

    Args:
        configuration: What was read.
        model_inputs: Names and shapes of the ONNX model's inputs, in order.
        rules: What no document settles.

    Raises:
        PackError: Counts differ, names are unknown, or values contradict each other.
    """
    lists = _Lists(configuration, _names(configuration, list(model_inputs)))
    sources = _sources(configuration, lists.names)
    separate = _separate(configuration, lists.names)
    shapes = _shapes(lists)
    return [
        _input(lists, at, shapes[at], sources.get(name), rules, separate=name in separate)
        for at, name in enumerate(lists.names)
    ]


class _Lists:
    """Values by key and input."""

    def __init__(self, configuration: Configuration, names: tuple[str, ...]) -> None:
        self.configuration = configuration
        self.names = names

    def value(self, key: str, at: int) -> str:
        """The text for one input, empty when the key is missing.

        Raises:
            PackError: The key has another number of values than there are inputs.
        """
        values = self.configuration.texts(INPUT, key)
        self._check_count(key, len(values))
        return values[at] if values else ""

    def numbers(self, key: str, at: int) -> tuple[float, ...]:
        """The numbers for one input, empty when there are none."""
        values: tuple[tuple[float, ...], ...] = self.configuration.values[INPUT][key]
        self._check_count(key, len(values))
        return values[at] if values else ()

    def _check_count(self, key: str, count: int) -> None:
        if count not in {0, len(self.names)}:
            raise self.configuration.error(
                INPUT,
                key,
                f"{count} values for {len(self.names)} inputs ({', '.join(self.names)}); separate them by ';'",
            )


def _names(configuration: Configuration, known: list[str]) -> tuple[str, ...]:
    given = configuration.texts(INPUT, "input_name")
    if not given:
        if len(known) > 1 and configuration.texts(INPUT, "input_type_rt") not in {(), ("featuremap",) * len(known)}:
            raise configuration.error(
                INPUT, "input_name", f"the model has {len(known)} inputs ({', '.join(known)}); name them all"
            )
        return tuple(known)
    for name in given:
        if name not in known:
            raise configuration.error(
                INPUT, "input_name", f"the model has no input '{name}', it has {', '.join(known)}"
            )
    if len(set(given)) != len(given):
        raise configuration.error(INPUT, "input_name", "a name stands twice")
    missing = [name for name in known if name not in given]
    if missing:
        raise configuration.error(INPUT, "input_name", f"the inputs {', '.join(missing)} of the model are missing")
    return given


def _input(
    lists: _Lists,
    at: int,
    shape: tuple[int, ...] | None,
    source: str | None,
    rules: ImageRules,
    *,
    separate: bool,
) -> ConfiguredInput:
    configuration, name = lists.configuration, lists.names[at]
    runtime, train = lists.value("input_type_rt", at), lists.value("input_type_train", at)
    for key, value in (("input_type_rt", runtime), ("input_type_train", train)):
        if not value:
            raise configuration.error(INPUT, key, "it is required")
    layout = lists.value("input_layout_train", at)
    space = lists.value("input_space_and_range", at) or "regular"
    mean, scale, std = (lists.numbers(key, at) for key in ("mean_value", "scale_value", "std_value"))
    if (runtime == "featuremap") != (train == "featuremap"):
        raise configuration.error(
            INPUT, "input_type_rt", f"input '{name}': {train} at training and {runtime} at run time exclude each other"
        )
    if runtime == "featuremap":
        for key, values in (("mean_value", mean), ("scale_value", scale), ("std_value", std)):
            if values:
                raise configuration.error(INPUT, key, f"input '{name}' is a featuremap, which is not normalised")
        if source not in {None, "ddr"}:
            raise configuration.error(COMPILER, "input_source", f"input '{name}' is a featuremap, which comes from ddr")
        if space != "regular":
            raise configuration.error(INPUT, "input_space_and_range", f"input '{name}': {space} is for nv12 only")
        feature = FeatureInput(separate_batch=separate)
        return ConfiguredInput(name, shape, feature, runtime, train, layout, "ddr", space)
    if not layout:
        raise configuration.error(INPUT, "input_layout_train", f"it is required for input '{name}'")
    if scale and std:
        raise configuration.error(INPUT, "std_value", f"input '{name}': std_value and scale_value exclude each other")
    image = ImageInput(
        runtime=ImageType(runtime),
        train=ImageType(train),
        layout=layout,
        source=InputSource(source) if source else None,
        video_range=space == "bt601_video",
        mean=mean,
        scale=scale,
        std=std,
        separate_batch=separate,
        rules=rules if runtime in {"rgb", "bgr", "yuv444"} else replace(rules, signed=False),
    )
    image = check_image_input(image, f"{configuration.path}: input '{name}'")
    chosen = image.source.value if image.source else ""
    return ConfiguredInput(name, shape, image, runtime, train, layout, chosen, space)


def _sources(configuration: Configuration, names: tuple[str, ...]) -> dict[str, str]:
    given = configuration.values[COMPILER]["input_source"] or {}
    for name, source in given.items():
        if name not in names:
            raise configuration.error(COMPILER, "input_source", f"there is no input '{name}', but {', '.join(names)}")
        if source not in INPUT_SOURCES:
            raise configuration.error(
                COMPILER, "input_source", f"'{source}' is not possible; choose from {', '.join(INPUT_SOURCES)}"
            )
    return {str(name): str(source) for name, source in given.items()}


def _separate(configuration: Configuration, names: tuple[str, ...]) -> set[str]:
    named = configuration.texts(INPUT, "separate_name")
    everything = bool(configuration.values[INPUT]["separate_batch"])
    if named and everything:
        raise configuration.error(INPUT, "separate_name", "separate_batch and separate_name exclude each other")
    for name in named:
        if name not in names:
            raise configuration.error(INPUT, "separate_name", f"there is no input '{name}', but {', '.join(names)}")
    return set(names) if everything else set(named)


def _shapes(lists: _Lists) -> list[tuple[int, ...] | None]:
    configuration = lists.configuration
    shapes: list[tuple[int, ...] | None] = []
    for at in range(len(lists.names)):
        text = lists.value("input_shape", at)
        try:
            shapes.append(tuple(int(part) for part in text.lower().split("x")) if text else None)
        except ValueError:
            raise configuration.error(INPUT, "input_shape", f"'{text}' is no shape; write it as 1x3x224x224") from None
    return shapes
