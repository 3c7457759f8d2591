"""Where experiments happen: quick hubs, and a data folder with people in it, made once."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.fault.nursery import Nursery
from tests.live import serving


class Site:
    """``nursery`` starts hubs; ``fresh_data`` gives each story a data folder of its own."""

    def __init__(self, folder: Path, *, is_silent: bool = False) -> None:
        self.nursery = Nursery(is_silent=is_silent)
        self._peopled = folder / "peopled" / "data"
        self._peopled.parent.mkdir()
        with serving(self._peopled, people=True):
            pass

    def fresh_data(self, folder: Path) -> Path:
        """A copy of the data of a hub that was stopped, with the people of tests/live.py."""
        data = folder / "data"
        shutil.copytree(self._peopled, data)
        return data

    def close(self) -> None:
        self.nursery.close()
