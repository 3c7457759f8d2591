"""Answers read aloud and questions dictated on the Ask page, with a voice and an ear of the hub."""

import re
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from playwright.sync_api import Browser, Route, expect

from tests.live import LiveHub, token_of
from tests.speech_files import EAR_CARD, VOICE_CARD, ear, voice
from tests.web.conftest import CHROMIUM, FLAGS, OpenWindow, Visit

PACK = "ada/web-voice-notes"
VOICE = "ada/web-voice-joe"
EAR = "ada/web-voice-moonshine"
WAIT_MILLISECONDS = 90_000
NOTE = "# Mount Kenya\n\nMount Kenya is the highest mountain in Kenya.\n"
ASKED = f"/ask?pack={PACK}&q=What+is+the+highest+mountain+in+Kenya%3F&risk=0.2"

# What a machine with a voice of its own has, which a headless browser has not. It tells what it is
# asked to say.
LOCAL_VOICE = """
window.said = [];
window.SpeechSynthesisUtterance = function (text) { this.text = text; };
speechSynthesis.getVoices = () => [{ localService: false, name: "far" }, { localService: LOCAL, name: "near" }];
speechSynthesis.speak = (words) => said.push([words.voice.name, words.text]);
speechSynthesis.cancel = () => said.push(["cancelled"]);
"""


@pytest.fixture(scope="module", autouse=True)
def _content(live_hub: LiveHub, tmp_path_factory: pytest.TempPathFactory) -> None:
    notes = tmp_path_factory.mktemp("notes")
    (notes / "kenya.md").write_text(NOTE)
    command = [sys.executable, "-m", "groundswell.cli", "pack", "build", str(notes), "-o", PACK]
    options = ["--title", "Field notes", "--license", "CC0-1.0", "--public", "--processes", "1"]
    subprocess.run([*command, *options, "--data", str(live_hub.data)], check=True, timeout=300)
    api = HfApi(live_hub.url, token=token_of("ada"))
    for name, files, card in ((VOICE, voice(), VOICE_CARD), (EAR, ear(), EAR_CARD)):
        api.create_repo(name, exist_ok=True)
        for path, content in {**files, "README.md": card.encode()}.items():
            api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=name)


def sign_in(visit: Visit) -> None:
    visit.go("/login")
    visit.page.fill("[name=name]", "ada")
    visit.page.fill("[name=password]", "correct horse ada")
    visit.page.click("main [type=submit]")


def test_an_answer_is_read_aloud_and_stopped(live_hub: LiveHub, window: OpenWindow) -> None:
    visit = window(live_hub.url)
    sign_in(visit)
    page = visit.page
    visit.go(ASKED)
    link = page.locator("[data-say]")
    words = link.get_attribute("data-say")
    assert (
        words == "Mount Kenya is the highest mountain in Kenya. From Mount Kenya, web voice notes."
    )
    href = live_hub.url + (link.get_attribute("href") or "")
    sound = visit.context.request.get(href, timeout=WAIT_MILLISECONDS)
    assert sound.headers["content-type"] == "audio/wav"
    assert "highest" not in sound.text()[:200]
    heard = visit.context.request.post(
        f"{live_hub.url}/v1/audio/transcriptions",
        multipart={
            "model": EAR,
            "file": {"name": "a.wav", "mimeType": "audio/wav", "buffer": sound.body()},
        },
        headers={"Origin": live_hub.url},
        timeout=WAIT_MILLISECONDS,
    ).json()["text"]
    # A voice never says the same twice: what is heard may be a letter off.
    spoken = set(re.findall("[a-z]+", heard.lower()))
    assert len(spoken & {"highest", "mountain", "kenya", "from", "notes"}) >= 4, heard

    plays = "document.querySelector('audio').currentTime > 0.05"
    rests = (
        "!document.querySelector('audio').currentTime && !document.querySelector('audio').duration"
    )
    told = page.locator("[data-voice] [role=status]")
    for stop in ("key", "typing", "button", "microphone"):
        link.focus()
        page.keyboard.press("Enter")
        expect(told).to_have_text("Speaking. Escape stops it.", use_inner_text=True)
        visit.until(plays)
        if stop == "key":
            page.keyboard.press("Escape")
        elif stop == "typing":
            page.locator("#ask-q").press_sequentially("a")
        elif stop == "button":
            link.click()
        else:
            page.get_by_role("button", name="Dictate").click()
        visit.until(rests)
        if stop != "microphone":
            expect(told).to_have_text("", use_inner_text=True)
    expect(told).to_contain_text("there is no microphone", use_inner_text=True)
    assert all(url.startswith(live_hub.url) for url in visit.requests)


