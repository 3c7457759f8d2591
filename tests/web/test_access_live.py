"""A gated dataset, from the form on its page to the file, between two people and their browsers."""

import csv
import io
import time
import urllib.error
import urllib.request

import pytest

from tests.live import LiveHub, token_of
from tests.web.conftest import DESK, PHONE, OpenWindow, Visit
from tests.web.test_pages_live import new_repository, sign_in

CARD = """---
license: cc0-1.0
extra_gated_heading: Agree before you read
extra_gated_prompt: |
  You **agree** to keep this to yourself.
  <script>window.__xss = 1</script>
extra_gated_button_content: I agree
extra_gated_fields:
  Institute: text
  Country: country
  From: date_picker
  Use:
    type: select
    options: [Research, {label: Something else, value: other}]
  Where from: ip_location
  Formula:
    type: text
    required: false
  I will be careful: checkbox
---
# Gated words
"""


def upload(visit: Visit, url: str) -> None:
    visit.go(f"{url}/upload/main")
    files = [("README.md", CARD.encode()), ("words.txt", b"the words themselves\n")]
    visit.page.locator("#field-files").set_input_files(
        [{"name": n, "mimeType": "application/octet-stream", "buffer": data} for n, data in files]
    )
    visit.page.get_by_role("button", name="Upload").click()
    visit.page.wait_for_url("**/tree/main*")


