"""Links lead somewhere, named commands exist, lists are complete."""

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from groundswell.cli import swell
from groundswell.settings import load
from tests.arch.tree import PACKAGE, ROOT, project_files
from tests.docs.documents import FENCE, anchors, code_lines, documents, prose, relative_links, text
from tests.docs.reference import leaves

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


def reached_from(first: str) -> set[Path]:
    """Every file of the project that links lead to."""
    reached: set[Path] = set()
    ahead = [ROOT / first]
    while ahead:
        file = ahead.pop()
        if file in reached:
            continue
        reached.add(file)
        if file.is_dir():
            ahead += file.glob("*.md")
        elif file.suffix == ".md" and file.is_file():
            ahead += [linked for linked, _ in relative_links(str(file.relative_to(ROOT)))]
    return reached


@pytest.mark.parametrize("first", ["README.md", "docs/README.md"])
def test_every_document_is_reached(first: str) -> None:
    mine = {ROOT / path for path in documents() if path.startswith("docs/") or "/" not in path}
    assert not {str(path.relative_to(ROOT)) for path in mine - reached_from(first)}


def test_the_list_of_documents_names_each_page_itself() -> None:
    """A page that only another page mentions is hard to find."""
    named = {file for file, _ in relative_links("docs/README.md")}
    pages = {ROOT / p for p in documents() if re.match(r"docs/(?!decisions/|README)", p)}
    assert not {str(page.relative_to(ROOT)) for page in pages - named}


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


def swell_calls() -> list[tuple[str, list[str]]]:
    """Every call of swell in a code block: where, and its words."""
    found = []
    for path in documents():
        for whole in code_lines(path):
            line = whole.partition(" #")[0]
            call = re.search(r"(?:^|[ /(])swell ([a-z][^|;&)]*)", line)
            if call and path != "docs/reference/cli.md":
                found.append((path, shlex.split(call[1].replace("…", "x"))))
    return found


def test_calls_of_swell_name_verbs_and_options_that_exist() -> None:
    verbs = dict(leaves(swell, ("swell",)))
    calls = swell_calls()
    assert len(calls) > 20
    for path, words in calls:
        name = next(
            (n for n in (" ".join(["swell", *words[:k]]) for k in (2, 1)) if n in verbs), ""
        )
        assert name, f"{path}: there is no verb {words}"
        known = {each for option in verbs[name].params for each in option.opts}
        known |= {"--help"}
        used = {word.split("=")[0] for word in words if word.startswith("--")}
        assert used <= known, f"{path}: {name} has no {used - known}"


def test_settings_in_examples_exist(tmp_path: Path) -> None:
    examples = [
        (path, block)
        for path in documents()
        for language, block in FENCE.findall(text(path))
        if language == "toml"
    ]
    assert examples
    for path, block in examples:
        (tmp_path / "swell.toml").write_text(block, encoding="utf-8")
        assert load({"data": tmp_path}, environment={}).data == tmp_path, path


def test_files_that_are_named_exist() -> None:
    for path in documents():
        for name in re.findall(
            r"`((?:src|tests|docs|examples|bench|requirements)/[\w./-]+)`", text(path)
        ):
            assert (ROOT / name).exists(), f"{path}: {name}"


def test_the_architecture_names_every_room_and_what_is_in_it() -> None:
    page = text("ARCHITECTURE.md")
    tree = page[page.index("## The tree") : page.index("## Who may import whom")]
    words = set(re.findall(r"[a-z_]+", tree))
    inside = {each.stem for each in PACKAGE.rglob("*") if len(each.relative_to(PACKAGE).parts) <= 2
              and (each.suffix == ".py" or (each.is_dir() and (each / "__init__.py").is_file()))}  # fmt: skip
    verbs = {each.replace("-", "_") for each in swell.list_commands(click.Context(swell))}
    private = {each for each in inside if each.startswith("_")}
    suites = {each.stem for each in (PACKAGE / "testing").glob("*.py")}
    left = inside - private - verbs - suites - words
    assert not left
