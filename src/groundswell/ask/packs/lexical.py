"""The lexical index of packs, by tantivy: segments that are files of a pack, and views over them.

A segment is built by one thread in one piece, so that the same passages give the same bytes, and is
named by their hash. A view is a folder of links to the segments of one pack or of several, with the
few lines that tantivy wants beside them: word counts are of all of them together, so that scores
can be compared. What is found is counted through from the first segment's first passage.

Does not know packs, articles or what is done with what was found. Needs the extra ``[ask]``.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import tantivy

from groundswell.core.errors import Corrupt
from groundswell.wire.packs import SEGMENT_ENDINGS, Segment

# The writer's memory; what does not fit becomes a second segment, which is as good.
HEAP_BYTES: Final = 512 << 20
FIELDS: Final = ("title", "aliases", "heading", "body")
# One field's word counts more than another's: tried on sets made from packs (docs/benchmarks.md).
BOOSTS: Final = {"title": 2.0, "aliases": 2.0, "heading": 1.0, "body": 1.0}
WORD_CHARACTERS_MAX: Final = 64

# Languages whose words tantivy can bring to a stem.
_STEMMERS: Final = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
# Scripts that do not put spaces between words: every two characters are one.
_UNSPACED: Final = frozenset({"ja", "ko", "th", "zh"})


@dataclass(frozen=True, slots=True)
class Entry:
    """What of a passage is searched."""

    title: str
    aliases: str
    heading: str
    body: str


def analyser_name(language: str) -> str:
    """What a language's words are cut by: part of a recipe, and of tantivy's own schema."""
    code = language.partition("-")[0].lower()
    if code in _UNSPACED:
        return "pairs-1"
    return f"words-{code}-1" if code in _STEMMERS else "words-1"


def analyser(name: str) -> tantivy.TextAnalyzer:
    """The analyser of a name. Raises Corrupt when this release does not know it."""
    kind, _, language = name.removesuffix("-1").partition("-")
    filters = tantivy.Filter
    if kind == "pairs":
        ngrams = tantivy.Tokenizer.ngram(min_gram=1, max_gram=2, prefix_only=False)
        return tantivy.TextAnalyzerBuilder(ngrams).filter(filters.lowercase()).build()
    if kind != "words" or (language and language not in _STEMMERS):
        raise Corrupt(f"This release does not know the analyser {name!r}.")
    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(filters.remove_long(WORD_CHARACTERS_MAX))
        .filter(filters.lowercase())
    )
    if language:  # stems before accents go: the rules of a language know its letters
        builder = builder.filter(filters.stemmer(_STEMMERS[language]))
    return builder.filter(filters.ascii_fold()).build()


def engine() -> str:
    """The engine's name and release, for recipes."""
    return f"tantivy {importlib.metadata.version('tantivy')}"


def build_segments(
    entries: Iterable[Entry], analyser_name: str, folder: Path, heap_bytes: int = HEAP_BYTES
) -> list[Segment]:
    """Index passages, in their order; the segments' files are left in ``folder``.

    Nearly always one segment; more when the words of the passages do not fit into ``heap_bytes``.
    """
    with tempfile.TemporaryDirectory(dir=folder) as work:
        index = tantivy.Index(_schema(analyser_name), path=work)
        index.register_tokenizer(analyser_name, analyser(analyser_name))
        writer = index.writer(heap_size=heap_bytes, num_threads=1)
        for entry in entries:
            # Empty fields are left out: they would count as words of length nought.
            fields = {name: getattr(entry, name) for name in FIELDS if getattr(entry, name)}
            writer.add_document(tantivy.Document(**fields))
        writer.commit()
        writer.wait_merging_threads()
        listed = json.loads(Path(work, "meta.json").read_bytes())["segments"]
        return [_named(Path(work), each, folder) for each in listed]


def _named(work: Path, listed: dict[str, Any], folder: Path) -> Segment:
    """Move a segment's files to names that say their bytes."""
    former = listed["segment_id"].replace("-", "")
    total = hashlib.sha256()
    for ending in SEGMENT_ENDINGS:
        with (work / f"{former}.{ending}").open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
            os.fsync(file.fileno())  # what is noted as built is there after a power cut
    name = total.hexdigest()[:32]
    for ending in SEGMENT_ENDINGS:
        (work / f"{former}.{ending}").replace(folder / f"{name}.{ending}")
    return Segment(name, listed["max_doc"])


