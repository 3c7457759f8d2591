"""``pack.json``: what a knowledge pack is, what it was made from and how, and which files it has.

Everything that asking needs to know before it opens a file stands here. Files are named by their
own sha256, so that a new commit of a pack moves only what changed. The form is described in
docs/formats/pack.md. Does not know how packs are built or searched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from groundswell.core.errors import Malformed

FORMAT: Final = "groundswell-pack/1"
NAME: Final = "pack.json"
TAG: Final = "knowledge-pack"
MANIFEST_BYTES_MAX: Final = 16 << 20
# Each is some open files and maps of memory.
SHARDS_MAX: Final = 8_192
SEGMENTS_MAX: Final = 64
MODELS_MAX: Final = 8
TEXT_CHARACTERS_MAX: Final = 20_000

_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_COUNTS: Final = ("articles", "passages", "links", "characters")
# What tantivy keeps of a segment.
SEGMENT_ENDINGS: Final = ("fast", "fieldnorm", "idx", "pos", "store", "term")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is; of a shard or of a pack."""

    articles: int = 0
    passages: int = 0
    links: int = 0
    characters: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, name) + getattr(other, name) for name in _COUNTS))


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the lexical index: its id, and how many passages it holds, one after another."""

    id: str
    passages: int


@dataclass(frozen=True, slots=True)
class VectorModel:
    """What a question's vector is made with: the id of the pieces of words, and of their table."""

    pieces: str
    table: str


@dataclass(frozen=True, slots=True)
class Shard:
    """Articles that lie together, and what was made of them.

    Attributes:
        text: id of the text shard.
        passages: id of the table of its passages.
        segments: of the lexical index, in the order of the passages.
        vectors: ids of tables of vectors, by the name of what made them.
        counts: how much it holds.
        first: path of its first article.
        graph: id of its part of the link graph; "" without one.
    """

    text: str
    passages: str
    segments: tuple[Segment, ...]
    counts: Counts
    first: str
    vectors: Mapping[str, str] = field(default_factory=dict)
    graph: str = ""

    def files(self) -> list[str]:
        """The paths of its files in the pack."""
        names = [text_path(self.text), passages_path(self.passages)]
        names += [segment_path(each.id, end) for each in self.segments for end in SEGMENT_ENDINGS]
        names += [vectors_path(maker, each) for maker, each in self.vectors.items()]
        return [*names, graph_path(self.graph)] if self.graph else names


@dataclass(frozen=True, slots=True)
class Manifest:
    """A pack as its ``pack.json`` says it.

    Attributes:
        title: for people.
        languages: BCP 47, the first being the one that the lexical index is made for.
        licence: SPDX id or words; "" when unknown.
        attribution: what the licence wants to be said.
        sources: what it was made from: kind, name, revision, sha256.
        recipe: how: readers, passages, engines, with versions. The same sources and the same recipe
            give the same files.
        shards: in the order of their articles.
        vectors: models by the name that shards have their vectors under.
    """

    title: str
    languages: tuple[str, ...]
    licence: str
    attribution: str
    sources: tuple[Json, ...]
    recipe: Json
    shards: tuple[Shard, ...]
    vectors: Mapping[str, VectorModel] = field(default_factory=dict)

    @property
    def counts(self) -> Counts:
        """How much the pack holds."""
        return sum((shard.counts for shard in self.shards), Counts())

    def files(self) -> list[str]:
        """The paths of all its files but pack.json, each once."""
        names = [name for shard in self.shards for name in shard.files()]
        return list(dict.fromkeys([*names, *self.model_files()]))

    def model_files(self) -> list[str]:
        """The paths of the files that questions become vectors with."""
        return [
            name
            for maker, model in self.vectors.items()
            for name in (pieces_path(maker, model.pieces), vectors_path(maker, model.table))
        ]


def text_path(shard: str) -> str:
    """Where a text shard lies in a pack."""
    return f"text/{shard}.jsonl.zst"


def passages_path(table: str) -> str:
    """Where a table of passages lies in a pack."""
    return f"index/passages/{table}.npy"


def segment_path(segment: str, ending: str) -> str:
    """Where a file of a lexical segment lies in a pack."""
    return f"index/lexical/{segment}.{ending}"


def vectors_path(maker: str, table: str) -> str:
    """Where a table of vectors lies in a pack."""
    return f"index/vectors/{maker}/{table}.npy"


