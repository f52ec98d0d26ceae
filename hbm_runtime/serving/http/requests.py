"""What all endpoints ask of a request, and how they answer when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response

from ..addresses import is_loopback
from ..failures import Failure, Kind, RefusedError

_JSON_TYPES = {"", "application/json", "application/octet-stream", "application/vnd.kserve+json"}
_LIBCURL_TYPE = "application/x-www-form-urlencoded"
"""What libcurl says of every body, so ``curl -d`` and perf_analyzer do. Browsers say it of forms."""
_OF_BROWSERS = "sec-fetch-site"


class QuickRequest(Request):
    """A request whose headers are read all at once; starlette looks through them for each that is asked for."""

    @cached_property
    def headers(self) -> Mapping[str, str]:  # type: ignore[override] # which has more methods
        """Headers by name in lower case, the first of each name."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(self.scope["headers"])}


def model_and_version(request: Request) -> tuple[str, str]:
    """Returns the model and the version that the path names, "" for what it does not name."""
    return request.path_params.get("model", ""), request.path_params.get("version", "")


def is_local(request: Request) -> bool:
    """Returns True if the client is on this machine."""
    return request.client is not None and is_loopback(request.client.host)


def check_content_type(request: Request) -> None:
    """Checks that the body says to be JSON, or JSON followed by bytes. Raises RefusedError."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in _JSON_TYPES and (given != _LIBCURL_TYPE or _OF_BROWSERS in request.headers):
        raise RefusedError(
            Kind.WRONG_CONTENT,
            f"Content-Type {given[:60]!r} is not supported; use application/json (curl -H 'Content-Type: "
            "application/json'), or application/octet-stream where bytes follow the JSON",
        )


def error_response(failure: Failure) -> Response:
    """Returns the answer that reports a failure."""
    headers = {}
    if failure.retry_after is not None:
        headers["retry-after"] = "1"
    if failure.kind is Kind.UNAUTHENTICATED:
        headers["www-authenticate"] = "Bearer"
    document = {"error": failure.text, "hbm_error": failure.details}
    return Response(json.dumps(document).encode(), failure.kind.http_status, headers, "application/json")
