"""What no committed file may hold: names of registries, paths of one machine, large binaries."""

import re

from tests.arch.tree import ROOT, project_files

# Put together here so that this file does not find itself.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs", "org"), ("npmjs", "com"),
        ("deb", "debian", "org"), ("crates", "io"), ("proxy", "golang", "org"),
        ("download", "pytorch", "org"),
    )
]  # fmt: skip
MACHINE_PATHS = re.compile(
    "|".join(
        "/".join(parts)
        for parts in (
            (r"(?<![\w.])", r"work", r"(main|shared|\.library)\b"),
            (r"(?<![\w.])", r"root", r"\.(pyenv|cache|npmrc|npm)\b"),
            (r"(?<![\w.])", r"opt", r"(wheels|pypi)\b"),
            (r"(?<![\w.])", r"tmp", r"(brief|bash_jobs)\b"),
            (r"(?<![\w.])", r"home", r"(?!you\b|user\b|git\b)[a-z]+", "\\."),
        )
    )
)
FILE_BYTES_MAX = 1_000_000


def text_files() -> list[tuple[str, str]]:
    found = []
    for path in project_files():
        raw = (ROOT / path).read_bytes()
        if b"\0" not in raw[:8192]:
            found.append((path, raw.decode("utf-8", "replace")))
    return found


def test_no_file_names_a_registry() -> None:
    found = [
        f"{path}: {host}" for path, text in text_files() for host in REGISTRIES if host in text
    ]
    assert not found


def test_no_file_names_a_path_of_one_machine() -> None:
    found = [
        f"{path}: {match.group()}"
        for path, text in text_files()
        for match in MACHINE_PATHS.finditer(text)
    ]
    assert not found


def test_no_file_is_large() -> None:
    sizes = {path: (ROOT / path).stat().st_size for path in project_files()}
    assert not {path: size for path, size in sizes.items() if size > FILE_BYTES_MAX}


def test_pinned_requirements_carry_hashes() -> None:
    pins = [path for path in project_files() if re.match(r"requirements/.*\.txt$", path)]
    assert pins
    for path in pins:
        requirements = re.split(r"\n(?=[a-z0-9])", (ROOT / path).read_text().strip())
        for each in requirements:
            assert re.match(r"[\w.-]+(\[[\w,-]+\])?==", each), f"{path}: {each[:60]}"
            assert "--hash=sha256:" in each, f"{path}: {each[:60]}"