def pieces_path(maker: str, pieces: str) -> str:
    """Where the pieces of words lie in a pack, of which vectors were made."""
    return f"index/vectors/{maker}/{pieces}.pieces"


def graph_path(graph: str) -> str:
    """Where a shard's part of the link graph lies in a pack."""
    return f"index/graph/{graph}.sqlite"


def pack_manifest(manifest: Manifest) -> bytes:
    """The bytes of ``pack.json``. The same manifest, the same bytes."""
    value: Json = {
        "format": FORMAT,
        "title": manifest.title,
        "languages": list(manifest.languages),
        "licence": manifest.licence,
        "attribution": manifest.attribution,
        "sources": list(manifest.sources),
        "recipe": manifest.recipe,
        "counts": _counts_json(manifest.counts),
        "shards": [pack_shard(shard) for shard in manifest.shards],
    }
    if manifest.vectors:
        value["vectors"] = {
            maker: {"pieces": model.pieces, "table": model.table}
            for maker, model in manifest.vectors.items()
        }
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def _counts_json(counts: Counts) -> Json:
    return {name: getattr(counts, name) for name in _COUNTS}


def pack_shard(shard: Shard) -> Json:
    """A shard as ``pack.json`` lists it."""
    return {
        "text": shard.text,
        "passages": shard.passages,
        "segments": [[each.id, each.passages] for each in shard.segments],
        "vectors": dict(shard.vectors),
        "counts": _counts_json(shard.counts),
        "first": shard.first,
        "graph": shard.graph,
    }


def unpack_manifest(data: bytes) -> Manifest:
    """The manifest of ``pack.json``.

    Raises:
        Malformed: it is not one, or of a format that this release does not know.
    """
    if len(data) > MANIFEST_BYTES_MAX:
        raise Malformed(NAME, "it is too large")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed(NAME, "it is not JSON") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise Malformed(NAME, f"its format is not {FORMAT}")
    try:
        return _manifest(value)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise Malformed(NAME, "a part of it is missing or of another type") from error


def _manifest(value: Json) -> Manifest:
    shards = value["shards"]
    if not isinstance(shards, list) or len(shards) > SHARDS_MAX:
        raise Malformed(NAME, "it has too many shards")
    unpacked = tuple(map(unpack_shard, shards))
    if len({shard.text for shard in unpacked}) < len(unpacked):
        raise Malformed(NAME, "a shard stands in it twice")
    if not isinstance(value["recipe"], dict) or not isinstance(value["sources"], list):
        raise Malformed(NAME, "its recipe or its sources cannot be read")
    return Manifest(
        _text(value["title"]),
        tuple(map(_text, value["languages"])),
        _text(value["licence"]),
        _text(value["attribution"]),
        tuple(each for each in value["sources"] if isinstance(each, dict)),
        value["recipe"],
        unpacked,
        _models(value.get("vectors", {})),
    )


def _models(value: Json) -> dict[str, VectorModel]:
    if len(value) > MODELS_MAX:
        raise Malformed(NAME, "it has vectors of too many models")
    return {
        _maker(maker): VectorModel(_id(each["pieces"]), _id(each["table"]))
        for maker, each in value.items()
    }


def unpack_shard(value: Json) -> Shard:
    """The shard of an entry. Raises KeyError, TypeError, ValueError, AttributeError, IndexError or
    Malformed.
    """
    segments = tuple(Segment(_id(each[0]), _count(each[1])) for each in value["segments"])
    counts = Counts(*(_count(value["counts"][name]) for name in _COUNTS))
    if len(segments) > SEGMENTS_MAX or sum(each.passages for each in segments) != counts.passages:
        raise Malformed(NAME, "a shard's segments do not hold its passages")
    vectors = {_maker(maker): _id(each) for maker, each in value["vectors"].items()}
    text, passages = _id(value["text"]), _id(value["passages"])
    graph = _id(value["graph"]) if value.get("graph") else ""
    return Shard(text, passages, segments, counts, _text(value["first"]), vectors, graph)


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_CHARACTERS_MAX:
        raise TypeError
    return value


def _id(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise TypeError
    return value


def _maker(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,95}", value):
        raise TypeError
    return value


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 40:
        raise TypeError
    return value
