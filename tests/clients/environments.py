"""The clients that tests drive: what is listed in environments.toml, as values.

Knows where each client's interpreter lies and which versions it must have. Does not build
anything (make_environments.py does) and does not know what a test does with a client.
"""

import json
import subprocess
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("environments.toml")

_PYTHON_VERSIONS = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found[name] = "absent"
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Environment:
    """One client as its users have it."""

    name: str
    group: str
    kind: str
    why: str
    versions: dict[str, str]
    requirements: Path | None = None  # hashed pins, for kind "python"
    folder: Path | None = None  # where package.json lies, for kind "node"
    unlocked: tuple[str, ...] = field(default=())

    @property
    def home(self) -> Path:
        """The folder that holds what is installed."""
        if self.kind == "shared":
            return ROOT / ".venv"
        if self.kind == "node":
            assert self.folder is not None
            return self.folder
        return ROOT / ".venvs" / self.name

    @property
    def program(self) -> str:
        """The interpreter that runs a script with this client: a path, or `node`."""
        return "node" if self.kind == "node" else str(self.home / "bin" / "python")

    def script(self, name: str) -> str:
        """The path of a command that this client installs, such as `hf`."""
        return str(self.home / "bin" / name)

    def found_versions(self) -> dict[str, str]:
        """What is installed, asked of the environment itself; "absent" where it is not."""
        if self.kind == "node":
            return {name: _node_version(self.home, name) for name in self.versions}
        answer = subprocess.run(
            [self.program, "-c", _PYTHON_VERSIONS, *self.versions],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        found: dict[str, str] = json.loads(answer.stdout)
        return found


def _node_version(folder: Path, package: str) -> str:
    described = folder / "node_modules" / package / "package.json"
    if not described.is_file():
        return "absent"
    return str(json.loads(described.read_text())["version"])


def environments(group: str | None = None) -> list[Environment]:
    """Every listed client, or those of one group, in the order of the list."""
    listed = tomllib.loads(LIST.read_text())
    found = [_environment(name, entry) for name, entry in listed.items()]
    return [each for each in found if group in (None, each.group)]


def environment(name: str) -> Environment:
    """The client listed under this name."""
    return next(each for each in environments() if each.name == name)


def _environment(name: str, entry: dict) -> Environment:
    pins = ROOT / "requirements" / "clients" / f"{name}.txt"
    return Environment(
        name=name,
        group=entry["group"],
        kind=entry["kind"],
        why=entry["why"],
        versions=entry["versions"],
        requirements=pins if entry["kind"] == "python" else None,
        folder=ROOT / entry["folder"] if "folder" in entry else None,
        unlocked=tuple(entry.get("unlocked", ())),
    )
