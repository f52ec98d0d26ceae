"""What people and tools see of the methods: signatures, help, completion, and one line for a wrong argument."""

from __future__ import annotations

import inspect
import io
import pydoc
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import numpy as np
import pytest
from support.child import output_of, run_python

import hbm_runtime
from hbm_runtime import HB_HBMRuntime, Model, RemoteModel, RemoteRuntime, SchedParam, Shape

if TYPE_CHECKING:
    from support.model_factory import ModelFactory

X = np.ones((2, 3), np.float32)
SCHEDULING = ["priority", "bpu_cores", "custom_id", "device_id"]
HOW = ["model_name", *SCHEDULING, "timeout", "deadline", "outputs", "output_names"]
RUN = ["input_tensor", *HOW, "input_tensors", "multi_input_tensors"]


@pytest.mark.parametrize("name", ["run", "run_async"])
def test_running_has_one_signature(name: str, runtime: HB_HBMRuntime) -> None:
    of_class = inspect.signature(getattr(HB_HBMRuntime, name))
    of_object = inspect.signature(getattr(runtime, name))
    assert list(of_class.parameters) == ["self", *RUN]
    assert list(of_object.parameters) == RUN
    kinds = [parameter.kind for parameter in of_object.parameters.values()]
    assert kinds == [inspect.Parameter.POSITIONAL_OR_KEYWORD] * 6 + [inspect.Parameter.KEYWORD_ONLY] * 6
    assert all(parameter.annotation for parameter in of_object.parameters.values())
    assert set(get_type_hints(getattr(HB_HBMRuntime, name))) == {*RUN, "return"}


def test_other_calls_take_the_same_arguments() -> None:
    benchmark = list(inspect.signature(HB_HBMRuntime.benchmark).parameters)
    assert benchmark[:3] == ["self", "inputs", "repeat"]
    assert benchmark[-len(HOW) :] == HOW
    for name in ("run", "run_async"):
        assert list(inspect.signature(getattr(Model, name)).parameters) == ["self", "inputs", *HOW[1:]]
    assert list(inspect.signature(HB_HBMRuntime.set_scheduling_params).parameters) == ["self", *SCHEDULING]
    assert list(inspect.signature(HB_HBMRuntime.bind).parameters) == ["self", "model", "inputs", "outputs"]
    assert list(inspect.signature(HB_HBMRuntime.queue).parameters)[:4] == ["self", "model", "size", "policy"]
    assert next(iter(inspect.signature(HB_HBMRuntime).parameters)) == "model_file"


@pytest.mark.parametrize("name", ["run", "run_async", "benchmark"])
@pytest.mark.parametrize(("here", "there"), [(HB_HBMRuntime, RemoteRuntime), (Model, RemoteModel)])
def test_a_call_takes_the_same_arguments_here_and_on_a_server(name: str, here: type, there: type) -> None:
    if not hasattr(here, name):
        assert not hasattr(there, name)
        return
    local, remote = (dict(inspect.signature(getattr(of, name)).parameters) for of in (here, there))
    more = ["idempotent"] + (["where"] if name == "benchmark" else [])
    for own in more:
        assert remote.pop(own).kind is inspect.Parameter.KEYWORD_ONLY
    assert list(remote) == list(local)
    for argument, of_local in local.items():
        of_remote = remote[argument]
        assert (of_remote.kind, of_remote.default, of_remote.annotation) == (
            of_local.kind, of_local.default, of_local.annotation,
        ), argument  # fmt: skip


@pytest.mark.parametrize("name", ["run", "run_async", "set_scheduling_params", "bind", "queue", "benchmark"])
def test_help_shows_signature_and_one_text(name: str) -> None:
    method = getattr(HB_HBMRuntime, name)
    shown = pydoc.plain(pydoc.render_doc(method))
    first = inspect.getdoc(method).splitlines()[0]  # type: ignore[union-attr] # its absence fails as well
    assert shown.count(first) == 1
    assert f"{name}(self, " in shown
    assert "Args:" in shown
    assert (method.__name__, method.__doc__ is not None, callable(method)) == (name, True, True)
    with redirect_stdout(io.StringIO()) as whole:
        help(HB_HBMRuntime)
    assert f"{name}(self, " in whole.getvalue()


