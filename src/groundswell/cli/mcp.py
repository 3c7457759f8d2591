"""``swell mcp``: packs as tools for a program on this machine, over its standard streams.

A message is a line. What goes to standard output is answers and nothing else.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from groundswell.cli._asking import need_ask
from groundswell.cli._folder import data_option
from groundswell.core.errors import BadRequest

LINE_BYTES_MAX: Final = 256 * 1024
ANSWER_BYTES_MAX: Final = 4 << 20
_SECONDS_MAX: Final = 300.0

# A message's bytes to the answer's, None for no answer.
Answers = Callable[[bytes], bytes | None]


@click.command("mcp")
@click.option("--hub", metavar="URL", envvar="SWELL_HUB", show_envvar=True,
              help="Ask the hub at this address, instead of the data folder.")  # fmt: skip
@click.option("--token", envvar="HF_TOKEN", show_envvar=True, help="To sign in there.")
@data_option
def command(data: Path, hub: str | None, token: str | None) -> None:
    """Offer knowledge packs as tools of the Model Context Protocol, over standard streams.

    The tools are ask, packs and open_citation. With --hub they see what the token may read; without
    it all packs of the data folder.
    """
    with _there(hub, token) if hub else _here(data) as answers:
        for line in _lines(sys.stdin.buffer):
            answer = answers(line) if len(line) <= LINE_BYTES_MAX else _too_long()
            if answer is not None:
                sys.stdout.buffer.write(answer + b"\n")
                sys.stdout.buffer.flush()


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """Lines with something in them. Of one that is too long a byte more than may be is left."""
    while line := source.readline(LINE_BYTES_MAX + 1):
        is_cut = len(line) > LINE_BYTES_MAX and not line.endswith(b"\n")
        while is_cut and (rest := source.readline(LINE_BYTES_MAX)) and not rest.endswith(b"\n"):
            pass
        if line.strip():
            yield line if is_cut else line.strip()


def _too_long() -> bytes:
    from groundswell.wire.mcp import INVALID_REQUEST, Refused

    message = f"A message may have {LINE_BYTES_MAX} bytes."
    return _written(Refused(INVALID_REQUEST, message).as_json())


@contextlib.contextmanager
def _here(data: Path) -> Iterator[Answers]:
    """Packs of the data folder, for whoever owns it."""
    need_ask()
    from groundswell.ask.tools import Tools
    from groundswell.cli._upkeep import opened_hub
    from groundswell.core.values import Principal
    from groundswell.wire.mcp import Refused, parse_call

    with opened_hub(data) as hub:
        assert hub.library is not None, "what it needs is installed"
        operator = Principal(account_id=0, name="operator", is_admin=True)
        tools = Tools(hub.library, operator, lambda cited: cited.address)

        def answer(line: bytes) -> bytes | None:
            try:
                call = parse_call(line)
                told = None if call is None else tools.answer(call)
            except Refused as refused:
                told = refused.as_json()
            return None if told is None else _written(told)

        yield answer


@contextlib.contextmanager
def _there(url: str, token: str | None) -> Iterator[Answers]:
    """Packs of a hub, as who has the token."""
    if not url.startswith(("http://", "https://")):
        raise BadRequest(f"--hub {url}: an address begins with http:// or https://.")
    from groundswell.wire.mcp import UNAVAILABLE, Refused, headers_of, parse_call

    version = ""

    def answer(line: bytes) -> bytes | None:
        nonlocal version
        try:
            call = parse_call(line)
        except Refused as refused:
            return _written(refused.as_json())
        if call is None:
            return None
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        headers |= headers_of(call, version)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            told = _sent(f"{url.rstrip('/')}/mcp", line, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = f"The hub at {url} does not answer: {error}"
            told = Refused(UNAVAILABLE, why, call.id).as_json()
        if call.id is None or told is None:
            return None
        if call.method == "initialize" and "result" in told:
            version = str(told["result"].get("protocolVersion", ""))
        return _written(told)

    yield answer


def _sent(url: str, content: bytes, headers: dict[str, str]) -> dict[str, Any] | None:
    """What the hub answers; None for nothing. An error of HTTP may be one of the protocol's."""
    request = urllib.request.Request(url, content, headers)  # noqa: S310 - checked before
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS_MAX) as answer:  # noqa: S310
            body = answer.read(ANSWER_BYTES_MAX)
    except urllib.error.HTTPError as error:
        body = error.read(ANSWER_BYTES_MAX)
        with contextlib.suppress(ValueError):
            told = json.loads(body)
            if isinstance(told, dict) and told.get("jsonrpc") == "2.0":
                return told
            raise OSError(str(told.get("error", error))) from error
        raise OSError(str(error)) from error
    if not body:
        return None
    told = json.loads(body)
    return told if isinstance(told, dict) else None


def _written(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
