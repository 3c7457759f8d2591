"""From a folder to an answer by the browser alone: named, uploaded, built, asked, and the citation opened where
it stands. Also what may not be built, what is taken back, and an account that is called as a page is.
"""

from pathlib import Path

import pytest
from huggingface_hub import HfApi
from playwright.sync_api import expect

from tests.live import LiveHub, serving, token_of
from tests.web.conftest import DESK, PHONE, OpenWindow, Visit
from tests.web.test_community_live import sign_in

READY_MS = 90_000
KENYA = """# Mount Kenya

Mount Kenya is the highest mountain in Kenya. It rises 5,199 metres above the sea.

## Climbing

The first people known to have climbed Mount Kenya were Halford Mackinder and two guides.
"""
PAGE = "<html><head><title>Tides</title></head><body><h1>Tides</h1><p>Tides are made by the Moon.</p></body></html>"


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "my notes"
    (folder / "sea").mkdir(parents=True)
    (folder / "kenya.md").write_text(KENYA)
    (folder / "sea" / "tides.html").write_text(PAGE)
    (folder / "birds.csv").write_text("name,wingspan\nHeron,180 cm\nGull,140 cm\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of it")
    return folder


def shoot(visit: Visit, name: str) -> None:
    """For whoever looks: `SHOTS=folder`."""
    import os

    if folder := os.environ.get("SHOTS"):
        visit.page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def name_it(visit: Visit, name: str) -> None:
    visit.page.fill("[name=name]", name)
    visit.page.get_by_role("button", name="Go on to the folder").click()


def test_from_a_folder_to_the_quote_in_its_place(
    tmp_path: Path, notes: Path, window: OpenWindow
) -> None:
    """A hub of its own: the first visit, when there is nothing to ask."""
    with serving(tmp_path / "data", people=True) as hub:
        visit = window(hub.url, viewport=DESK)
        page = visit.page
        visit.go("/ask")
        shoot(visit, "1-nothing")
        page.get_by_role("link", name="Build a pack from a folder").click()
        page.get_by_role("link", name="Sign in").first.click()
        page.fill("[name=name]", "ada")
        page.fill("[name=password]", "correct horse ada")
        page.locator("main").get_by_role("button", name="Sign in").click()
        shoot(visit, "2-name")
        name_it(visit, "web-pack-notes")
        page.get_by_text("Drop files and folders here").wait_for()
        page.locator("[data-part=folder-files]").set_input_files(str(notes))
        expect(page.locator("[data-part=total]")).to_contain_text("4 files")
        shoot(visit, "3-folder")
        page.get_by_role("button", name="Upload").click()
        page.wait_for_url("**/datasets/ada/web-pack-notes/pack")
        expect(page.locator("form.form-box")).to_contain_text("4 documents in main")
        shoot(visit, "4-make")
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        shoot(visit, "4-make-dark")
        page.get_by_role("button", name="Make it a knowledge pack").click()
        expect(page.get_by_role("button", name="Take it back")).to_be_visible()
        expect(page.locator("[data-live] > p").first).to_contain_text("4", timeout=READY_MS)
        shoot(visit, "5-builds")
        page.get_by_role("link", name="Ask it").wait_for(timeout=READY_MS)
        expect(page.locator("[data-live]")).to_contain_text("4 articles")
        expect(page.locator("[data-live]")).to_contain_text("Left out: 1")
        shoot(visit, "6-ready")
        visit.go("/datasets/ada/web-pack-notes/pack")
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        shoot(visit, "6-ready-dark")
        page.get_by_role("link", name="Ask it").click()
        page.check("[name=risk][value='0.2']")
        page.fill("#ask-q", "Who climbed Mount Kenya first?")
        page.click("form[data-ask] >> text=Ask")
        quote = page.locator(".ask-quote").first
        expect(quote).to_contain_text("Halford Mackinder and two guides.")
        said = quote.locator("blockquote").inner_text().strip("“”")
        shoot(visit, "7-answer")
        quote.locator("a").click()
        assert page.locator("mark").all_inner_texts() == [said]
        expect(page.locator("mark#quote")).to_be_in_viewport()
        shoot(visit, "8-quote")
        assert visit.complaints == []
        # On a phone, without scripts: built again, and nothing new is committed.
        plain = window(hub.url, viewport=PHONE, java_script_enabled=False, color_scheme="dark")
        sign_in(plain, "ada")
        plain.go("/datasets/ada/web-pack-notes")
        plain.page.get_by_role("link", name="Build it again").click()
        shoot(plain, "9-phone")
        before = commits(hub, "ada/web-pack-notes")
        plain.page.get_by_role("button", name="Build it again").click()
        for _ in range(200):
            if plain.page.get_by_role("link", name="Ask it").count():
                break
            plain.page.wait_for_timeout(300)
            plain.page.get_by_role("link", name="Look again").click()
        shoot(plain, "10-phone-ready")
        assert plain.page.get_by_role("link", name="Ask it").count() == 1
        assert commits(hub, "ada/web-pack-notes") == before
        assert not list((hub.data / "packs" / "builds").glob("*/work"))


def commits(hub: LiveHub, name: str) -> list[str]:
    api = HfApi(hub.url, token=token_of("ada"))
    return [each.commit_id for each in api.list_repo_commits(name, repo_type="dataset")]


def test_who_may_and_what_cannot_be_built(live_hub: LiveHub, window: OpenWindow) -> None:
    api = HfApi(live_hub.url, token=token_of("ada"))
    for name, is_private in (("web-pack-empty", False), ("web-pack-hidden", True)):
        api.create_repo(f"ada/{name}", repo_type="dataset", private=is_private, exist_ok=True)
    visit = window(live_hub.url)
    page = visit.page
    assert visit.go("/datasets/ada/web-pack-empty/pack") == 401
    sign_in(visit, "eve")
    assert visit.go("/datasets/ada/web-pack-empty/pack") == 403
    assert (
        visit.go("/datasets/ada/web-pack-hidden/pack") == visit.go("/datasets/ada/none/pack") == 404
    )
    visit.go("/datasets/ada/web-pack-empty")
    assert page.get_by_role("link", name="Make it a knowledge pack").count() == 0
    visit = window(live_hub.url, java_script_enabled=False)
    page = visit.page
    sign_in(visit, "ada")
    visit.go("/datasets/ada/web-pack-empty/pack")
    assert "There is no document in it yet" in page.inner_text("main")
    api.upload_file(
        path_or_fileobj=b"# A\n\nText.",
        path_in_repo="a.md",
        repo_id="ada/web-pack-hidden",
        repo_type="dataset",
    )
    visit.go("/datasets/ada/web-pack-hidden")
    page.get_by_role("link", name="Make it a knowledge pack").click()
    page.click("summary:has-text('Title, language')")
    page.fill("[name=into]", "guild/web-pack-open")
    page.get_by_role("button", name="Make it a knowledge pack").click()
    assert "Not everybody may read ada/web-pack-hidden" in page.inner_text("main")
    assert page.input_value("[name=into]") == "guild/web-pack-open"
    visit.go("/packs/new")
    name_it(visit, "web-pack-hidden")
    assert "exists" in page.inner_text("main") or "taken" in page.inner_text("main")


def test_an_account_called_as_the_page_is_has_a_page(live_hub: LiveHub, window: OpenWindow) -> None:
    visit = window(live_hub.url)
    assert visit.go("/users/ask") == 404
    assert visit.go("/users/ada?tab=activity") == 200
    assert visit.page.url.endswith("/ada?tab=activity")
