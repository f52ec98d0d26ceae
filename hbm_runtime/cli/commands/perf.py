"""``hbm-runtime perf``: how fast a model runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from hbm_runtime._observing.core_load import CoreLoad
from hbm_runtime._observing.measuring import Calls, Measurement, Plan, Run, run_seconds, runs_per_second
from hbm_runtime.cli.arguments import Parser, integer, number
from hbm_runtime.cli.drawing import describe_graph, html_of
from hbm_runtime.cli.errors import CommandError, ExitCode, UsageError
from hbm_runtime.cli.inputs import add_input_arguments, read_inputs
from hbm_runtime.cli.intermediate import add_dump_arguments, dump_intermediate
from hbm_runtime.cli.latency import latency_of
from hbm_runtime.cli.models import LoadedModels, ModelFacts, add_model_arguments, open_models, read_files
from hbm_runtime.cli.output import Output
from hbm_runtime.cli.profile_files import write_profile
from hbm_runtime.cli.reporting import CoreSamples, profile_frames, write_page
from hbm_runtime.cli.running import add_running_arguments, prepare_run
from hbm_runtime.cli.tables import Column, Facts, Table

SUMMARY = "measure latency and throughput of a model"

_MAX_THREADS = 32


def add_arguments(parser: Parser) -> None:
    """Declares the command's arguments."""
    add_model_arguments(parser)
    add_input_arguments(parser, required=False)
    add_running_arguments(parser)
    parser.add_option(
        "frame_count",
        metavar="N",
        type=integer(1),
        default=200,
        help="frames of all threads together; default: 200; not used when a time is set",
    )
    parser.add_option("perf_time", metavar="MINUTES", type=number(0), default=0, help="measure that long")
    parser.add_option(
        "perf_time_in_seconds", metavar="S", type=number(0), default=0, help="the same in seconds; perf_time wins"
    )
    parser.add_option("thread_num", metavar="N", type=integer(1, _MAX_THREADS), default=1, help="1, the default, to 32")
    parser.add_flag("enable_warmup", default=True, help="leave the first frame out; default: true")
    parser.add_flag("enable_mem_lru", default=True, help="accepted; this runtime always keeps its buffers")
    parser.add_option(
        "statistic_cycle", metavar="N", type=integer(0), default=0, help="also report every N frames; default: 0, never"
    )
    parser.add_option("profile_path", metavar="FOLDER", type=Path, help="write profiler.log and profiler.csv there")
    parser.add_option("plot", metavar="FILE", type=Path, help="draw a latency histogram and a timeline (.png)")
    parser.add_option("report", metavar="FILE", type=Path, help="write a page with all figures and charts (.html)")
    add_dump_arguments(parser)
    parser.add_option("require_fps", metavar="FPS", type=number(0), help="exit with 3 below that frame rate")
    parser.add_option(
        "require_p99", metavar="MS", type=number(0, exclusive=True), help="exit with 3 above that 99th percentile"
    )


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Measures and reports."""
    if arguments.plot is not None:
        from hbm_runtime.cli.plot import demand_matplotlib  # noqa: PLC0415 (only when it is asked for)

        demand_matplotlib(arguments.plot)
    if arguments.report is not None and arguments.report.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(f"--report {arguments.report}: the name must end in .html")
    models = open_models(arguments)
    model = models.only(arguments.model_name)
    inputs = read_inputs(arguments, model, output)
    run_once = prepare_run(arguments, models, model, inputs)
    seconds = arguments.perf_time * 60 or arguments.perf_time_in_seconds or None
    warmup, threads = int(arguments.enable_warmup), arguments.thread_num
    plan = Plan(arguments.frame_count, seconds, warmup=warmup, threads=threads)
    measurement = Measurement(Calls(lambda _: run_once()), [inputs], plan)
    measurement.warm_up()
    load, cores = CoreLoad(models.core_counters), CoreSamples(models.core_counters)
    _measure(measurement, arguments.statistic_cycle, output, cores)
    frames, interrupted = measurement.runs, measurement.stopped == "interrupted"
    if not frames:
        raise CommandError("no frame was finished", ExitCode.INTERRUPTED)
    files = read_files(arguments, models)
    report = _report(arguments, models, model, frames, load.end())
    _print(report, output)
    if arguments.profile_path is not None:
        for path in write_profile(arguments.profile_path, report, models.ucp_version, files):
            output.text(f"wrote {path}")
    if arguments.plot is not None:
        from hbm_runtime.cli.plot import plot_frames  # noqa: PLC0415

        plot_frames(frames, arguments.plot, f"{model.name} on {models.runtime.version}", files)
        output.text(f"wrote {arguments.plot}")
    if arguments.report is not None:
        details = profile_frames(arguments, models, model, inputs)
        drawing = html_of(describe_graph(models, model))
        write_page(arguments.report, report, frames, cores, details, graph=drawing, inputs=files)
        output.text(f"wrote {arguments.report}")
    for path in [] if interrupted else dump_intermediate(arguments, models, model, inputs):
        output.text(f"wrote {path}")
    output.document(report)
    if interrupted:
        print("hbm-runtime perf: interrupted; the figures are those of the frames until then", file=sys.stderr)
        return ExitCode.INTERRUPTED
    return _judge(arguments, report)


def _measure(measurement: Measurement, cycle: int, output: Output, cores: CoreSamples) -> None:
    reported = 0

    def watch(running: Measurement, done: float) -> None:
        nonlocal reported
        while cycle and len(running.runs) >= reported + cycle:
            period = running.runs[reported : reported + cycle]
            reported += cycle
            latency = latency_of(period)
            output.text(
                f"Frame count: {reported}, Thread Average: {latency['mean']:.3f} ms, thread max latency: "
                f"{latency['max']:.3f} ms, thread min latency: {latency['min']:.3f} ms, FPS: "
                f"{runs_per_second(period):.3f}"
            )
        cores.take()
        progress.update(done, f"{len(running.runs)} frames")

    with output.progress("perf") as progress:
        measurement.run_on_threads(watch)


def _report(
    arguments: argparse.Namespace,
    models: LoadedModels,
    model: ModelFacts,
    frames: list[Run],
    core_load: list[dict[str, float]] | None,
) -> dict[str, Any]:
    latency = latency_of(frames)
    threads = [[frame for frame in frames if frame.thread == index] for index in range(arguments.thread_num)]
    cycle = arguments.statistic_cycle
    periods = [frames[begin : begin + cycle] for begin in range(0, len(frames), cycle)] if cycle else []
    return {
        "driver_version": models.runtime.version,
        "running_condition": {
            "model_name": model.name,
            "core_id": ",".join(arguments.core_id),
            "thread_num": arguments.thread_num,
            "frame_count": len(frames),
            "run_time_ms": run_seconds(frames) * 1e3,
            "load_ms": models.load_seconds * 1e3,
        },
        "perf_result": {
            "fps": runs_per_second(frames),
            "total_latency_ms": latency["mean"] * len(frames),
            "latency_ms": latency,
        },
        "threads": [{"frame_count": len(of), "latency_ms": latency_of(of) if of else None} for of in threads],
        "periods": [
            {"frame_count": len(of), "fps": runs_per_second(of), "latency_ms": latency_of(of)} for of in periods
        ],
        "cores": core_load,
    }


def _print(report: dict[str, Any], output: Output) -> None:
    condition, result = report["running_condition"], report["perf_result"]
    facts = Facts("Running condition")
    facts.add("Model", condition["model_name"])
    facts.add("Driver", report["driver_version"])
    facts.add("Thread number", condition["thread_num"])
    facts.add("Frame count", condition["frame_count"])
    facts.add("Program run time", f"{condition['run_time_ms']:.3f} ms")
    output.table(facts)
    facts = Facts("Perf result")
    facts.add("Frame totally latency", f"{result['total_latency_ms']:.3f} ms")
    facts.add("Average latency", f"{result['latency_ms']['mean']:.3f} ms")
    facts.add("Frame rate", f"{result['fps']:.3f} FPS")
    output.table(facts)
    names = ["min", "p50", "p90", "p95", "p99", "p99.9", "max", "std"]
    table = Table("Latency (ms)", [Column("", strong=True), *(Column(name, right=True) for name in names)])
    rows = {"all": result["latency_ms"]}
    if condition["thread_num"] > 1:
        rows |= {f"thread {index}": of["latency_ms"] for index, of in enumerate(report["threads"]) if of["latency_ms"]}
    for title, latency in rows.items():
        table.add(title, *(f"{latency[name]:.3f}" for name in names))
    output.table(table)
    if report["cores"]:
        table = Table("Cores", [Column("", strong=True), Column("load", right=True), Column("tasks", right=True)])
        for index, core in enumerate(report["cores"]):
            table.add(f"BPU{index}", f"{core['load']:.1%}", core["tasks"])
        output.table(table)


def _judge(arguments: argparse.Namespace, report: dict[str, Any]) -> ExitCode:
    result = report["perf_result"]
    missed = []
    if arguments.require_fps is not None and result["fps"] < arguments.require_fps:
        missed.append(f"{result['fps']:.3f} FPS are less than the {arguments.require_fps:g} required")
    p99 = result["latency_ms"]["p99"]
    if arguments.require_p99 is not None and p99 > arguments.require_p99:
        missed.append(f"the 99th percentile of {p99:.3f} ms is more than the {arguments.require_p99:g} ms required")
    for text in missed:
        print(f"hbm-runtime perf: {text}", file=sys.stderr)
    return ExitCode.BELOW_THRESHOLD if missed else ExitCode.DONE
