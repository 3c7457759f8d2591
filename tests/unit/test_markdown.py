"""Markdown becomes HTML that holds nothing but what the allow-list names."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell.wire.highlight import highlight_block, highlight_file
from groundswell.wire.markdown import LinkBase, render, sanitise

BASE = LinkBase("/datasets/ada/words", "refs/pr/1", "docs", "http://hub.example")


def html(text: str) -> str:
    return render(text, BASE).html


@pytest.mark.parametrize(
    ("written", "leads_to"),
    [
        ("config.json", "/datasets/ada/words/blob/refs%2Fpr%2F1/docs/config.json"),
        ("../README.md#use", "/datasets/ada/words/blob/refs%2Fpr%2F1/README.md#md-use"),
        ("a%20b.txt", "/datasets/ada/words/blob/refs%2Fpr%2F1/docs/a%20b.txt"),
        ("..", "/datasets/ada/words/tree/refs%2Fpr%2F1"),
        ("#part-one", "#md-part-one"),
        ("/grace/model", "/grace/model"),
        ("https://example.com/x?a=1&b=2", "https://example.com/x?a=1&b=2"),
        ("http://hub.example/grace/model", "/grace/model"),
        ("//example.com/x", "https://example.com/x"),
        ("mailto:ada@example.com", "mailto:ada@example.com"),
        ("../../up", None),
        ("../../../etc/passwd", None),
        ("javascript:alert(1)", None),
        ("JAVASCRIPT:alert(1)", None),
        ("data:text/html,x", None),
        ("/\\evil.example", None),
        ("java\tscript:x", None),
        ("http://[", None),
        ("x:y", None),
        ("", None),
    ],
)
def test_links_lead_to_the_revision_or_nowhere(written: str, leads_to: str | None) -> None:
    assert BASE.link(written) == leads_to


def test_pictures_come_from_here_or_become_links() -> None:
    assert 'src="/datasets/ada/words/resolve/refs%2Fpr%2F1/docs/a.png"' in html("![x](a.png)")
    foreign = html("![loss curve](https://example.com/x.svg)")
    assert "<img" not in foreign
    assert 'href="https://example.com/x.svg"' in foreign
    assert "loss curve" in foreign
    badge = html("[![Open](https://example.com/b.svg)](https://example.com/)")
    assert badge.count("<a ") == 1
    assert "<img" not in badge


def test_headings_begin_below_the_page_and_have_ids_of_their_own() -> None:
    found = render("# Content\n\n## Content\n\n<h1 id=content>raw</h1>", BASE)
    assert re.findall(r'<h(\d)[^>]*id="([^"]+)"', found.html) == [
        ("2", "md-content"),
        ("3", "md-content-1"),
        ("2", "md-content"),
    ]
    assert [(each.level, each.anchor) for each in found.headings] == [
        (1, "md-content"),
        (2, "md-content-1"),
    ]


def test_what_writers_use_is_kept() -> None:
    shown = html(
        "|a|b|\n|-|-:|\n|1|2|\n\n- [x] done\n- [ ] open\n\n~~no~~ $x^2$ [^1]\n\n[^1]: note\n\n"
        "```python\nx = 1\n```\n\n<details><summary>more</summary>\n\n*y*\n\n</details>"
    )
    for piece in (
        '<td align="right">2</td>', "☑", "☐", "<s>no</s>", '<code class="math">x^2</code>',
        'class="footnote-ref"', 'class="hl-n"', "<details>", "<em>y</em>", 'class="table-scroll" tabindex="0"',
    ):  # fmt: skip
        assert piece in shown
    assert "style=" not in shown
    assert "<input" not in shown


def test_code_is_coloured_line_by_line() -> None:
    lines = highlight_file("a.py", 'x = """a\nb"""\n')
    assert len(lines) == 2
    assert all(line.count("<span") == line.count("</span>") for line in lines)
    assert highlight_file("unknown.zzz", "<b>&\n") == ["&lt;b&gt;&amp;"]
    assert "<script" not in highlight_block("html", "<script>x</script>")
    assert highlight_block("no such language", "<") == "&lt;"
    assert highlight_file("a.py", "x = 1 #" + "y" * 6000) == ["x = 1 #" + "y" * 6000]


def test_text_above_the_limit_stays_as_it_is_written() -> None:
    found = render("<b>" * 200_000, BASE)
    assert found.is_plain
    assert found.html.startswith('<pre tabindex="0">&lt;b&gt;')


@given(st.text(max_size=300))
def test_sanitising_again_changes_nothing(text: str) -> None:
    once = sanitise(text, LinkBase())
    assert sanitise(once, LinkBase()).count("<script") == once.count("<script") == 0


@given(
    st.lists(
        st.sampled_from(
            [
                "<",
                ">",
                "script",
                "a",
                "'",
                '"',
                "=",
                "/",
                " ",
                "onerror",
                "img",
                "svg",
                "!--",
                "`",
                "[",
                "](",
                ")",
                "*",
                "\n",
                "math",
                "style",
                "&#x6A;",
                "javascript:",
            ]
        ),
        max_size=40,
    )
)
def test_no_handler_survives_any_mixture(pieces: list[str]) -> None:
    shown = html("".join(pieces))
    for tag in re.findall(r"<[a-z][^>]*>", shown):
        unquoted = re.sub(r'"[^"]*"', "", tag)
        assert not re.search(r"\bon\w+", unquoted.removeprefix("<")), tag
        assert not tag.startswith(("<script", "<svg", "<style", "<iframe", "<math", "<form"))
        assert "javascript:" not in tag.lower()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 2000,
        "*a " * 2000,
        "`" * 3000,
        "$a" * 2000,
        "<div>" * 300,
        "> " * 2000,
        "![a](" * 1000,
        "|" * 2000 + "\n" + "|-" * 1000,
    ],
)
def test_repeated_signs_take_little_time(text: str) -> None:
    begun = time.process_time()
    html(text)
    assert time.process_time() - begun < 1.0
