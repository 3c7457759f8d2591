"""The process that reads one Parquet file: rows are asked for by their numbers, and come as lines
of JSON. It sees the file by ranges that it asks for.

Started by `ask.packs.tables`. It loads the engine, locks it as the viewer does, shuts itself in,
and then answers one question after the other: `{"rows": [from, to]}`, or `{"count": true}`. Needs
the extra ``[viewer]``.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import json
import socket
import uuid
from collections.abc import Iterator
from typing import Any, Final

from groundswell.hub.viewing.confinement import confine
from groundswell.hub.viewing.one_file import Ranges
from groundswell.hub.viewing.pipe import READ_BYTES_MAX, Ended, Pipe
from groundswell.hub.viewing.rows_engine import RowsEngine
from groundswell.hub.viewing.values import Unreadable

MEMORY_BYTES_MAX: Final = 2 << 30
SECONDS_MAX: Final = 24 * 3600
_AT_ONCE: Final = 20


def main() -> None:
    """Answer until the pipe ends."""
    pipe = Pipe(socket.socket(fileno=0))
    size_bytes = pipe.receive()["size"]
    json.dumps({"a": 1.5}, default=_plain)
    base64.b64encode(b"")
    engine = RowsEngine()
    confine(MEMORY_BYTES_MAX, SECONDS_MAX, SECONDS_MAX)
    ranges = Ranges(pipe, size_bytes)
    try:
        asked = pipe.receive()
        while True:
            try:
                last: dict[str, Any] = {"answer": _answer(engine, ranges, asked)}
            except Unreadable as error:
                last = {"error": str(error)}
            except MemoryError:
                last = {"error": "its rows take more memory than they may"}
            asked = ranges.tell_last(last)
    except Ended:
        return


def _answer(engine: RowsEngine, ranges: Ranges, asked: dict[str, Any]) -> int:
    """The number that ends the answer; its lines were sent before."""
    if "count" in asked:
        return engine.count(ranges)
    start, stop = asked["rows"]
    for line in _lines(engine, ranges, start, stop):
        for at in range(0, len(line), READ_BYTES_MAX):
            part = line[at : at + READ_BYTES_MAX]
            ranges.tell({"part": len(part)}, part)
    return 0


def _lines(engine: RowsEngine, ranges: Ranges, start: int, stop: int) -> Iterator[bytes]:
    names, rows = engine.rows(ranges, start, stop, _AT_ONCE)
    for row in rows:
        said = dict(zip(names, row, strict=True))
        yield json.dumps(_plain_keys(said), ensure_ascii=False, default=_plain).encode() + b"\n"


def _plain_keys(value: Any) -> Any:  # noqa: ANN401 - whatever a cell holds
    """With keys that JSON has."""
    if isinstance(value, dict):
        return {str(key): _plain_keys(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_keys(each) for each in value]
    return value


def _plain(value: object) -> str | None:
    """What JSON has no word for: moments and exact numbers as text, bytes not at all."""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal | uuid.UUID | dt.timedelta):
        return str(value)
    return None


if __name__ == "__main__":
    main()
