"""Hostile requests over HTTP, and whether each was answered as it has to be."""

from __future__ import annotations

import gzip
import http.client
import json
import random
import socket
import urllib.parse
import zlib
from dataclasses import dataclass, field
from typing import Any

from wire_fuzz import values

MODEL, VICTIM = "times_2", "mixed"
"""The model that has to answer right all the time, and the one that requests may load and unload."""
X = {"name": "x", "datatype": "FP32", "shape": [2, 3], "data": [0, 1, 2, 3, 4, 5]}
WISH = {"name": "y", "parameters": {"binary_data": False}}
INFER = {"id": "1", "inputs": [X], "outputs": [WISH], "parameters": {"priority": 1}}
PLACE = {"shared_memory_region": "r", "shared_memory_byte_size": 24}
PLACED = {"inputs": [{**X, "parameters": PLACE}], "outputs": [{"name": "y", "parameters": PLACE}]}
OPTIONS = {"config": '{"parameters": {"threads": {"string_value": "1"}}}'}
DOCUMENTS: list[tuple[str, Any]] = [
    (f"/v2/models/{MODEL}/infer", INFER),
    (f"/v2/models/{MODEL}/versions/1/infer", INFER),
    (f"/v2/models/{VICTIM}/infer", INFER),
    (f"/v2/models/{MODEL}/infer", PLACED),
    ("/v2/repository/index", {"ready": True}),
    (f"/v2/repository/models/{VICTIM}/load", {"parameters": OPTIONS}),
    (f"/v2/repository/models/{VICTIM}/load", {"parameters": {"file:1/model.hbm": "aGJt", "config": "{}"}}),
    (f"/v2/repository/models/{VICTIM}/unload", {"parameters": {"unload_dependents": True}}),
    ("/v2/systemsharedmemory/region/r/register", {"key": "/none", "offset": 0, "byte_size": 24}),
    ("/v2/systemsharedmemory/region/r/unregister", {}),
]
PLACES = ["/v2", "/v2/models/stats", "/v2/hbm/host", "/metrics", "/v2/health/ready", "/v2/systemsharedmemory/status"]
PLACES += [
    "/v2/cudasharedmemory/status",
    *(f"/v2/models/{MODEL}{part}" for part in ("", "/config", "/stats", "/ready")),
]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "PATCH", "X"]
HEADERS: dict[str, list[str]] = {
    "Content-Type": ["application/json", "application/octet-stream", "text/html", "", "\xff", "a/b; c=" + "d" * 500],
    "Content-Encoding": ["gzip", "deflate", "identity", "br", "", "gzip, gzip"],
    "Accept-Encoding": ["gzip", "deflate", "*", "gzip;q=0"],
    "Inference-Header-Content-Length": ["0", "1", "-1", "999999999999", "1e3", "", " 5", "\xb2"],
    "Authorization": ["Bearer x", "Basic eDp5", ""],
    "Host": ["localhost", "evil.example", "", "[::1]:1"],
    "Origin": ["http://evil.example", "null"],
    "Transfer-Encoding": ["chunked", "gzip"],
    "Expect": ["100-continue", "x"],
    "Connection": ["close", "upgrade"],
    "Upgrade": ["h2c", "websocket"],
    "X-Forwarded-For": ["127.0.0.1", "8.8.8.8"],
}
UNFRAMED = {"Transfer-Encoding", "Expect", "Upgrade"}
"""With these, where a request ends is not what it says otherwise."""


@dataclass
class Request:
    """One request, as bytes for a socket."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def raw(self) -> bytes:
        """The whole of it."""
        head = "".join(f"{name}: {text}\r\n" for name, text in self.headers.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{head}\r\n".encode("latin-1", "replace") + self.body


def request(rng: random.Random) -> Request:
    """Makes one."""
    path, document = rng.choice(DOCUMENTS)
    for _ in range(rng.randrange(4)):
        document = values.changed(rng, document)
    body = json.dumps(document).encode()
    made = Request("POST", path, body, {"Host": "localhost", "Content-Type": "application/json"})
    if rng.random() < 0.2:  # bytes behind the header
        made.headers["Inference-Header-Content-Length"] = str(len(body))
        made.body += rng.randbytes(rng.choice([0, 1, 24, 1000]))
    if rng.random() < 0.15:
        made.method, made.path = rng.choice(METHODS), rng.choice([*PLACES, path])
    if rng.random() < 0.1:
        parts = made.path.split("/")
        parts[rng.randrange(len(parts))] = urllib.parse.quote(rng.choice(values.TEXTS))
        made.path = "/".join(parts) or "/"
    if rng.random() < 0.1:
        made.body = values.damaged(rng, made.body)
    if rng.random() < 0.1:
        encoding = rng.choice(["gzip", "deflate"])
        plain = bytes(3_000_000) if rng.random() < 0.1 else made.body
        made.body = gzip.compress(plain) if encoding == "gzip" else zlib.compress(plain)
        made.headers["Content-Encoding"] = encoding
    for _ in range(rng.randrange(3) if rng.random() < 0.3 else 0):
        name = rng.choice(list(HEADERS))
        made.headers[name] = rng.choice(HEADERS[name])
    if "Transfer-Encoding" not in made.headers:
        made.headers.setdefault("Content-Length", str(len(made.body)))
    return made


def sent(rng: random.Random, host: str, port: int) -> str | None:
    """Sends one request; returns what was wrong with the answer."""
    made = request(rng)
    raw = made.raw()
    whole = not UNFRAMED & made.headers.keys()
    if rng.random() < 0.1:
        raw, whole = values.damaged(rng, raw), False
    hasty = rng.random() < 0.1
    with socket.create_connection((host, port), timeout=30) as connection:
        try:
            connection.sendall(raw)
            if hasty:
                return None  # gone before the answer
            if not whole:  # more may be waited for; a server that answers may see the end first
                connection.shutdown(socket.SHUT_WR)
            answer = http.client.HTTPResponse(connection, method=made.method)
            answer.begin()
            text = answer.read()
        except TimeoutError:
            return f"no answer to {raw[:3000]!r}"
        except (http.client.HTTPException, OSError):
            return None  # what is no HTTP may end the connection
    return _verdict(made.method, answer.status, answer.headers.get("content-type", ""), text, raw)


def _verdict(method: str, status: int, kind: str, text: bytes, raw: bytes) -> str | None:
    if status in (500, 502, 505):
        return f"{status} {text[:500]!r} to {raw[:3000]!r}"
    if status >= 400 and kind == "application/json" and method != "HEAD":
        document = json.loads(text)
        if not document["error"] or not document["hbm_error"]["class"]:
            return f"{status} without a reason to {raw[:3000]!r}"
    return None
