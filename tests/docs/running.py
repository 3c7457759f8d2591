"""Runs the code blocks of a document as a reader would paste them, one after the other.

A block behind a line `<!-- run -->` is run: `bash` in one shell for the whole page, `python` by the
project's interpreter in the same folder. A block behind `<!-- shown -->` is what the block before
it prints: each of its lines must be there, where `…` stands for anything. Nothing else is run.

The address and the token that the documents use stand for those of the hub that the test started.
"""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.arch.tree import ROOT
from tests.clients.stage import client_environment
from tests.docs.documents import documents, text
from tests.live import LiveHub

MARKED = re.compile(
    r"^ *<!-- (run|shown) -->\n( *)```(\w*)\n(.*?)^\2```$", re.DOTALL | re.MULTILINE
)
ADDRESS = "http://127.0.0.1:8000"
TOKEN = "hf_…"
MARK = "\N{SECTION SIGN} block"
PAGE_SECONDS = 100


@dataclass
class Block:
    """A block to run, the line it stands on, and what it must print."""

    line: int
    language: str
    code: str
    shown: list[str] = field(default_factory=list)


def blocks(path: str) -> list[Block]:
    """The marked blocks of a document, in order."""
    found: list[Block] = []
    page = text(path)
    for match in MARKED.finditer(page):
        what, indent, language, code = match.groups()
        code = re.sub(rf"^{indent}", "", code, flags=re.MULTILINE)
        if what == "run":
            line = page.count("\n", 0, match.start()) + 2
            found.append(Block(line, language, code))
        else:
            found[-1].shown += [line.strip() for line in code.splitlines() if line.strip()]
    return found


def pages_that_run() -> list[str]:
    return [path for path in documents() if path.startswith("docs/") and blocks(path)]


def run_page(path: str, hub: LiveHub, folder: Path) -> dict[int, str]:
    """Run every block of a page in this folder; what each printed, by its line.

    Raises:
        AssertionError: a block failed.
    """
    _furnish(folder, hub)
    script = ["set -euo pipefail"]
    for block in blocks(path):
        code = block.code.replace(ADDRESS, hub.url).replace(TOKEN, hub.admin_token or "")
        script.append(f"echo; echo '{MARK} {block.line}'; echo '{MARK} {block.line}' >&2")
        if block.language == "python":
            (folder / f"block-{block.line}.py").write_text(code, encoding="utf-8")
            script.append(f"python block-{block.line}.py")
        else:
            assert block.language == "bash", f"{path}:{block.line}: {block.language!r} is not run"
            script.append(code)
    environment = client_environment(hub, folder / "home")
    del environment["HF_ENDPOINT"]
    environment["PATH"] = f"{ROOT / '.venv/bin'}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PAGE_SECONDS,
        check=False,
    )
    printed = _printed(done.stdout)
    last = max(printed, default=0)
    assert done.returncode == 0, f"{path}:{last}: exit {done.returncode}\n{printed.get(last, '')}"
    return printed


def _furnish(folder: Path, hub: LiveHub) -> None:
    """What a reader has around: the project's folder, with the data of the hub that runs."""
    (folder / "home").mkdir()
    (folder / "data").symlink_to(hub.data)
    for name in (".venv", "examples"):
        (folder / name).symlink_to(ROOT / name)


def _printed(output: str) -> dict[int, str]:
    printed: dict[int, str] = {}
    line = 0
    for each in output.splitlines(keepends=True):
        if each.startswith(MARK):
            line = int(each.removeprefix(MARK))
            printed.setdefault(line, "")
        elif line:
            printed[line] += each
    return printed


def is_shown(expected: str, printed: str) -> bool:
    """Whether a line of a document is among what was printed."""
    pattern = ".*".join(re.escape(part) for part in expected.split("…"))
    return re.search(pattern, printed) is not None
