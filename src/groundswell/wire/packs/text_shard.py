"""Text shards: articles of a pack, compressed in frames, each of which can be read alone.

A shard is zstd frames one after another, each of whole lines (`articles`) of about 64 kB, and then
a skippable frame (RFC 8878, section 3.1.2) that says where the frames lie and which article each
begins with. So any zstd program prints a shard's articles, and one article costs one frame.
Byte table: docs/formats/pack.md. Does not know which articles belong together, nor files.
"""

from __future__ import annotations

import json
import struct
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from groundswell.core.errors import Malformed
from groundswell.wire.documents import Article
from groundswell.wire.packs.articles import LINE_BYTES_MAX, pack_article

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FRAME_BYTES: Final = 64 << 10
FRAME_BYTES_MAX: Final = LINE_BYTES_MAX + FRAME_BYTES
FRAMES_MAX: Final = 1 << 17
INDEX_BYTES_MAX: Final = 8 << 20
LEVEL: Final = 12
# Of the engine: other releases may write other bytes, so a recipe names it.
ENGINE: Final = f"zstd {zstd.zstd_version} level {LEVEL}"

_SKIPPABLE: Final = 0x184D2A5E
_HEAD: Final = struct.Struct("<II")
# The last bytes of a shard: the size of its index, and what tells it from any other file.
_TAIL: Final = struct.Struct("<I8s")
_MAGIC: Final = b"gsw-text"
_LIMITS: Final[Mapping[int, int]] = {zstd.DecompressionParameter.window_log_max: 24}

Read = Callable[[int, int], bytes]


def write_shard(articles: Iterable[Article]) -> Iterator[bytes]:
    """A shard's bytes, piece by piece. Articles come in the order of their paths.

    Raises:
        ValueError: they do not, or one is longer than LINE_BYTES_MAX.
    """
    frames: list[tuple[int, int, str]] = []  # bytes, articles, first path
    lines: list[bytes] = []
    first, last, size = "", None, 0
    for article in articles:
        line = pack_article(article)
        if len(line) > LINE_BYTES_MAX:
            msg = f"{article.path} is longer than an article may be"
            raise ValueError(msg)
        if last is not None and article.path <= last:
            msg = f"{article.path} does not come after {last}"
            raise ValueError(msg)
        last = article.path
        if lines and size + len(line) > FRAME_BYTES:
            yield _frame(lines, first, frames)
            lines, size = [], 0
        if not lines:
            first = article.path
        lines.append(line)
        size += len(line)
    if lines:
        yield _frame(lines, first, frames)
    index = json.dumps({"frames": frames}, ensure_ascii=False, separators=(",", ":")).encode()
    body = index + _TAIL.pack(len(index), _MAGIC)
    yield _HEAD.pack(_SKIPPABLE, len(body)) + body


def _frame(lines: list[bytes], first: str, frames: list[tuple[int, int, str]]) -> bytes:
    packed = zstd.compress(b"".join(lines), LEVEL)
    frames.append((len(packed), len(lines), first))
    return packed


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes [start, stop) of a shard hold ``articles`` articles; ``first`` is the path of one."""

    start: int
    stop: int
    first_article: int
    articles: int
    first: str


class TextShard:
    """A shard that can be read by frames. ``read(start, stop)`` gives its bytes.

    Raises:
        Malformed: it is not a shard, or its index does not fit its size.
    """

    def __init__(self, read: Read, size_bytes: int) -> None:
        self._read = read
        self.frames = _index(read, size_bytes)
        self._firsts = [frame.first for frame in self.frames]
        self._starts = [frame.first_article for frame in self.frames]

    @property
    def articles(self) -> int:
        """How many articles it holds."""
        return self.frames[-1].first_article + self.frames[-1].articles if self.frames else 0

    def frame_of(self, article: int) -> Frame:
        """The frame in which an article lies, by its number in the shard."""
        return self.frames[bisect_right(self._starts, article) - 1]

    def frame_with(self, path: str) -> Frame | None:
        """The one frame in which an article of this path can lie."""
        at = bisect_right(self._firsts, path) - 1
        return self.frames[at] if at >= 0 else None

    def read_frame(self, frame: Frame) -> list[bytes]:
        """The articles of a frame as lines, for `unpack_article`.

        Raises:
            Malformed: it does not hold what the index says.
        """
        lines = _unpacked(self._read(frame.start, frame.stop)).split(b"\n")
        if len(lines) != frame.articles + 1 or lines[-1]:
            raise Malformed("text shard", "a frame does not hold the articles that it should")
        return lines[:-1]


def _unpacked(packed: bytes) -> bytes:
    decompressor = zstd.ZstdDecompressor(options=_LIMITS)
    try:
        text = decompressor.decompress(packed, FRAME_BYTES_MAX + 1)
    except zstd.ZstdError as error:
        raise Malformed("text shard", "a frame is damaged") from error
    if len(text) > FRAME_BYTES_MAX or not decompressor.eof or decompressor.unused_data:
        raise Malformed("text shard", "a frame is longer than it may be, or not whole")
    return text


def _index(read: Read, size_bytes: int) -> list[Frame]:
    if size_bytes < _HEAD.size + _TAIL.size:
        raise Malformed("text shard", "it is too short")
    length, magic = _TAIL.unpack(read(size_bytes - _TAIL.size, size_bytes))
    start = size_bytes - _TAIL.size - length
    if magic != _MAGIC or length > INDEX_BYTES_MAX or start < _HEAD.size:
        raise Malformed("text shard", "it has no index")
    try:
        value = json.loads(read(start, start + length))
        listed = value["frames"]
        if len(listed) > FRAMES_MAX:
            raise Malformed("text shard", "it has too many frames")
        return list(_frames(listed, start - _HEAD.size))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed("text shard", "its index cannot be read") from error


def _frames(listed: list[object], stop: int) -> Iterator[Frame]:
    at = articles = 0
    for each in listed:
        match each:
            case [int(size), int(count), str(first)] if size > 0 and 0 < count <= FRAME_BYTES_MAX:
                yield Frame(at, at + size, articles, count, first)
            case _:
                raise Malformed("text shard", "its index cannot be read")
        at += size
        articles += count
    if at != stop:
        raise Malformed("text shard", "its frames do not fill it")
