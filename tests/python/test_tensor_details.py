"""Shapes, element types, schemes, alignment and order of tensors, as objects that can be asked."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from support.model_factory import ModelFactory

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, QuantParams, Shape, hbDNNDataType
from hbm_runtime._models.quant_scheme import scheme_of

X = np.ones((2, 3), np.float32)
MIXED: dict[str, Any] = {"gain": X, "count": np.ones(4, np.int32), "mask": np.ones((2, 5), np.uint8)}

ALIASES: dict[str, list[Any]] = {
    "S8": [np.int8, "int8", "b", "i1"],
    "U8": [np.uint8, "uint8", "B", "u1"],
    "F16": [np.float16, "float16", "half", "f2"],
    "S16": [np.int16, "int16", "short"],
    "U16": [np.uint16, "uint16", "u2"],
    "F32": [np.float32, "float32", "single", "<f4"],
    "S32": [np.int32, "int32", "i4"],
    "U32": [np.uint32, "uint32", "u4"],
    "F64": [np.float64, "float64", "double", float],
    "S64": [np.int64, "int64", "q", "l"],
    "U64": [np.uint64, "uint64", "Q"],
    "BOOL8": [np.bool_, "bool", bool],
}


@pytest.mark.parametrize("name", ALIASES)
def test_element_types_convert_to_numpys_and_back(name: str) -> None:
    kind = hbDNNDataType[name]
    assert hbDNNDataType.from_dtype(kind.to_dtype()) is kind
    for alias in ALIASES[name]:
        assert hbDNNDataType.from_dtype(alias) is kind
        assert np.dtype(alias) == kind.to_dtype()


def test_types_without_a_counterpart_say_so() -> None:
    for kind in (hbDNNDataType.S4, hbDNNDataType.U4, hbDNNDataType.MAX):
        with pytest.raises(hbm_runtime.UnsupportedError, match=kind.name):
            kind.to_dtype()
    for dtype in ("complex64", ">f4", "U5", object):
        with pytest.raises(hbm_runtime.UnsupportedError, match="no tensor has the element type"):
            hbDNNDataType.from_dtype(dtype)
    with pytest.raises(TypeError):
        hbDNNDataType.from_dtype("no dtype")


def test_a_shape_is_a_tuple_that_knows_more() -> None:
    shape = Shape((1, 3, 224, 224))
    assert tuple(shape) == (1, 3, 224, 224)
    assert shape == tuple(shape)
    assert (len(shape), shape[-1], shape[1:3]) == (4, 224, (3, 224))
    assert (shape.rank, shape.dynamic, shape.size) == (4, False, 150528)
    assert shape.strides == tuple(step // 4 for step in np.empty(shape, np.float32).strides)
    assert str(shape) == "[1, 3, 224, 224]"
    assert (Shape(()).size, Shape(()).strides) == (1, ())


def test_a_dynamic_shape_names_its_dimensions(models: ModelFactory) -> None:
    with HB_HBMRuntime(models.dynamic()) as runtime:
        shape = runtime.model("dynamic").inputs[0].shape
    assert shape.dynamic
    assert [size for size, name in zip(shape, shape.names, strict=True) if name] == [-1] * sum(map(bool, shape.names))
    assert any(shape.names)
    assert all(name in str(shape) for name in shape.names)
    for way in (copy.copy(shape), pickle.loads(pickle.dumps(shape))):
        assert (way, way.names) == (shape, shape.names)
    with pytest.raises(hbm_runtime.ShapeError, match="dynamic"):
        shape.size  # noqa: B018


@pytest.mark.parametrize(
    ("own", "other", "fits"),
    [
        ((1, 3), (1, 3), True), ((1, 3), (1, 4), False), ((1, 3), (1, 3, 1), False), ((-1, 3), (7, 3), True),
        ((-1, 3), (7, 4), False), ((2, 3), (-1, 3), True), ((), (), True),
    ],
)  # fmt: skip
def test_shapes_are_compatible_when_one_array_can_have_both(own: Any, other: Any, fits: bool) -> None:
    assert Shape(own).is_compatible(other) is fits
    assert Shape(other).is_compatible(own) is fits


def test_only_what_depends_on_dynamic_dimensions_is_unknown() -> None:
    assert Shape((-1, 3, 2)).strides == (6, 2, 1)
    with pytest.raises(hbm_runtime.ShapeError, match="strides"):
        Shape((2, -1)).strides  # noqa: B018
    with pytest.raises(hbm_runtime.ShapeError, match="2 dimensions have 1 names"):
        Shape((2, 3), ("batch",))


def test_a_scheme_gives_each_channels_parameters(models: ModelFactory) -> None:
    with HB_HBMRuntime(models.quantised()) as runtime:
        outputs = runtime.model("quantised").outputs
        schemes = {name: info.scheme for name, info in outputs.items()}
        quants = {name: info.quant for name, info in outputs.items()}
    assert any(scheme is not None and scheme.per_channel for scheme in schemes.values())
    for name, scheme in schemes.items():
        quant = quants[name]
        assert (scheme is None) == (quant.quant_type.name == "NONE")
        if scheme is None:
            continue
        assert [param.scale for param in scheme] == quant.scale.tolist()
        assert len(scheme) == len(quant.scale)
        assert scheme.axis == quant.axis
        if scheme.per_channel:
            with pytest.raises(hbm_runtime.HbmStateError, match="by index"):
                scheme.param  # noqa: B018


def test_a_scheme_for_the_whole_tensor_has_one_parameter() -> None:
    scheme = scheme_of(QuantParams(scale=0.5, zero_point=3))
    assert scheme is not None
    assert not scheme.per_channel
    assert (scheme.param.scale, scheme.param.zero_point) == (0.5, 3)
    assert scheme_of(QuantParams()) is None
    without_zeros = scheme_of(QuantParams(scale=[0.5, 2.0], axis=0))
    assert without_zeros is not None
    assert [param.zero_point for param in without_zeros] == [0, 0]


def test_alignment_and_padding_of_tensors_are_reported(models: ModelFactory) -> None:
    with HB_HBMRuntime(models.padded("U8", (1, 4, 40))) as runtime:
        output = runtime.model("padded").outputs[0]
    assert output.alignment == 64
    assert (output.nbytes, output.strides) == (160, (256, 64, 1))
    assert output.storage_nbytes is not None
    assert output.storage_nbytes >= 4 * 64 - 24  # the last row need not be whole
    assert output.padding == output.storage_nbytes - 160
    with HB_HBMRuntime(models.dynamic()) as runtime:
        dynamic = runtime.model("dynamic").inputs[0]
    assert (dynamic.storage_nbytes, dynamic.padding) == (None, None)


def test_tensors_may_be_given_and_taken_in_the_models_order(models: ModelFactory) -> None:
    with HB_HBMRuntime(models.mixed()) as runtime:
        model = runtime.model("mixed")
        expected = runtime.run(MIXED)["mixed"]
        given = [MIXED[name] for name in model.inputs]
        for result in (model.run(given), model.run(tuple(given)), model.run_async(given).result(10)):
            assert list(result) == list(model.outputs)
            for got, wanted in zip(result.values(), expected.values(), strict=True):
                np.testing.assert_array_equal(got, wanted)
        outputs = [np.empty(info.shape, info.np_dtype) for info in model.outputs.values()]
        model.run(given, outputs=outputs)
        for got, wanted in zip(outputs, expected.values(), strict=True):
            np.testing.assert_array_equal(got, wanted)
        bound = runtime.bind("mixed", inputs=given)
        np.testing.assert_array_equal(bound.run()["zulu"], expected["zulu"])


def test_a_sequence_of_the_wrong_length_is_refused(models: ModelFactory) -> None:
    with HB_HBMRuntime(models.mixed()) as runtime:
        model = runtime.model("mixed")
        with pytest.raises(hbm_runtime.InputError, match="1 inputs are given in order, it has 3: 'gain', 'count'"):
            model.run([X])
        with pytest.raises(hbm_runtime.InputError, match="2 outputs are given in order"):
            model.run(list(MIXED.values()), outputs=[X, X])
        with pytest.raises(TypeError):
            runtime.run(list(MIXED.values()))  # type: ignore[arg-type]


def test_tensors_are_found_by_index_and_name(models: ModelFactory) -> None:
    with HB_HBMRuntime(models.mixed()) as runtime:
        inputs = runtime["mixed"].inputs
    assert [inputs[i].name for i in range(3)] == list(inputs) == ["gain", "count", "mask"]
    assert inputs[-1] is inputs["mask"]
    with pytest.raises(KeyError):
        inputs["nothing"]
    with pytest.raises(IndexError):
        inputs[3]
