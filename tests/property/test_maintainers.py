"""The MAINTAINERS file: any bytes are read, what is written comes back, the last line decides."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from groundswell.wire.maintainers import Area, Fault, Maintainers, parse, write

NAMES = st.sampled_from(["a", "ann", "acme-lab", "b.c_d", "x1"])
PARTS = st.sampled_from(["*", "**", "a", "b*", "?", "*.md", "c.d", "[ab]"])
PATTERNS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)
PATHS = st.lists(st.sampled_from(["a", "b", "bb", "x.md", "c.d"]), min_size=1, max_size=4)
AREAS = st.builds(
    Area,
    line=st.just(0),
    letter=st.sampled_from(["", "T", "D", "E", "K"]),
    owners=st.lists(NAMES, max_size=3).map(tuple),
    patterns=st.lists(PATTERNS, min_size=1, max_size=3).map(tuple),
)


@given(st.binary(max_size=400))
def test_no_bytes_stop_the_reader(content: bytes) -> None:
    found = parse(content)
    for area in found.areas:
        area.holds("a/b")


@given(st.text(alphabet="@#ab*/: TK\n\t", max_size=200))
def test_what_looks_like_a_file_is_areas_faults_and_nothing_else(text: str) -> None:
    found = parse(text.encode())
    said = [line for line in text.split("\n") if line.split("#", 1)[0].strip()]
    assert len(found.areas) + len(found.faults) <= text.count("\n") + 1
    if not said:
        assert found == Maintainers(())
    lines = [each.line for each in (*found.areas, *found.faults)]
    assert len(set(lines)) == len(lines)


@given(st.lists(AREAS, max_size=10))
def test_what_is_written_comes_back(areas: list[Area]) -> None:
    found = parse(write(areas).encode())
    assert not found.faults
    assert [(each.letter, each.owners, each.patterns) for each in found.areas] == [
        (each.letter, each.owners, each.patterns) for each in areas
    ]


@given(st.lists(AREAS, max_size=8), PATHS.map("/".join))
def test_the_last_line_that_matches_decides(areas: list[Area], path: str) -> None:
    found = parse(write(areas).encode())
    holding = [each for each in found.areas if each.holds(path)]
    assert found.area_of(path) == (holding[-1] if holding else None)
    assert all(each.letter in {"", "D", "E"} for each in holding)


@given(st.lists(AREAS, max_size=8), AREAS, PATHS.map("/".join))
def test_a_line_more_never_gives_a_path_to_another_line_before(
    areas: list[Area], added: Area, path: str
) -> None:
    before = parse(write(areas).encode()).area_of(path)
    after = parse(write([*areas, added]).encode()).area_of(path)
    assert after in {before, None} or (after is not None and after.line == len(areas) + 1)


def test_examples() -> None:
    found = parse(
        b"# everything\n"
        b"@core          *\n"
        b"@docs @acme    docs/  *.md   # texts\n"
        b"D: @legal      data/legal/**\n"
        b"T: @ben        model.layers.{16..31}.mlp.*\n"
        b"K: @ben        (tokenizer|chat_template)\n"
        b"generated/\n"
    )
    assert not found.faults

    def owners(path: str) -> tuple[str, ...]:
        area = found.area_of(path)
        return () if area is None else area.owners

    assert owners("weights.bin") == ("core",)
    assert owners("deep/in/README.md") == ("docs", "acme")
    assert owners("docs/a/b.png") == ("docs", "acme")
    assert owners("data/legal/x/y.txt") == ("legal",)
    assert owners("generated/x.md") == ()
    assert owners("model.layers.20.mlp.w") == ("core",)
    assert found.areas[3].patterns == ("model.layers.{16..31}.mlp.*",)


def test_faults_name_their_line() -> None:
    found = parse(b"@a\nx @a\n@-bad y\nok.txt\n@" + b"n" * 200 + b" z\n")
    assert [each.line for each in found.faults] == [1, 2, 3, 5]
    assert parse(b"\xff") == Maintainers((), (Fault(0, "not UTF-8"),))
    assert parse(b"a\n" * 40_000).faults[0].line == 0
    assert parse(b"\n" * 3_000).faults[0].line == 0
    assert parse(b"@a x\n" * 600).areas == ()
