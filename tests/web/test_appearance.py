"""Every page, with awkward content: readable, reachable by keyboard, and within its window."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from groundswell.http.pages.templating import environment, render, static_files
from groundswell.http.pages.views import CardPage
from tests.web.conftest import DESK, PHONE, OpenWindow
from tests.web.examples import EXAMPLES, app, shell_of


@pytest.fixture(scope="session")
def examples_origin(serve: Callable[[Any], str]) -> str:
    return serve(app)


def test_every_template_has_an_example() -> None:
    frames = {
        "layout.html",
        "parts.html",
        "icons.html",
        "keep_form.html",
        "admin/frame.html",
        "repository/diff.html",
        "repository/frame.html",
        "repository/gate.html",
        "settings/frame.html",
        "settings/webhook_parts.html",
    }
    shown = {view.template for view in EXAMPLES.values()}
    shown |= {view.content.template for view in EXAMPLES.values() if getattr(view, "content", None)}
    assert set(environment().list_templates()) - frames == shown


def test_no_page_holds_inline_style_or_script() -> None:
    for name, view in EXAMPLES.items():
        text = render(view, shell_of(name))
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=", text), name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "size", [PHONE, DESK, {"width": 320, "height": 700}], ids=["phone", "desk", "narrow"]
)
def test_nothing_is_wider_than_the_window(
    window: OpenWindow, examples_origin: str, size: dict[str, int], scheme: str
) -> None:
    visit = window(examples_origin, viewport=size, color_scheme=scheme)
    wide = []
    for name in EXAMPLES:
        assert visit.go(f"/{name}") == 200
        if visit.page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            wide.append(name)
    assert wide == []
    assert visit.complaints == []


_STRUCTURE = """() => {
  const seen = (e) => e.checkVisibility();
  const levels = [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(e => +e.tagName[1]);
  const jumps = levels.filter((l, i) => i ? l > levels[i-1] + 1 : l !== 1);
  const named = (e) => (e.labels && e.labels.length) || e.getAttribute('aria-label');
  const unlabelled = [...document.querySelectorAll('input:not([type=hidden]),select,textarea')].filter(e => !e.hidden && !named(e)).map(e => e.outerHTML);
  const nameless = [...document.querySelectorAll('a[href],button,summary')].filter(e => !e.textContent.trim() && !e.getAttribute('aria-label')).map(e => e.outerHTML);
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  const doubled = ids.filter((id, i) => ids.indexOf(id) !== i);
  const broken = [...document.querySelectorAll('[for],[aria-describedby]')].filter(e => !document.getElementById(e.getAttribute('for') ?? e.getAttribute('aria-describedby'))).map(e => e.outerHTML);
  const pictures = [...document.querySelectorAll('img:not([alt])')].length;
  const small = [...document.querySelectorAll('.button,.theme,.top-nav a,.tabs a,.icon-link,select,input:not([type=radio],[type=checkbox],[type=hidden],[type=file])')].filter(e => seen(e) && !e.hidden && e.getBoundingClientRect().height < 39).map(e => e.outerHTML);
  return {h1: levels.filter(l => l === 1).length, jumps, unlabelled, nameless, doubled, broken, pictures, small, lang: document.documentElement.lang, main: document.querySelectorAll('main').length};
}"""


def test_headings_labels_names_and_targets(window: OpenWindow, examples_origin: str) -> None:
    visit = window(examples_origin, viewport=PHONE)
    failed = {}
    for name in EXAMPLES:
        visit.go(f"/{name}")
        found = visit.page.evaluate(_STRUCTURE)
        expected = {
            "h1": 1, "jumps": [], "unlabelled": [], "nameless": [], "doubled": [], "broken": [],
            "pictures": 0, "small": [], "lang": "en", "main": 1,
        }  # fmt: skip
        if found != expected:
            failed[name] = {key: found[key] for key in found if found[key] != expected[key]}
        assert visit.page.title().endswith("· Groundswell")
    assert failed == {}


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _tokens() -> dict[str, tuple[str, str]]:
    css = static_files().by_name["swell.css"].content.decode()
    pairs = re.findall(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", css)
    return {name: (light, dark) for name, light, dark in pairs}


SCRIPT_BYTES_MAX = 60_000

TEXT_ON = [
    *((ink, ground) for ink in ("ink", "ink-soft", "ink-faint", "accent", "accent-strong") for ground in ("paper", "surface", "sunken")),
    *((name, "surface") for name in ("good", "warn", "bad", "code-keyword", "code-string", "code-number", "code-name", "code-note")),
    *((name, "sunken") for name in ("code-keyword", "code-string", "code-number", "code-name", "code-note")),
    ("on-accent", "accent"), ("on-accent", "accent-strong"), ("on-bad", "bad"), ("good", "good-soft"), ("warn", "warn-soft"),
    ("bad", "bad-soft"), ("ink", "good-soft"), ("ink", "bad-soft"), ("ink", "warn-soft"), ("accent", "accent-soft"), ("ink-soft", "accent-soft"),
]  # fmt: skip


@pytest.mark.parametrize(("ink", "ground"), TEXT_ON)
def test_text_stands_out_from_its_ground(ink: str, ground: str) -> None:
    """WCAG AA: 4.5 to 1."""
    tokens = _tokens()
    for theme in (0, 1):
        assert contrast(tokens[ink][theme], tokens[ground][theme]) >= 4.5


def test_borders_of_fields_and_initials_stand_out() -> None:
    tokens = _tokens()
    for theme in (0, 1):
        assert contrast(tokens["line-strong"][theme], tokens["surface"][theme]) >= 3
        for tint in range(6):
            assert contrast("#ffffff", tokens[f"tint-{tint}"][theme]) >= 3


def test_focus_can_be_seen_and_the_menu_used_by_keyboard(
    window: OpenWindow, examples_origin: str
) -> None:
    visit = window(examples_origin)
    visit.go("/card")
    page = visit.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(12):
        page.keyboard.press("Tab")
        width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert width >= 2
    page.locator(".menu-end > summary").focus()
    page.keyboard.press("Enter")
    assert page.locator(".menu-end .menu-sheet").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator(".menu-end .menu-sheet").is_visible()


def test_the_theme_follows_the_system_and_may_be_switched(
    window: OpenWindow, examples_origin: str
) -> None:
    visit = window(examples_origin, color_scheme="dark")
    visit.go("/card")
    page = visit.page
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("[data-theme-toggle]").click()
    light = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == light
    # The hub wrote it into the page: nothing runs before the paint.
    blocking = "[...document.scripts].filter((each) => each.type !== 'module').length"
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert page.evaluate(blocking) == 0


def test_without_scripts_every_page_is_whole(window: OpenWindow, examples_origin: str) -> None:
    visit = window(examples_origin, java_script_enabled=False)
    for name, view in EXAMPLES.items():
        visit.go(f"/{name}")
        assert visit.page.locator("main h1, main h2").count() >= 1, name
        assert not visit.page.locator("[data-theme-toggle]").is_visible()
        if isinstance(view, CardPage) and view.snippets and not view.is_empty:
            visit.page.locator(".snippet > summary").nth(1).click()
            assert visit.page.locator(".snippet pre").nth(1).is_visible()


def test_all_scripts_together_are_small() -> None:
    scripts = [file for name, file in static_files().by_name.items() if name.endswith(".js")]
    assert scripts
    assert sum(len(file.content) for file in scripts) <= SCRIPT_BYTES_MAX
    for file in scripts:  # indents are not sent: no text may go over a line's end
        assert all(line.count(b"`") % 2 == 0 for line in file.content.splitlines())


_SHIFTS = """() => new Promise(done => {
  let moved = 0;
  new PerformanceObserver(l => l.getEntries().forEach(e => { moved += e.value; }))
    .observe({type: 'layout-shift', buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(moved), 30)));
})"""


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_nothing_moves_once_it_is_painted(
    window: OpenWindow, examples_origin: str, size: dict[str, int]
) -> None:
    visit = window(examples_origin, viewport=size)
    moved = {}
    for name in EXAMPLES:
        visit.go(f"/{name}")
        if shift := visit.page.evaluate(_SHIFTS):
            moved[name] = shift
    # The browser's own player draws itself anew when it knows how long the sound is.
    assert moved.pop("file-sound", 0) < 0.01
    assert moved == {}