@pytest.fixture
def microphone(browser: Browser, live_hub: LiveHub, tmp_path: Path) -> Iterator[Browser]:
    """A browser whose microphone hears a question that the hub's voice asks."""
    import httpx2

    said = httpx2.post(
        f"{live_hub.url}/v1/audio/speech",
        json={"model": VOICE, "input": "What is the highest mountain in Kenya?"},
        headers={"Authorization": f"Bearer {token_of('ada')}"},
        timeout=90,
    )
    path = tmp_path / "question.wav"
    path.write_bytes(said.content)
    device = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    heard = f"--use-file-for-fake-audio-capture={path}%noloop"
    launched = browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, *device, heard])
    yield launched
    launched.close()


def test_a_question_is_dictated(live_hub: LiveHub, microphone: Browser) -> None:
    context = microphone.new_context()
    visit = Visit(context.new_page(), context, live_hub.url)
    page = visit.page
    page.on("request", lambda request: visit.requests.append(request.url))
    sign_in(visit)
    visit.go(f"/ask?pack={PACK}")
    button = page.get_by_role("button", name="Dictate")
    button.focus()
    page.keyboard.press("Enter")
    told = page.locator("[data-voice] [role=status]")
    expect(told).to_have_text(
        "Listening. Press Dictate again to end.", use_inner_text=True, timeout=30_000
    )
    expect(button).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(3_500)
    page.keyboard.press("Enter")
    expect(page.locator("#ask-q")).to_have_value(
        re.compile("mountain", re.IGNORECASE), timeout=WAIT_MILLISECONDS
    )
    expect(page.locator("#ask-q")).to_be_focused()
    expect(button).not_to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(page.locator(".ask-quote, .ask-none").first).to_be_visible()
    assert all(url.startswith(live_hub.url) for url in visit.requests)
    context.close()


def test_without_a_model_controls_say_how(live_hub: LiveHub, window: OpenWindow) -> None:
    visit = window(live_hub.url)
    page = visit.page
    visit.go(ASKED)
    for button in ("Read aloud", "Dictate"):
        page.get_by_role("button", name=button).click()
        expect(page.locator("[data-voice] [role=status]")).to_contain_text(
            "pip install 'groundswell[voice]'", use_inner_text=True
        )
    assert not [url for url in visit.requests if "speech" in url or "audio" in url]
    assert visit.go(ASKED.replace("/ask?", "/ask/speech?")) == 501


def test_nothing_can_be_pressed_before_it_does_something(
    live_hub: LiveHub, window: OpenWindow
) -> None:
    visit = window(live_hub.url)
    page = visit.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/voice.js", hold)
    visit.go(ASKED)
    while not held:
        page.wait_for_timeout(20)
    for button in ("Read aloud", "Dictate"):
        expect(page.get_by_role("button", name=button)).to_have_count(0)
    held.pop().continue_()
    page.get_by_role("button", name="Read aloud").click()
    expect(page.locator("[data-voice] [role=status]")).to_contain_text(
        "pip install", use_inner_text=True
    )


def test_without_scripts_there_is_a_link_or_nothing(live_hub: LiveHub, window: OpenWindow) -> None:
    visit = window(live_hub.url, java_script_enabled=False)
    visit.go(ASKED)
    assert visit.page.locator(".ask-quote").count() == 1
    assert not visit.page.get_by_text("Read aloud").is_visible()
    assert not visit.page.get_by_text("Dictate", exact=True).is_visible()
    sign_in(visit)
    visit.go(ASKED)
    assert visit.page.get_by_role("link", name="Read aloud").is_visible()
    assert not visit.page.get_by_text("Dictate", exact=True).is_visible()


@pytest.mark.parametrize("is_local", [True, False])
def test_the_browsers_voice_only_where_it_is_local(
    live_hub: LiveHub, window: OpenWindow, is_local: bool
) -> None:
    visit = window(live_hub.url)
    page = visit.page
    page.add_init_script(LOCAL_VOICE.replace("LOCAL", str(is_local).lower()))
    visit.go(ASKED)
    page.get_by_role("button", name="Read aloud").click()
    told = page.locator("[data-voice] [role=status]")
    if is_local:
        expect(told).to_contain_text("Speaking", use_inner_text=True)
        page.keyboard.press("Escape")
        [(name, text), *rest] = [each for each in page.evaluate("said") if each != ["cancelled"]]
        assert (name, rest) == ("near", [])
        assert text.endswith("From Mount Kenya, web voice notes.")
        assert page.evaluate("said").pop() == ["cancelled"]
    else:
        expect(told).to_contain_text("pip install", use_inner_text=True)
        assert [each for each in page.evaluate("said") if each != ["cancelled"]] == []


def test_the_terminal_writes_an_answer_as_sound(live_hub: LiveHub, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "groundswell.cli", "ask", "What is the highest mountain?"]
    to = ["--pack", PACK, "--risk", "0.2", "--data", str(live_hub.data)]
    path = tmp_path / "answer.wav"
    aloud = [*command, *to, "--speak", str(path)]
    done = subprocess.run(aloud, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "--voice REPO" in done.stderr
    subprocess.run([*aloud, "--voice", VOICE], capture_output=True, timeout=120, check=True)
    with wave.open(str(path)) as sound:
        assert 2 < sound.getnframes() / sound.getframerate() < 12
