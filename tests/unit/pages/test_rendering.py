"""The renderer answers in bounded time, whatever a text holds, and comes back after a death."""

import time
from collections.abc import Iterator

import pytest

from groundswell.hub.rendering import Renderer
from groundswell.hub.rendering import service as rendering
from groundswell.wire.markdown import LinkBase

BASE = LinkBase("/ada/model")


@pytest.fixture
def renderer() -> Iterator[Renderer]:
    made = Renderer(answer_seconds=10, page_seconds=10)
    yield made
    made.close()


def test_markdown_and_code_come_back_as_html(renderer: Renderer) -> None:
    found = renderer.markdown("# Title\n\n[x](a.py)", BASE, "oid")
    assert 'id="md-title"' in found.html
    assert found.headings[0].text == "Title"
    assert renderer.markdown("changed, but under the same key", BASE, "oid") == found
    assert renderer.highlight("a.py", "x = 1\n")[0].startswith('<span class="hl-n">x')


def test_a_text_that_takes_too_long_is_shown_plain_and_not_tried_again() -> None:
    hasty = Renderer(answer_seconds=0.05, page_seconds=2)
    try:
        begun = time.monotonic()
        found = hasty.markdown("<div>" * 60_000, BASE, "slow")
        assert time.monotonic() - begun < 2
        assert found.is_plain
        assert found.html.startswith('<pre tabindex="0">&lt;div&gt;')
        again = time.monotonic()
        assert hasty.markdown("<div>" * 60_000, BASE, "slow").is_plain
        assert time.monotonic() - again < 0.5
    finally:
        hasty.close()


def test_a_page_does_not_wait_for_a_slow_text_and_finds_it_done_later() -> None:
    patient = Renderer(answer_seconds=30, page_seconds=0.01)
    text = "# a\n\n" + "*x* `y` [z](w) " * 15_000
    try:
        assert patient.markdown("x", BASE).html  # the workers are there
        begun = time.monotonic()
        assert patient.markdown(text, BASE, "large").is_plain
        assert time.monotonic() - begun < 1
        while patient.markdown(text, BASE, "large").is_plain:
            assert time.monotonic() - begun < 30
            time.sleep(0.05)
    finally:
        patient.close()


def test_a_worker_that_died_is_replaced(renderer: Renderer) -> None:
    renderer.markdown("x", BASE)
    worker = renderer._idle[-1]
    assert worker._process is not None
    worker._process.kill()
    worker._process.wait()
    assert renderer.markdown("*y*", BASE).html == "<p><em>y</em></p>\n"


def test_the_worker_sees_no_secret_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWELL_SECRET", "x")
    process = rendering._start()
    try:
        with open(f"/proc/{process.pid}/environ", "rb") as file:
            assert b"SWELL_SECRET" not in file.read()
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
