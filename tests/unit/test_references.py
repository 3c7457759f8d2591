"""``@name``, ``#3`` and commits in what people write: links in running text, and nowhere else."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groundswell.wire.markdown import LinkBase, linked, mentioned, render

HERE = LinkBase("/datasets/ada/words", refers=True)
ID = "1a2b3c4d5e6f1a2b3c4d5e6f1a2b3c4d5e6f1a2b"


class _Links(HTMLParser):
    """The references on a page, and whether any stands in code or in another link."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.nested: list[str] = []
        self._open: list[str] = []
        self._is_in_one = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if "reference" in (values.get("class") or "").split():
            self.found.append((values.get("href") or "", ""))
            self.nested.extend(t for t in self._open if t in {"a", "code", "pre"})
            self._is_in_one = True
        if tag in {"a", "code", "pre"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag == self._open[-1]:
            self._open.pop()
            self._is_in_one = self._is_in_one and tag != "a"

    def handle_data(self, data: str) -> None:
        if self._is_in_one:
            url, text = self.found[-1]
            self.found[-1] = (url, text + data)


def links(text: str) -> list[tuple[str, str]]:
    return _Links(render(text, HERE).html).found


@pytest.mark.parametrize(
    ("text", "url", "shown"),
    [
        ("thanks @ada!", "/ada", "@ada"),
        ("@Ada_L.x: hi", "/Ada_L.x", "@Ada_L.x"),
        (".@ada.", "/ada", "@ada"),
        ("(@ada)", "/ada", "@ada"),
        ("**@ada**", "/ada", "@ada"),
        ("see #3", "/datasets/ada/words/discussions/3", "#3"),
        ("(#12).", "/datasets/ada/words/discussions/12", "#12"),
        ("# On #3", "/datasets/ada/words/discussions/3", "#3"),
        ("as grace/net#4 says", "/grace/net/discussions/4", "grace/net#4"),
        ("datasets/a/b#4", "/datasets/a/b/discussions/4", "datasets/a/b#4"),
        ("since 1a2b3c4.", "/datasets/ada/words/commit/1a2b3c4", "1a2b3c4"),
        (f"since {ID}", f"/datasets/ada/words/commit/{ID}", ID[:8]),
        (f"grace/net@{ID}", f"/grace/net/commit/{ID}", f"grace/net@{ID[:8]}"),
        ("spaces/a/b@1a2b3c4", "/spaces/a/b/commit/1a2b3c4", "spaces/a/b@1a2b3c4"),
        ("| a |\n|---|\n| @ada |", "/ada", "@ada"),
        ("a[^1]\n\n[^1]: @ada", "/ada", "@ada"),
    ],
)
def test_a_reference_is_a_link(text: str, url: str, shown: str) -> None:
    assert links(text) == [(url, shown)]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ada@example.com",
            "x/@ada",
            "@org/package",
            "@-ada",
            "@a--b",
            "@a..b",
            "@ada@host",
            "a@",
        ),
        *("\\@ada", "&#64;ada", "@ada_", "x#3", "#0", "#03", "##3", "#3a", "&#35;3", "\\#3", "#"),
        *("#1234567890", "defaced", "1234567", "1a2b3c", "1a2b3c4.txt", "v-1a2b3c4", "x1a2b3c4"),
        *("1A2B3C4", "a/b/c#3", "/a/b#3", "https://a.example/b#3", "a//b#3", "a/b#x", ".a/b#3"),
        *("1a2b3c4d-aaaa-bbbb-cccc-ddddeeeeffff", "a/b@zzzzzzz", "a/b.git#3", "[@ada](/x)"),
        *("`@ada #3`", "    @ada #3", "```\n@ada #3\n```", "<code>@ada</code>", "<pre>@ada</pre>"),
        *(
            "<a href='/x'>@ada</a>",
            "![@ada #3](x.png)",
            "<!-- @ada -->",
            "$@ada #3$",
            "@" + "a" * 97,
        ),
        *("**@**ada", "@**ada**", "x\\_@ada", "<https://a.example/@ada>", "[@ada]: /x", "a/\\b#3"),
    ],
)
def test_what_only_looks_like_one_is_not(text: str) -> None:
    assert links(text) == []
    assert mentioned(text) == frozenset()


FILE = "/uploads/" + "0f" * 16


