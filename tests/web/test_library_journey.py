"""The whole way of a library in a browser: the first visit, a pack from a folder, a question, the citation in its
article, the graph around it, the question kept, and two models compared, beside each other and on the kept set.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from playwright.sync_api import expect

from tests.hub.hf_folders import tiny_config, tiny_folder
from tests.live import LiveHub, serving, token_of
from tests.packaged import SMOLLM2, smollm2
from tests.web.conftest import DESK, PHONE, OpenWindow, Visit
from tests.web.test_community_live import sign_in
from tests.web.test_packs_live import READY_MS, name_it, shoot

MODELS = ("ada/journey-one", "ada/journey-two")
QUESTION = "Who climbed Mount Kenya first?"
KENYA = """# Mount Kenya

Mount Kenya is the highest mountain in [Kenya](kenya.md). It rises 5,199 metres above the sea.

## Climbing

The first people known to have climbed Mount Kenya were Halford Mackinder and two guides.
"""
COUNTRY = "# Kenya\n\nKenya is a country in East Africa. Its capital is Nairobi.\n"


def build(visit: Visit, notes: Path) -> None:
    """From the empty Ask page to a pack that is ready."""
    page = visit.page
    visit.go("/ask")
    page.get_by_role("link", name="Build a pack from a folder").click()
    page.get_by_role("link", name="Sign in").first.click()
    page.fill("[name=name]", "ada")
    page.fill("[name=password]", "correct horse ada")
    page.locator("main").get_by_role("button", name="Sign in").click()
    name_it(visit, "journey-notes")
    page.get_by_text("Drop files and folders here").wait_for()
    page.locator("[data-part=folder-files]").set_input_files(str(notes))
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url("**/datasets/ada/journey-notes/pack")
    page.get_by_role("button", name="Make it a knowledge pack").click()
    page.get_by_role("link", name="Ask it").wait_for(timeout=READY_MS)
    page.get_by_role("link", name="Ask it").click()


def compare(hub: LiveHub, folder: Path) -> None:
    """As its owner does, in a terminal."""
    command = [sys.executable, "-m", "groundswell.cli", "compare", *MODELS]
    options = ["--set", "ada/my-questions", "--max-tokens", "24"]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SWELL_HUB": hub.url,
        "HF_TOKEN": token_of("ada"),
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [*command, *options], env=environment, capture_output=True, text=True, timeout=110, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(300)  # two models are loaded twice
def test_from_a_folder_to_two_models_compared(tmp_path: Path, window: OpenWindow) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "mount-kenya.md").write_text(KENYA)
    (notes / "kenya.md").write_text(COUNTRY)
    with serving(tmp_path / "data", people=True) as hub:
        api = HfApi(hub.url, token=token_of("ada"))
        for name in MODELS:
            api.create_repo(name)
        api.upload_file(path_or_fileobj=smollm2(), path_in_repo=SMOLLM2, repo_id=MODELS[0])
        # A model that knows nothing, kept as safetensors: made into GGUF when it is asked.
        for path, content in tiny_folder(tiny_config("Qwen3ForCausalLM")).items():
            api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=MODELS[1])
        visit = window(hub.url, viewport=DESK)
        page = visit.page
        build(visit, notes)
        page.check("[name=risk][value='0.2']")
        page.fill("#ask-q", QUESTION)
        page.click("form[data-ask] >> text=Ask")
        quote = page.locator(".ask-quote").first
        expect(quote).to_contain_text("Halford Mackinder and two guides.")
        said = quote.locator("blockquote").inner_text().strip("“”")
        keep = page.locator(".ask-keep")
        keep.locator("summary").click()
        page.fill("#keep-answers", "Halford Mackinder")
        shoot(visit, "journey-1-answer")
        page.click("text=Keep it")
        assert "The question is kept." in page.inner_text("body")
        page.click("text=Back to the answer")
        page.locator(".ask-quote a").first.click()
        assert page.locator("mark").all_inner_texts() == [said]
        expect(page.locator("mark#quote")).to_be_in_viewport()
        shoot(visit, "journey-2-article")
        page.locator("main a[href^='/graph?']").first.click()
        boxes = page.locator(".graph-picture .graph-box")
        expect(boxes).to_have_count(2)
        assert "highest mountain in Kenya" in page.inner_text("main")
        shoot(visit, "journey-3-graph")
        # Two models beside each other, in the browser.
        visit.go(f"/{MODELS[0]}/playground")
        page.fill("[name=prompt]", QUESTION)
        page.click("summary:has-text('Settings')")
        page.fill("[name=second]", MODELS[1])
        page.fill("[name=max_tokens]", "8")
        page.get_by_role("main").get_by_role("button", name="Ask", exact=True).click()
        answers = page.locator("section.answer .answer-figures")
        expect(answers).to_have_count(2)
        for number in range(2):
            expect(answers.nth(number)).to_contain_text("tokens", timeout=READY_MS)
        expect(page.locator("[data-stop]")).to_be_hidden(timeout=READY_MS)
        shoot(visit, "journey-4-playground")
        assert visit.complaints == []
        assert visit.strayed == []
        # And by the question that was kept, with what came of it on a page.
        compare(hub, tmp_path)
        phone = window(hub.url, viewport=PHONE, java_script_enabled=False, color_scheme="dark")
        sign_in(phone, "ada")
        phone.go("/datasets/ada/my-questions")
        phone.page.click("aside >> text=Comparisons")
        phone.page.click(".row-title >> nth=0")
        assert phone.page.locator(".compared-sentence").inner_text()
        assert QUESTION in phone.page.inner_text(".compared-answers")
        assert "every answer is graded as the rules say" in phone.page.inner_text("main")
        shoot(phone, "journey-5-comparison")
