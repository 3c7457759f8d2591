"""The project's Markdown, as the checks in this folder read it."""

import re
from pathlib import Path

from tests.arch.tree import ROOT, project_files

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


def documents() -> list[str]:
    """Every Markdown file of the project, as a path from the root."""
    return [path for path in project_files() if path.endswith(".md")]


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def prose(path: str) -> str:
    """A document without its code blocks."""
    return FENCE.sub("", text(path))


def code_lines(path: str) -> list[str]:
    """The lines of a document's code blocks."""
    return [line for _, block in FENCE.findall(text(path)) for line in block.splitlines()]


def anchors(path: str) -> set[str]:
    """The anchors that a document's headings make, as Git forges make them."""
    made = set()
    for heading in HEADING.findall(prose(path)):
        plain = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        made.add(plain.strip().replace(" ", "-"))
    return made


def relative_links(path: str) -> list[tuple[Path, str]]:
    """Where a document's links into the project lead: (file, anchor or "")."""
    found = []
    for target in LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (ROOT / path).parent / name if name else ROOT / path
        found.append((file.resolve(), anchor))
    return found
