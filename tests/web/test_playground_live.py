"""A model tried on its page: words as they come, two models beside each other, without scripts."""

import re

import pytest
from huggingface_hub import HfApi
from playwright.sync_api import expect

from tests.hub.hf_folders import tiny_config, tiny_folder
from tests.live import LiveHub, token_of
from tests.packaged import SMOLLM2, smollm2
from tests.web.conftest import PHONE, OpenWindow, Visit

REPO = "ada/web-playground"
SECONDS = 90_000


@pytest.fixture(scope="module")
def model(live_hub: LiveHub) -> str:
    api = HfApi(live_hub.url, token=token_of("ada"))
    api.create_repo(REPO, exist_ok=True)
    api.upload_file(path_or_fileobj=smollm2(), path_in_repo=SMOLLM2, repo_id=REPO)
    api.upload_file(path_or_fileobj=b"GGUF", path_in_repo="none-F16.gguf", repo_id=REPO)
    return REPO


def sign_in(visit: Visit) -> None:
    visit.go("/login")
    visit.page.fill("[name=name]", "ada")
    visit.page.fill("[name=password]", "correct horse ada")
    visit.page.click("main [type=submit]")


def test_two_models_answer_beside_each_other(
    live_hub: LiveHub, model: str, window: OpenWindow
) -> None:
    visit = window(live_hub.url)
    sign_in(visit)
    page = visit.page
    visit.go(f"/{model}")
    page.click("nav.tabs >> text=Playground")
    page.fill("[name=prompt]", "Say hello.")
    page.click("summary:has-text('Settings')")
    page.select_option("[name=variant]", SMOLLM2)
    page.fill("[name=second]", f"{model}:none-F16.gguf")
    page.fill("[name=max_tokens]", "5")
    page.get_by_role("main").get_by_role("button", name="Ask", exact=True).click()
    boxes = page.locator("section.answer")
    expect(boxes).to_have_count(2)
    expect(boxes.nth(0).locator("h3")).to_have_text(f"{model}:{SMOLLM2}")
    figures = re.compile(r"first word after \d+\.\d\d s, \d+\.\d tokens/s, [1-5] tokens")
    expect(boxes.nth(0).locator(".answer-figures")).to_have_text(figures, timeout=SECONDS)
    expect(boxes.nth(0).locator(".answer-text")).not_to_be_empty()
    expect(boxes.nth(1).locator(".fault")).to_contain_text("no model that runs")
    expect(page.locator("[data-stop]")).to_be_hidden()
    assert visit.complaints == []
    page.fill("[name=second]", "")
    page.fill("[name=max_tokens]", "3000")
    page.fill("[name=prompt]", "Write a very long story about a dog, a cat and a mouse.")
    page.get_by_role("main").get_by_role("button", name="Ask", exact=True).click()
    expect(boxes.nth(0).locator(".answer-text")).not_to_be_empty(timeout=SECONDS)
    page.click("text=Stop")
    expect(boxes.nth(0).locator(".fault")).to_have_text("Stopped.")


def test_a_form_does_without_scripts(live_hub: LiveHub, model: str, window: OpenWindow) -> None:
    visit = window(live_hub.url, java_script_enabled=False, viewport=PHONE)
    visit.go(f"/{model}/playground")
    assert "Sign in to run models." in visit.page.inner_text("main")
    sign_in(visit)
    visit.go(f"/{model}/playground")
    assert "Q4_1 (94 MiB)" in visit.page.inner_text("main")
    visit.page.fill("[name=prompt]", "Say hello. <b>")
    visit.page.click("summary:has-text('Settings')")
    visit.page.select_option("[name=variant]", SMOLLM2)
    visit.page.fill("[name=max_tokens]", "4")
    visit.page.set_default_timeout(SECONDS)
    visit.page.get_by_role("main").get_by_role("button", name="Ask", exact=True).click()
    assert visit.page.inner_text("section.answer .answer-text").strip()
    assert "tokens/s" in visit.page.inner_text(".answer-figures")
    assert visit.page.input_value("[name=prompt]") == "Say hello. <b>"
    assert visit.go("/ada/none/playground") == 404
    assert visit.go(f"/datasets/{model}/playground") == 404


def test_a_model_kept_as_safetensors_answers_on_its_page(
    live_hub: LiveHub, window: OpenWindow
) -> None:
    api = HfApi(live_hub.url, token=token_of("ada"))
    repo = "ada/web-playground-weights"
    api.create_repo(repo, exist_ok=True)
    for path, content in tiny_folder(tiny_config("Qwen3ForCausalLM")).items():
        api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=repo)
    visit = window(live_hub.url)
    sign_in(visit)
    page = visit.page
    visit.go(f"/{repo}")
    page.click("nav.tabs >> text=Playground")
    main = page.get_by_role("main")
    expect(main).to_contain_text("made from safetensors): the best that is worth its size")
    expect(main).to_contain_text(
        "It is made from safetensors when it is first asked for, and kept."
    )
    bearer = {"Authorization": f"Bearer {token_of('ada')}"}
    listed = page.request.get(f"{live_hub.url}/v1/models", headers=bearer).json()["data"]
    assert repo in [each["id"] for each in listed]
    page.click("summary:has-text('Settings')")
    page.select_option("[name=variant]", "Q4_0")
    page.fill("[name=second]", repo)
    page.fill("[name=prompt]", "the")
    page.fill("[name=max_tokens]", "4")
    page.get_by_role("main").get_by_role("button", name="Ask", exact=True).click()
    boxes = page.locator("section.answer")
    expect(boxes).to_have_count(2)
    figures = re.compile(r"first word after|[1-4] tokens")
    for number in range(2):
        expect(boxes.nth(number).locator(".answer-figures")).to_have_text(figures, timeout=SECONDS)
        expect(boxes.nth(number).locator(".fault")).to_be_hidden()
