"""Building a pack: a plan, shards in several processes, and `pack.json` at the end.

The folder is a pack only when its `pack.json` is there, and that is written last and in one step;
whoever is interrupted goes on where they were, because shards that are built are known by their
keys. So a folder that is built again after a few files changed costs those files' shards.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from groundswell.ask.packs import lexical, passages, planning
from groundswell.ask.packs.graphs import RULE as GRAPH_RULE
from groundswell.ask.packs.graphs.making import Names, called, engine, make_shard_graph
from groundswell.ask.packs.planning import Plan, make_plan
from groundswell.ask.packs.processes import run_pieces
from groundswell.ask.packs.progress import (
    LOOK_SECONDS,
    Progress,
    Tally,
    count_in,
    counted,
    shared_counts,
)
from groundswell.ask.packs.shards import UNREADABLE_TOLD_MAX, Built, Told, build_shard, shard_files
from groundswell.ask.packs.sources import PACK_WORK, Source
from groundswell.ask.packs.vectors.making import (
    make_shard_vectors,
    maker_of,
    put_model,
    recipe_of,
)
from groundswell.ask.packs.vectors.models import read_model
from groundswell.core.errors import BadRequest, Malformed
from groundswell.wire import documents, packs
from groundswell.wire.packs import Counts, Manifest, Shard, VectorModel

WORK: Final = PACK_WORK


@dataclass(frozen=True, slots=True)
class Options:
    """What the maker of a pack decides.

    Attributes:
        title: for people; "" takes the sources' names.
        language: BCP 47, of most of it: words are cut by its rules.
        licence: SPDX id or words; "" when unknown.
        attribution: what the licence wants to be said.
        processes: how many work at once; 0 takes what the machine has.
        vectors: a folder with a static embedding model; None makes no vectors.
    """

    title: str = ""
    language: str = "en"
    licence: str = ""
    attribution: str = ""
    processes: int = 0
    vectors: Path | None = None


@dataclass
class Report:
    """What came of building.

    Attributes:
        counts: how much the pack holds.
        shards: of how many parts it is.
        built: how many of them were made now; the others were there.
        unreadable: documents of which nothing came, and why; the first UNREADABLE_TOLD_MAX.
        unreadable_count: all of them.
        size_bytes: of the pack's files.
    """

    counts: Counts = field(default_factory=Counts)
    shards: int = 0
    built: int = 0
    unreadable: list[Told] = field(default_factory=list)
    unreadable_count: int = 0
    size_bytes: int = 0


def build_pack(
    sources: Sequence[Source], folder: Path, options: Options, progress: Progress = lambda *_: None
) -> Report:
    """Build a pack into a folder: a new one, or one that holds an earlier build.

    Args:
        sources: what it is made from.
        folder: where its files go.
        options: what its maker decides.
        progress: is told how far it is, twice a second.

    Raises:
        BadRequest: the sources hold nothing that can be read, the folder holds other things, or the
            model for vectors is none.
        OSError: a source or the folder cannot be read or written.
    """
    model = None if options.vectors is None else read_model(options.vectors)
    work = _begin(folder)
    make_plan(work / "plan.sqlite", sources)
    report = Report()
    analyser_name = lexical.analyser_name(options.language)
    recipe = make_recipe(analyser_name)
    with Plan(work / "plan.sqlite") as plan:
        if plan.shards > packs.SHARDS_MAX:
            msg = f"It would be more than {packs.SHARDS_MAX} parts: make several packs of it."
            raise BadRequest(msg)
        shards = list(
            _shards(plan, sources, folder, _Task(analyser_name, recipe, options), report, progress)
        )
        described = [dict(source.describe()) for source in sources]
        fingerprint = plan.fingerprint
    if not shards:
        raise BadRequest("There is nothing in it that can be read: no pack was made.")
    shards = _with_graphs(shards, folder, options)
    recipe["graph"] = {"rule": GRAPH_RULE, "engine": engine()}
    models: dict[str, VectorModel] = {}
    if model is not None:
        recipe["vectors"] = recipe_of(model)
        maker = maker_of(model)
        models[maker] = put_model(model, folder)
        shards = _with_vectors(shards, folder, options, maker, models[maker])
    title = options.title or ", ".join(source.name for source in sources)
    manifest = Manifest(
        title=title,
        languages=(options.language,),
        licence=options.licence,
        attribution=options.attribution,
        sources=(*described, {"kind": "documents", "sha256": fingerprint}),
        recipe=recipe,
        shards=tuple(shards),
        vectors=models,
    )
    report.counts, report.shards = manifest.counts, len(shards)
    _finish(folder, manifest)
    report.size_bytes = sum((folder / name).stat().st_size for name in manifest.files())
    return report


def make_recipe(analyser_name: str) -> dict[str, Any]:
    """What a pack's files follow from beside its documents: rules and engines, with releases."""
    return {
        "documents": documents.RULE,
        "shards": planning.RULE,
        "passages": passages.RULE,
        "text": packs.ENGINE,
        "lexical": {"engine": lexical.engine(), "analyser": analyser_name},
    }


