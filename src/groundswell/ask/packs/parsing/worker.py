"""The process in which documents are parsed: documents come in by its pipe, and articles go out.

Started by `parser`. It loads the readers, shuts itself in (no file, no network, bounded memory),
and then answers one batch of documents after the other: a frame with their paths and sizes, their
bytes in frames; the answer is, for each, a frame for each article, and one that says how it ended.
Documents that bring it down bring down nothing else.
"""

from __future__ import annotations

import codecs
import contextlib
import encodings
import pkgutil
import socket
from collections.abc import Iterator, Sequence
from typing import Any, Final

from groundswell.core.errors import GroundswellError
from groundswell.hub.viewing.confinement import confine
from groundswell.hub.viewing.pipe import READ_BYTES_MAX, Ended, Pipe
from groundswell.wire.documents import READABLE, read_document
from groundswell.wire.packs import LINE_BYTES_MAX, pack_article

MEMORY_BYTES_MAX: Final = 2 << 30
# Of the whole process; the time of one document is watched from outside.
SECONDS_MAX: Final = 24 * 3600

READY: Final = b"ready"


def main() -> None:
    """Answer until the pipe ends."""
    _load()
    pipe = Pipe(socket.socket(fileno=0))
    confine(MEMORY_BYTES_MAX, SECONDS_MAX, SECONDS_MAX)
    try:
        pipe.send_bytes(READY)
        while True:
            _answer(pipe, pipe.receive())
    except Ended:
        return


def _load() -> None:
    """Import all that readers need: nothing can be opened once the process is shut in."""
    for codec in pkgutil.iter_modules(encodings.__path__):
        # Names in archives, and pages, say theirs. Some belong to other systems.
        with contextlib.suppress(LookupError):
            codecs.lookup(codec.name)
    for kind in READABLE:
        for sample in (b"<p>a <b>b</b></p>", b"\xff\xfea\x00", b"a\n\n# b\n\n- c \xe9"):
            # A sample need not be of the kind: what is wrong with it is told after the imports.
            with contextlib.suppress(GroundswellError):
                list(read_document(f"sample{kind.endings[0]}", sample))


def _answer(pipe: Pipe, asked: dict[str, Any]) -> None:
    data = bytearray()
    while len(data) < sum(size_bytes for _, size_bytes in asked["documents"]):
        data += pipe.receive_bytes(READ_BYTES_MAX)
    pipe.send_all(_frames(asked["documents"], data))


def _frames(documents: Sequence[tuple[str, int]], data: bytearray) -> Iterator[bytes]:
    start = 0
    for path, size_bytes in documents:
        try:
            for article in read_document(path, bytes(data[start : start + size_bytes])):
                line = pack_article(article)
                if len(line) > LINE_BYTES_MAX:
                    yield b"!it has an article that is longer than a pack holds"
                    break
                yield line
            else:
                yield b""
        except GroundswellError as error:
            yield b"!" + error.message.encode()
        except MemoryError:
            yield b"!it takes more memory than a document may"
        start += size_bytes


if __name__ == "__main__":
    main()
