"""New repositories, and the settings of one: access, name, end."""

from __future__ import annotations

from typing import Final

from groundswell.core.errors import BadRequest, Conflict, Forbidden, NotFound
from groundswell.core.policy import Action, may
from groundswell.core.values import Gate, Principal, RepoId, RepoKind, Role, Visibility
from groundswell.http.pages.door import Answer, Asked, Redirect, show, take
from groundswell.http.pages.repositories import find, head_of, shows, takes
from groundswell.http.pages.views import NewRepoPage, RepoSettingsPage
from groundswell.http.routing import Route
from groundswell.hub.access import EXPIRES_DAYS, check_expires_days, expires_days
from groundswell.hub.repos import Repository

LICENSES: Final = (
    *("apache-2.0", "mit", "bsd-3-clause", "mpl-2.0", "gpl-3.0", "agpl-3.0", "lgpl-3.0"),
    *("cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "openrail", "odc-by", "other"),
)
KINDS: Final = (
    RepoKind.MODEL.value,
    RepoKind.DATASET.value,
    RepoKind.SPACE.value,
    RepoKind.BUCKET.value,
)
SPACE_SDK: Final = "static"


def owners_of(asked: Asked, principal: Principal) -> tuple[str, ...]:
    """Namespaces in which the principal may make repositories, its own first."""
    writers = {Role.CONTRIBUTOR, Role.WRITE, Role.ADMIN}
    ids = [number for number, role in principal.memberships if role in writers]
    names = asked.hub.accounts.names_of(ids)
    return (principal.name, *sorted(names.values()))


def _new_page(asked: Asked, error: str = "") -> NewRepoPage:
    principal = asked.signed_in()
    told = {**asked.query, **asked.fields}
    owners = owners_of(asked, principal)
    kind = told.get("kind", "")
    owner = told.get("owner", "")
    return NewRepoPage(
        kinds=KINDS,
        owners=owners
        if owner in owners or not principal.is_admin or not owner
        else (*owners, owner),
        kind=kind if kind in KINDS else KINDS[0],
        owner=owner or principal.name,
        name=told.get("name", "")[:200],
        visibility=told.get("visibility", ""),
        license=told.get("license", ""),
        licenses=LICENSES,
        error=error,
    )


def _new(asked: Asked) -> Answer:
    return _new_page(asked)


def _kind_of(kind: str, license_id: str) -> RepoKind:
    if kind not in KINDS or license_id not in {"", *LICENSES}:
        msg = "Choose what the repository holds, and one of the licences."
        raise BadRequest(msg)
    return RepoKind(kind)


def _make(asked: Asked) -> Answer:
    principal = asked.signed_in()
    fields = asked.fields
    wanted, license_id = fields.get("visibility", ""), fields.get("license", "")
    try:
        kind = _kind_of(fields.get("kind", ""), license_id)
        repo_id = RepoId.parse(kind, f"{fields.get('owner', '')}/{fields.get('name', '').strip()}")
        visibility = Visibility(wanted) if wanted in set(Visibility) else None
        repository = _made(asked, principal, repo_id, visibility, license_id)
    except (BadRequest, Conflict, Forbidden, NotFound) as error:
        return _new_page(asked, error.message)
    return Redirect(f"/{repository.repo_id.url_path}", "created")


def _made(
    asked: Asked,
    principal: Principal,
    repo_id: RepoId,
    visibility: Visibility | None,
    license_id: str,
) -> Repository:
    if repo_id.kind is RepoKind.BUCKET:
        if license_id:
            msg = "A bucket has no card that could name a licence: choose none."
            raise BadRequest(msg)
        return asked.hub.repos.create_bucket(principal, repo_id, visibility)
    return asked.hub.repos.create(
        principal,
        repo_id,
        visibility,
        sdk=SPACE_SDK if repo_id.kind is RepoKind.SPACE else None,
        license_id=license_id or None,
    )


# --- settings ---------------------------------------------------------------------------------


def _settings_page(
    asked: Asked, repository: Repository, error: str = "", error_in: str = ""
) -> RepoSettingsPage:
    head = head_of(asked, repository)
    owners = dict.fromkeys((repository.repo_id.namespace, *owners_of(asked, asked.principal)))
    may_govern = may(asked.principal, Action.GOVERN, repository.subject).allowed
    is_held = not may_govern and bool(asked.hub.rules.list(asked.principal, repository))
    days = expires_days(repository)
    return RepoSettingsPage(head, tuple(owners), days, is_held, error, error_in)


def _settings(asked: Asked) -> Answer:
    asked.signed_in()
    return _settings_page(asked, find(asked, Action.ADMINISTER))


def _days_in(asked: Asked) -> int | None:
    """After how many days access ends; None for an empty field: never."""
    text = asked.fields.get("days", "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        msg = "After how many days does access end? Leave the field empty for never."
        raise BadRequest(msg)
    return check_expires_days(int(text))


def _change_access(asked: Asked, repository: Repository) -> Answer:
    visibility, gate = asked.fields.get("visibility", ""), asked.fields.get("gate", "")
    if visibility not in set(Visibility) or gate not in set(Gate):
        msg = "Choose a visibility and a gate."
        raise BadRequest(msg)
    asked.hub.repos.update_settings(
        asked.principal,
        repository.repo_id,
        visibility=Visibility(visibility),
        gate=Gate(gate),
        settings={EXPIRES_DAYS: _days_in(asked)},
    )
    return Redirect(f"/{repository.repo_id.url_path}/settings", "saved")


def _change_name(asked: Asked, repository: Repository) -> Answer:
    name = f"{asked.fields.get('owner', '')}/{asked.fields.get('name', '').strip()}"
    target = RepoId.parse(repository.kind, name)
    moved = asked.hub.repos.move(asked.principal, repository.repo_id, target)
    return Redirect(f"/{moved.repo_id.url_path}", "moved")


def _end(asked: Asked, repository: Repository) -> Answer:
    if asked.fields.get("confirm", "").strip() != repository.full_name:
        msg = f"Type {repository.full_name} exactly; nothing was deleted."
        raise BadRequest(msg)
    asked.hub.repos.delete(asked.principal, repository.repo_id)
    return Redirect(f"/{repository.repo_id.namespace}", "deleted")


_CHANGES: Final = {"access": _change_access, "name": _change_name, "delete": _end}


def _change(asked: Asked) -> Answer:
    asked.signed_in()
    repository = find(asked, Action.ADMINISTER)
    kind = asked.fields.get("change", "")
    work = _CHANGES.get(kind)
    if work is None:
        msg = "The form does not say what to change."
        raise BadRequest(msg)
    try:
        return work(asked, repository)
    except (BadRequest, Conflict, Forbidden, NotFound) as error:
        return _settings_page(asked, repository, error.message, kind)


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        show("/new", _new, "new repository"),
        take("/new", _make, "new repository"),
        *shows("/settings", _settings, "repository settings"),
        *takes("/settings", _change, "repository settings"),
    ]
