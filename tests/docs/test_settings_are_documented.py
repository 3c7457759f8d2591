"""docs/reference/settings.md says what the settings are: it is made from them."""

from groundswell.settings import reference
from tests.arch.tree import ROOT


def test_the_page_is_what_the_settings_say() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    assert page == reference(), "make it again: groundswell.settings.reference()"
