"""Every blob store passes the shipped suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from groundswell.store.cold import ColdStore
from groundswell.store.disk import DiskStore
from groundswell.store.ports import BlobStore
from groundswell.testing.blob_store import BlobStoreContract


class TestDiskStore(BlobStoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make_store(self) -> BlobStore:
        return DiskStore(self.folder / "store")


class TestColdStore(BlobStoreContract):
    """Over a disk, with nothing cold: what is cold has tests of its own (fault/upkeep)."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make_store(self) -> BlobStore:
        return ColdStore(DiskStore(self.folder / "store"))
