"""Making a pack that people can use: built, measured on questions made from it, described, and
put into a repository.

Knows the files of a pack that are not its content: the card, the questions, how sure its answers
are. Does not know how a pack is built or asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from groundswell.ask.calibration import (
    CALIBRATION_BYTES_MAX,
    GENERAL,
    RISK_DEFAULT,
    Calibration,
    pack_calibration,
    parse_calibration,
)
from groundswell.ask.calibration import PATH as CALIBRATION_PATH
from groundswell.ask.evaluation.asking import Judged, calibrate
from groundswell.ask.packs.building import Options, Report, build_pack
from groundswell.ask.packs.opened import OpenPack
from groundswell.ask.packs.progress import Progress
from groundswell.ask.packs.sources import Source
from groundswell.core.errors import BadRequest, Malformed
from groundswell.wire import packs
from groundswell.wire.packs import Manifest

QUESTIONS_PATH: Final = "eval/auto.jsonl"
CARD: Final = "README.md"
ATTRIBUTES: Final = ".gitattributes"
# What is in a pack is written once and never as text that git would compare.
_LARGE: Final = "".join(
    f"{folder}/** filter=lfs diff=lfs merge=lfs -text\n" for folder in ("text", "index")
)


@dataclass(frozen=True, slots=True)
class Made:
    """A pack that was made.

    Attributes:
        report: of building it.
        figures: what was measured, as the card says it; empty where too few questions came of it.
    """

    report: Report
    figures: dict[str, float]


def make_pack(
    sources: Sequence[Source],
    folder: Path,
    options: Options,
    progress: Progress = lambda *_: None,
) -> Made:
    """Build a pack into a folder, with its questions, its calibration and its card.

    Raises:
        BadRequest, OSError: as `build_pack`.
    """
    report = build_pack(sources, folder, options, progress)
    pack = open_folder(folder)
    try:
        calibration, judged = calibrate(pack)
        figures = figures_of(calibration, judged)
        (folder / "eval").mkdir(exist_ok=True)
        _put(folder / QUESTIONS_PATH, _questions(judged))
        if calibration is not None:
            _put(folder / CALIBRATION_PATH, pack_calibration(calibration))
        else:
            (folder / CALIBRATION_PATH).unlink(missing_ok=True)
        _put(folder / CARD, _card(pack.manifest, figures).encode())
        _put(folder / ATTRIBUTES, _LARGE.encode())
    finally:
        pack.close()
    return Made(report, figures)


def open_folder(folder: Path) -> OpenPack:
    """The pack of a folder. Its revision is the sha256 of its ``pack.json``.

    Raises:
        BadRequest: the folder is no pack.
        Corrupt: its files are not what ``pack.json`` says.
    """
    try:
        data = (folder / packs.NAME).read_bytes()
        manifest = packs.unpack_manifest(data)
        for name in manifest.files():
            (folder / name).stat()
    except FileNotFoundError as error:
        raise BadRequest(f"{folder} is no whole knowledge pack.") from error
    except Malformed as error:
        raise BadRequest(f"{folder} is no knowledge pack: {error.why}.") from error
    revision = hashlib.sha256(data).hexdigest()
    return OpenPack(folder.resolve().name, revision, manifest, lambda name: folder / name)


def calibration_of(folder: Path) -> Calibration:
    """How sure answers of a folder's pack are; the general calibration where it has none."""
    try:
        with (folder / CALIBRATION_PATH).open("rb") as file:
            return parse_calibration(file.read(CALIBRATION_BYTES_MAX + 1))
    except (OSError, Malformed):
        return GENERAL


def pack_files(folder: Path, manifest: Manifest) -> Iterator[str]:
    """The files of a pack in a folder, as a repository holds them: `pack.json` at the end."""
    yield from manifest.files()
    for name in (QUESTIONS_PATH, CALIBRATION_PATH, CARD, packs.NAME):
        if (folder / name).is_file():
            yield name


def figures_of(calibration: Calibration | None, judged: Sequence[Judged]) -> dict[str, float]:
    """What the questions say of a pack; nothing where they were too few."""
    seen = [each for each in judged if not each.item.hidden]
    if calibration is None or not seen:
        return {}
    return {
        "questions": len(judged),
        "article_first": _share(seen, lambda each: each.rank == 1),
        "article_in_five": _share(seen, lambda each: 0 < each.rank <= 5),
        "sentence_right": _share(seen, lambda each: each.is_right),
        "promised_risk": RISK_DEFAULT,
        "threshold": calibration.threshold(RISK_DEFAULT),
    }


def _share(judged: Sequence[Judged], holds: Callable[[Judged], bool]) -> float:
    return round(sum(map(holds, judged)) / len(judged), 3)


def _questions(judged: Sequence[Judged]) -> bytes:
    lines = (json.dumps(each.item.as_json(), ensure_ascii=False) + "\n" for each in judged)
    return "".join(lines).encode()


def _card(manifest: Manifest, figures: dict[str, float]) -> str:
    front: dict[str, Any] = {"tags": [packs.TAG], "language": list(manifest.languages)}
    if manifest.licence:
        front["license"] = manifest.licence.lower()
    counts = manifest.counts
    lines = [
        f"---\n{yaml.safe_dump(front, allow_unicode=True, sort_keys=False)}---",
        f"# {manifest.title}",
        f"A knowledge pack of {counts.articles:,} articles and {counts.passages:,} passages.",
    ]
    if manifest.attribution:
        lines.append(manifest.attribution)
    if figures:
        asked = f"{figures['questions']:.0f} questions that were made from it"
        lines.append(f"Measured on {asked}, half of them with their source kept from the search:")
        shares = [figures[name] for name in ("article_first", "article_in_five", "sentence_right")]
        lines.append("| the right article first | among five | the right sentence |\n|---|---|---|")
        lines[-1] += "\n|" + "|".join(f" {share:.0%} " for share in shares) + "|"
    return "\n\n".join(lines) + "\n"


def _put(path: Path, data: bytes) -> None:
    work = path.with_name(f"{path.name}.part")
    work.write_bytes(data)
    work.replace(path)
