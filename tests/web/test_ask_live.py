"""Packs asked on the page: a quote, its place marked in the article, what is not known, and no scripts."""

import html
import json
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from playwright.sync_api import expect

from groundswell.ask.making import make_pack
from groundswell.ask.packs.building import Options
from groundswell.ask.packs.sources import FolderSource
from tests.live import LiveHub, token_of
from tests.packaged import SMOLLM2, smollm2
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
    # Which comes last of the scripts: without them the form asks by a new page.
    page.get_by_role("button", name="Dictate").wait_for()
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
    page.fill("#ask-further", "How high is it?")
    page.click("text=Go on")
    assert page.is_checked(f"[name=pack][value='{pack}']")
    assert page.is_checked("[name=risk][value='0.2']")
    assert "5,199 metres" in page.inner_text(".ask-quote")
    carried = page.inner_text(".ask-reply .ask-about")
    assert "“Mount Kenya” was carried over: this was read as “How high is Mount Kenya?”" in carried
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
    page.click("text=Ask it as it was written")
    assert page.input_value("#ask-q") == "How high is it?"
    assert page.locator(".ask-reply .ask-about, [data-about] *").count() == 0
    page.go_back()
    page.click("text=Forget that")
    assert page.locator("[data-about] *").count() == 0


@pytest.fixture(scope="module")
def model(live_hub: LiveHub) -> str:
    api = HfApi(live_hub.url, token=token_of("ada"))
    api.create_repo("ada/web-ask-smol", exist_ok=True)
    repo = "ada/web-ask-smol"
    api.upload_file(path_or_fileobj=smollm2(), path_in_repo=SMOLLM2, repo_id=repo)
    return repo


def sign_in(visit: Visit, name: str = "ada") -> None:
    visit.go("/login")
    visit.page.fill("[name=name]", name)
    visit.page.fill("[name=password]", f"correct horse {name}")
    visit.page.click("main [type=submit]")


@pytest.mark.parametrize("scripts", [True, False])
def test_prose_follows_the_quote(
    live_hub: LiveHub, pack: str, model: str, window: OpenWindow, scripts: bool
) -> None:
    visit = window(live_hub.url, java_script_enabled=scripts)
    page = visit.page
    visit.go(f"/ask?pack={pack}")
    assert page.locator("#ask-model").count() == 0, "who is nobody runs no model"
    sign_in(visit)
    visit.go(f"/ask?pack={pack}&risk=0.2")
    assert page.input_value("#ask-model") == "", "nobody writes unless somebody wishes it"
    page.select_option("#ask-model", model)
    if scripts:  # each state of the page that is seen
        page.evaluate(_WATCH)
    ask(visit, "Who climbed Mount Kenya first?")
    told = page.locator(".ask-told, .ask-end .flash")
    expect(told).to_be_visible(timeout=60_000)
    # What so small a model writes may be dropped to the last sentence.
    words = ("sentences supported", "no sentence", "none of it is shown")
    assert any(each in told.inner_text() for each in words)
    assert "Halford Mackinder" in page.inner_text(".ask-quote")
    assert f"{model}@" in page.inner_text(".ask-prose")
    receipt = json.loads(page.locator(".ask-receipt").text_content() or "")
    assert receipt["model"].startswith(f"{model}@")
    rows = page.locator(".ask-sentences > li")
    assert rows.count() == sum(each["support"] != "dropped" for each in receipt["prose"])
    for row in rows.all():
        badge = row.locator(".badge")
        assert badge.inner_text().split(":")[0] in {"quoted", "supported", "weak"}
        assert badge.locator("svg").count() == 1
        assert "/article/" in (row.locator("a").first.get_attribute("href") or "")
    if scripts:
        states = page.evaluate("window.states")
        assert states.index("quote") < states.index("end"), "the quote is not kept for the prose"
        assert "model=ada%2Fweb-ask-smol" in page.url
    page.click("summary:has-text('Receipt')")
    with page.expect_download() as download:
        page.click("text=Download the receipt")
    assert json.loads(Path(download.value.path()).read_text()) == receipt
    if rows.count():
        page.click("text=Longer answer")
        expect(page.locator(".ask-end").get_by_text("Longer answer")).to_have_count(
            0, timeout=60_000
        )
        expect(page.locator(".ask-receipt")).to_have_count(1, timeout=60_000)
    assert page.locator(".ask-further [name=model]").get_attribute("value") == model
    assert visit.complaints == []


