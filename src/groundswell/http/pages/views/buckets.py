"""Pages of buckets, and buckets in lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from groundswell.http.pages.views.frame import Crumb, Snippet, View


@dataclass(frozen=True, slots=True)
class BucketRow:
    """A bucket in a list."""

    name: str
    url: str
    is_private: bool
    file_count: int
    size_bytes: int
    modified_at: int


@dataclass(frozen=True, slots=True)
class BucketFileRow:
    """A file or folder of a bucket."""

    name: str
    url: str
    is_folder: bool
    size_bytes: int = 0
    uploaded_at: int | None = None
    download_url: str | None = None


@dataclass(frozen=True, slots=True)
class BucketPage(View):
    """A folder of a bucket, or its top."""

    template: ClassVar[str] = "bucket.html"
    bucket: BucketRow
    owner: str
    name: str
    is_disabled: bool
    path: str
    crumbs: tuple[Crumb, ...]
    rows: tuple[BucketFileRow, ...]
    snippets: tuple[Snippet, ...]
    next_url: str | None = None
    first_url: str | None = None
