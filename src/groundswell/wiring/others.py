"""What the settings say of mail servers, of servers that run models, and of running models; and
what is there only with an extra.

Knows how those settings become values, and which files hold their secrets.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell.ask.derivatives import Derivatives
from groundswell.ask.runtime import Limits
from groundswell.ask.runtime.remote import Remote
from groundswell.core.errors import BadRequest
from groundswell.core.values import Principal
from groundswell.hub.blobs import Blobs
from groundswell.hub.commits import Commits
from groundswell.hub.content import Content
from groundswell.hub.mailing import Relay, Sender, can_be_written_to
from groundswell.hub.repos import Repos
from groundswell.hub.search import Search
from groundswell.settings import Settings
from groundswell.store.layout import DataFolder
from groundswell.store.outbound import OutboundPolicy

if TYPE_CHECKING:
    from groundswell.ask.builds import Builds
    from groundswell.ask.copying import Copying
    from groundswell.ask.library import Library
    from groundswell.ask.publishing import Publishing


@dataclass(frozen=True, slots=True)
class Packs:
    """What publishes packs, copies documents for them, and builds them on the hub."""

    publishing: Publishing
    copying: Copying
    builds: Builds


def relay_of(settings: Settings) -> Relay | None:
    """The mail server that the settings name, if they do.

    Raises:
        BadRequest: a password file that cannot be read, or a sender that cannot be one.
    """
    if settings.smtp_host is None:
        return None
    from groundswell.store.smtp import SmtpRelay

    if not can_be_written_to(settings.smtp_from or ""):
        msg = f"smtp_from: no address that mail can come from: {settings.smtp_from!r}"
        raise BadRequest(msg)
    password = _first_line("smtp_password_file", settings.smtp_password_file)
    return SmtpRelay(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_security,
        settings.smtp_user,
        password,
    )


def _first_line(name: str, path: Path | None) -> str | None:
    """The secret in a file that a setting names.

    Raises:
        BadRequest: the file holds none.
    """
    if path is None:
        return None
    try:
        return path.read_text("utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError) as error:
        msg = f"{name}: {path} holds no line of text"
        raise BadRequest(msg) from error


def limits_of(settings: Settings) -> Limits:
    """What running models may take."""
    return Limits(
        by=settings.run_by,
        models=settings.run_models_max,
        memory_bytes=settings.run_memory_bytes,
        idle_seconds=settings.run_idle_seconds,
        context_tokens=settings.run_context_tokens,
        slots=settings.run_at_once,
        waiting=settings.run_waiting_max,
        threads=settings.run_threads,
        answer_seconds=settings.run_answer_seconds,
        answer_tokens=settings.run_answer_tokens,
    )


def remote_of(settings: Settings) -> Remote | None:
    """The other server that runs models, if the settings name one.

    Raises:
        BadRequest: a key file that cannot be read.
    """
    if settings.run_url is None:
        return None
    key = _first_line("run_key_file", settings.run_key_file)
    policy = OutboundPolicy(settings.outbound, settings.outbound_allow)
    return Remote(settings.run_url, key, policy)


def build_library(
    repos: Repos, content: Content, search: Search, derivatives: Derivatives
) -> Library | None:
    """What asks packs; None where ``[ask]`` is not installed."""
    if not _can_ask():
        return None
    from groundswell.ask.library import Library

    return Library(repos, content, search, derivatives)


def build_packs(
    repos: Repos,
    content: Content,
    commits: Commits,
    blobs: Blobs,
    refresh: Callable[[int], Principal],
    folder: DataFolder,
    clock: Callable[[], int],
) -> Packs | None:
    """What makes packs; None where ``[ask]`` is not installed."""
    if not _can_ask():
        return None
    from groundswell.ask.builds import Builds
    from groundswell.ask.copying import Copying
    from groundswell.ask.publishing import Publishing

    publishing = Publishing(repos, content, commits, blobs)
    copying = Copying(content, blobs)
    builds = Builds(repos, copying, publishing, refresh, folder.packs / "builds", clock)
    return Packs(publishing, copying, builds)


def _can_ask() -> bool:
    return importlib.util.find_spec("tantivy") is not None


def sender_of(settings: Settings) -> Sender:
    """Whom mail comes from, where there is a mail server."""
    assert settings.smtp_from is not None, "the settings see to it"
    assert settings.public_url is not None, "the settings see to it"
    return Sender(settings.smtp_from, settings.public_url)