def status_of(hub: LiveHub, path: str, person: str) -> int:
    request = urllib.request.Request(
        hub.url + path, headers={"Authorization": f"Bearer {token_of(person)}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def gated(visit: Visit, name: str, gate: str, days: str = "") -> str:
    """A gated dataset of Ada's, made in her browser; its address."""
    sign_in(visit)
    new_repository(visit, name, "Dataset")
    url = f"/datasets/ada/{name}"
    upload(visit, url)
    visit.go(f"{url}/settings")
    visit.page.get_by_label("Gate", exact=True).select_option(gate)
    visit.page.get_by_label("Access ends after").fill(days)
    visit.page.get_by_role("button", name="Save").click()
    assert "Saved" in visit.page.inner_text("main")
    return url


def fill_in(visit: Visit) -> None:
    page = visit.page
    page.get_by_label("Institute").fill("The Fleet")
    page.get_by_label("Country").select_option("FR")
    page.get_by_label("From", exact=True).fill("2026-01-31")
    page.get_by_label("Use").select_option("other")
    page.get_by_label("Formula").fill('=HYPERLINK("http://x","y")')
    page.get_by_label("I will be careful").check()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_from_the_form_to_the_file(
    window: OpenWindow, live_hub: LiveHub, scripts: bool, size: dict[str, int]
) -> None:
    options = {"java_script_enabled": scripts, "viewport": size}
    ada, bob = window(live_hub.url, **options), window(live_hub.url, **options)
    name = f"web-gated-{'on' if scripts else 'off'}-{size['width']}"
    url = gated(ada, name, "manual", "30")
    file = f"{url}/resolve/main/words.txt"

    # Nobody in particular reads what is asked, and is sent to sign in and back.
    bob.go(url)
    assert "Agree before you read" in bob.page.inner_text("main")
    assert bob.page.get_by_label("Institute").count() == 0
    bob.page.get_by_role("link", name="Sign in to ask").click()
    bob.page.get_by_label("User name").fill("bob")
    bob.page.get_by_label("Password").fill("correct horse bob")
    bob.page.get_by_role("main").get_by_role("button", name="Sign in").click()
    assert bob.page.url == live_hub.url + url

    # The file's own page says where to ask.
    assert bob.go(f"{url}/blob/main/words.txt") == 403
    bob.page.get_by_role("link", name="To its gate").click()
    told = bob.page.inner_text(".gate")
    assert "Access ends 30 days after" in told
    assert "are shown to those who administer this repository" in told
    assert "127.0.0.1" in told
    assert bob.page.locator(".gate-prompt strong").inner_text() == "agree"

    # What does not fit is told, and what was typed stays. The browser would hold it back.
    fill_in(bob)
    bob.page.get_by_label("Institute").fill(" ")
    bob.page.get_by_role("button", name="I agree").click()
    assert "“Institute” has to be answered." in bob.page.inner_text(".gate")
    assert bob.page.get_by_label("Country").input_value() == "FR"
    assert bob.page.get_by_label("I will be careful").is_checked()
    bob.page.get_by_label("Institute").fill("The Fleet")
    bob.page.get_by_role("button", name="I agree").click()
    assert "Your request waits" in bob.page.inner_text(".gate")
    assert status_of(live_hub, file, "bob") == 403

    # Ada is told on every page of hers that somebody waits.
    ada.go(f"{url}/tree/main")
    assert ada.page.locator(".tabs .count-waiting").inner_text().startswith("1")
    ada.page.get_by_role("link", name="Access").click()
    row = ada.page.locator(".access .row")
    for said in ("bob@example.org", "The Fleet", "other", "2026-01-31", "127.0.0.1", "FR"):
        assert said in row.inner_text(), said
    row.locator("summary").click()
    row.get_by_label("Reason").fill("Say what for.")
    row.locator("details").get_by_role("button", name="Reject").click()
    assert "Rejected." in ada.page.inner_text("main")
    bob.go(url)
    assert "Your request was rejected. The reason: Say what for." in bob.page.inner_text(".gate")

    ada.page.get_by_role("link", name="Rejected").click()
    ada.page.get_by_role("button", name="Accept bob").click()
    bob.go(url)
    assert "You have access until" in bob.page.inner_text(".gate")
    bob.page.get_by_role("link", name="Files").click()
    with bob.page.expect_download() as fetched:
        bob.page.get_by_role("link", name="Download words.txt").click()
    assert fetched.value.path().read_bytes() == b"the words themselves\n"
    assert status_of(live_hub, file, "bob") == 200

    ada.page.get_by_role("link", name="Accepted").click()
    with ada.page.expect_download() as fetched:
        ada.page.get_by_role("link", name="Download this list").click()
    assert fetched.value.suggested_filename == "access-accepted.csv"
    head, line = csv.reader(io.StringIO(fetched.value.path().read_text()))
    kept = dict(zip(head, line, strict=True))
    assert (kept["user"], kept["e-mail"], kept["decided by"]) == ("bob", "bob@example.org", "ada")
    assert kept["Formula"] == """'=HYPERLINK("http://x","y")"""
    assert (kept["Country"], kept["I will be careful"]) == ("FR", "yes")

    # Bob gives it up; Ada lets Eve in by name.
    bob.go(url)
    bob.page.get_by_role("button", name="Give up access").click()
    assert status_of(live_hub, file, "bob") == 403
    ada.page.get_by_label("User name").fill("nobody-here")
    ada.page.get_by_role("button", name="Grant access").click()
    assert "There is no user named" in ada.page.inner_text("main")
    ada.page.get_by_label("User name").fill("eve")
    ada.page.get_by_role("button", name="Grant access").click()
    assert "Access is granted" in ada.page.inner_text("main")
    assert "bob" not in ada.page.inner_text(".access")
    assert status_of(live_hub, file, "eve") == 200
    ada.page.get_by_role("button", name="Take access away eve").click()
    assert status_of(live_hub, file, "eve") == 403
    for visit in (ada, bob):
        assert visit.complaints == []
        if scripts:
            assert visit.page.evaluate("window.__xss") is None


def test_who_agrees_at_an_automatic_gate_is_in(window: OpenWindow, live_hub: LiveHub) -> None:
    ada, eve = window(live_hub.url), window(live_hub.url)
    url = gated(ada, "web-gated-auto", "auto")
    sign_in(eve, "eve")
    eve.go(url)
    assert "whoever agrees has access at once" in eve.page.inner_text(".gate")
    fill_in(eve)
    # Meanwhile the card asks for something else: nobody agrees to what they have not read.
    ada.go(f"{url}/upload/main")
    changed = CARD.replace("careful", "very careful").encode()
    ada.page.locator("#field-files").set_input_files(
        [{"name": "README.md", "mimeType": "text/plain", "buffer": changed}]
    )
    ada.page.get_by_role("button", name="Upload").click()
    ada.page.wait_for_url("**/tree/main*")
    eve.page.get_by_role("button", name="I agree").click()
    assert "The form has changed" in eve.page.inner_text(".gate")
    fill_in_again = eve.page.get_by_label("I will be very careful")
    assert fill_in_again.is_checked(), "what was typed stays"
    eve.page.get_by_role("button", name="I agree").click()
    assert "You have access to these files" in eve.page.inner_text(".gate")
    assert status_of(live_hub, f"{url}/resolve/main/words.txt", "eve") == 200


def test_a_form_that_cannot_be_read_is_said_to_be_so(window: OpenWindow, live_hub: LiveHub) -> None:
    ada, bob = window(live_hub.url), window(live_hub.url)
    url = gated(ada, "web-gated-broken", "auto")
    ada.go(f"{url}/upload/main")
    card = b"---\nextra_gated_fields: [one, two]\n---\n# Words\n"
    ada.page.locator("#field-files").set_input_files(
        [{"name": "README.md", "mimeType": "text/plain", "buffer": card}]
    )
    ada.page.get_by_role("button", name="Upload").click()
    ada.page.wait_for_url("**/tree/main*")
    sign_in(bob, "bob")
    bob.go(url)
    assert "Access cannot be asked for at the moment" in bob.page.inner_text(".gate")
    assert bob.page.get_by_role("button", name="Agree").count() == 0


def soon(visit: Visit, words: str) -> None:
    """Until the inbox of who looks says this."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        visit.go("/notifications")
        if words in visit.page.inner_text("main"):
            return
        time.sleep(0.2)
    raise AssertionError(visit.page.inner_text("main"))


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_requests_and_decisions_come_into_inboxes(
    window: OpenWindow, live_hub: LiveHub, scripts: bool
) -> None:
    options = {"java_script_enabled": scripts, "viewport": PHONE}
    ada, bob = window(live_hub.url, **options), window(live_hub.url, **options)
    name = f"web-gate-told-{'on' if scripts else 'off'}"
    url = gated(ada, name, "manual")
    sign_in(bob, "bob")
    bob.go(url)
    fill_in(bob)
    bob.page.get_by_role("button", name="I agree").click()

    # Ada finds it in her inbox, and decides from there.
    soon(ada, name)
    row = ada.page.locator(".notice").filter(has_text=name)
    assert "bob asks for access" in row.inner_text()
    assert row.get_by_role("button", name="Mute").count() == 0
    row.get_by_role("link", name="Requests for access").click()
    assert ada.page.url == f"{live_hub.url}{url}/settings/access"
    ada.page.get_by_role("button", name="Accept bob").click()
    ada.go("/notifications")
    assert name not in ada.page.inner_text("main")

    # Bob finds the answer in his.
    soon(bob, name)
    row = bob.page.locator(".notice").filter(has_text=name)
    assert "ada let you in" in row.inner_text()
    row.get_by_role("button", name="Read").click()
    assert name not in bob.page.inner_text("main")
    bob.go("/notifications?which=all")
    row = bob.page.locator(".notice").filter(has_text=name)
    row.get_by_role("button", name="Unread").click()
    row.get_by_role("link", name="Your request for access").click()
    assert "You have access to these files" in bob.page.inner_text(".gate")
    # Looked at is read.
    bob.go("/notifications")
    assert name not in bob.page.inner_text("main")
    for visit in (ada, bob):
        assert visit.complaints == []
        assert visit.strayed == []