@dataclass(frozen=True, slots=True)
class _Task:
    analyser_name: str
    recipe: dict[str, Any]
    options: Options


def _begin(folder: Path) -> Path:
    """Make the folders of a pack; the one for work."""
    is_ours = (folder / packs.NAME).exists() or (folder / WORK).exists()
    if not is_ours and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        msg = f"{folder} holds other things: a pack wants a folder of its own."
        raise BadRequest(msg)
    work = folder / WORK
    for each in (
        work / "shards",
        work / "graphs",
        work / "vectors",
        *(folder / name for name in _FOLDERS),
    ):
        each.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("index/lexical/tmp*"):
        shutil.rmtree(left, ignore_errors=True)
    return work


_FOLDERS: Final = ("text", "index/passages", "index/lexical", "index/graph")
# Starting processes takes longer than the graph of so much text.
_ALONE_CHARACTERS_MAX: Final = 8_000_000


def _shards(
    plan: Plan,
    sources: Sequence[Source],
    folder: Path,
    task: _Task,
    report: Report,
    progress: Progress,
) -> Iterator[Shard]:
    """The pack's shards in their order: those that are there, and those that are built now."""
    total, done = plan.documents, 0
    found: dict[int, Built] = {}
    missing = []
    progress(Tally(total=total))
    for number in range(plan.shards):
        built = _known(folder, plan.key(number, task.recipe))
        if built is None:
            missing.append(number)
        else:
            found[number] = built
            done += sum(1 for _ in plan.shard(number))
    known, last = done, Tally(done, total, shards=len(found))
    for step in _built(plan, missing, sources, folder, task):
        if isinstance(step, tuple):
            number, found[number] = step
            report.built += 1
            _know(folder, plan.key(number, task.recipe), found[number])
            last = replace(last, shards=len(found))
        else:
            last = replace(step, documents=known + step.documents, total=total, shards=len(found))
        progress(last)
    progress(replace(last, documents=total, total=total))
    for number in range(plan.shards):
        built = found[number]
        report.unreadable_count += len(built.unreadable)
        report.unreadable += built.unreadable[: UNREADABLE_TOLD_MAX - len(report.unreadable)]
        if built.shard is not None:
            yield built.shard


def _built(
    plan: Plan, missing: Sequence[int], sources: Sequence[Source], folder: Path, task: _Task
) -> Iterator[tuple[int, Built] | Tally]:
    """Shards as they are finished, and how much was read. Each process holds one at a time."""
    processes = min(task.options.processes or os.cpu_count() or 1, len(missing))
    if not missing:
        return
    pieces = (
        (number, (list(plan.shard(number)), sources, task.analyser_name, folder))
        for number in missing
    )
    counts = shared_counts(multiprocessing.get_context("spawn"))
    for finished in run_pieces(
        build_shard,
        pieces,
        processes,
        prepare=count_in,
        given=(counts,),
        look_seconds=LOOK_SECONDS,
    ):
        documents, articles, size_bytes = counted(counts)
        yield Tally(documents, articles=articles, size_bytes=size_bytes)
        if finished is not None:
            yield finished


