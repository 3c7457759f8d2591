"""Sources of packs, made in the test: every kind of document, and a ZIM archive by libzim."""

from __future__ import annotations

import csv
import hashlib
import random
from pathlib import Path
from typing import Any

from libzim.writer import Creator, Hint, Item, StringProvider

from groundswell.ask.packs import planning
from tests.unit.document_files import docx, zipped

_SYLLABLES = [
    "ba",
    "do",
    "ki",
    "lu",
    "mer",
    "nos",
    "pal",
    "ri",
    "sto",
    "tun",
    "vel",
    "zar",
    "qui",
    "fen",
    "gor",
    "hap",
]
_TRADES = [
    "fishing",
    "weaving",
    "salt",
    "glass",
    "honey",
    "timber",
    "copper",
    "tea",
    "wool",
    "pottery",
]


def names(count: int, seed: int = 1) -> list[str]:
    """So many names that no language has."""
    chooser = random.Random(seed)
    made = dict[str, None]()
    while len(made) < count:
        made["".join(chooser.choices(_SYLLABLES, k=3)).capitalize()] = None
    return list(made)


def lakes(folder: Path, count: int = 60, seed: int = 1) -> None:
    """Notes about lakes, each with facts of its own."""
    chooser = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names(count, seed):
        trade, other = chooser.sample(_TRADES, 2)
        text = (
            f"---\ntitle: Lake {name}\naliases: [{name} Water]\n---\n"
            f"Lake {name} is a {chooser.choice(['salt', 'deep', 'cold', 'shallow'])} lake near the town of {name}stad, known for its {trade}.\n\n"
            f"## History\nPeople of {name}stad came there in {chooser.randint(1200, 1900)} and lived by {trade} and {other}. "
            f"It was measured by {chooser.choice(['Ada', 'Ivo', 'Mia'])} {name[::-1].capitalize()} in {chooser.randint(1900, 1990)}.\n\n"
            f"## Figures\n\n| key | value |\n|---|---|\n| depth | {chooser.randint(3, 900)} m |\n| area | {chooser.randint(3, 900)} km² |\n"
        )
        (folder / f"{name}.md").write_text(text, "utf-8")


def every_kind(folder: Path) -> Path:
    """A folder with documents of all kinds that are quick to make."""
    lakes(folder / "lakes")
    page = "<html><head><title>Tides</title></head><body><h1>Tides</h1><p>Tides are made by the Moon. <a href='moon.html'>The Moon</a> pulls.</p><script>alert(1)</script></body></html>"
    (folder / "tides.html").write_text(page)
    (folder / "plain.txt").write_text(
        "Bells\n=====\n\nA bell rings when it is struck by its clapper.\n"
    )
    with (folder / "birds.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "wingspan", "colour"])
        rows.writerows(
            [f"Bird {name}", f"{30 + n} cm", "grey"] for n, name in enumerate(names(20, 7))
        )
    (folder / "survey.docx").write_bytes(docx())
    (folder / "odd name #1?.md").write_text(
        "# Odd\n\nAn odd name holds a hash and a question mark.\n"
    )
    (folder / ".hidden.md").write_text("hidden")
    (folder / "link.md").symlink_to(folder / "plain.txt")
    return folder


def bombs(folder: Path) -> Path:
    """Documents of which nothing can come."""
    folder.mkdir(parents=True, exist_ok=True)
    bomb = {"word/document.xml": b"<w:document>" + b" " * (300 << 20)}
    (folder / "bomb.docx").write_bytes(zipped(bomb))
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of it")
    (folder / "binary.md").write_bytes(b"\0\1\2\xff" * 500)
    return folder


class _Page(Item):
    def __init__(self, path: str, title: str, content: str) -> None:
        super().__init__()
        self._said = (path, title, content)

    def get_path(self) -> Any:
        return self._said[0]

    def get_title(self) -> Any:
        return self._said[1]

    def get_mimetype(self) -> Any:
        return "text/html"

    def get_contentprovider(self) -> Any:
        return StringProvider(self._said[2])

    def get_hints(self) -> Any:
        return {Hint.FRONT_ARTICLE: True}


def zim(path: Path, count: int = 30) -> Path:
    """An archive with pages and redirects to them."""
    with Creator(path).config_indexing(True, "eng") as out:
        for name in names(count, 3):
            text = f"<html><body><h1>{name}</h1><p>{name} is a village of {100 + len(name)} people by the river {name[::-1]}.</p></body></html>"
            out.add_item(_Page(f"A/{name}", name, text))
            out.add_redirection(f"A/{name}_village", f"{name} village", f"A/{name}", {})
        out.add_metadata("Title", "Villages")
    return path


def small_shards(monkeypatch: Any) -> None:
    """Several shards of little text."""
    monkeypatch.setattr(planning, "SHARD_BYTES_MIN", 3_000)
    monkeypatch.setattr(planning, "CUT_EVERY", 3)


def files(folder: Path, *, without: tuple[str, ...] = (".building",)) -> dict[str, str]:
    """The files of a pack, with their hashes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in without
    }
