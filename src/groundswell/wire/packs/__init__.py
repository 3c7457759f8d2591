"""Knowledge packs: articles, text shards, the manifest, and citations into them."""

from __future__ import annotations

from groundswell.wire.packs.articles import LINE_BYTES_MAX, pack_article, unpack_article
from groundswell.wire.packs.citation import Citation, parse_citation, span_sha256
from groundswell.wire.packs.manifest import (
    FORMAT,
    MANIFEST_BYTES_MAX,
    NAME,
    SEGMENT_ENDINGS,
    SHARDS_MAX,
    TAG,
    Counts,
    Manifest,
    Segment,
    Shard,
    VectorModel,
    graph_path,
    pack_manifest,
    pack_shard,
    passages_path,
    pieces_path,
    segment_path,
    text_path,
    unpack_manifest,
    unpack_shard,
    vectors_path,
)
from groundswell.wire.packs.text_shard import ENGINE, Frame, TextShard, write_shard

__all__ = [
    "ENGINE",
    "FORMAT",
    "LINE_BYTES_MAX",
    "MANIFEST_BYTES_MAX",
    "NAME",
    "SEGMENT_ENDINGS",
    "SHARDS_MAX",
    "TAG",
    "Citation",
    "Counts",
    "Frame",
    "Manifest",
    "Segment",
    "Shard",
    "TextShard",
    "VectorModel",
    "graph_path",
    "pack_article",
    "pack_manifest",
    "pack_shard",
    "parse_citation",
    "passages_path",
    "pieces_path",
    "segment_path",
    "span_sha256",
    "text_path",
    "unpack_article",
    "unpack_manifest",
    "unpack_shard",
    "vectors_path",
    "write_shard",
]
