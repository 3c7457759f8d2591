"""Whole journeys between people, in their browsers: each step looked at as it is on a screen.

`JOURNEY_PICTURES=folder` keeps a picture of each step.
"""

import json
import os
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.stage import ask_json
from tests.live import LiveHub, token_of
from tests.web.conftest import OpenWindow, Visit
from tests.web.test_pages_live import sign_in

SCREENS: dict[str, dict[str, Any]] = {
    "phone-light": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "desk-dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
}
PICTURES = os.environ.get("JOURNEY_PICTURES")
CARD = """---
license: mit
pipeline_tag: text-classification
tags: [tiny]
---
# Weather words

Tells whether a sentance is about rain.

## Use

Give it one sentence at a time.
"""


@dataclass
class Traveller:
    """Somebody at a window. ``see`` judges what stands there now."""

    visit: Visit
    screen: str
    steps: int = 0

    def see(self, step: str, *words: str) -> None:
        page, self.steps = self.visit.page, self.steps + 1
        said = page.inner_text("body").replace("\u202f", " ")
        for each in words:
            assert each in said, (step, each, said)
        if PICTURES:
            name = f"{self.screen}-{self.steps:02}-{step.replace(' ', '-')}.png"
            page.screenshot(path=Path(PICTURES) / name, full_page=True)
        width, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width <= window, (step, width)
        assert self.visit.complaints == [], step
        assert self.visit.strayed == [], step

    def press(self, name: str) -> None:
        self.visit.page.get_by_role("main").get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        link = self.visit.page.get_by_role("main").get_by_role("link", name=name, exact=True)
        link.first.click()


def weights() -> bytes:
    """A safetensors file of two small tensors."""
    header = {
        "embed.weight": {"dtype": "F32", "shape": [16, 8], "data_offsets": [0, 512]},
        "head.weight": {"dtype": "F32", "shape": [2, 8], "data_offsets": [512, 576]},
    }
    packed = json.dumps(header).encode()
    return struct.pack("<Q", len(packed)) + packed + bytes(576)


def publish(by: Traveller, kind: str, name: str, files: dict[str, bytes]) -> str:
    """Make a repository of Ada's and upload its files, by forms; its address."""
    page = by.visit.page
    page.locator(".menu-end > summary").click()
    by.see("menu")
    page.get_by_role("link", name="New repository").click()
    by.see("new repository")
    page.get_by_role("radio", name=kind).check()
    page.get_by_label("Name").fill(name)
    by.press("Make the repository")
    by.see("made", "is made")
    here = ("/datasets" if kind == "Dataset" else "") + f"/ada/{name}"
    by.visit.go(f"{here}/upload/main")
    page.locator("#field-files").set_input_files(
        [
            {"name": path, "mimeType": "application/octet-stream", "buffer": content}
            for path, content in files.items()
        ]
    )
    by.see("upload")
    by.press("Upload")
    page.wait_for_url("**/tree/main*")
    by.see("uploaded", *files)
    return here


def call(hub: LiveHub, path: str, body: object) -> None:
    answer = ask_json(hub, "POST", path, body, token=token_of("ada"))
    assert answer.status == 200, answer.body


def people(
    window: OpenWindow, hub: LiveHub, screen: str, *names: str, test: str
) -> list[Traveller]:
    found = [
        Traveller(window(hub.url, **SCREENS[screen]), f"{test}-{screen}-{name}") for name in names
    ]
    for each in found:
        each.visit.page.set_default_timeout(10_000)
    return found


def protect(by: Traveller, here: str) -> None:
    """One approval and a passed check before anything comes to main."""
    page = by.visit.page
    by.visit.go(f"{here}/settings")
    by.see("settings")
    by.follow("See the rules")
    page.get_by_label("Approvals", exact=True).fill("1")
    page.get_by_label("Checks that must pass").fill("unit")
    by.see("rules")
    by.press("Save")
    by.see("ruled", "nobody pushes directly")


def propose(by: Traveller, here: str, fork: str) -> None:
    """Fork it, mend the card in the editor, and open a pull request."""
    page = by.visit.page
    by.visit.go(here)
    by.see("found", "Weather words")
    by.follow("Fork")
    page.get_by_label("Name").fill(fork)
    by.see("fork")
    by.press("Make the fork")
    by.see("forked", f"forked from {here[1:]}")
    by.visit.go(f"/eve/{fork}/blob/main/README.md")
    by.see("card as a file")
    by.follow("Edit")
    changed = CARD.replace("sentance", "sentense").replace("one sentence", "a sentence")
    page.get_by_label("Text", exact=True).fill(changed)
    by.see("editor")
    by.press("Preview")
    page.locator(".preview .diff").wait_for()
    by.see("preview")
    page.get_by_label("Commit message").fill("Spell it as others do")
    by.press("Save")
    page.wait_for_url("**/blob/main/README.md*")
    by.see("saved", "sentense")
    by.visit.go(f"/eve/{fork}")
    by.see("ahead", "0 behind, 1 ahead")
    by.follow("Contribute")
    by.see("contribute", "merges cleanly")
    page.get_by_label("Title").fill("Mend the spelling")
    by.press("Open a pull request")
    by.see("draft", f"From main of eve/{fork}")
    by.press("Ready for review")
    by.see("ready")