def _with_graphs(shards: Sequence[Shard], folder: Path, options: Options) -> list[Shard]:
    """The shards, each with its part of the link graph. What names lead to can change with any
    document of the pack: the parts are made when all shards are there, and mostly are as before.
    """
    names = folder / WORK / "names.sqlite"
    fingerprint = Names(names).fill(called(folder, shards))
    rule = f"{GRAPH_RULE} {engine()} {{}} {fingerprint}"
    given = [(folder, shard, names) for shard in shards]
    made = _made_more(
        _More(make_shard_graph, "graphs", rule, packs.graph_path), given, folder, options
    )
    return [replace(shard, graph=id_) for shard, id_ in zip(shards, made, strict=True)]


def _with_vectors(
    shards: Sequence[Shard], folder: Path, options: Options, maker: str, model: VectorModel
) -> list[Shard]:
    """The shards, each with the vectors of its passages."""
    more = _More(
        make_shard_vectors, "vectors", f"{maker} {{}}", lambda id_: packs.vectors_path(maker, id_)
    )
    given = [(folder, shard, maker, model) for shard in shards]
    made = _made_more(more, given, folder, options)
    return [replace(s, vectors={maker: id_}) for s, id_ in zip(shards, made, strict=True)]


@dataclass(frozen=True, slots=True)
class _More:
    """What is made of shards that are there.

    Attributes:
        make: writes a shard's file; its id. It and what it is given travel to other processes.
        folder: in the folder for work, for notes of what was made of what.
        rule: what the file follows from, a place for the shard left in it.
        path: where the file of an id lies.
    """

    make: Callable[..., str]
    folder: str
    rule: str
    path: Callable[[str], str]


def _made_more(
    more: _More, given: Sequence[tuple[Any, ...]], folder: Path, options: Options
) -> list[str]:
    """The ids of the shards' files, of which those that are there are not made again.

    ``given``: what ``make`` is given for each shard; the shard is the second of it.
    """
    shards: list[Shard] = [each[1] for each in given]
    notes = [
        folder / WORK / more.folder / hashlib.sha256(more.rule.format(said).encode()).hexdigest()
        for said in (f"{shard.text} {shard.passages}" for shard in shards)
    ]
    found = {n: path.read_text() for n, path in enumerate(notes) if path.is_file()}
    found = {n: id_ for n, id_ in found.items() if (folder / more.path(id_)).is_file()}
    missing = [(n, each) for n, each in enumerate(given) if n not in found]
    processes = min(options.processes or os.cpu_count() or 1, len(missing))
    made: Iterator[tuple[int, str]] = ((n, more.make(*each)) for n, each in missing)
    if sum(shards[n].counts.characters for n, _ in missing) > _ALONE_CHARACTERS_MAX:
        made = filter(None, run_pieces(more.make, missing, processes))
    for number, id_ in made:
        found[number] = id_
        _replace(notes[number], id_.encode())
    return [found[n] for n in range(len(shards))]


def _known(folder: Path, key: str) -> Built | None:
    """A shard that was built before, when all of it is there."""
    try:
        value = json.loads((folder / WORK / "shards" / f"{key}.json").read_bytes())
        told = tuple(Told(*each) for each in value["unreadable"])
        shard = None if value["shard"] is None else packs.unpack_shard(value["shard"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, Malformed):
        return None  # it is built again
    return Built(shard, told) if shard is None or shard_files(folder, shard) else None


def _know(folder: Path, key: str, built: Built) -> None:
    value = {
        "shard": None if built.shard is None else packs.pack_shard(built.shard),
        "unreadable": [list(asdict(each).values()) for each in built.unreadable],
    }
    _replace(folder / WORK / "shards" / f"{key}.json", json.dumps(value).encode())


def _finish(folder: Path, manifest: Manifest) -> None:
    """Write `pack.json`, and drop what no shard of it needs."""
    _replace(folder / packs.NAME, packs.pack_manifest(manifest))
    kept = {folder / name for name in manifest.files()}
    for name in (*_FOLDERS, "index/vectors/*"):
        for path in folder.glob(f"{name}/*"):
            if path not in kept and path.is_file():
                path.unlink()
    for path in folder.glob("index/vectors/*"):  # of a model that was taken before
        with contextlib.suppress(OSError):
            path.rmdir()


def _replace(path: Path, data: bytes) -> None:
    """Put a file into place whole."""
    work = path.with_name(f"{path.name}.part")
    with work.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    work.replace(path)
