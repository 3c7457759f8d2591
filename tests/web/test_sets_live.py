"""Questions kept from the Ask page, and comparisons of models on them, shown; no scripts needed."""

import json
from pathlib import Path

import pytest
import requests
from huggingface_hub import CommitOperationAdd, HfApi
from playwright.sync_api import expect

from groundswell.ask.making import make_pack
from groundswell.ask.packs.building import Options
from groundswell.ask.packs.sources import FolderSource
from tests.hub.compared import file_of, items, result, set_files
from tests.live import LiveHub, token_of
from tests.web.conftest import PHONE, OpenWindow, Visit
from tests.web.test_ask_live import KENYA, sign_in

PACK = "ada/web-set-notes"
HIGH = "How high does Mount Kenya rise above the sea?"
FIGURES = "\n\n## Figures\n\n| key | value |\n|---|---|\n| Height | 5,199 m |\n"


@pytest.fixture(scope="module")
def pack(live_hub: LiveHub, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("set")
    (folder / "notes").mkdir()
    (folder / "notes" / "kenya.md").write_text(KENYA + FIGURES)
    make_pack([FolderSource(folder / "notes")], folder / "pack", Options("Notes", processes=1))
    api = HfApi(live_hub.url, token=token_of("ada"))
    api.create_repo(PACK, repo_type="dataset", exist_ok=True)
    api.upload_folder(folder_path=folder / "pack", repo_id=PACK, repo_type="dataset")
    return PACK


def rows(live_hub: LiveHub, name: str, folder: Path, who: str = "ada") -> list[dict[str, object]]:
    api = HfApi(live_hub.url, token=token_of(who))
    path = api.hf_hub_download(name, "questions.jsonl", repo_type="dataset", local_dir=folder)
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


def ask_for(visit: Visit, pack: str, question: str) -> None:
    assert visit.go(f"/ask?pack={pack}&risk=0.2&q={question.replace(' ', '+')}") == 200


@pytest.mark.parametrize("scripts", [True, False])
def test_a_question_is_kept_beside_its_answer(
    live_hub: LiveHub, pack: str, window: OpenWindow, tmp_path: Path, scripts: bool
) -> None:
    visit = window(live_hub.url, java_script_enabled=scripts, viewport=PHONE)
    page = visit.page
    ask_for(visit, pack, HIGH)
    assert page.locator("#keep-into").count() == 0
    page.click("text=Sign in >> nth=-1")
    page.fill("[name=name]", "ada")
    page.fill("[name=password]", "correct horse ada")
    page.click("main [type=submit]")
    keep = page.locator(".ask-keep")
    keep.locator("summary").click()
    assert page.input_value("#keep-into") == "ada/my-questions"
    into = f"ada/web-kept-{scripts}"
    page.fill("#keep-into", "ada/web-set-notes")
    page.fill("#keep-answers", "5,199 m\n<b>5.2 km</b>\n")
    page.click("text=Keep it")
    assert "is a dataset of something else" in page.inner_text(".flash-bad")
    assert page.input_value("#keep-answers") == "5,199 m\n<b>5.2 km</b>\n"
    assert page.locator("main b").count() == 0
    page.fill("#keep-into", into)
    page.click("text=Keep it")
    assert "The question is kept." in page.inner_text("body")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.click(f"main a[href='/datasets/{into}']")
    assert "1 question with" in page.inner_text("article.card")
    assert page.get_by_role("link", name="Make it a knowledge pack").count() == 0
    page.go_back()
    page.click("text=Back to the answer")
    expect(page.locator(".ask-quote").first).to_contain_text("5,199")
    (row,) = rows(live_hub, into, tmp_path)
    assert (row["question"], row["answers"]) == (HIGH, ["5,199 m", "<b>5.2 km</b>"])
    assert str(row["pack"]).startswith(f"{PACK}@")
    others = window(live_hub.url)
    assert others.go(f"/datasets/{into}") in {401, 404}, "it was made private"
    assert visit.complaints == []


def test_what_nothing_answers_is_kept_as_such(
    live_hub: LiveHub, pack: str, window: OpenWindow, tmp_path: Path
) -> None:
    visit = window(live_hub.url, java_script_enabled=False)
    page = visit.page
    sign_in(visit, "bob")
    assert visit.go("/ask/questions") == 200
    assert "You have kept no question yet" in page.inner_text("main")
    ask_for(visit, pack, "Which composer wrote the opera about the mountain?")
    page.click(".ask-keep summary")
    assert "nothing answers it" in page.inner_text("#keep-answers-hint")
    page.click("text=Keep it")
    assert "The question is kept." in page.inner_text("body")
    (row,) = rows(live_hub, "bob/my-questions", tmp_path, "bob")
    assert (row["unanswerable"], row["answers"], row["kind"]) == (True, [], "human")
    ask_for(visit, pack, HIGH)
    page.click(".ask-keep summary")
    page.fill("#keep-into", "ada/somewhere")
    page.fill("#keep-answers", "5,199 m")
    page.click("text=Keep it")
    assert "ada" in page.inner_text(".flash-bad")
    assert page.input_value("#keep-into") == "ada/somewhere"


def test_a_form_from_elsewhere_keeps_nothing(
    live_hub: LiveHub, pack: str, window: OpenWindow
) -> None:
    visit = window(live_hub.url, java_script_enabled=False)
    sign_in(visit)
    ask_for(visit, pack, HIGH)
    form = visit.page.locator(".ask-keep form")
    fields = {
        str(each.get_attribute("name")): each.input_value()
        for each in form.locator("input, textarea").all()
    }
    cookies = {str(each.get("name")): str(each.get("value")) for each in visit.context.cookies()}

    def send(origin: str = live_hub.url, **changed: str) -> requests.Response:
        told = {**fields, "into": "ada/web-forged", **changed}
        return requests.post(
            f"{live_hub.url}/ask/questions",
            data=told,
            cookies=cookies,
            headers={"Origin": origin},
            allow_redirects=False,
            timeout=60,
        )

    assert send(csrf="").status_code == 403
    assert send("https://evil.example").status_code == 403
    assert send(start="0", stop="200").status_code == 400  # so much is no answer
    assert send(stop="999999").status_code == 404
    assert send(start="１").status_code == 400
    assert send(pack="ada/none@" + "0" * 40).status_code == 404
    assert send(packs="").status_code == 400
    assert send(question=" ").status_code == 400
    assert send(into="../../x").status_code == 400
    kept = send(here="//evil.example/?q=a", answers="5,199 m")
    assert kept.status_code == 303
    assert kept.headers["Location"].startswith("/ask/questions?set=ada%2Fweb-forged")
    assert "evil" not in kept.headers["Location"]


def publish(live_hub: LiveHub, name: str, files: dict[str, bytes], private: bool = False) -> None:
    api = HfApi(live_hub.url, token=token_of("ada"))
    api.create_repo(name, repo_type="dataset", exist_ok=True, private=private)
    work = [CommitOperationAdd(path, data) for path, data in files.items()]
    api.create_commit(name, work, repo_type="dataset", commit_message="By hand")


def test_a_comparison_is_shown_beside_its_set(live_hub: LiveHub, window: OpenWindow) -> None:
    name, questions = "ada/web-compared", items()
    told = result(questions)
    publish(live_hub, name, set_files(questions))
    visit = window(live_hub.url, java_script_enabled=False, viewport=PHONE)
    page = visit.page
    assert visit.go(f"/datasets/{name}") == 200
    assert page.locator("aside >> text=Comparisons").count() == 0
    assert visit.go(f"/datasets/{name}/comparisons") == 200
    assert "Nothing was compared yet" in page.inner_text("main")
    publish(live_hub, name, file_of(told))
    visit.go(f"/datasets/{name}")
    page.click("aside >> text=Comparisons")
    sentence = told["pairs"][0]["sentence"]
    assert "ann/good is better than ann/<b>bad</b> (95 % sure)" in sentence
    page.click(f".row-title >> text={sentence}")
    assert page.inner_text(".compared-sentence") == sentence
    assert "every answer is graded as the rules say" in page.inner_text(".compared-check")
    assert page.locator(".compared-intervals svg").count() == 1
    figures = page.inner_text("table >> nth=0")
    for row in told["models"]:
        assert row["label"] in figures
        assert f"{row['right']} of 60" in figures
    assert "The process <em>ended</em>." in page.inner_text(".compared-failed >> nth=0")
    answers = page.locator(".compared-answers tbody tr")
    assert answers.count() == 25
    page.click("text=Where they differ")
    total = 0
    while True:
        for row in answers.all():
            marks = row.locator(".badge")
            assert len({*marks.all_inner_texts()}) == 2, "words tell them apart, not colours alone"
            assert marks.locator("svg").count() == 2
            total += 1
        if not page.locator("a[rel=next]").count():
            break
        page.click("a[rel=next]")
    assert f"Where they differ: {total}" in page.inner_text(".switch")
    page.click(".switch a >> nth=0")
    page.click("a[rel=next]")
    page.click("a[rel=next]")
    assert page.locator("a[rel=next]").count() == 0
    assert answers.count() == 10
    assert page.locator("main script, main b, main i, main u, main em").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for query in ("?page=0", "?page=-1", "?page=99999", "?page=%EF%BC%91", "?show=x&page=2"):
        assert visit.go(f"/datasets/{name}/comparisons/{told['id']}{query}") == 200
    for absent in ("0" * 16, "..%2fREADME", "x", "%00", told["id"][:-1]):
        assert visit.go(f"/datasets/{name}/comparisons/{absent}") in {400, 404}
    assert visit.go(f"/{name}/comparisons") == 404


def test_results_may_be_anybodys(live_hub: LiveHub, window: OpenWindow) -> None:
    name, questions = "ada/web-forged-results", items()
    told = result(questions)
    told["models"][1]["right"] = 60
    told["pairs"][0]["sentence"] = "<img src=x onerror=alert(1)> is best."
    broken = {
        f"results/{'1' * 16}.json": b"[" * 90_000,
        f"results/{'2' * 16}.json": json.dumps(
            {**told, "id": "2" * 16, "models": 10**300}
        ).encode(),
        f"results/{'3' * 16}.json": b"x" * (5 << 20),
        f"results/{told['id']}.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
    }
    publish(live_hub, name, {**set_files(questions), **file_of(told), **broken})
    visit = window(live_hub.url)
    page = visit.page
    assert visit.go(f"/datasets/{name}/comparisons") == 200
    assert page.locator("ol.rows > li").count() == 4
    assert page.locator("ol.rows >> text=It cannot be shown").count() == 3
    for number in "123":
        assert visit.go(f"/datasets/{name}/comparisons/{number * 16}") == 200
        assert "cannot be shown" in page.inner_text(".flash-bad")
    page.click("text=All comparisons")
    page.click("ol.rows >> text=is best.")
    assert "does not follow from the answers" in page.inner_text(".flash-bad.compared-check")
    assert "The verdicts are others." in page.inner_text(".compared-check")
    assert page.locator("main img, main script").count() == 0
    assert visit.complaints == []


def test_comparisons_of_a_private_set_are_not_there(live_hub: LiveHub, window: OpenWindow) -> None:
    questions = items()
    told = result(questions)
    publish(live_hub, "ada/web-hidden-set", {**set_files(questions), **file_of(told)}, private=True)
    others, own = window(live_hub.url), window(live_hub.url)
    sign_in(others, "bob")
    for path in ("/comparisons", f"/comparisons/{told['id']}", f"/comparisons/{'0' * 16}"):
        assert others.go(f"/datasets/ada/web-hidden-set{path}") == 404
        hidden = others.page.inner_text("main")
        assert others.go(f"/datasets/ada/web-absent-set{path}") == 404
        assert others.page.inner_text("main") == hidden
    sign_in(own)
    assert own.go(f"/datasets/ada/web-hidden-set/comparisons/{told['id']}") == 200
