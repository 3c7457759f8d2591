"""A pack that is open: its passages and articles can be read, wherever its files lie.

Knows how a pack's files fit together, and keeps what was read last. `lexical` searches. Does
not know who may read what, nor where files come from: it is given their paths.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from groundswell.ask.packs.graphs import PackGraph
from groundswell.ask.packs.passages import heading_path
from groundswell.ask.packs.table import open_table
from groundswell.ask.packs.vectors import PackVectors
from groundswell.core.errors import Corrupt, EntryNotFound, Malformed
from groundswell.core.recent import Recent
from groundswell.wire.documents import Article
from groundswell.wire.packs import (
    SEGMENT_ENDINGS,
    Citation,
    Frame,
    Manifest,
    Segment,
    Shard,
    TextShard,
    passages_path,
    segment_path,
    span_sha256,
    text_path,
    unpack_article,
)

# Frames hold about 64 kB of text; an article takes some times its text.
FRAMES_KEPT: Final = 256
ARTICLES_CHARACTERS_KEPT: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage with what it stands in."""

    pack: OpenPack
    number: int
    article: Article
    start: int
    stop: int
    heading: int

    @property
    def text(self) -> str:
        """Its own characters."""
        return self.article.text[self.start : self.stop]

    @property
    def headings(self) -> list[str]:
        """What it stands under, the outermost first."""
        return heading_path(self.article, self.heading)

    def cite(self, start: int, stop: int) -> Citation:
        """A citation of characters [start, stop) of the article."""
        quoted = self.article.text[start:stop]
        pack = self.pack
        return Citation(
            pack.name, pack.revision, self.article.path, start, stop, span_sha256(quoted)
        )


