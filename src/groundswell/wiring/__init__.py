"""Builds the hub from settings: the only place that names adapters.

Knows which class stands behind each name. Does not know HTTP, and makes no decision about users.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell.ask.building import build_runtime, build_speech
from groundswell.ask.comparing.shelved import Comparisons
from groundswell.ask.derivatives import Derivatives
from groundswell.ask.retrieval import scratch
from groundswell.ask.runtime import Runtime
from groundswell.ask.speech.service import Speech
from groundswell.core.errors import BadRequest, GroundswellError, Unavailable
from groundswell.core.values import RecipePlan
from groundswell.hub.access import Access
from groundswell.hub.accounts import Accounts
from groundswell.hub.activity import Activities
from groundswell.hub.audit import Audit
from groundswell.hub.blobs import Blobs
from groundswell.hub.buckets import Buckets
from groundswell.hub.checks import Checks
from groundswell.hub.collections import Collections
from groundswell.hub.commits import Commits
from groundswell.hub.content import Blaming, Content
from groundswell.hub.discussions import Attachments, Discussions, Labels, Reactions
from groundswell.hub.editing import Editing
from groundswell.hub.follows import Follows
from groundswell.hub.forks import Forks
from groundswell.hub.identity import Rows, open_database, renew
from groundswell.hub.likes import Likes
from groundswell.hub.mailing import (
    MailChoices,
    Sending,
    queueing,
)
from groundswell.hub.merge_queue import MergeQueue
from groundswell.hub.merging import Merging
from groundswell.hub.notifications import Inbox, Projecting, Watching, tell_nobody
from groundswell.hub.overviews import Overviews
from groundswell.hub.projections import Projections
from groundswell.hub.references import References
from groundswell.hub.relations import Relations
from groundswell.hub.repos import Repos
from groundswell.hub.resolving import Resolving
from groundswell.hub.reviews import Reviews
from groundswell.hub.rules import Rules, decide_report
from groundswell.hub.rules.suggesting import Suggesting
from groundswell.hub.sealing import Sealer
from groundswell.hub.search import Search
from groundswell.hub.signing import Signer
from groundswell.hub.viewing import Tables
from groundswell.hub.webhooks import Deliveries, Webhooks
from groundswell.settings import Settings
from groundswell.store.cold import ColdStore
from groundswell.store.database import Database
from groundswell.store.disk import DiskStore
from groundswell.store.git import GitStore
from groundswell.store.keys import load_keys
from groundswell.store.layout import DataFolder
from groundswell.store.outbound import Outbound, OutboundPolicy
from groundswell.store.ports import BlobStore
from groundswell.wiring.others import (
    Packs,
    build_library,
    build_packs,
    limits_of,
    relay_of,
    remote_of,
    sender_of,
)

if TYPE_CHECKING:
    from groundswell.ask.library import Library


@dataclass(frozen=True, slots=True)
class Hub:
    """Every use case, built. `close` gives back what they hold, in the right order."""

    settings: Settings
    identity: str
    database: Database
    store: BlobStore
    git: GitStore
    signer: Signer
    access: Access
    accounts: Accounts
    activities: Activities
    audit: Audit
    repos: Repos
    search: Search
    likes: Likes
    follows: Follows
    watching: Watching
    inbox: Inbox
    projecting: Projecting
    mail_choices: MailChoices
    sending: Sending | None
    overviews: Overviews
    collections: Collections
    checks: Checks
    discussions: Discussions
    attachments: Attachments
    labels: Labels
    reactions: Reactions
    merging: Merging
    resolving: Resolving
    merge_queue: MergeQueue
    rules: Rules
    forks: Forks
    relations: Relations
    reviews: Reviews
    suggesting: Suggesting
    content: Content
    tables: Tables
    buckets: Buckets
    blaming: Blaming
    commits: Commits
    editing: Editing
    references: References
    blobs: Blobs
    derivatives: Derivatives
    runtime: Runtime
    speech: Speech
    library: Library | None
    comparisons: Comparisons
    packs: Packs | None
    projections: Projections
    webhooks: Webhooks
    deliveries: Deliveries
    spool_folder: Path
    clock: Callable[[], int]
    check_database: Callable[[], None]
    check_store: Callable[[], None]
    close: Callable[[], None]


def clock() -> int:
    """Microseconds since the epoch, UTC."""
    return time.time_ns() // 1000


class _LateContents:
    """Content as `Repos` reads it: `Blobs` looks repositories up, so it can only be built after."""

    blobs: Blobs

    def plan(self, repository_id: int, sha256: str) -> RecipePlan:
        return self.blobs.plan(repository_id, sha256)

    def open_content(
        self, plan: RecipePlan, start: int, stop: int
    ) -> Iterator[bytes | bytearray | memoryview]:
        return self.blobs.open_content(plan, start, stop)


def _check_database(database: Database) -> None:
    if database.fault is not None:
        raise Unavailable(database.fault)
    database.read(lambda conn: conn.exec_driver_sql("SELECT 1").scalar())


def _check_store(store: BlobStore, git: GitStore) -> None:
    git.barrier.check()
    probe = store.spool()
    try:
        probe.write(b"ready")
    finally:
        probe.discard()


def open_store(
    settings: Settings, identity: str, *, serves: bool = False, takes_over: bool = False
) -> BlobStore:
    """The blob store that the settings name.

    Args:
        settings: name it.
        identity: of the hub that it belongs to, from now on where it belongs to none.
        serves: find out first whether it is fit.
        takes_over: also where it belongs to another hub.

    Raises:
        BadRequest: settings that cannot be used, or an object storage that is not fit.
        ForeignData: it belongs to another hub.
    """
    folder = DataFolder(settings.data)
    if settings.storage_url is None:
        return ColdStore(DiskStore(folder.root))
    try:
        from groundswell.store.bucket import BucketStore, Place
    except ModuleNotFoundError as error:
        msg = "Object storage needs its client: pip install 'groundswell[s3]'"
        raise BadRequest(msg) from error
    secret = settings.storage_secret_access_key
    place = Place.parse(
        settings.storage_url,
        endpoint=settings.storage_endpoint,
        region=settings.storage_region,
        access_key_id=settings.storage_access_key_id,
        secret_access_key=None if secret is None else secret.get_secret_value(),
        public_endpoint=settings.storage_public_endpoint,
        takes_uploads=settings.storage_uploads,
    )
    store = BucketStore(place, settings.spool_folder or folder.spool)
    if serves:
        store.probe()
    store.claim(identity, takes_over=takes_over)
    return store


def renew_identity(settings: Settings) -> str:
    """Let the data folder, the database and the bucket be one hub from now on, whosever they were;
    its identity. No hub may be at work on them.

    Raises:
        Unavailable: a hub serves this data folder.
        GroundswellError: one of them cannot be used.
    """
    folder = DataFolder(settings.data)
    folder.create()
    with Database.open(settings.database, serves=True) as database:
        git = GitStore(folder.repos)
        try:
            with git.workers.beginning() as is_alone:
                if not is_alone:
                    msg = "A hub serves this data folder: stop it first."
                    raise Unavailable(msg)
                identity = renew(database, folder)
                open_store(settings, identity, takes_over=True).close()
        finally:
            git.close()
    return identity


def _open_stores(
    settings: Settings, *, serves: bool, rows: Rows
) -> tuple[Database, str, BlobStore]:
    """The stores of one hub, and its identity. Nothing stays open when one does not open."""
    database, identity = open_database(
        settings.database, DataFolder(settings.data), serves=serves, rows=rows
    )
    try:
        return database, identity, open_store(settings, identity, serves=serves)
    except GroundswellError:
        database.close()
        raise


def _begin_to_serve(git: GitStore, commits: Commits) -> None:
    """Before the first request: what a power cut left would stand in its way."""
    with git.workers.beginning() as is_first:
        if is_first:
            git.clean_up_at_boot()
            commits.recover()


def build(  # long: a line or two for each use case
    settings: Settings, *, serves: bool = False, rows: Rows = "kept"
) -> Hub:
    """Open the data folder, making it when it is new, and build everything on it.

    ``serves`` is for the one process that answers requests; command-line verbs work beside it.
    ``rows`` says what became of the database before.

    Raises:
        ForeignData: the folder, the database or the bucket belongs to another hub.
        GroundswellError: the database or folder cannot be used.
    """
    folder = DataFolder(settings.data)
    folder.create()
    database, identity, store = _open_stores(settings, serves=serves, rows=rows)
    git = GitStore(folder.repos)
    keys = load_keys(folder.keys)
    signer, sealer = Signer(keys, clock), Sealer(keys)
    outbound = Outbound(OutboundPolicy(settings.outbound, settings.outbound_allow))
    accounts = Accounts(database, clock)
    contents = _LateContents()
    repos = Repos(database, git, clock, contents, quota_bytes=settings.quota_bytes)
    blobs = contents.blobs = Blobs(
        database,
        store,
        clock,
        signer,
        accounts.refresh,
        repos.find_by_number,
        quota_bytes=settings.quota_bytes,
    )

    discussions = Discussions(database, git, clock)
    commits = Commits(database, git, blobs, repos, discussions, clock)
    merging = Merging(database, git, discussions, commits, clock)
    content = Content(git, blobs)
    derivatives = Derivatives(
        folder.derived, blobs.open_content, size_bytes_max=settings.derived_max_bytes
    )
    runtime = build_runtime(repos, content, derivatives, limits_of(settings), remote_of(settings))
    search = Search(database)
    speech = build_speech(repos, content, search, derivatives, runtime, limits_of(settings))
    library = build_library(repos, content, search, derivatives)
    packs = build_packs(repos, content, commits, blobs, accounts.refresh, folder, clock)
    blaming = Blaming(git, content)
    references = References(database, git, blobs, commits, content, clock)
    tables = Tables()

    merge_queue = MergeQueue(database, git, discussions, merging, commits, clock)
    checks = Checks(database, git, clock)
    checks.ask(decide_report)
    checks.tell(merge_queue.advance)
    relay, inbox = relay_of(settings), Inbox(database, clock)
    mail_choices = MailChoices(database, signer, clock, can_send=relay is not None)

    def close() -> None:
        speech.close()
        runtime.close()
        if library is not None:
            library.close()
        tables.close()
        blaming.close()
        repos.close()
        git.close()
        store.close()
        database.close()

    if serves:
        derivatives.sweep()
        scratch.sweep()
        _begin_to_serve(git, commits)
    return Hub(
        settings=settings,
        identity=identity,
        database=database,
        store=store,
        git=git,
        signer=signer,
        access=Access(database, clock),
        accounts=accounts,
        activities=Activities(database),
        audit=Audit(database),
        repos=repos,
        search=search,
        likes=Likes(database, clock),
        follows=Follows(database, clock),
        watching=Watching(database, clock),
        inbox=inbox,
        projecting=Projecting(database, queueing(clock) if relay else tell_nobody),
        mail_choices=mail_choices,
        sending=None
        if relay is None
        else Sending(database, mail_choices, inbox, relay, sender_of(settings), clock),
        overviews=Overviews(database),
        collections=Collections(database, clock),
        checks=checks,
        discussions=discussions,
        labels=Labels(database, clock),
        reactions=Reactions(database, clock),
        attachments=Attachments(database, blobs, clock),
        merging=merging,
        resolving=Resolving(git, merging),
        merge_queue=merge_queue,
        rules=Rules(database, clock),
        forks=Forks(database, git, blobs, repos, discussions, commits, clock),
        relations=Relations(database),
        reviews=Reviews(database, git, merging, commits, clock),
        suggesting=Suggesting(database, git, merging),
        content=content,
        tables=tables,
        buckets=Buckets(database, blobs, clock),
        blaming=blaming,
        commits=commits,
        editing=Editing(content, commits, blobs),
        references=references,
        blobs=blobs,
        derivatives=derivatives,
        runtime=runtime,
        speech=speech,
        library=library,
        comparisons=Comparisons(content),
        packs=packs,
        projections=Projections(database),
        webhooks=Webhooks(database, clock, sealer, outbound),
        deliveries=Deliveries(database, clock, sealer, outbound),
        spool_folder=settings.spool_folder or folder.spool,
        clock=clock,
        check_database=lambda: _check_database(database),
        check_store=lambda: _check_store(store, git),
        close=close,
    )
