"""Checks whether a server can start with given addresses, certificates and tokens."""

from __future__ import annotations

import errno
import json
import socket
import ssl
import urllib.request
from pathlib import Path

from hbm_runtime import HbmError
from hbm_runtime.cli.diagnosis.certificates import authority_days, server_certificate
from hbm_runtime.cli.diagnosis.findings import Findings
from hbm_runtime.serving.access.security import TokenFile, check_addresses
from hbm_runtime.serving.addresses import Address, parse_address
from hbm_runtime.serving.settings import Settings, TlsFiles

_SOON_DAYS = 30
_VERIFY_CODES = {9: "is not valid yet", 10: "has expired"}
_RENEW = "renew it; the server reads changed files by itself"


def examine_serving(settings: Settings, asked: bool) -> Findings:
    """Looks at ports, certificates and tokens.

    Args:
        settings: The settings that the server would use.
        asked: True if any setting was given; otherwise what keeps a server from starting is not a problem.
    """
    found = Findings("serving", "Serving")
    addresses = _addresses(found, settings, asked)
    try:
        for warning in check_addresses(settings, addresses):
            found.note("security", warning)
    except HbmError as error:
        found.problem("security", error, "see the page Serving of the manual")
    if settings.tls is not None:
        _certificate(found, settings.tls)
    if settings.tls is not None and settings.tls.client_ca is not None:
        _authority(found, settings.tls.client_ca)
    if settings.token_file is not None:
        _tokens(found, settings.token_file)
    return found


def _addresses(found: Findings, settings: Settings, asked: bool) -> list[Address]:
    addresses: list[Address] = []
    for name, text in (("HTTP", settings.http), ("gRPC", settings.grpc)):
        if text is None:
            continue
        try:
            address = parse_address(text)
        except HbmError as error:
            found.problem(name, error, f"--{name.lower()}=HOST:PORT")
            continue
        addresses.append(address)
        _port(found, name, address, asked)
    return addresses


def _port(found: Findings, name: str, address: Address, asked: bool) -> None:
    error = _why_not(address)
    if error is None:
        found.ok(name, f"{address} is free")
        return
    text = f"{address}: {error.strerror or error}"
    advice = f"choose another address: --{name.lower()}=HOST:PORT"
    if error.errno == errno.EADDRINUSE:
        server = _server_at(address) if name == "HTTP" else None
        text = f"{address} is in use" + (f" by {server}" if server else " by another program")
        if server:
            found.note(name, text)
            return
    if asked:
        found.problem(name, text, advice)
    else:
        found.note(name, text, advice)


def _why_not(address: Address) -> OSError | None:
    """What happens to a program that wants to listen there."""
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(target)
            listening.listen(1)
    except OSError as error:
        return error
    return None


def _server_at(address: Address) -> str | None:
    """What a model server there calls itself."""
    try:
        with urllib.request.urlopen(f"http://{address}/v2", timeout=2) as response:
            document = json.load(response)
            return f"the server {document['name']} {document['version']}"
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _certificate(found: Findings, files: TlsFiles) -> None:
    subject = "certificate"
    try:
        certificate = server_certificate(files)
    except ssl.SSLCertVerificationError as error:
        reason = _VERIFY_CODES.get(error.verify_code, error.verify_message)
        found.problem(subject, f"{files.certificate} {reason}", _RENEW)
        return
    except ssl.SSLError as error:
        mismatch = error.reason == "KEY_VALUES_MISMATCH"
        text = "certificate and key do not belong together" if mismatch else f"no certificate and key in PEM: {error}"
        found.problem(subject, f"{files.certificate}, {files.key}: {text}", "give the files of one pair, in PEM")
        return
    except (OSError, HbmError) as error:
        found.problem(subject, error, "the server's user must be able to read both files, without a passphrase")
        return
    names = ", ".join(certificate.names) or "no name, so clients will refuse it"
    _validity(found, subject, certificate.days, f"{files.certificate} for {names}")
    if files.key.stat().st_mode & 0o077:
        found.note("key", f"{files.key} can be read by others than its owner", f"chmod 600 {files.key}")


def _authority(found: Findings, path: Path) -> None:
    try:
        days = authority_days(path)
    except OSError as error:
        found.problem("client CA", f"{path}: {error}", "give a file with the authority's certificate, in PEM")
        return
    if days is None:
        found.problem("client CA", f"{path} has no authority's certificate", "give the one that signs the clients'")
    elif days < 0:
        found.problem("client CA", f"{path} has expired", _RENEW)
    else:
        _validity(found, "client CA", days, str(path))


def _validity(found: Findings, subject: str, days: float, text: str) -> None:
    text = f"{text}, valid for another {days:.0f} days"
    if days < _SOON_DAYS:
        found.note(subject, text, _RENEW)
    else:
        found.ok(subject, text)


def _tokens(found: Findings, path: Path) -> None:
    try:
        TokenFile(path)
    except (OSError, HbmError) as error:
        found.problem("tokens", error, "lines of roles and a token, in a file that only its owner reads")
    else:
        found.ok("tokens", str(path))