def inbox(by: Traveller, title: str) -> None:
    """News is told shortly after it happened, not in the same moment."""
    for _ in range(50):
        by.visit.go("/notifications")
        if title in by.visit.page.inner_text("main"):
            break
        time.sleep(0.2)
    by.see("inbox", title)


def review(by: Traveller, here: str) -> None:
    """Suggest another line and ask for it."""
    page = by.visit.page
    by.visit.go(f"{here}/discussions/1")
    page.locator(".watch-menu > summary").click()
    by.see("watch menu", "Nothing of this repository")
    page.keyboard.press("Escape")
    by.see("waiting", "not reported")
    assert page.get_by_role("button", name="Merge", exact=True).count() == 0
    by.follow("Changes")
    by.see("changes")
    page.get_by_role("link", name="Comment on new line 8").click()
    by.see("comment form")
    by.follow("Suggest another line")
    field = page.get_by_label("Your comment")
    field.fill("One letter is left.\n\n" + field.input_value().replace("sentense", "sentence"))
    by.press("Add to my review")
    by.see("in my review", "only you see this")
    page.get_by_label("Request changes").check()
    page.get_by_label("What you think of it").fill("Thank you! One letter.")
    by.see("finish")
    by.press("Submit review")
    page.wait_for_url(f"**{here}/discussions/1")
    by.see("reviewed", "requested changes")


@pytest.mark.parametrize("screen", SCREENS)
def test_from_the_first_visit_to_a_merged_change(
    window: OpenWindow, live_hub: LiveHub, screen: str
) -> None:
    name = f"journey-{screen}"
    ada, eve = people(window, live_hub, screen, "ada", "eve", test="merge")
    for person, who in ((ada, "ada"), (eve, "eve")):
        person.visit.go("/")
        person.see("first visit")
        sign_in(person.visit, who)
        person.see("home")
    files = {"README.md": CARD.encode(), "model.safetensors": weights()}
    here = publish(ada, "Model", name, files)
    ada.visit.go(here)
    ada.see("published", "Weather words")
    protect(ada, here)
    propose(eve, here, f"fork-{screen}")
    review(ada, here)

    inbox(eve, "Mend the spelling")
    eve.visit.go(f"{here}/discussions/1")
    eve.see("changes requested", "changes requested")
    eve.follow("Changes")
    eve.see("suggestion")
    eve.press("Apply suggestion")
    eve.see("applied", "applied")
    assert "sentence" in eve.visit.page.locator(".diff-add").first.inner_text()

    report = {"name": "unit", "state": "passed", "log": "ok\n", "summary": "**4** of 4 passed"}
    call(live_hub, f"/api/models{here}/checks/refs%2Fpr%2F1", report)
    ada.visit.go(f"{here}/discussions/1/files")
    ada.visit.page.get_by_text("Finish review").click()
    ada.visit.page.get_by_label("Approve").check()
    ada.see("approving")
    ada.press("Submit review")
    ada.visit.page.wait_for_url(f"**{here}/discussions/1")
    ada.see("approved", "approved")
    ada.press("Merge")
    ada.see("merged", "merged this")
    ada.visit.go(here)
    ada.see("in main", "whether a sentence is about rain", "Give it a sentence")
    ada.visit.go(f"{here}/commits/main")
    ada.see("history")
    ada.visit.go(f"{here}/forks")
    ada.see("forks", f"eve/fork-{screen}")


GATED = """---
license: cc0-1.0
extra_gated_heading: Agree before you read
extra_gated_prompt: You **agree** to keep this to yourself.
extra_gated_fields:
  Institute: text
  Use:
    type: select
    options: [Research, Teaching]
  I will be careful: checkbox
---
# Letters

Letters that people wrote.
"""


@pytest.mark.parametrize("screen", SCREENS)
def test_from_asking_for_access_to_the_file(
    window: OpenWindow, live_hub: LiveHub, screen: str
) -> None:
    ada, bob = people(window, live_hub, screen, "ada", "bob", test="gate")
    sign_in(ada.visit)
    files = {"README.md": GATED.encode(), "letters.txt": b"Dear all\n"}
    here = publish(ada, "Dataset", f"journey-gated-{screen}", files)
    ada.visit.go(f"{here}/settings")
    ada.visit.page.get_by_label("Gate", exact=True).select_option("manual")
    ada.see("settings")
    ada.press("Save")
    ada.see("gated", "Saved")

    bob.visit.go(here)
    bob.see("gate", "Agree before you read")
    sign_in(bob.visit, "bob")
    bob.visit.go(here)
    page = bob.visit.page
    page.get_by_label("Institute").fill("The Fleet")
    page.get_by_label("Use").select_option("Teaching")
    page.get_by_label("I will be careful").check()
    bob.see("form")
    bob.visit.page.locator(".gate").get_by_role("button").click()
    bob.see("asked", "Your request waits")

    ada.visit.go(here)
    ada.see("somebody waits")
    ada.visit.page.get_by_role("link", name="Access").click()
    ada.see("requests", "The Fleet", "Teaching")
    ada.press("Accept bob")
    ada.see("accepted")

    bob.visit.go(here)
    bob.see("let in", "You have access")
    bob.follow("Files")
    bob.see("files", "letters.txt")
    with page.expect_download() as fetched:
        bob.follow("Download letters.txt")
    assert fetched.value.path().read_bytes() == b"Dear all\n"
