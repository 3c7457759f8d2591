"""One shard: its documents are read, and become a text shard, passages and lexical segments.

Runs in a process of its own, several beside one another; all that it writes follows from the
shard's key. Files are written under names that say their bytes, so that a shard which is built
twice is written once. Does not know the pack around it.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from groundswell.ask.packs.lexical import Entry, build_segments
from groundswell.ask.packs.parsing import Parser, Unreadable
from groundswell.ask.packs.passages import Passage, cut_passages, heading_path
from groundswell.ask.packs.planning import Planned
from groundswell.ask.packs.sources import Source
from groundswell.core.errors import Malformed
from groundswell.wire.documents import Article
from groundswell.wire.packs import (
    Counts,
    Shard,
    passages_path,
    text_path,
    unpack_article,
    write_shard,
)

ALIASES_MAX: Final = 200
UNREADABLE_TOLD_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Told:
    """A document of which nothing came into the pack, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Built:
    """A shard, none when its documents said nothing; and what could not be read."""

    shard: Shard | None
    unreadable: tuple[Told, ...]


def build_shard(
    documents: Sequence[Planned], sources: Sequence[Source], analyser_name: str, folder: Path
) -> Built:
    """Build a shard's files into the pack's folder.

    Args:
        documents: in the order of their paths.
        sources: of the pack.
        analyser_name: what the lexical index cuts words by.
        folder: of the pack; its folders for files exist.
    """
    unreadable: list[Told] = []
    with Parser() as parser:
        found = {
            article.path: article
            for planned in documents
            for article in _articles(planned, sources[planned.source], parser, unreadable)
        }
    articles = [found[path] for path in sorted(found)]
    if not articles:
        return Built(None, tuple(unreadable[:UNREADABLE_TOLD_MAX]))
    passages = [cut_passages(article) for article in articles]
    text = _write(folder, text_path, b"".join(write_shard(articles)))
    table = _write(folder, passages_path, passage_table(passages))
    segments = build_segments(_entries(articles, passages), analyser_name, folder / "index/lexical")
    counts = Counts(
        len(articles),
        sum(map(len, passages)),
        sum(len(article.links) for article in articles),
        sum(len(article.text) for article in articles),
    )
    shard = Shard(text, table, tuple(segments), counts, articles[0].path)
    return Built(shard, tuple(unreadable[:UNREADABLE_TOLD_MAX]))


def _articles(
    planned: Planned, source: Source, parser: Parser, unreadable: list[Told]
) -> Iterator[Article]:
    """The articles of a document, under their paths in the pack."""
    document = planned.document
    try:
        lines = parser.parse(document.path, source.read(document.path))
    except (Unreadable, Malformed, OSError) as error:
        unreadable.append(Told(planned.pack_path, str(error) or type(error).__name__))
        return
    prefix = planned.pack_path.removesuffix(document.path)
    for line in lines:
        article = unpack_article(line)
        if not article.text:
            continue
        aliases = dict.fromkeys((*article.aliases, *document.aliases))
        yield replace(article, path=prefix + article.path, aliases=tuple(aliases)[:ALIASES_MAX])


def passage_table(passages: Sequence[Sequence[Passage]]) -> bytes:
    """Passages of the articles of a shard as a numpy file: (article, start, stop, heading), int32.

    ``heading`` is the character at which the innermost heading begins, -1 without one.
    """
    rows = [
        (number, passage.start, passage.stop, passage.heading)
        for number, of_article in enumerate(passages)
        for passage in of_article
    ]
    file = io.BytesIO()
    np.save(file, np.array(rows, np.dtype("<i4")).reshape(-1, 4), allow_pickle=False)
    return file.getvalue()


def _entries(articles: Sequence[Article], passages: Sequence[Sequence[Passage]]) -> Iterator[Entry]:
    for article, of_article in zip(articles, passages, strict=True):
        headings: dict[int, str] = {}
        aliases = "\n".join(article.aliases)
        for passage in of_article:
            if passage.heading not in headings:
                headings[passage.heading] = "\n".join(heading_path(article, passage.heading))
            body = article.text[passage.start : passage.stop]
            yield Entry(article.title, aliases, headings[passage.heading], body)


def _write(folder: Path, path_of: Callable[[str], str], data: bytes) -> str:
    """Write a file under the name that its bytes give it; the name."""
    name = hashlib.sha256(data).hexdigest()[:32]
    path = folder / path_of(name)
    work = path.with_name(f"{path.name}.{os.getpid()}.part")
    work.write_bytes(data)
    work.replace(path)
    return name


def shard_files(folder: Path, shard: Shard) -> bool:
    """Whether all files of a shard lie in a pack's folder."""
    return all((folder / name).is_file() for name in shard.files())
