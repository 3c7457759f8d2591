"""The project's own files, as the rules in this folder look at them."""

import ast
import functools
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "groundswell"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root, its lines and its syntax tree."""

    path: str
    lines: list[str]
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    def functions(self) -> Iterator[Function]:
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node


@functools.cache
def project_files() -> list[str]:
    """Every file that is or would be committed, as a path from the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    paths = listed.stdout.decode().split("\0")
    return sorted({path for path in paths if path and (ROOT / path).is_file()})


@functools.cache
def sources(*folders: str) -> list[Source]:
    """The Python files under the named folders."""
    found = []
    for path in project_files():
        if path.endswith(".py") and path.startswith(tuple(f"{each}/" for each in folders)):
            text = (ROOT / path).read_text()
            found.append(Source(path, text.splitlines(), ast.parse(text, path)))
    return found


def package_sources() -> list[Source]:
    """The Python files that are shipped."""
    return sources("src/groundswell")


def dotted(node: ast.expr) -> str:
    """`a.b.c` for a chain of names; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""