def _schema(analyser_name: str) -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in FIELDS:
        # Where words stand is looked up in the text of the few that are read.
        builder.add_text_field(
            name, stored=False, tokenizer_name=analyser_name, index_option="freq"
        )
    return builder.build()


class View:
    """Segments that are searched as one. Thread-safe.

    Args:
        folder: an empty folder for the view; links and a few lines are put there.
        segments: each with its files, by ending, in the order in which passages are counted.
        analyser_name: what their passages were cut by.

    Raises:
        Corrupt: tantivy cannot open them.
    """

    def __init__(
        self,
        folder: Path,
        segments: Sequence[tuple[Segment, dict[str, Path]]],
        analyser_name: str,
    ) -> None:
        self._analyser = analyser(analyser_name)
        # Two packs may hold the same segment: it is searched once, as the first one's.
        first: dict[Segment, int] = {}
        self.passages = 0
        for segment, files in segments:
            if segment not in first:
                first[segment] = self.passages
                for ending, path in files.items():
                    (folder / f"{segment.id}.{ending}").symlink_to(path.absolute())
            self.passages += segment.passages
        self._bases = list(first.values())
        self._counts = [segment.passages for segment in first]
        schema = _schema(analyser_name)
        meta = _meta(folder, schema, list(first))
        (folder / "meta.json").write_text(json.dumps(meta), "utf-8")
        with _DamageTold():
            self._index = tantivy.Index.open(str(folder))
            self._index.register_tokenizer(analyser_name, self._analyser)
            self._index.config_reader("manual", 1)
            self._index.reload()
            self._searcher = self._index.searcher()
            held = self._searcher.num_docs
        if held != sum(self._counts):
            raise Corrupt("A pack's lexical index does not hold its passages.")
        self._schema = schema

    def words(self, text: str) -> list[str]:
        """The words of a text as the index holds them."""
        return list(self._analyser.analyze(text))

    def frequency(self, word: str) -> int:
        """In how many passages an analysed word stands in the body. Raises Corrupt."""
        with _DamageTold():
            return min(int(self._searcher.doc_freq("body", word)), self.passages)

    def search(self, words: Sequence[str], limit: int) -> list[tuple[float, int]]:
        """(score, passage) by BM25 over the fields, the best first.

        Args:
            words: analysed ones; any of them may stand in a passage.
            limit: how many passages.

        Raises:
            Corrupt: what tantivy reads cannot be.
        """
        if not words or not self.passages:
            return []
        query = tantivy.Query
        clauses = []
        for name in FIELDS:
            for word in words:
                term = query.term_query(self._schema, name, word, "freq")
                clauses.append((tantivy.Occur.Should, query.boost_query(term, BOOSTS[name])))
        with _DamageTold():
            found = self._searcher.search(query.boolean_query(clauses), limit, count=False)
        hits = [(float(score), at.segment_ord, at.doc) for score, at in found.hits]
        if any(doc >= self._counts[segment] for _, segment, doc in hits):
            raise Corrupt("A pack's lexical index names passages that it has not.")
        return [(score, self._bases[segment] + doc) for score, segment, doc in hits]


class _DamageTold:
    """Errors and panics of tantivy over damaged or hostile files, as Corrupt.

    A panic comes as pyo3's own exception, which is no Exception and has no name to import.
    """

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if kind is not None and (issubclass(kind, ValueError) or kind.__name__ == _PANIC):
            raise Corrupt("A pack's lexical index cannot be read.") from error


_PANIC: Final = "PanicException"


def _meta(folder: Path, schema: tantivy.Schema, segments: Sequence[Segment]) -> dict[str, Any]:
    """What tantivy keeps beside segments: its own words for the schema, and our list."""
    with tempfile.TemporaryDirectory(dir=folder) as work:
        tantivy.Index(schema, path=work)
        meta: dict[str, Any] = json.loads(Path(work, "meta.json").read_bytes())
    meta["segments"] = [
        {"segment_id": _dashed(each.id), "max_doc": each.passages, "deletes": None}
        for each in dict.fromkeys(segments)
    ]
    return meta


def _dashed(name: str) -> str:
    return "-".join((name[:8], name[8:12], name[12:16], name[16:20], name[20:]))
