"""The process in which documents are parsed: documents come in by its pipe, and articles go out.

Started by `parser`. It loads the readers, shuts itself in (no file, no network, bounded memory),
and then answers one document after the other: a frame with the document's path and size, its bytes
in frames; the answer is a frame for each article, and one that says how it ended. A document that
brings it down brings down nothing else.
"""

from __future__ import annotations

import codecs
import contextlib
import encodings
import pkgutil
import socket
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
    while len(data) < asked["size"]:
        data += pipe.receive_bytes(READ_BYTES_MAX)
    try:
        for article in read_document(asked["path"], bytes(data)):
            line = pack_article(article)
            if len(line) > LINE_BYTES_MAX:
                pipe.send_bytes(b"!it has an article that is longer than a pack holds")
                return
            pipe.send_bytes(line)
    except GroundswellError as error:
        pipe.send_bytes(b"!" + error.message.encode())
    except MemoryError:
        pipe.send_bytes(b"!it takes more memory than a document may")
    else:
        pipe.send_bytes(b"")


if __name__ == "__main__":
    main()
