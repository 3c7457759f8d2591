"""Signing in and out, one's own profile, tokens, and the approval of devices."""

from __future__ import annotations

from typing import Final

from groundswell.core.errors import (
    BadRequest,
    InvalidCredentials,
    NotFound,
    RepoNotFound,
    TooManyRequests,
)
from groundswell.core.policy import Action
from groundswell.core.values import RepoGrant, RepoId, RepoKind, TokenRole
from groundswell.http.pages.door import Answer, Asked, Redirect, local_path, show, take
from groundswell.http.pages.views import (
    DevicePage,
    MemberRow,
    NewTokenPage,
    ProfilePage,
    SignInPage,
    TokenRow,
    TokensPage,
)
from groundswell.http.routing import Route
from groundswell.hub.accounts.passwords import PASSWORD_LENGTH_MIN
from groundswell.hub.accounts.values import Token

ON_PAGE: Final = 100
GRANTS_MAX: Final = 100
DAY_MICROS: Final = 86_400 * 1_000_000
DAYS: Final = {"7": 7, "30": 30, "90": 90, "365": 365}
_PREFIXES: Final = {kind.plural: kind for kind in RepoKind}


# --- in and out -------------------------------------------------------------------------------


def _sign_in_page(asked: Asked) -> Answer:
    next_path = local_path(asked.query.get("next", "/"))
    if not asked.principal.is_anonymous:
        return Redirect(next_path)
    return SignInPage(next_path)


def _sign_in(asked: Asked) -> Answer:
    fields = asked.fields
    name, next_path = fields.get("name", "").strip()[:200], local_path(fields.get("next", "/"))
    try:
        cookie, _principal = asked.hub.accounts.sign_in(
            name, fields.get("password", "")[:1000], asked.peer
        )
    except TooManyRequests as error:
        return SignInPage(next_path, name, error.message)
    except InvalidCredentials:
        return SignInPage(next_path, name, "Wrong name or password.")
    if asked.principal.session_id is not None:
        asked.hub.accounts.sign_out(asked.principal)
    return Redirect(next_path, cookie=cookie)


def _sign_out(asked: Asked) -> Answer:
    asked.hub.accounts.sign_out(asked.principal)
    return Redirect("/", "signed-out", cookie="")


# --- profile ----------------------------------------------------------------------------------


def _profile_page(asked: Asked, error: str = "", error_in: str = "") -> ProfilePage:
    who = asked.hub.accounts.whoami(asked.signed_in())
    organisations = tuple(
        MemberRow(each.name, each.fullname, each.role_in_org.value) for each in who.organisations
    )
    fullname = "" if who.fullname == who.name else who.fullname
    return ProfilePage(
        who.name, fullname, who.email or "", organisations, error, error_in, PASSWORD_LENGTH_MIN
    )


def _profile(asked: Asked) -> Answer:
    return _profile_page(asked)


def _change_profile(asked: Asked) -> Answer:
    principal = asked.signed_in()
    fields = asked.fields
    if fields.get("change") == "profile":
        try:
            asked.hub.accounts.change_profile(
                principal, fields.get("fullname", ""), fields.get("email", "")
            )
        except BadRequest as error:
            return _profile_page(asked, error.message, "profile")
        return Redirect("/settings/profile", "saved")
    try:
        asked.hub.accounts.change_password(
            principal, fields.get("current", "")[:1000], fields.get("new", "")[:1000], asked.peer
        )
    except InvalidCredentials:
        return _profile_page(asked, "The present password is wrong.", "password")
    except (BadRequest, TooManyRequests) as error:
        return _profile_page(asked, error.message, "password")
    return Redirect("/settings/profile", "password")


# --- tokens -----------------------------------------------------------------------------------


def _names_of_grants(asked: Asked, token: Token) -> tuple[str, ...]:
    """Grants by name. The token's owner sees them as they are named now."""
    found: list[str] = []
    for grant in token.grants:
        try:
            repository = asked.hub.repos.find_by_number(
                asked.principal, grant.repository_id, Action.SEE
            )
        except RepoNotFound:
            continue
        found.append(repository.repo_id.url_path + (" (write)" if grant.write else ""))
    return tuple(found)


def _tokens_page(asked: Asked, new_name: str = "", new_value: str = "") -> TokensPage:
    principal = asked.signed_in()
    assert principal.account_id is not None, "signed in"
    now = asked.hub.clock()
    rows = tuple(
        TokenRow(
            id=token.id,
            name=token.name,
            role=token.role.value,
            last4=token.last4,
            created_at=token.created_at,
            used_at=token.used_at,
            expires_at=token.expires_at,
            repositories=_names_of_grants(asked, token) if token.grants else (),
            is_expired=token.expires_at is not None and token.expires_at <= now,
        )
        for token in asked.hub.accounts.list_tokens(principal.account_id)
        if token.revoked_at is None
    )
    return TokensPage(rows, new_name, new_value)


