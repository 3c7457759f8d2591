"""What tutorials and how-to pages tell people to type does what they say."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.docs.documents import documents, text
from tests.docs.running import MARKED, blocks, is_shown, pages_that_run, run_page
from tests.live import LiveHub

# Pages wait for processes most of the time. They share one hub, as their readers would.
AT_ONCE = 2

Running = dict[str, Future[dict[int, str]]]


@pytest.fixture(scope="module")
def running(documented_hub: LiveHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            path: pool.submit(run_page, path, documented_hub, tmp_path_factory.mktemp("page"))
            for path in pages_that_run()
        }


@pytest.mark.parametrize("path", pages_that_run())
def test_the_examples_of_a_page_run(path: str, running: Running, documented_hub: LiveHub) -> None:
    printed = running[path].result()
    for block in blocks(path):
        for line in block.shown:
            told = printed[block.line].replace(documented_hub.url, "http://127.0.0.1:8000")
            assert is_shown(line, told), f"{path}:{block.line}: {line!r} is not in:\n{told}"


def test_no_marker_is_written_wrongly() -> None:
    for path in documents():
        page = text(path)
        markers = page.count("<!-- run") + page.count("<!-- shown")
        assert markers == len(MARKED.findall(page)), path


def test_the_first_steps_are_run() -> None:
    assert "docs/tutorial/first-model.md" in pages_that_run()


def test_the_runner_notices_a_failure(documented_hub: LiveHub, tmp_path: Path) -> None:
    """A control: were nothing run, nothing would fail."""
    page = Path(__file__).with_name("broken-example.md")
    with pytest.raises(AssertionError, match=r"broken-example\.md:11: exit 3"):
        run_page(f"tests/docs/{page.name}", documented_hub, tmp_path)


def test_shown_lines_are_compared() -> None:
    assert is_shown("took … s", "it took 0.3 s in all")
    assert not is_shown("took … s", "it took long")
