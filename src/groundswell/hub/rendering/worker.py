"""The rendering worker: reads requests on standard input, writes answers on standard output.

Started by `service`; ends when its input ends or nobody asked for a while. It has no database, no
network use and no secrets, a limit on its memory, and is killed by its parent when it is slow.
"""

from __future__ import annotations

import resource
import select
import sys
from dataclasses import asdict
from typing import Any, BinaryIO, Final

from groundswell.core.errors import Malformed
from groundswell.hub.rendering.frames import LENGTH_BYTES, body_length, pack, unpack
from groundswell.wire.highlight import highlight_file
from groundswell.wire.markdown import LinkBase, render
from groundswell.wire.notebooks import read_notebook

MEMORY_BYTES_MAX: Final = 1 << 30
IDLE_SECONDS: Final = 300


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request; which fields it has depends on ``work``."""
    if request["work"] == "markdown":
        return asdict(render(request["text"], LinkBase(**request["base"])))
    if request["work"] == "notebook":
        try:
            return asdict(read_notebook(request["text"], LinkBase(**request["base"])))
        except Malformed as error:
            return {"fault": error.message}
    assert request["work"] == "highlight", request["work"]
    return {"lines": highlight_file(request["file_name"], request["text"])}


def _read_exactly(source: BinaryIO, size_bytes: int) -> bytes | None:
    data = source.read(size_bytes)
    return data if len(data) == size_bytes else None


def main() -> None:
    """Answer until there is nothing more to answer."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while select.select([source], [], [], IDLE_SECONDS)[0]:
        head = _read_exactly(source, LENGTH_BYTES)
        body = None if head is None else _read_exactly(source, body_length(head))
        if body is None:
            return
        sink.write(pack(answer(unpack(body))))
        sink.flush()


if __name__ == "__main__":
    main()
