"""Packs asked on the page: a quote, its place marked in the article, what is not known, and no scripts."""

import html
import json
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from playwright.sync_api import expect

from tests.live import LiveHub, token_of
from tests.web.conftest import PHONE, OpenWindow, Visit

PACK = "ada/web-ask-notes"
TITLE = "Notes <img src=x onerror=alert(1)>"
KENYA = """# Mount Kenya

Mount Kenya is the highest mountain in Kenya. It rises 5,199 metres above the sea.

## Climbing

The first people known to have climbed Mount Kenya were Halford Mackinder and two guides.
See [the kernel](computing/kernel.md), [nothing](gone.md) and [elsewhere](https://example.org/x).

- Bring <script>alert('a warm coat')</script> and water.
- Walk slowly.
"""
KERNEL = """---
title: Kernel "<b>of</b>" it
---

A kernel is the program at the core of an operating system <img src=x onerror=alert(2)>.

```
<script>alert(3)</script>
```
"""
FACTS = "# Long\n\n" + "\n\n".join(
    f"Paragraph {number} of the long article speaks of zebra number {number} and its stripes."
    for number in range(3_000)
)


@pytest.fixture(scope="module")
def pack(live_hub: LiveHub, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Built from a folder beside the running hub, as its operator does."""
    notes = tmp_path_factory.mktemp("notes")
    (notes / "computing").mkdir()
    (notes / "kenya.md").write_text(KENYA)
    (notes / "computing" / "kernel.md").write_text(KERNEL)
    (notes / "long.md").write_text(FACTS)
    command = [sys.executable, "-m", "groundswell.cli", "pack", "build", str(notes), "-o", PACK]
    options = ["--title", TITLE, "--license", "CC0-1.0", "--public", "--processes", "1"]
    done = subprocess.run(
        [*command, *options, "--data", str(live_hub.data)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return PACK


def ask(visit: Visit, question: str) -> None:
    visit.page.fill("#ask-q", question)
    visit.page.click("form[data-ask] >> text=Ask")


def test_a_quote_leads_to_its_place(live_hub: LiveHub, pack: str, window: OpenWindow) -> None:
    visit = window(live_hub.url)
    page = visit.page
    visit.go(f"/datasets/{pack}")
    page.fill("section:has-text('Ask this pack') [name=q]", "How high is Mount Kenya?")
    page.click("section:has-text('Ask this pack') button")
    assert page.is_checked(f"[name=pack][value='{pack}']")
    expect(page.locator(".ask-reply")).to_contain_text("5,199 metres")
    page.evaluate("window.stays = 1")
    page.click("summary:has-text('Where to look')")
    page.check("[name=risk][value='0.2']")
    ask(visit, "Who climbed Mount Kenya first?")
    quote = page.locator(".ask-quote").first
    expect(quote).to_contain_text("Halford Mackinder and two guides.")
    assert page.evaluate("window.stays") == 1, "it came without a new page"
    assert "risk=0.2" in page.url
    assert "climbed" in page.url
    expect(quote.locator(".quote-source")).to_contain_text("Mount Kenya › Climbing")
    said = quote.locator("blockquote").inner_text().strip("“”")
    quote.locator("a").click()
    mark = page.locator("mark#quote")
    expect(mark).to_have_count(1)
    assert page.locator("mark").all_inner_texts() == [said]
    expect(mark).to_be_in_viewport()
    article = page.locator("article.pack-article")
    links = article.locator("a").evaluate_all("each => each.map(a => a.innerText)")
    assert links == ["the kernel"], "what the pack does not have is no link"
    article.locator("a").click()
    expect(page.locator("h2.article-title")).to_have_text('Kernel "<b>of</b>" it')
    assert article.locator("script, img, b").count() == 0
    page.go_back()
    page.go_back()
    expect(page.locator(".ask-quote").first).to_contain_text("Halford Mackinder")
    assert visit.complaints == []


def test_the_next_question_is_about_the_same(
    live_hub: LiveHub, pack: str, window: OpenWindow
) -> None:
    visit = window(live_hub.url, java_script_enabled=False, viewport=PHONE)
    page = visit.page
    assert visit.go(f"/ask?pack={pack}") == 200
    page.check("[name=risk][value='0.2']")
    ask(visit, "Who climbed Mount Kenya first?")
    page.click("text=Ask more about Mount Kenya")
    assert page.is_checked(f"[name=pack][value='{pack}']")
    ask(visit, "How high is it?")
    assert "5,199 metres" in page.inner_text(".ask-quote")
    receipt = json.loads(page.locator(".ask-receipt").text_content() or "")
    assert receipt["asked"] == "How high is Mount Kenya?"
    with page.expect_download() as download:
        page.click("summary:has-text('Receipt')")
        page.click("text=Download the receipt")
    path = download.value.path()
    assert json.loads(Path(path).read_text()) == receipt
    verify = [sys.executable, "-m", "groundswell.cli", "ask", "--verify", str(path)]
    done = subprocess.run(
        [*verify, "--data", str(live_hub.data)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    page.click("text=Forget that")
    assert page.locator("[name=about]").count() == 0


def test_what_is_not_there_is_not_answered(
    live_hub: LiveHub, pack: str, window: OpenWindow
) -> None:
    visit = window(live_hub.url, java_script_enabled=False)
    page = visit.page
    visit.go(f"/ask?pack={pack}&q=Which+composer+wrote+the+opera+about+the+mountain%3F&risk=0.01")
    assert "Not in these packs" in page.inner_text(".ask-none")
    assert "which are not an answer" in page.inner_text(".ask-none")
    assert page.locator(".ask-quote").count() == 0
    assert TITLE in page.inner_text(".ask-none")
    visit.go(f"/ask?pack={pack}&q=xyzzy")
    assert "None of the words of this question" in page.inner_text(".ask-none")
    for query in ("%3Cscript%3Ealert(1)%3C/script%3E%00%1b", "&about=%3Cb%3Ex", "x&risk=nan"):
        assert visit.go(f"/ask?pack={pack}&q={query}") == 200
        assert page.locator("main script, main b, main img").count() == 0
    assert visit.go(f"/ask?q={'a' * 2_100}") == 400
    assert "2000 characters" in page.inner_text(".flash-bad")
    many = "&".join(f"pack=ada/p{number}" for number in range(50))
    assert visit.go(f"/ask?q=a&{many}") == 400
    for absent in ("ada/none", "ada/../../x", "x", "ada/none@main"):
        assert visit.go(f"/ask?q=a&pack={absent}") in {400, 401}


def test_an_article_shows_what_it_can(live_hub: LiveHub, pack: str, window: OpenWindow) -> None:
    visit = window(live_hub.url, java_script_enabled=False)
    page = visit.page
    article = f"/datasets/{pack}/article/main"
    for words in (
        "?start=9&stop=5",
        "?start=-1&stop=x",
        "?start=99999999999&stop=9",
        "?start=１&stop=9",
        "",
    ):
        assert visit.go(f"{article}/kenya.md{words}") == 200
        assert page.locator("mark").count() == 0
    assert visit.go(f"{article}/kenya.md?start=0&stop=999999999") == 200
    assert page.locator("mark#quote").count() == 1
    for path in ("gone.md", "..%2f..%2fREADME.md", "%2e%2e", "pack.json", "a%00b", "x" * 1_000):
        assert visit.go(f"{article}/{path}") in {400, 404}, path
    assert visit.go(f"/datasets/{pack}/article/none/kenya.md") == 404
    assert visit.go(f"{article}/long.md?start=150000&stop=150050") == 200
    assert "characters are shown here" in page.inner_text(".main-column > .flash")
    assert len(page.inner_text("article.pack-article")) < 120_000
    assert len("".join(page.locator("mark").all_inner_texts())) >= 49
    assert html.escape("alert(") not in page.title()


def test_nothing_to_ask_teaches(window: OpenWindow, live_hub: LiveHub) -> None:
    """A hub without packs is a hub of its own: here, what a stranger is told of somebody's private pack."""
    api = HfApi(live_hub.url, token=token_of("ada"))
    api.create_repo("ada/web-ask-private", repo_type="dataset", private=True, exist_ok=True)
    visit = window(live_hub.url)
    assert visit.go("/ask?pack=ada/web-ask-private&q=a") == 401
    hidden = visit.page.inner_text("main")
    assert visit.go("/ask?pack=ada/web-ask-missing&q=a") == 401
    assert visit.page.inner_text("main") == hidden


def test_what_is_connected_is_shown_with_its_sentences(
    live_hub: LiveHub, pack: str, window: OpenWindow
) -> None:
    visit = window(live_hub.url, java_script_enabled=False, viewport=PHONE)
    page = visit.page
    assert visit.go(f"/graph?pack={pack}") == 200
    page.fill("[name=entity]", "mount kenya")
    page.click("form.graph-form >> text=Show")
    row = page.locator(".edge-table tbody tr").first
    assert "See the kernel" in row.inner_text()
    assert page.locator(".graph-picture .graph-box").count() == 2
    assert page.locator("main script, main b, main img").count() == 0
    row.locator("text=Where it stands").click()
    assert "See the kernel" in "".join(page.locator("mark").all_inner_texts())
    page.go_back()
    # Boxes lead on, and so does the table, which the keyboard reaches.
    page.locator(".edge-table tbody td a").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.inner_text("h2#around-title") == 'Around Kernel "<b>of</b>" it'
    page.fill("[name=to]", "Mount Kenya")
    page.click("form.graph-form >> text=Show")
    assert page.locator(".way li").count() == 1
    page.fill("[name=to]", "Long")
    page.click("form.graph-form >> text=Show")
    assert "No connection was found" in page.inner_text("section[aria-labelledby=way-title]")
    page.fill("[name=to]", "<script>alert(9)</script>")
    page.click("form.graph-form >> text=Show")
    assert "Nothing in these packs is called" in page.inner_text(".flash-bad")
    visit.go(f"/ask?pack={pack}&q=Who+climbed+Mount+Kenya+first%3F&risk=0.2")
    for words in ("&hops=9", "&kind=x", "&kind=link&kind=fact&hops=2", "&entity=%00%1b"):
        assert visit.go(f"/graph?pack={pack}&entity=Mount+Kenya{words}") in {200, 404}
    many = "&".join(f"pack=ada/p{number}" for number in range(50))
    assert visit.go(f"/graph?entity=a&{many}") == 400
    assert visit.go("/graph?entity=a&pack=ada/none") in {400, 401}