def test_films_and_sounds_of_discussions_are_played() -> None:
    hub = LinkBase("/ada/words", origin="http://hub.example", refers=True)
    film = f'<video controls="" preload="metadata" src="{FILE}.mp4"></video>'
    assert film in render(f"Look:\n\nhttp://hub.example{FILE}.mp4", hub).html
    assert film in render(f'<video src="http://hub.example{FILE}.mp4" autoplay></video>', hub).html
    assert "<audio" in render(f'<audio controls src="{FILE}.mp3"></audio>', hub).html
    for text in (
        f"`http://hub.example{FILE}.mp4`",
        f"http://other.example{FILE}.mp4",
        f'<video src="http://other.example{FILE}.mp4"></video>',
        '<video src="/ada/words/resolve/main/a.mp4" onerror="alert(1)">no</video>',
        "<video><source src=/x></video>",
    ):
        assert "<video" not in render(text, hub).html


def test_a_card_refers_to_nobody() -> None:
    plain = LinkBase("/datasets/ada/words")
    assert "reference" not in render("@ada #3 1a2b3c4", plain).html


def test_names_are_those_that_a_page_shows() -> None:
    assert mentioned("@Ada and @ada, `@eve`, @lab") == {"ada", "lab"}
    assert mentioned(" ".join(f"@n{number}" for number in range(500))).__len__() == 50


@pytest.mark.parametrize(
    "text",
    [
        *("@a " * 21_000, "[" * 60_000 + "@a", "![a" * 20_000 + "@a", "a.a" * 20_000 + "@a"),
        *("a/" * 30_000, "$a" * 30_000 + "@a", "@" * 60_000 + "a", "- " * 30_000 + "@a"),
        *("f1" * 30_000, "@a_" * 20_000),
    ],
)
def test_finding_names_takes_little_time(text: str) -> None:
    began = time.process_time()
    mentioned(text)
    assert time.process_time() - began < 1.0


def test_plain_text_is_escaped_around_its_links() -> None:
    found = linked('<b>"#3"</b> by @ada & 1a2b3c4 <script>', HERE)
    assert "<b>" not in found
    assert "<script>" not in found
    assert [url for url, _ in _Links(found).found] == [
        "/datasets/ada/words/discussions/3",
        "/ada",
        "/datasets/ada/words/commit/1a2b3c4",
    ]


_PIECES = ["@ada", "#3", "a/b#4", "1a2b3c4", "`", "``", "```\n", "\n\n", "    ", " ", "*", "_", "["]
_PIECES += [
    "](x)",
    "<a href=x>",
    "</a>",
    "<code>",
    "</code>",
    "<pre>",
    "</pre>",
    "\\",
    "$",
    "|",
    "> ",
]
_PIECES += [
    "<script>",
    "onerror=alert(1)",
    "<img src=x>",
    '"',
    "'",
    "&",
    ";",
    "~~",
    "- ",
    "[^1]",
    ": ",
]
TEXTS = st.lists(st.sampled_from(_PIECES) | st.text(max_size=4), max_size=25).map("".join)


@given(TEXTS)
@example("`@ada` <a>@ada</a> [x @ada](y)")
@example("@ada@ada<script>@ada")
@example("<code>\n\n@ada")
@example("<code></a>@ada")
@example("<script>\n\n@ada\n\n</script>\n\n@bob")
def test_no_reference_stands_in_code_or_in_another_link(text: str) -> None:
    page = _Links(render(text, HERE).html)
    assert page.nested == []
    names = {url[1:].lower() for url, shown in page.found if shown.startswith("@")}
    assert names == mentioned(text)


@given(TEXTS)
def test_references_bring_nothing_that_the_allow_list_has_not(text: str) -> None:
    html = render(text, HERE).html
    tags = set(re.findall(r"<([a-z0-9]+)", html))
    assert not tags & {"script", "style", "svg", "math", "form", "input"}
    assert not re.search(r"<[^>]*\s(on\w+|style)\s*=", html)
    for url in re.findall(r'class="reference" href="([^"]*)"', html):
        assert re.fullmatch(r"(?:/[A-Za-z0-9._-]+)+", url), url


class _Words(HTMLParser):
    """The text of a page; of commits, which are shown short, the whole id from the link."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shown: list[str] = []
        self._commit = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._commit = (dict(attrs).get("href") or "").partition("/commit/")[2] or (
            self._commit if tag == "code" else ""
        )

    def handle_data(self, data: str) -> None:
        _, _, id_ = data.rpartition("@")
        is_short = bool(self._commit) and self._commit.startswith(id_)
        self.shown.append(data[: len(data) - len(id_)] + self._commit if is_short else data)
        self._commit = ""


@given(TEXTS)
@example("1a2b3c41a2b3c4 a/b@1a2b3c41a2b3c4")
def test_plain_text_shows_what_was_written(text: str) -> None:
    assert "".join(_Words(linked(text, HERE)).shown) == text
