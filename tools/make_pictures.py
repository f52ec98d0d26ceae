"""Makes the pictures of the documentation: `python tools/make_pictures.py`, after `./build.sh dev`.

Without a network, or packages of the demo, the picture of the demo stays as it is.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "_static" / "pictures"
STYLE = "font-family:sans-serif;font-size:13px"
COLOURS = ["#4878a8", "#2a9d5c", "#d1495b", "#8d6ab8", "#c98b2b", "#5f7f87"]
DEMO_WIDTH = 760

LAYERS = [
    ("your program, hbm-runtime, hbm_runtime.serving", "#f3f3f3"),
    ("hbm_runtime/: names, errors, types, tools (Python)", "#dde8f3"),
    ("src/bindings/: the only C++ that knows Python", "#dde8f3"),
    ("src/core/, src/include/: the runtime, also the C++ library", "#dff0e5"),
    ("src/loader/: opens the driver with dlopen", "#dff0e5"),
    ("src/abi/: declarations of the driver's C interface", "#f6ead6"),
]
DRIVERS = ["the vendor's driver: BPU of a board", "src/bpusim/: ONNX Runtime on the CPU"]


def svg(width: int, height: int, title: str, parts: Iterable[str]) -> str:
    """A whole file."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" style="{STYLE}">'
    return "\n".join(
        [head, f"<title>{escape(title)}</title>", '<rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>\n"]
    )


def box(x: float, y: float, width: float, height: float, fill: str, *, text: str = "", colour: str = "#222") -> str:
    """A rectangle with a line of text where it has room."""
    shape = f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.8):.1f}" height="{height:.1f}" rx="2" fill="{fill}"/>'
    if not text or len(text) * 7 + 8 > width:
        return shape
    middle = f'x="{x + width / 2:.1f}" y="{y + height / 2 + 4.5:.1f}" text-anchor="middle" fill="{colour}"'
    return f"{shape}<text {middle}>{escape(text)}</text>"


def label(x: float, y: float, text: str, anchor: str = "start") -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#444">{escape(text)}</text>'


def architecture() -> str:
    """The layers from the program down to a driver."""
    parts = []
    for row, (text, fill) in enumerate(LAYERS):
        parts.append(box(20, 16 + 46 * row, 560, 32, fill, text=text))
        parts.append(label(300, 60 + 46 * row, "↓", "middle"))
    bottom = 16 + 46 * len(LAYERS)
    parts += [box(20 + 290 * place, bottom, 270, 32, "#f1dede", text=text) for place, text in enumerate(DRIVERS)]
    return svg(600, bottom + 48, "The layers of hbm_runtime: each one uses the next one below it", parts)


def tracks(events: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Slices by thread, threads in the order of their first slice."""
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    slices = sorted((event for event in events if event["ph"] == "X"), key=lambda event: event["ts"])
    for thread in dict.fromkeys(event["tid"] for event in slices):
        yield names.get(thread, str(thread)), [event for event in slices if event["tid"] == thread]


def trace(document: dict[str, Any]) -> str:
    """What Perfetto shows of a trace file, without the window around it."""
    rows = list(tracks(document["traceEvents"]))
    every = [event for _, own in rows for event in own]
    start, end = min(event["ts"] for event in every), max(event["ts"] + event["dur"] for event in every)
    kinds = list(dict.fromkeys(event["name"] for event in every))
    left, width, lane = 150, 760, 18
    scale = (width - 12) / (end - start)
    parts: list[str] = []
    y = 30
    for name, own in rows:
        open_until: list[float] = []
        for event in own:
            while open_until and open_until[-1] <= event["ts"] + 1e-6:
                open_until.pop()
            fill = COLOURS[kinds.index(event["name"]) % len(COLOURS)]
            at = left + (event["ts"] - start) * scale
            parts.append(
                box(
                    at,
                    y + lane * len(open_until),
                    event["dur"] * scale,
                    lane - 2,
                    fill,
                    text=event["name"],
                    colour="#fff",
                )
            )
            open_until.append(event["ts"] + event["dur"])
            event["depth"] = len(open_until)
        parts.append(label(8, y + 13, name))
        y += lane * max(event["depth"] for event in own) + 10
    parts.append(label(left, 18, "0"))
    parts.append(label(left + width - 12, 18, f"{(end - start) / 1e3:.2f} ms", "end"))
    return svg(left + width, y + 6, "A trace: what each thread did while requests ran", parts)


def recorded_trace(model: Path, folder: Path) -> str:
    """Three asynchronous requests of a small network."""
    from hbm_runtime import HB_HBMRuntime  # noqa: PLC0415

    with HB_HBMRuntime(str(model), profile_operators=True) as runtime:
        view = runtime[runtime.model_names[0]]
        image = {name: np.ones(each.shape, each.np_dtype) for name, each in view.inputs.items()}
        view.run(image)
        with runtime.profile(operators=True) as profile:
            for request in [view.run_async(image) for _ in range(3)]:
                request.result()
        profile.save(folder / "trace.json")
    return trace(json.loads((folder / "trace.json").read_text(encoding="utf-8")))


def network(path: Path) -> Path:
    """A small network for pictures of 96 x 96."""
    import onnx  # noqa: PLC0415
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415

    random = np.random.default_rng(0)
    nodes, weights, channels, before = [], [], 3, "image"
    for number, more in enumerate((16, 32, 32)):
        kernel = random.standard_normal((more, channels, 3, 3)).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"kernel_{number}"))
        names = [before, f"kernel_{number}"]
        nodes.append(helper.make_node("Conv", names, [f"conv_{number}"], f"Conv_{number}", pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"conv_{number}"], [f"relu_{number}"], f"Relu_{number}"))
        channels, before = more, f"relu_{number}"
    nodes.append(helper.make_node("GlobalAveragePool", [before], ["scores"], "Pool"))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 96, 96])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, channels, 1, 1])
    graph = helper.make_graph(nodes, "network", [image], [scores], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def shrunk(picture: Path, path: Path, width: int) -> None:
    """A smaller copy with few colours."""
    from PIL import Image  # noqa: PLC0415

    with Image.open(picture) as image:
        height = round(image.height * width / image.width)
        small = image.convert("RGB").resize((min(width, image.width), min(height, image.height)))
        small.quantize(64).save(path, optimize=True)


def measured(model: Path, folder: Path) -> None:
    """The plot of `hbm-runtime perf`."""
    picture = folder / "perf.png"
    command = [sys.executable, "-m", "hbm_runtime.cli", "perf", "--model_file", str(model)]
    command += ["--frame_count", "400", "--plot", str(picture)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shrunk(picture, FOLDER / "perf.png", DEMO_WIDTH)


def demonstrated() -> None:
    """The picture that the demo draws."""
    output = ROOT / "demo-output"
    done = subprocess.run([sys.executable, "-m", "hbm_runtime.demo", "-o", str(output)], check=False)
    found = [*output.glob("*.png"), *output.glob("*.jpg")]
    if done.returncode == 0 and found:
        shrunk(max(found, key=lambda path: path.stat().st_mtime), FOLDER / "demo.png", DEMO_WIDTH)
    else:
        print("the picture of the demo stays as it is", file=sys.stderr)


def main() -> None:
    """Makes all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "architecture.svg").write_text(architecture(), encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = network(folder / "network.onnx")
        (FOLDER / "trace.svg").write_text(recorded_trace(model, folder), encoding="utf-8")
        measured(model, folder)
    demonstrated()


if __name__ == "__main__":
    main()