Call = Callable[[Any], object]
Runtime: Any = HB_HBMRuntime  # type checkers see these mistakes, too
WRONG: dict[str, tuple[Call, str]] = {
    "misspelt": (lambda rt: rt.run(X, time_out=1), "run() has no argument 'time_out'; did you mean 'timeout'?"),
    "of SchedParam": (lambda rt: rt.run(X, customId={}), "run() has no argument 'customId'; did you mean 'custom_id'?"),
    "a beginning": (
        lambda rt: rt.set_scheduling_params(prio={}),
        "set_scheduling_params() has no argument 'prio'; did you mean 'priority'?",
    ),
    "like none": (
        lambda rt: rt.bind("times_2", xyz=1),
        "bind() has no argument 'xyz'; its arguments are model, inputs, outputs",
    ),
    "asynchronous": (
        lambda rt: rt.run_async(X, ouputs=X),
        "run_async() has no argument 'ouputs'; did you mean 'outputs'?",
    ),
    "queue": (lambda rt: rt.queue("times_2", polcy="block"), "queue() has no argument 'polcy'; did you mean 'policy'?"),
    "benchmark": (lambda rt: rt.benchmark(X, wramup=3), "benchmark() has no argument 'wramup'; did you mean 'warmup'?"),
    "constructor": (
        lambda _: Runtime("m", thread=2),
        "HB_HBMRuntime() has no argument 'thread'; did you mean 'threads'?",
    ),
    "model": (
        lambda rt: rt["times_2"].run(X, out=X),
        "run() has no argument 'out'; did you mean 'outputs'?",
    ),
    "no inputs": (
        lambda rt: rt.run(),
        "a run needs inputs: an array, a dict of arrays by input name, or a dict of such dicts by model name",
    ),
    "no model": (lambda rt: rt.bind(), "bind() needs the argument 'model'"),
    "twice by position": (lambda rt: rt.run(X, input_tensor=X), "run() is given 'input_tensor' twice"),
    "under two names": (
        lambda rt: rt.run(X, multi_input_tensors={}),
        "the inputs are given twice: input_tensor, input_tensors and multi_input_tensors are names of one argument",
    ),
    "too many": (
        lambda rt: rt.run(X, "times_2", {}, {}, {}, {}, 1.0),
        "run() takes at most 6 arguments by position, given 7; the others go by keyword: timeout, deadline, outputs, "
        "output_names, input_tensors, multi_input_tensors",
    ),
    "no object": (lambda _: Runtime.run(), "run() is a method: call it on an object"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_argument_is_one_line(case: str, runtime: HB_HBMRuntime) -> None:
    call, text = WRONG[case]
    with pytest.raises(TypeError) as caught:
        call(runtime)
    assert str(caught.value) == text


def test_all_names_of_the_inputs_work(runtime: HB_HBMRuntime) -> None:
    for keywords in (
        {"input_tensor": X, "model_name": "times_2"},
        {"input_tensors": {"x": X}, "model_name": "times_2"},
        {"multi_input_tensors": {"times_2": {"x": X}}},
    ):
        call: Any = keywords
        np.testing.assert_array_equal(runtime.run(**call)["times_2"]["y"], 2 * X)
        np.testing.assert_array_equal(runtime.run_async(**call).result()["times_2"]["y"], 2 * X)


def test_methods_can_be_overridden_and_called_from_below(models: ModelFactory) -> None:
    class Counting(HB_HBMRuntime):
        runs = 0

        def run(self, *args: Any, **keywords: Any) -> Any:
            self.runs += 1
            return super().run(*args, **keywords)

    with Counting(models.scaled(2)) as runtime:
        np.testing.assert_array_equal(runtime.run(X, timeout=10)["times_2"]["y"], 2 * X)
        np.testing.assert_array_equal(HB_HBMRuntime.run(runtime, X)["times_2"]["y"], 2 * X)
        assert runtime.runs == 1


def test_tracebacks_name_the_package(runtime: HB_HBMRuntime) -> None:
    try:
        runtime.run(X, "times_4")
    except hbm_runtime.InputError as error:
        lines = traceback.format_exception_only(error)
    assert lines[0].startswith("hbm_runtime.InputError: ")
    assert repr(HB_HBMRuntime) == "<class 'hbm_runtime.HB_HBMRuntime'>"


def test_the_package_lists_its_public_names() -> None:
    script = "import hbm_runtime; print(sorted(hbm_runtime.__all__) == dir(hbm_runtime))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_keys_can_be_completed(runtime: HB_HBMRuntime) -> None:
    def keys(of: Any) -> list[str]:
        return list(of._ipython_key_completions_())

    assert keys(runtime) == ["times_2", "times_3"]
    assert keys(runtime["times_2"].inputs) == ["x"]
    with runtime.profile() as profile:
        runtime.run(X, "times_2")
    assert "DeviceExecute" in keys(profile.durations["times_2"])


def test_objects_show_what_they_hold(runtime: HB_HBMRuntime) -> None:
    with runtime.profile() as profile:
        request = runtime.run_async(X, "times_2")
        request.result()
        assert repr(profile).startswith("<Profile, recording: 1 requests")
    assert repr(profile) == "<Profile, ended: 1 requests>"
    assert repr(request).startswith("<InferRequest times_2: done in ")
    with runtime.queue("times_2", 3) as queue:
        queue.submit(X)
        queue.drain()
        assert repr(queue) == "<InferQueue of 'times_2', block: 0 of 3 waiting, 0 running, 1 results, 0 dropped>"
    assert "closed" in repr(queue)
    bound = runtime.bind("times_2")
    assert repr(bound) == "<BoundRun of 'times_2', ready: inputs x float32 [2, 3]; outputs y float32 [2, 3]>"


def test_shapes_and_scheduling_can_be_typed_as_they_are_printed() -> None:
    for shape in (Shape(1, 3, 224, 224), Shape(), Shape(-1, 3, names=["N", ""]), Shape([2, 3], ["a", "b"])):
        again = eval(repr(shape), {"Shape": Shape})
        assert (again, again.names) == (shape, shape.names)
    assert Shape(1, 3) == Shape([1, 3]) == Shape(np.array([1, 3])) == (1, 3)
    assert Shape(dimensions=(1, 3)) == (1, 3)
    param = SchedParam(priority=3, bpu_cores=[0, 1])
    assert (param.priority, param.customId, param.bpu_cores, param.deviceId) == (3, 0, [0, 1], 0)
    assert eval(repr(param), {"SchedParam": SchedParam}) == param
    with pytest.raises(TypeError, match="did you mean 'priority'"):
        SchedParam(prority=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Shape("ab")  # type: ignore[arg-type]


def test_arrays_of_a_binding_are_written_and_not_replaced(runtime: HB_HBMRuntime) -> None:
    bound: Any = runtime.bind("times_2")
    with pytest.raises(TypeError, match=r"write into the array, bound\.inputs\['x'\]\[\.\.\.\] = values"):
        bound.inputs["x"] = X
    for change in (bound.outputs.clear, lambda: bound.outputs.update(y=X), lambda: bound.inputs.pop("x")):
        with pytest.raises(TypeError, match="fixed"):
            change()
    bound.inputs["x"][...] = X
    np.testing.assert_array_equal(bound.run()["y"], 2 * X)


def test_one_model_has_one_shape_of_result(runtime: HB_HBMRuntime) -> None:
    """What run() gives, run_async().result() of the same object gives, too."""
    model, bound = runtime["times_2"], runtime.bind("times_2", inputs=X)
    for direct, request in ((model.run(X), model.run_async(X)), (bound.run(), bound.run_async())):
        result = request.result(10)
        assert list(direct) == list(result) == ["y"]
        np.testing.assert_array_equal(result["y"], 2 * X)
        with pytest.warns(DeprecationWarning, match="leave out"):
            old: Any = result["times_2"]
        assert old["y"] is result["y"]
        with pytest.raises(KeyError):
            result["times_3"]
    assert list(runtime.run_async(X, "times_2").result()) == ["times_2"]


HINTS = """
import inspect, os, sys, typing
from importlib import import_module
import hbm_runtime

def callables():
    homes = ("quant", "image", "encryption", "vision", "packer", "compare", "samples")
    for home in (hbm_runtime, *(import_module(f"hbm_runtime.{name}") for name in homes)):
        for name in home.__all__:
            value = getattr(home, name)
            owners = [each for each in getattr(value, "__mro__", ()) if each.__module__.startswith("hbm_runtime")]
            if not inspect.isclass(value) and callable(value):
                yield f"{home.__name__}.{name}", value
            for owner in owners:
                for member, found in vars(owner).items():
                    if not member.startswith("_") or member in {"__enter__", "__getitem__", "__iter__", "__call__"}:
                        found = getattr(found, "__func__", found)
                        yield f"{name}.{member}", found.fget if isinstance(found, property) else found

def resolves(found):
    # Those of the extension have none; what one method has imported would hide that another one lacks it.
    child = os.fork()
    if not child:
        try:
            hasattr(found, "__annotations__") and typing.get_type_hints(found)
        except BaseException as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0

found = [(name, each) for name, each in callables() if callable(each)]
print(len(found) > 200, *[name for name, each in found if not resolves(each)])
"""


def test_programs_can_read_the_types_of_everything_that_is_public(tmp_path: Path) -> None:
    ended = run_python(HINTS, cwd=tmp_path)
    assert output_of(ended).strip() == "True", ended.stderr
