"""The wheel holds everything that a hub needs besides its dependencies."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.arch.tree import PACKAGE, ROOT

# Files that are read at run time and would be missed only on somebody else's machine.
READ_AT_RUN_TIME = {".html", ".css", ".js", ".svg", ".png", ".ico", ".woff2", ".mako", ".ini",
                    ".txt", ".json", ".sql", ".py", ".typed"}  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
        "--no-index", "--wheel-dir", str(folder), str(ROOT),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    [built] = folder.glob("*.whl")
    return built


def test_everything_in_the_package_is_in_the_wheel(wheel: Path) -> None:
    expected = {
        str(path.relative_to(PACKAGE.parent))
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix in READ_AT_RUN_TIME and "__pycache__" not in path.parts
    }
    held = set(zipfile.ZipFile(wheel).namelist())
    assert expected
    assert not expected - held


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    held = zipfile.ZipFile(wheel).namelist()
    strangers = [
        name for name in held if not name.startswith("groundswell/") and ".dist-info/" not in name
    ]
    assert not strangers
    assert any(name.endswith("licenses/LICENSE") for name in held)


def test_the_wheel_installs_the_swell_command(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    [entry_points] = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    assert "swell = groundswell.cli:main" in archive.read(entry_points).decode()


def test_the_changelog_and_the_package_agree_on_what_is_released() -> None:
    namespace = (PACKAGE / "__init__.py").read_text()
    version = namespace.partition('__version__ = "')[2].partition('"')[0]
    heading = "## Unreleased" if ".dev" in version else f"## {version}"
    assert heading in (ROOT / "CHANGELOG.md").read_text()
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dynamic"] == ["version"]
