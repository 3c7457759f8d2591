"""Questions that take two articles: what the link graph adds, what it loses, and what it costs.

Sets are made from packs (`ask.evaluation.hops`), each asked with and without edges; simple
questions are asked in both ways too, and those whose source is hidden, for what is shown wrongly.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from bench.rows import Row
from groundswell.ask.evaluation.asking import Judged, judge
from groundswell.ask.evaluation.hops import make_hop_set
from groundswell.ask.evaluation.making import Item, make_set
from groundswell.ask.packs.building import WORK
from groundswell.ask.packs.graphs.making import Names, called, make_shard_graph
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.retrieval.searching import Shelf

HOPS = 400
SIMPLE = 1_000


def bridging(name: str, pack: OpenPack, shelf: Shelf, folder: Path) -> list[Row]:
    """All of it for one pack, which lies in ``folder``."""
    hops = make_hop_set(pack, HOPS, seed=3)
    simple = make_set(pack, SIMPLE, seed=4, hidden=0)
    plain, edged = (_in_five(_asked(shelf, hops, edges=edges)) for edges in (False, True))
    before, after = (_in_five(_asked(shelf, simple, edges=edges)) for edges in (False, True))
    note = f"{len(hops)} questions that take two articles"
    return [
        Row(f"right article in five along edges, {name}", edged, "%", plain, "without edges",
            "+ 10 points", note),
        Row(f"the same of simple questions, {name}", after, "%", before, "without edges",
            "- 0.5 points", f"{len(simple)} questions"),
        *_cost(name, pack, folder),
    ]  # fmt: skip


def _asked(shelf: Shelf, items: Sequence[Item], *, edges: bool) -> list[Judged]:
    return [judge(item, shelf.search(item.question, bridges=edges)) for item in items]


def _in_five(judged: Sequence[Judged]) -> float:
    return 100 * sum(0 < each.rank <= 5 for each in judged) / max(1, len(judged))


def _cost(name: str, pack: OpenPack, folder: Path) -> list[Row]:
    """The graph alone, made again from the shards of the pack."""
    many = pack.passages / 100_000
    again = folder.with_name(f"{folder.name}-again")
    shutil.copytree(folder, again)
    names = again / WORK / "names.sqlite"
    began = time.process_time()
    Names(names).fill(called(again, pack.manifest.shards))
    made = [make_shard_graph(again, shard, names) for shard in pack.manifest.shards]
    seconds = time.process_time() - began
    assert made == [shard.graph for shard in pack.manifest.shards], "the same bytes"
    size = sum((again / "index/graph" / f"{each}.sqlite").stat().st_size for each in made)
    shutil.rmtree(again)
    return [
        Row(f"of it the graph, {name}", seconds / many, "s CPU", note="for 100,000 passages"),
        Row(f"of the pack the graph, {name}", size / 1e6 / many, "MB", note="the same"),
    ]