_WATCH = """() => {
  window.states = [];
  const look = () => {
    const has = (name) => document.querySelector(name) !== null;
    const state = has(".ask-end") ? "end" : has(".ask-quote") ? "quote" : "nothing";
    if (window.states.at(-1) !== state) window.states.push(state);
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}"""


def test_packs_that_disagree_stand_side_by_side(
    live_hub: LiveHub, pack: str, window: OpenWindow, tmp_path: Path
) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "kenya.md").write_text(KENYA.replace("5,199", "5,895"))
    made = tmp_path / "pack"
    make_pack([FolderSource(tmp_path / "notes")], made, Options("B", "en", "", "", 1))
    api, other = HfApi(live_hub.url, token=token_of("ada")), "ada/web-ask-other"
    api.create_repo(other, repo_type="dataset")
    api.upload_folder(folder_path=made, repo_id=other, repo_type="dataset")
    visit = window(live_hub.url, java_script_enabled=False, viewport=PHONE)
    visit.go(
        f"/ask?pack={pack}&pack={other}&risk=0.2&q=How+high+does+Mount+Kenya+rise+above+the+sea%3F"
    )
    sides = visit.page.locator(".ask-sides > li")
    assert "The packs do not agree" in visit.page.inner_text(".ask-conflict")
    assert sorted(side.locator(".ask-said").inner_text() for side in sides.all()) == [
        "5199",
        "5895",
    ]
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    api.delete_repo(other, repo_type="dataset")


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


def test_a_reader_corrects_connections_in_a_dataset_of_their_own(
    live_hub: LiveHub, pack: str, window: OpenWindow, tmp_path: Path
) -> None:
    visit = window(live_hub.url, java_script_enabled=False)
    page = visit.page
    assert visit.go(f"/graph?pack={pack}&entity=Mount+Kenya") == 200
    assert page.locator("button[name=said]").count() == 0  # nobody in particular says nothing
    sign_in(visit, "bob")
    assert visit.go(f"/graph?pack={pack}&entity=Mount+Kenya") == 200
    page.click(".edge-table button:has-text('It does not')")
    assert "Noted in your corrections." in page.inner_text("main")
    assert "Nothing is connected with it" in page.inner_text("main")
    page.click("summary:has-text('1 rejected')")
    page.click("button:has-text('Restore')")
    assert "See the kernel" in page.inner_text(".edge-table")
    page.click(".edge-table button:has-text('It holds')")
    assert "confirmed" in page.inner_text(".edge-mark")
    page.click("summary:has-text('Add a connection')")
    page.fill("#field-other", "Long")
    page.fill("#field-label", "is told beside")
    page.fill("#field-quote", "<b>nobody</b> wrote this")
    page.click("button:has-text('Add it')")
    assert "stands in neither of the two articles" in page.inner_text(".flash-bad")
    assert page.input_value("#field-quote") == "<b>nobody</b> wrote this"
    page.fill(
        "#field-quote", "Paragraph 3 of the long article speaks of zebra number 3 and its stripes."
    )
    page.fill("#field-note", "<i>both</i> are known there")
    page.click("button:has-text('Add it')")
    added = page.locator(".edge-table tbody tr:has-text('added by people')")
    assert "is told beside" in added.inner_text()
    assert "<i>both</i> are known there" in added.inner_text()
    page.click("summary:has-text('Add a connection')")
    page.fill("#field-other", "xyzzy")
    page.click("button:has-text('Add it')")
    assert "Nothing in these packs is called" in page.inner_text(".flash-bad")
    # It is bob's alone: in the picture that others get, nothing has changed.
    others = window(live_hub.url)
    others.go(f"/graph?pack={pack}&entity=Mount+Kenya")
    assert "added by people" not in others.page.inner_text("main")
    assert others.go("/datasets/bob/corrections") in {401, 404}
    api = HfApi(live_hub.url, token=token_of("bob"))
    name, kind = "bob/corrections", "dataset"
    file = api.hf_hub_download(name, "corrections.jsonl", repo_type=kind, local_dir=tmp_path)
    assert "is told beside" in Path(file).read_text("utf-8")
    messages = [commit.title for commit in api.list_repo_commits(name, repo_type=kind)]
    assert len(messages) == 5  # a first one, no, taken back, yes, more