class OpenPack:
    """A pack's texts and tables. Thread-safe.

    Args:
        name: ``namespace/name`` of its dataset, or a folder's name.
        revision: the commit, or the sha256 of a folder's ``pack.json``.
        manifest: what it has.
        file: where a file of the pack lies.

    Raises:
        Corrupt: a file is not what the manifest says.
    """

    def __init__(
        self, name: str, revision: str, manifest: Manifest, file: Callable[[str], Path]
    ) -> None:
        self.name = name
        self.revision = revision
        self.manifest = manifest
        self._file = file
        self._shards = [_OpenShard(shard, file) for shard in manifest.shards]
        self._firsts = [shard.first for shard in manifest.shards]
        self._bases: list[int] = []
        self.passages = 0
        for shard in manifest.shards:
            self._bases.append(self.passages)
            self.passages += shard.counts.passages
        self.vectors = PackVectors(manifest, file)
        self._forget()

    def _forget(self) -> None:
        self._frames: Recent[tuple[int, int], list[bytes]] = Recent(FRAMES_KEPT)
        self._articles: Recent[tuple[int, int], Article] = Recent(
            ARTICLES_CHARACTERS_KEPT, lambda article: 500 + len(article.text)
        )

    def close(self) -> None:
        """Let go of what was read. Files are open only while they are read."""
        self._forget()

    @property
    def address(self) -> str:
        """The pack and its revision, as people write them."""
        return f"{self.name}@{self.revision}"

    def segments(self) -> list[tuple[Segment, dict[str, Path]]]:
        """The lexical index: its segments with their files, in the order of the passages."""
        return [
            (segment, {end: self._file(segment_path(segment.id, end)) for end in SEGMENT_ENDINGS})
            for shard in self.manifest.shards
            for segment in shard.segments
        ]

    def graph(self) -> PackGraph:
        """Its link graph, for one question: close it."""
        return PackGraph(self.manifest, self._file)

    def passage(self, number: int) -> FoundPassage:
        """A passage by its number in the pack. Raises Corrupt when it cannot be read."""
        if not 0 <= number < self.passages:
            raise Corrupt("A pack's index names a passage that it has not.")
        at = bisect_right(self._bases, number) - 1
        article, start, stop, heading = self._shards[at].row(number - self._bases[at])
        found = self._article(at, article)
        if not 0 <= start < stop <= len(found.text):
            raise Corrupt("A passage of a pack does not lie in its article.")
        return FoundPassage(self, number, found, start, stop, heading)

    def first_of(self, number: int) -> int:
        """The first passage of the article that a passage is of."""
        at = bisect_right(self._bases, number) - 1
        return self._bases[at] + self._shards[at].first_of(number - self._bases[at])

    def passages_beside(self, number: int) -> range:
        """The passages of the article that a passage is of, by their numbers in the pack."""
        at = bisect_right(self._bases, number) - 1
        found = self._shards[at].passages_beside(number - self._bases[at])
        return range(self._bases[at] + found.start, self._bases[at] + found.stop)

    def article(self, path: str) -> Article:
        """An article by its path.

        Raises:
            EntryNotFound: the pack has none of this path.
            Corrupt: it cannot be read.
        """
        shard, number = self._place(path)
        return self._article(shard, number)

    def passages_of(self, path: str) -> range:
        """The passages of an article, by their numbers in the pack. Raises as `article`."""
        shard, number = self._place(path)
        found = self._shards[shard].passages_of(number)
        return range(self._bases[shard] + found.start, self._bases[shard] + found.stop)

    def _place(self, path: str) -> tuple[int, int]:
        """The shard of an article, and its number there."""
        at = bisect_right(self._firsts, path) - 1
        # Documents of several articles may reach over the end of their shard's paths.
        for shard in (at, at - 1, at + 1):
            if 0 <= shard < len(self._shards):
                frame = self._shards[shard].text.frame_with(path)
                for number in _numbers(frame):
                    if self._article(shard, number).path == path:
                        return shard, number
        raise EntryNotFound(path)

    def _article(self, shard: int, number: int) -> Article:
        found = self._articles.get((shard, number))
        if found is not None:
            return found
        text = self._shards[shard].text
        if not 0 <= number < text.articles:
            raise Corrupt("A passage of a pack is of no article.")
        frame = text.frame_of(number)
        try:
            line = self._lines(shard, frame)[number - frame.first_article]
            return self._articles.put((shard, number), unpack_article(line))
        except (Malformed, OSError) as error:
            raise Corrupt(f"A text of the pack {self.name} cannot be read.") from error

    def _lines(self, shard: int, frame: Frame) -> list[bytes]:
        key = (shard, frame.start)
        found = self._frames.get(key)
        if found is None:
            found = self._frames.put(key, self._shards[shard].text.read_frame(frame))
        return found


def _numbers(frame: Frame | None) -> range:
    """The articles of a frame, by their numbers in the shard."""
    if frame is None:
        return range(0)
    return range(frame.first_article, frame.first_article + frame.articles)


class _OpenShard:
    def __init__(self, shard: Shard, file: Callable[[str], Path]) -> None:
        self._table = open_table(file(passages_path(shard.passages)), shard.counts.passages)
        self._path = file(text_path(shard.text))
        try:
            self.text = TextShard(self._pread, self._path.stat().st_size)
        except (Malformed, OSError) as error:
            raise Corrupt("A text of a pack cannot be read.") from error

    def _pread(self, start: int, stop: int) -> bytes:
        # Opened each time: packs together may have thousands of shards, and frames are kept.
        with self._path.open("rb", buffering=0) as file:
            return os.pread(file.fileno(), stop - start, start)

    def first_of(self, number: int) -> int:
        articles = self._table[:, 0]
        return int(np.searchsorted(articles, articles[number]))

    def passages_beside(self, number: int) -> range:
        return self.passages_of(int(self._table[number, 0]))

    def passages_of(self, article: int) -> range:
        found = np.searchsorted(self._table[:, 0], (article, article + 1))
        return range(int(found[0]), int(found[1]))

    def row(self, number: int) -> tuple[int, int, int, int]:
        article, start, stop, heading = self._table[number].tolist()
        return article, start, stop, heading