def _tokens(asked: Asked) -> Answer:
    return _tokens_page(asked)


def _new_token_page(asked: Asked) -> Answer:
    asked.signed_in()
    return NewTokenPage()


def _grants(asked: Asked, text: str) -> tuple[RepoGrant, ...]:
    """Grants from lines such as ``datasets/ns/name write``.

    Raises:
        BadRequest: a line that is no name, too many lines.
        NotFound: a repository that the asker may not know of.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or len(lines) > GRANTS_MAX:
        msg = f"A fine-grained token names between 1 and {GRANTS_MAX} repositories, one a line."
        raise BadRequest(msg)
    found: dict[int, bool] = {}
    for line in lines:
        name, _, right = line.partition(" ")
        if right.strip() not in {"", "read", "write"}:
            msg = f"Behind a name stands nothing, read or write: {line[:200]!r}"
            raise BadRequest(msg)
        prefix, _, rest = name.partition("/")
        kind = _PREFIXES.get(prefix, RepoKind.MODEL) if "/" in rest else RepoKind.MODEL
        repo_id = RepoId.parse(kind, rest if "/" in rest else name)
        try:
            repository = asked.hub.repos.find(asked.principal, repo_id, Action.SEE)
        except NotFound as error:
            msg = f"There is no repository {name[:200]!r} that you can see."
            raise BadRequest(msg) from error
        found[repository.id] = right.strip() == "write"
    return tuple(RepoGrant(number, write) for number, write in found.items())


def _make_token(asked: Asked) -> Answer:
    principal = asked.signed_in()
    assert principal.account_id is not None, "signed in"
    fields = asked.fields
    try:
        role = TokenRole(fields.get("role", ""))
        grants = (
            _grants(asked, fields.get("repositories", ""))
            if (role is TokenRole.FINE_GRAINED)
            else ()
        )
        days = DAYS.get(fields.get("days", ""))
        expires_at = None if days is None else asked.hub.clock() + days * DAY_MICROS
        made = asked.hub.accounts.create_token(
            principal.account_id, fields.get("name", ""), role, grants, expires_at, by=principal
        )
    except ValueError:
        return NewTokenPage(fields, "Choose what the token may do.")
    except BadRequest as error:
        return NewTokenPage(fields, error.message)
    return _tokens_page(asked, made.token.name, made.value)


def _revoke_token(asked: Asked) -> Answer:
    principal = asked.signed_in()
    assert principal.account_id is not None, "signed in"
    text = asked.fields.get("id", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound
    asked.hub.accounts.revoke_token(principal.account_id, int(text), by=principal)
    return Redirect("/settings/tokens", "revoked")


# --- devices ----------------------------------------------------------------------------------


def _device(asked: Asked) -> Answer:
    asked.signed_in()
    typed = asked.query.get("user_code", "").strip()[:40]
    if not typed:
        return DevicePage()
    try:
        found = asked.hub.accounts.find_device(asked.principal, typed)
    except (NotFound, TooManyRequests) as error:
        return DevicePage(user_code=typed, error=error.message)
    rights = (
        "see and download everything you can",
        "make repositories and write to those you can write to",
        "not change your password or make other tokens",
    )
    return DevicePage(found.user_code, found.client_name, rights)


def _decide_device(asked: Asked) -> Answer:
    principal = asked.signed_in()
    typed, answer = asked.fields.get("user_code", "")[:40], asked.fields.get("answer", "")
    try:
        asked.hub.accounts.approve_device(principal, typed, allow=answer == "approve")
    except (NotFound, TooManyRequests) as error:
        return DevicePage(user_code=typed, error=error.message)
    return DevicePage(outcome="approved" if answer == "approve" else "denied")


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        show("/login", _sign_in_page, "sign in"),
        take("/login", _sign_in, "sign in"),
        take("/logout", _sign_out, "sign out"),
        show("/settings", lambda _asked: Redirect("/settings/profile"), "settings"),
        show("/settings/profile", _profile, "profile"),
        take("/settings/profile", _change_profile, "profile"),
        show("/settings/tokens", _tokens, "tokens"),
        show("/settings/tokens/new", _new_token_page, "new token"),
        take("/settings/tokens/new", _make_token, "new token"),
        take("/settings/tokens/revoke", _revoke_token, "revoke token"),
        show("/device", _device, "device"),
        take("/device/approve", _decide_device, "device"),
    ]
