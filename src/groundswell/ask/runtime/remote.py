"""The other runtime: a server that speaks OpenAI's API, which the admin named in the settings.

Its models are ``remote:NAME``. Knows how it is asked; who may was decided before. Every request
goes through `store.outbound`, to this one host.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from groundswell.ask.runtime.exchange import ANSWER_BYTES_MAX, LINE_BYTES_MAX, Broken
from groundswell.ask.runtime.naming import REMOTE
from groundswell.ask.runtime.values import Facts, ModelRef, Request
from groundswell.core.errors import EntryNotFound, RunnerFailed
from groundswell.store.outbound import OpenReply, Outbound, OutboundPolicy, Unreachable

_LIST_SECONDS: Final = 10.0
_LIST_BYTES_MAX: Final = 1 << 20
NAMES_MAX: Final = 200
NAMES_SECONDS: Final = 60.0
_NAME_CHARACTERS_MAX: Final = 200
_OWN_KEYS: Final = frozenset({"cache_prompt", "lora"})
_PREFIX: Final = "/v1"

_FACTS: Final = Facts(
    architecture="",
    quantisation="",
    parameter_count=0,
    context_tokens=0,
    kv_bytes_per_token=0,
    chat_template=None,
    is_adapter=False,
    writes_text=True,
    reranks=True,
)


class RemoteExchange:
    """An exchange with the other server. ``close`` is noticed at the next piece that comes."""

    def __init__(self, reply: OpenReply) -> None:
        self._reply = reply
        self._is_closed = False
        self.status = reply.status
        self.sent_at = time.monotonic()

    def _pieces(self) -> Iterator[bytes]:
        try:
            for piece in self._reply.pieces:
                if self._is_closed:
                    raise Broken
                yield piece
        except Unreachable as error:
            raise Broken from error

    def lines(self) -> Iterator[bytes]:
        """The answer line by line.

        Raises:
            Broken: it broke off, or its time is over.
        """
        rest = b""
        for piece in self._pieces():
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > LINE_BYTES_MAX:
                raise Broken
            for line in lines:
                yield line + b"\n"
        if rest:
            yield rest

    def whole(self) -> bytes:
        """The answer at once.

        Raises:
            Broken: as ``lines`` does.
        """
        return b"".join(self._pieces())

    def close(self) -> None:
        """Want no more of it."""
        self._is_closed = True


class Remote:
    """The other server. ``key`` goes to it alone."""

    def __init__(self, url: str, key: str | None, policy: OutboundPolicy) -> None:
        self._url = url
        place = urlsplit(url).netloc
        self._outbound = Outbound(OutboundPolicy(policy.enabled, (*policy.allowed, place)))
        self._headers = {"Content-Type": "application/json", "Accept": "*/*"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._lately: tuple[float, tuple[str, ...]] = (float("-inf"), ())

    def names(self) -> tuple[str, ...]:
        """Its models, as it tells them.

        Raises:
            RunnerFailed: it does not answer.
        """
        with self._opened("GET", "/models", b"", _LIST_SECONDS, _LIST_BYTES_MAX) as reply:
            try:
                found = json.loads(RemoteExchange(reply).whole())
                names = [str(each["id"])[:_NAME_CHARACTERS_MAX] for each in found["data"]]
            except (ValueError, KeyError, TypeError, Broken) as error:
                raise RunnerFailed("The other server's list of models cannot be read.") from error
        return tuple(names[:NAMES_MAX])

    def names_lately(self) -> tuple[str, ...]:
        """As ``names``, asked once in NAMES_SECONDS; none while it does not answer. For what is
        only shown: a page does not wait for the other server each time.
        """
        asked_at, names = self._lately
        if time.monotonic() - asked_at > NAMES_SECONDS:
            self._lately = (time.monotonic(), names)  # others do not ask meanwhile
            try:
                names = self.names()
            except RunnerFailed:
                names = ()
            self._lately = (time.monotonic(), names)
        return names

    def find(self, name: str) -> ModelRef:
        """Its model of that name.

        Raises:
            EntryNotFound: it has none.
            RunnerFailed: it does not answer.
        """
        if name not in self.names():
            raise EntryNotFound(name, "", f"The other server has no model {name[:200]!r}.")
        return ModelRef(
            f"{REMOTE}{name}", None, "", name, (), _FACTS, 0,
            explanation="Runs at the server that this hub's admin named.", remote=name,
        )  # fmt: skip

    @contextlib.contextmanager
    def exchange(
        self, model: ModelRef, request: Request, seconds: float
    ) -> Iterator[RemoteExchange]:
        """Ask one of its models.

        Raises:
            RunnerFailed: it does not answer.
        """
        body = {k: v for k, v in request.body.items() if k not in _OWN_KEYS}
        data = json.dumps({**body, "model": model.remote}).encode()
        path = request.path.removeprefix(_PREFIX)
        with self._opened("POST", path, data, seconds, ANSWER_BYTES_MAX) as reply:
            yield RemoteExchange(reply)

    @contextlib.contextmanager
    def _opened(
        self, method: str, path: str, body: bytes, seconds: float, bytes_max: int
    ) -> Iterator[OpenReply]:
        try:
            with self._outbound.open(
                method,
                f"{self._url}{path}",
                self._headers,
                body,
                response_bytes_max=bytes_max,
                total_seconds=seconds,
            ) as reply:
                yield reply
        except Unreachable as error:
            raise RunnerFailed(f"The other server does not answer: {error}") from error
