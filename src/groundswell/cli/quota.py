"""``swell quota``: what namespaces hold, and how much they may."""

from __future__ import annotations

from pathlib import Path

import click

from groundswell.cli._folder import data_option
from groundswell.cli._output import json_option, print_rows
from groundswell.cli._upkeep import opened_hub
from groundswell.core.errors import AccountNotFound, BadRequest
from groundswell.core.values import parse_size, size_text


@click.command("quota")
@click.argument("namespace", required=False)
@click.option("--set", "limit", metavar="SIZE", help="Its limit, such as 500GB or 2TiB.")
@click.option("--none", "is_unlimited", is_flag=True, help="It may hold anything.")
@click.option("--default", "is_default", is_flag=True, help="The hub's limit holds for it again.")
@json_option
@data_option
def command(
    namespace: str | None,
    limit: str | None,
    data: Path,
    *,
    is_unlimited: bool,
    is_default: bool,
    as_json: bool,
) -> None:
    """Show what namespaces hold, or say how much one may. The hub may be running.

    What counts is linked bytes: each large file once for every repository that holds it, in any
    revision. The setting quota_bytes is the limit of namespaces that have none of their own.
    """
    from groundswell.hub.blobs.quotas import UNLIMITED

    if sum((limit is not None, is_unlimited, is_default)) > 1:
        raise BadRequest("Give one of --set, --none and --default.")
    changes = limit is not None or is_unlimited or is_default
    if changes and namespace is None:
        raise BadRequest("Name the namespace whose limit that shall be.")
    quota_bytes = None if is_default else UNLIMITED if limit is None else parse_size(limit)
    with opened_hub(data) as hub:
        quotas = hub.blobs.quotas
        if changes and namespace is not None and not quotas.set(namespace, quota_bytes):
            raise AccountNotFound(f"There is no user or organisation {namespace!r}.")
        found = quotas.usages([namespace] if namespace is not None else [])
        if namespace is not None and not found:
            raise AccountNotFound(f"There is no user or organisation {namespace!r}.")
    rows: list[dict[str, object]] = []
    for each in found:
        row: dict[str, object] = {"namespace": each.namespace}
        if as_json:
            row |= {"linked_bytes": each.linked_bytes, "limit_bytes": each.limit_bytes}
        else:
            row["holds"] = size_text(each.linked_bytes)
            row["limit"] = None if each.limit_bytes is None else size_text(each.limit_bytes)
        rows.append(row | {"own_limit": each.is_own})
    print_rows(rows, as_json=as_json)
