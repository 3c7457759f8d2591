"""Links lead somewhere, named commands exist, lists are complete."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.arch.tree import ROOT, project_files
from tests.docs.documents import anchors, code_lines, documents, prose, relative_links, text

MAKE_TARGETS = set(re.findall(r"^([a-z][a-z-]*):", text("Makefile"), re.MULTILINE))
DECISIONS = [path for path in documents() if re.match(r"docs/decisions/\d{4}-", path)]


@pytest.mark.parametrize("path", documents())
def test_links_lead_somewhere(path: str) -> None:
    for file, anchor in relative_links(path):
        assert file.exists(), f"{path}: {file}"
        assert file.is_relative_to(ROOT), f"{path}: {file} is outside the project"
        if anchor:
            name = str(file.relative_to(ROOT))
            assert anchor in anchors(name), f"{path}: no heading #{anchor} in {name}"


@pytest.mark.parametrize("path", documents())
def test_make_targets_that_are_named_exist(path: str) -> None:
    named = {line.split()[1] for line in code_lines(path) if re.match(r"make [a-z]", line)}
    named |= set(re.findall(r"`make ([a-z][a-z-]*)[^`]*`", prose(path)))
    assert named <= MAKE_TARGETS


def test_the_readme_opens_with_what_one_types() -> None:
    first_block = [line.split("#")[0].strip() for line in code_lines("README.md")][:3]
    assert first_block == ["make run", "make test", "make demo"]


def test_every_document_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        file = ahead.pop()
        if file in reached:
            continue
        reached.add(file)
        if file.is_dir():
            ahead += file.glob("*.md")
        elif file.suffix == ".md" and file.is_file():
            ahead += [linked for linked, _ in relative_links(str(file.relative_to(ROOT)))]
    mine = {ROOT / path for path in documents() if path.startswith("docs/") or "/" not in path}
    assert not {str(path.relative_to(ROOT)) for path in mine - reached}


@pytest.mark.parametrize("path", DECISIONS)
def test_a_decision_says_context_choice_and_consequences(path: str) -> None:
    headings = re.findall(r"^## (.*)$", text(path), re.MULTILINE)
    assert headings == ["Context", "Choice", "Consequences"]
    assert len(text(path).splitlines()) <= 70, "one page"
    assert f"]({Path(path).name})" in text("docs/decisions/README.md")


def test_change_fragments_are_named_by_kind() -> None:
    kinds = "added|changed|deprecated|removed|fixed|security"
    fragments = [path for path in project_files() if re.match(r"changes/(?!README)", path)]
    assert [
        path for path in fragments if not re.match(rf"changes/({kinds})-[a-z0-9-]+\.md$", path)
    ] == []


@pytest.mark.parametrize("package", ["huggingface_hub", "hf_xet"])
def test_the_readme_names_the_oldest_and_newest_client_that_is_tested(package: str) -> None:
    listed = tomllib.loads(text("tests/clients/environments.toml")).values()
    versions = {each["versions"].get(package, "absent") for each in listed} - {"absent"}
    ordered = sorted(versions, key=lambda version: [int(part) for part in version.split(".")])
    promise = re.search(rf"\b{package}\s+from\s+(\S+)\s+to\s+(\S+?)[\s,;]", text("README.md"))
    assert promise, f"the README promises nothing about {package}"
    oldest, newest = promise.groups()
    assert ordered[0].startswith(oldest)
    assert ordered[-1].startswith(newest)


def test_every_make_target_says_what_it_is_for() -> None:
    phony = set(re.findall(r"^\.PHONY: ([a-z-]+)$", text("Makefile"), re.MULTILINE))
    explained = set(re.findall(r"^([a-z][a-z-]*):.*#", text("Makefile"), re.MULTILINE))
    assert phony == explained


def test_every_test_folder_has_a_make_target_and_is_explained() -> None:
    folders = {path.split("/")[1] for path in project_files() if re.match(r"tests/\w+/", path)}
    for folder in folders:
        assert re.search(rf"pytest.*\b{folder}\b", text("Makefile")), folder
        assert f"`{folder}`" in text("CONTRIBUTING.md"), folder
