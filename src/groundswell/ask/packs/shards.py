"""One shard: its documents are read, and become a text shard, passages and lexical segments.

Runs in a process of its own, several beside one another; all that it writes follows from the
shard's key. Files are written under names that say their bytes, so that a shard which is built
twice is written once. Does not know the pack around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from groundswell.ask.packs.lexical import Entry, build_segments
from groundswell.ask.packs.parsing import Parser, Unreadable
from groundswell.ask.packs.passages import Passage, cut_passages, heading_paths
from groundswell.ask.packs.planning import Planned
from groundswell.ask.packs.progress import note_read
from groundswell.ask.packs.sources import Source
from groundswell.ask.packs.table import pack_table
from groundswell.ask.packs.written import write_named
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
# Of what is searched with every passage of an article.
TITLE_CHARACTERS_MAX: Final = 500
ALIASES_CHARACTERS_MAX: Final = 8_000
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
            for number in sorted({planned.source for planned in documents})
            for article in _articles(
                [each for each in documents if each.source == number],
                sources[number],
                parser,
                unreadable,
            )
        }
    articles = [found[path] for path in sorted(found)]
    if not articles:
        return Built(None, tuple(unreadable[:UNREADABLE_TOLD_MAX]))
    passages = [cut_passages(article) for article in articles]
    text = write_named(folder, text_path, b"".join(write_shard(articles)))
    table = write_named(folder, passages_path, passage_table(passages))
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
    documents: Sequence[Planned], source: Source, parser: Parser, unreadable: list[Told]
) -> Iterator[Article]:
    """The articles of a source's documents, under their paths in the pack."""
    planned = {each.document.path: each for each in documents}
    for path, size_bytes, parsed in parser.parse_all(source.read(list(planned))):
        each = planned[path]
        lines = [] if isinstance(parsed, Unreadable) else parsed
        if isinstance(parsed, Unreadable):
            unreadable.append(Told(each.pack_path, str(parsed) or "it cannot be read"))
        note_read(len(lines), size_bytes)
        prefix = each.pack_path.removesuffix(path)
        for article in map(unpack_article, lines):
            if article.text:
                names = dict.fromkeys((*article.aliases, *each.document.aliases))
                aliases = tuple(names)[:ALIASES_MAX]
                yield replace(article, path=prefix + article.path, aliases=aliases)


def passage_table(passages: Sequence[Sequence[Passage]]) -> bytes:
    """Passages of the articles of a shard as a numpy file: (article, start, stop, heading), int32.

    ``heading`` is the character at which the innermost heading begins, -1 without one.
    """
    return pack_table(
        [
            (number, passage.start, passage.stop, passage.heading)
            for number, of_article in enumerate(passages)
            for passage in of_article
        ]
    )


def _entries(articles: Sequence[Article], passages: Sequence[Sequence[Passage]]) -> Iterator[Entry]:
    for article, of_article in zip(articles, passages, strict=True):
        paths = {start: "\n".join(path) for start, path in heading_paths(article)}
        title = article.title[:TITLE_CHARACTERS_MAX]
        aliases = "\n".join(article.aliases)[:ALIASES_CHARACTERS_MAX]
        for passage in of_article:
            body = article.text[passage.start : passage.stop]
            yield Entry(title, aliases, paths.get(passage.heading, ""), body)


def shard_files(folder: Path, shard: Shard) -> bool:
    """Whether all files of a shard lie in a pack's folder."""
    return all((folder / name).is_file() for name in shard.files())
