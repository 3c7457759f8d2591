"""``swell usage``: what repositories and namespaces take on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundswell.cli._folder import data_option
from groundswell.cli._output import json_option, print_rows
from groundswell.cli._upkeep import opened_hub
from groundswell.core.errors import RepoNotFound
from groundswell.core.values import RepoId, StoredSize, share_text, size_text

if TYPE_CHECKING:
    from groundswell.wiring import Hub

Row = tuple[str, StoredSize]


@click.command("usage")
@click.argument("name", metavar="[NAMESPACE|REPO]", required=False)
@json_option
@data_option
def command(name: str | None, data: Path, *, as_json: bool) -> None:
    """Show what large files take, in all revisions. The hub may be running.

    Without a name: each namespace. With one: the namespace and each of its repositories, or one
    repository (namespace/name, with datasets/ or spaces/ before it where it is one). `holds` is the
    length of the files, once for every repository; `stored` what is left of it when equal pieces
    are kept once; `at_rest` what that is where weights lie cold. Measured now.
    """
    with opened_hub(data) as hub:
        if name is None:
            rows = [_namespace(hub, each.namespace) for each in hub.blobs.quotas.usages()]
        elif "/" in name:
            repo_id = RepoId.parse_path(name)
            rows = _repositories(hub, repo_id.namespace, repo_id)
        else:
            rows = [_namespace(hub, name), *_repositories(hub, name)]
    print_rows([_cells(*row, as_json=as_json) for row in rows], as_json=as_json)


def _namespace(hub: Hub, name: str) -> Row:
    account = hub.accounts.find_account(name)
    return account.name, hub.blobs.sizes.measure_namespace(account.id)


def _repositories(hub: Hub, namespace: str, only: RepoId | None = None) -> list[Row]:
    sizes = hub.blobs.sizes
    found = sizes.repositories_of(hub.accounts.find_account(namespace).id)
    if only is not None:
        wanted = only.url_path.lower()
        found = [each for each in found if each[1].url_path.lower() == wanted]
        if not found:
            raise RepoNotFound
    return [(repo_id.url_path, sizes.measure_repository(number)) for number, repo_id in found]


def _cells(name: str, size: StoredSize, *, as_json: bool) -> dict[str, object]:
    if as_json:
        return {
            "name": name,
            "linked_bytes": size.linked_bytes,
            "stored_bytes": size.stored_bytes,
            "rest_bytes": size.rest_bytes,
        }
    return {
        "name": name,
        "holds": size_text(size.linked_bytes),
        "stored": size_text(size.stored_bytes),
        "at_rest": size_text(size.rest_bytes),
        "of_plain": share_text(size.rest_bytes, size.linked_bytes),
    }
