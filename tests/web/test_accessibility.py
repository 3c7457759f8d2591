"""Every page with awkward content, as axe-core judges it: WCAG 2.2, levels A and AA, and its best
practices, in light on a phone and in dark at a desk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.web.conftest import DESK, PHONE, OpenWindow
from tests.web.examples import EXAMPLES, app

PARTS = 4  # so that each takes seconds
OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


@pytest.fixture(scope="session")
def accessible_origin(serve: Callable[[Any], str]) -> str:
    return serve(app)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(
    ("size", "scheme"), [(PHONE, "light"), (DESK, "dark")], ids=["phone", "desk"]
)
def test_axe_finds_no_violation(
    window: OpenWindow, accessible_origin: str, size: dict[str, int], scheme: str, part: int
) -> None:
    visit = window(accessible_origin, viewport=size, color_scheme=scheme)
    # Pages that wait for something would load anew in the middle of it.
    visit.page.add_init_script("sessionStorage.setItem(`looks:${location.pathname}`, 99)")
    axe = Axe()
    found: dict[str, list[str]] = {}
    for name in list(EXAMPLES)[part::PARTS]:
        visit.go(f"/{name}")
        for violation in axe.run(visit.page, options=OPTIONS).response["violations"]:
            nodes = [node["html"][:200] for node in violation["nodes"][:3]]
            found.setdefault(f"{violation['id']}: {violation['help']}", []).append(
                f"{name}: {nodes}"
            )
    assert found == {}


def test_axe_sees_what_is_wrong(window: OpenWindow, accessible_origin: str) -> None:
    visit = window(accessible_origin)
    visit.go("/sign-in")
    visit.page.evaluate("document.querySelector('main label').remove()")
    found = Axe().run(visit.page, options=OPTIONS).response["violations"]
    assert [each["id"] for each in found] == ["label"]
