"""The page of a bucket: its files folder by folder, and how to fill it. A bucket is changed by
clients; here it is looked at.
"""

from __future__ import annotations

import shlex
from typing import Final
from urllib.parse import quote

from groundswell.core.errors import EntryNotFound, InvalidName, RepoNotFound
from groundswell.core.policy import Action, may
from groundswell.core.values import RepoId, RepoKind
from groundswell.http.pages.door import Answer, Asked, Redirect, show, with_query
from groundswell.http.pages.views import BucketFileRow, BucketPage, BucketRow, Crumb, Snippet
from groundswell.http.routing import Route
from groundswell.hub.buckets import Bucket, BucketFile, BucketFolder

ON_PAGE: Final = 200


def bucket_row(bucket: Bucket) -> BucketRow:
    """A bucket in a list."""
    repository = bucket.repository
    return BucketRow(
        repository.full_name,
        f"/{repository.repo_id.url_path}",
        repository.is_private,
        bucket.file_count,
        bucket.size_bytes,
        repository.modified_at,
    )


def _bucket_id(asked: Asked) -> RepoId:
    try:
        name = f"{asked.parameters['ns']}/{asked.parameters['name']}"
        return RepoId.parse(RepoKind.BUCKET, name)
    except InvalidName as error:
        raise RepoNotFound from error


def _row(url: str, item: BucketFile | BucketFolder) -> BucketFileRow:
    name = item.path.rpartition("/")[2]
    if isinstance(item, BucketFolder):
        return BucketFileRow(name, f"{url}/tree/{quote(item.path)}", is_folder=True)
    there = f"{url}/resolve/{quote(item.path)}"
    return BucketFileRow(
        name,
        there,
        is_folder=False,
        size_bytes=item.size_bytes,
        uploaded_at=item.uploaded_at,
        download_url=with_query(there, download="true"),
    )


def _crumbs(bucket: Bucket, url: str, path: str) -> tuple[Crumb, ...]:
    parts = path.split("/") if path else []
    below = [
        Crumb(part, f"{url}/tree/{quote('/'.join(parts[:depth]))}")
        for depth, part in enumerate(parts, start=1)
    ]
    return (Crumb(bucket.repository.repo_id.name, url), *below)


def _snippets(asked: Asked, bucket: Bucket) -> tuple[Snippet, ...]:
    endpoint = f"export HF_ENDPOINT={shlex.quote(asked.base_url)}"
    there = f"hf://buckets/{bucket.repository.full_name}"
    found = []
    if bucket.file_count:
        text = f"{endpoint}\nhf buckets sync {there} ./folder"
        found.append(Snippet("Fetch all of it", "bash", text))
    if may(asked.principal, Action.WRITE, bucket.repository.subject).allowed:
        text = f"{endpoint}\nhf buckets sync ./folder {there}"
        note = "Only what changed is sent. With --delete, what is gone here goes there too."
        found.insert(0, Snippet("Send a folder", "bash", text, note))
    return tuple(found)


def _bucket(asked: Asked) -> Answer:
    hub, bucket_id, path = asked.hub, _bucket_id(asked), asked.parameters.get("path", "")
    bucket = hub.buckets.get(asked.principal, bucket_id)
    url, cursor = f"/{bucket.repository.repo_id.url_path}", asked.query.get("cursor") or None
    here = f"{url}/tree/{quote(path)}" if path else url
    page = hub.buckets.tree(
        asked.principal,
        bucket_id,
        f"{path}/" if path else "",
        recursive=False,
        cursor=cursor,
        limit=ON_PAGE,
    )
    if path and not page.items and cursor is None:
        if hub.buckets.paths_info(asked.principal, bucket_id, [path]):
            return Redirect(f"{url}/resolve/{quote(path)}")
        raise EntryNotFound(path)
    return BucketPage(
        bucket=bucket_row(bucket),
        owner=bucket.repository.repo_id.namespace,
        name=bucket.repository.repo_id.name,
        is_disabled=bucket.repository.disabled,
        path=path,
        crumbs=_crumbs(bucket, url, path),
        rows=tuple(_row(url, item) for item in page.items),
        snippets=_snippets(asked, bucket),
        next_url=with_query(here, cursor=page.next_cursor) if page.next_cursor else None,
        first_url=here if cursor else None,
    )


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        show("/buckets/{ns}/{name}", _bucket, "bucket"),
        show("/buckets/{ns}/{name}/tree/{path*}", _bucket, "bucket folder"),
    ]
