"""A push on the wire: what the hub offers, what a client asks for, what it is told.

Knows git's receive-pack conversation (gitprotocol-pack): the advertisement, the commands before
the pack, the report after it. Does not know refs or packs themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import Malformed
from groundswell.wire.git.pktline import FLUSH, PktLines, band, pkt_line

NO_OBJECT: Final = "0" * 40
COMMANDS_MAX: Final = 2_000
HEAD_BYTES_MAX: Final = 4 << 20
CAPABILITIES: Final = (
    "report-status delete-refs side-band-64k quiet atomic ofs-delta object-format=sha1 "
    "agent=groundswell"
)

_COMMAND: Final = re.compile(r"([0-9a-f]{40}) ([0-9a-f]{40}) (.+)", re.DOTALL)
_WHERE: Final = "push"


@dataclass(frozen=True, slots=True)
class Command:
    """What shall happen to one ref. ``old`` or ``new`` is None where there is none."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class PushHead:
    """What a client says before its pack. ``capabilities`` are the words it chose."""

    commands: tuple[Command, ...]
    capabilities: frozenset[str]

    @property
    def has_pack(self) -> bool:
        """Whether a pack follows: a push that only deletes sends none."""
        return any(command.new is not None for command in self.commands)

    @property
    def is_atomic(self) -> bool:
        """Whether all refs shall move or none."""
        return "atomic" in self.capabilities


def advertisement(refs: Iterable[tuple[str, str]]) -> bytes:
    """The answer to ``info/refs?service=git-receive-pack``: refs as (name, object id)."""
    out = [pkt_line(b"# service=git-receive-pack\n"), FLUSH]
    suffix = f"\0{CAPABILITIES}"
    for name, oid in refs:
        out.append(pkt_line(f"{oid} {name}{suffix}\n".encode()))
        suffix = ""
    if suffix:
        out.append(pkt_line(f"{NO_OBJECT} capabilities^{{}}{suffix}\n".encode()))
    out.append(FLUSH)
    return b"".join(out)


class PushReader:
    """Reads the head of a push, fed in pieces; what follows is the pack."""

    def __init__(self) -> None:
        self._lines = PktLines(_WHERE)
        self._commands: list[Command] = []
        self._capabilities: frozenset[str] = frozenset()
        self._fed_bytes = 0
        self.head: PushHead | None = None

    def feed(self, piece: bytes) -> bytes:
        """Take the next piece; the bytes of it that belong to the pack.

        Raises:
            Malformed: no push.
        """
        if self.head is not None:
            return piece
        self._fed_bytes += len(piece)
        self._lines.feed(piece)
        while True:
            whole, line = self._lines.next()
            if not whole:
                if self._fed_bytes > HEAD_BYTES_MAX:
                    raise Malformed(_WHERE, "the list of refs is too long")
                return b""
            if line is None:
                self.head = PushHead(tuple(self._commands), self._capabilities)
                return self._lines.rest()
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            text, _, capabilities = line.decode("utf-8").partition("\0")
        except UnicodeDecodeError as error:
            raise Malformed(_WHERE, "a ref's name is not UTF-8") from error
        text = text.removesuffix("\n")
        if text.startswith("shallow "):
            return  # the check for missing objects decides, whatever the client believes
        found = _COMMAND.fullmatch(text)
        if found is None:
            raise Malformed(_WHERE, "a line is no command")
        if not self._commands:
            self._capabilities = frozenset(capabilities.split())
        old, new, name = found.groups()
        if len(self._commands) >= COMMANDS_MAX:
            raise Malformed(_WHERE, f"more than {COMMANDS_MAX} refs in one push")
        self._commands.append(
            Command(name, None if old == NO_OBJECT else old, None if new == NO_OBJECT else new)
        )


def report(
    head: PushHead, unpack: str, results: Mapping[str, str | None], messages: Iterable[str] = ()
) -> bytes:
    """What the client is told: ``unpack`` is "ok" or why not; results map refs to None or why not.

    ``messages`` are shown to the person, line by line.
    """
    lines = [pkt_line(f"unpack {_one_line(unpack)}\n".encode())]
    for command in head.commands:
        why = results.get(command.name, "not attempted")
        text = f"ok {command.name}" if why is None else f"ng {command.name} {_one_line(why)}"
        lines.append(pkt_line(f"{text}\n".encode()))
    status = b"".join([*lines, FLUSH]) if "report-status" in head.capabilities else b""
    if "side-band-64k" not in head.capabilities:
        return status
    out = [frame for text in messages for frame in band(2, f"{text}\n".encode())]
    return b"".join([*out, *band(1, status), FLUSH])


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]
