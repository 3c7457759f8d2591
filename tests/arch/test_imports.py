"""Who may import whom: the contracts in pyproject.toml, and two that need a look at the code."""

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.arch.tree import ROOT, Source, dotted, package_sources, sources

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

# Modules that a contract names and that still have to be built. Shorter is better.
UNBUILT = {"groundswell.jobs", "groundswell.store.objects", "groundswell.store.wrap"}

# What core and wire may not touch: files, processes, the network, clocks that wait.
INPUT_OUTPUT = {
    "asyncio", "concurrent", "http", "multiprocessing", "pathlib", "selectors", "shutil",
    "socket", "sqlite3", "ssl", "subprocess", "tempfile", "urllib.request",
}  # fmt: skip


def exists(module: str, source: Path = ROOT / "src") -> bool:
    path = source / module.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def run_linter(contract: dict, folder: Path, source: Path) -> subprocess.CompletedProcess[str]:
    """Check one contract over the package found in `source`."""
    config = written_config(contract, folder, source)
    linter = str(Path(sys.executable).with_name("lint-imports"))
    return subprocess.run(
        [linter, "--no-cache", "--config", str(config)],
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(source)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def written_config(contract: dict, folder: Path, source: Path) -> Path:
    """One contract as a file for import-linter, without the modules that are not built yet."""
    lines = ["[importlinter]", "root_package = groundswell", "include_external_packages = True"]
    lines.append("[importlinter:contract:one]")
    for key, value in contract.items():
        if isinstance(value, list):
            kept = [each for each in value if each not in UNBUILT or exists(each, source)]
            lines.append(f"{key} =")
            lines += [f"    {each}" for each in kept]
        else:
            lines.append(f"{key} = {value}")
    config = folder / "importlinter.ini"
    config.write_text("\n".join(lines) + "\n")
    return config


@pytest.mark.parametrize("contract", CONTRACTS["contracts"], ids=lambda each: each["id"])
def test_import_contract(contract: dict, tmp_path: Path) -> None:
    named = contract.get("source_modules", contract.get("containers"))
    if not any(exists(each) for each in named):
        assert set(named) <= UNBUILT
        return
    answer = run_linter(contract, tmp_path, ROOT / "src")
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("contract_id", "importer", "imported_module"),
    [
        ("rooms", "core/values.py", "groundswell.hub"),
        ("rooms", "hub/repos.py", "groundswell.http.app"),
        ("doors", "http/lfs.py", "groundswell.http.git"),
        ("http-store", "http/xet.py", "groundswell.store.disk"),
        ("adapters", "hub/blobs.py", "groundswell.store.disk"),
        ("sql", "http/git.py", "sqlalchemy"),
        ("frameworks", "wire/lfs.py", "starlette"),
        ("web", "hub/commits.py", "starlette"),
        ("settings", "settings.py", "groundswell.hub"),
    ],
)
def test_a_forbidden_import_is_found(
    contract_id: str, importer: str, imported_module: str, tmp_path: Path
) -> None:
    """The control: on a small house with one wrong import, the contract must fail."""
    [contract] = [each for each in CONTRACTS["contracts"] if each["id"] == contract_id]
    house = tmp_path / "groundswell"
    rooms = ["core", "wire", "store", "hub", "jobs", "http", "cli", "testing"]
    files = [f"{room}/__init__.py" for room in rooms]
    files += ["__init__.py", "wiring.py", "settings.py", "store/disk.py", "store/bucket.py"]
    files += ["store/cold.py", "store/wrap.py", "http/app.py", "http/git.py", importer]
    for each in files:
        (house / each).parent.mkdir(parents=True, exist_ok=True)
        (house / each).touch()
    assert run_linter(contract, tmp_path, tmp_path).returncode == 0
    (house / importer).write_text(f"import {imported_module}\n")
    answer = run_linter(contract, tmp_path, tmp_path)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert "BROKEN" in answer.stdout


def imported(source: Source) -> list[tuple[str, ast.AST]]:
    found: list[tuple[str, ast.AST]] = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found += [(each.name, node) for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.at(node)}: a relative import"
            found.append((node.module or "", node))
    return found


def within(module: str, names: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def test_core_imports_only_the_standard_library() -> None:
    strangers = [
        f"{source.at(node)}: {module}"
        for source in sources("src/groundswell/core")
        for module, node in imported(source)
        if module.split(".")[0] not in sys.stdlib_module_names
        and not within(module, {"groundswell.core"})
    ]
    assert not strangers


def test_core_and_wire_do_no_input_or_output() -> None:
    rooms = sources("src/groundswell/core", "src/groundswell/wire")
    found = [
        f"{source.at(node)}: {module}"
        for source in rooms
        for module, node in imported(source)
        if within(module, INPUT_OUTPUT)
    ]
    found += [
        f"{source.at(node)}: open()"
        for source in rooms
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and dotted(node.func) in {"open", "io.open", "os.open"}
    ]
    assert not found


def test_only_the_rim_is_asynchronous() -> None:
    """Everything below the doors is plain code: one thread hop for one unit of work."""
    found = [
        source.at(node)
        for source in package_sources()
        if not source.path.startswith("src/groundswell/http/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith)
    ]
    assert not found


def test_shipped_code_imports_no_tests() -> None:
    found = [
        source.at(node)
        for source in package_sources()
        for module, node in imported(source)
        if within(module, {"tests", "bench", "examples", "pytest", "hypothesis"})
        and not source.path.startswith("src/groundswell/testing/")
    ]
    assert not found
