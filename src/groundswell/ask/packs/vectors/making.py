"""Making the vectors of a pack: the model is put beside the indexes once, then a file for each
shard.

Files are made from shards that are built already, under names that say their bytes. The same shards
and the same model give the same bytes. Does not know how vectors are asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from groundswell.ask.packs.passages import heading_paths
from groundswell.ask.packs.table import open_table
from groundswell.ask.packs.vectors.embedding import RULE
from groundswell.ask.packs.vectors.form import pack_pieces, pack_rows
from groundswell.ask.packs.vectors.models import StaticModel
from groundswell.ask.packs.vectors.opened import open_model
from groundswell.ask.packs.written import articles_of, write_named
from groundswell.wire.documents import Article
from groundswell.wire.packs import Shard, VectorModel, passages_path, pieces_path, vectors_path

# Of the headings that a passage stands under, those that say what it is.
LABEL_HEADINGS: Final = 2


def maker_of(model: StaticModel) -> str:
    """What a model is called in packs: the same files, the same name."""
    said = f"{RULE} {model.weights_sha256} {model.tokenizer_sha256}"
    return f"static-{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def recipe_of(model: StaticModel) -> dict[str, str]:
    """What vectors follow from, beside the passages."""
    return {
        "rule": RULE,
        "weights_sha256": model.weights_sha256,
        "tokenizer_sha256": model.tokenizer_sha256,
    }


def put_model(model: StaticModel, folder: Path) -> VectorModel:
    """Write a model's files into a pack's folder."""
    maker = maker_of(model)
    (folder / vectors_path(maker, "x")).parent.mkdir(parents=True, exist_ok=True)
    pieces = pack_pieces(model.pieces, model.scales)
    return VectorModel(
        write_named(folder, lambda name: pieces_path(maker, name), pieces),
        write_named(folder, lambda name: vectors_path(maker, name), pack_rows(model.table)),
    )


def make_shard_vectors(folder: Path, shard: Shard, maker: str, model: VectorModel) -> str:
    """Write the vectors of a shard's passages, in their order; the file's id."""
    embedder = open_model(maker, model, lambda name: folder / name)
    rows = embedder.passages(_passages(folder, shard))
    return write_named(folder, lambda name: vectors_path(maker, name), pack_rows(rows))


def _passages(folder: Path, shard: Shard) -> Iterator[tuple[str, str]]:
    """What each passage stands under, and what it says. The title is no part: what is asked of a
    thing is looked for in its own article, where all passages have the same one.
    """
    table = open_table(folder / passages_path(shard.passages), shard.counts.passages)
    for number, article in enumerate(articles_of(folder, shard)):
        first, last = np.searchsorted(table[:, 0], (number, number + 1)).tolist()
        labels = {start: label_of(path, article) for start, path in heading_paths(article)}
        for _, start, stop, heading in table[first:last].tolist():
            yield labels.get(heading, label_of([], article)), article.text[start:stop]


def label_of(headings: list[str], article: Article) -> str:
    """What a passage stands under, as its vector holds it: its innermost headings; the article's
    title where there are none.
    """
    return " ".join(headings[-LABEL_HEADINGS:]) or article.title
