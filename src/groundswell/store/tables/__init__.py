"""The tables, for SQLite and PostgreSQL alike.

Knows columns, keys and indexes. Does not know who may read a row. Everything about models can be
made again from git, xorbs and shards (`swell fsck --rebuild`); accounts, tokens, discussions,
likes, collections, lineages and the files of buckets live only here.

Times are whole microseconds since the epoch, UTC, taken by the hub's clock (`*_at`).
Hashes are lower-case hexadecimal text where people meet them, raw bytes where only code does.
"""

from __future__ import annotations

from groundswell.store.tables.access import access_requests
from groundswell.store.tables.accounts import (
    account_names,
    accounts,
    device_grants,
    memberships,
    sessions,
    token_grants,
    tokens,
)
from groundswell.store.tables.buckets import bucket_changes, bucket_files, buckets
from groundswell.store.tables.collections import (
    collection_items,
    collection_upvotes,
    collections,
)
from groundswell.store.tables.columns import metadata
from groundswell.store.tables.community import (
    checked,
    comment_versions,
    comments,
    discussions,
    events,
    faults,
    hub_facts,
)
from groundswell.store.tables.content import (
    blobs,
    chunk_samples,
    claims,
    cold_bases,
    cold_xorbs,
    links,
    lost_links,
    marks,
    multipart_uploads,
    reconstructions,
    shard_files,
    xorb_domains,
    xorb_uses,
    xorbs,
)
from groundswell.store.tables.forks import fork_proposals, forks
from groundswell.store.tables.likes import daily_downloads, follows, likes
from groundswell.store.tables.notices import (
    access_notices,
    mail_choices,
    notifications,
    outbox,
    thread_subscriptions,
    watches,
)
from groundswell.store.tables.repositories import (
    repositories,
    repository_names,
    repository_tags,
)
from groundswell.store.tables.reviews import (
    line_comment_versions,
    line_comments,
    review_requests,
    review_threads,
    reviews,
)
from groundswell.store.tables.rules import check_logs, checks, queue_entries, rules
from groundswell.store.tables.sizes import arrivals, namespace_sizes, repository_sizes
from groundswell.store.tables.talk import (
    attachment_uses,
    attachments,
    discussion_assignees,
    discussion_labels,
    labels,
    reactions,
)
from groundswell.store.tables.webhooks import webhook_deliveries, webhook_watches, webhooks

__all__ = [
    "access_notices",
    "access_requests",
    "account_names",
    "accounts",
    "arrivals",
    "attachment_uses",
    "attachments",
    "blobs",
    "bucket_changes",
    "bucket_files",
    "buckets",
    "check_logs",
    "checked",
    "checks",
    "chunk_samples",
    "claims",
    "cold_bases",
    "cold_xorbs",
    "collection_items",
    "collection_upvotes",
    "collections",
    "comment_versions",
    "comments",
    "daily_downloads",
    "device_grants",
    "discussion_assignees",
    "discussion_labels",
    "discussions",
    "events",
    "faults",
    "follows",
    "fork_proposals",
    "forks",
    "hub_facts",
    "labels",
    "likes",
    "line_comment_versions",
    "line_comments",
    "links",
    "lost_links",
    "mail_choices",
    "marks",
    "memberships",
    "metadata",
    "multipart_uploads",
    "namespace_sizes",
    "notifications",
    "outbox",
    "queue_entries",
    "reactions",
    "reconstructions",
    "repositories",
    "repository_names",
    "repository_sizes",
    "repository_tags",
    "review_requests",
    "review_threads",
    "reviews",
    "rules",
    "sessions",
    "shard_files",
    "thread_subscriptions",
    "token_grants",
    "tokens",
    "watches",
    "webhook_deliveries",
    "webhook_watches",
    "webhooks",
    "xorb_domains",
    "xorb_uses",
    "xorbs",
]
