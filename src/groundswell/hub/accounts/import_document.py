"""The JSON document that accounts are imported from, parsed whole.

```
{"users": [{"name", "fullname"?, "email"?, "password"?, "id"?,
            "tokens"?: [{"name", "value", "role"}]}],
 "organisations": [{"name", "fullname"?, "private_by_default"?,
                    "members"?: [{"user", "role"}]}]}
```

Knows every rule that needs no database, and the place in the document of whatever breaks one.
A user called ``admin`` is the hub's admin: no other may carry that name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from groundswell.core.errors import BadRequest, Conflict, GroundswellError, Malformed
from groundswell.core.values import Role, TokenRole, fold_name
from groundswell.hub.accounts import directory, tokens
from groundswell.hub.accounts.directory import Profile
from groundswell.hub.accounts.passwords import PASSWORD_LENGTH_MAX

T = TypeVar("T")

DOCUMENT_LENGTH_MAX_BYTES: Final = 64 * 2**20
ACCOUNTS_MAX: Final = 100_000
TOKEN_VALUE_LENGTH_MAX: Final = 1_000
_PUBLIC_ID: Final = re.compile(r"[0-9a-f]{24}", re.ASCII)
_TOKEN_VALUE: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)  # what an HTTP header can carry


@dataclass(frozen=True, slots=True)
class ImportedToken:
    """A token whose value is taken as given."""

    where: str
    name: str
    value: str = field(repr=False)
    role: TokenRole


@dataclass(frozen=True, slots=True)
class ImportedUser:
    """A user of the document. ``password_hash`` is filled in before anything is written."""

    where: str
    profile: Profile
    password: str | None = field(repr=False)
    tokens: tuple[ImportedToken, ...]
    password_hash: str | None = field(default=None, repr=False)

    def with_hash(self, password_hash: str | None) -> ImportedUser:
        """The same user with the hash to set, or None to leave the password as it is."""
        return replace(self, password_hash=password_hash)


@dataclass(frozen=True, slots=True)
class ImportedMember:
    """One membership of the document."""

    where: str
    user: str
    role: Role


@dataclass(frozen=True, slots=True)
class ImportedOrganisation:
    """An organisation of the document."""

    where: str
    profile: Profile
    sets_default: bool
    members: tuple[ImportedMember, ...]


@dataclass(frozen=True, slots=True)
class ImportDocument:
    """The whole document, checked as far as one can without the database."""

    users: tuple[ImportedUser, ...]
    organisations: tuple[ImportedOrganisation, ...]


def parse(text: bytes) -> ImportDocument:
    """The document.

    Raises:
        Malformed: ``where`` is the place in the JSON.
    """
    if len(text) > DOCUMENT_LENGTH_MAX_BYTES:
        raise Malformed("document", f"it is larger than {DOCUMENT_LENGTH_MAX_BYTES} bytes")
    try:
        document = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Malformed(place, error.msg) from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise Malformed("document", "it is not JSON in UTF-8") from error
    top = _Place("$", document)
    top.only("users", "organisations")
    users = tuple(_user(each) for each in top.items("users"))
    organisations = tuple(_organisation(each) for each in top.items("organisations"))
    named = [(user.where, user.profile.name) for user in users]
    named += [(each.where, each.profile.name) for each in organisations]
    _check_twice(named)
    return ImportDocument(users, organisations)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"an object with {twice!r}", "a member stands there twice")
    return found


class _Place:
    """An object of the document and where it stands."""

    def __init__(self, where: str, value: Any) -> None:  # noqa: ANN401 - JSON
        if not isinstance(value, dict):
            raise Malformed(where, "it is not an object")
        self.where = where
        self._members: dict[str, Any] = value

    def only(self, *names: str) -> None:
        unknown = sorted(set(self._members) - set(names))
        if unknown:
            raise Malformed(f"{self.where}.{unknown[0][:60]}", f"known members: {', '.join(names)}")

    def text(self, name: str) -> str:
        found = self.optional(name, str)
        if not found:
            raise Malformed(f"{self.where}.{name}", "a text is required here")
        return found

    def optional(self, name: str, kind: type[T]) -> T | None:
        found = self._members.get(name)
        if found is not None and not isinstance(found, kind):
            words = {str: "a text", bool: "true or false"}
            raise Malformed(f"{self.where}.{name}", f"it is not {words[kind]}")
        return found

    def word(self, name: str, kinds: Mapping[str, T]) -> T:
        found = self.text(name)
        if found not in kinds:
            raise Malformed(f"{self.where}.{name}", f"one of: {', '.join(kinds)}")
        return kinds[found]

    def items(self, name: str) -> list[_Place]:
        found = self._members.get(name)
        if found is None:
            return []
        where = f"{self.where}.{name}"
        if not isinstance(found, list):
            raise Malformed(where, "it is not a list")
        if len(found) > ACCOUNTS_MAX:
            raise Malformed(where, f"it has more than {ACCOUNTS_MAX} items")
        return [_Place(f"{where}[{number}]", item) for number, item in enumerate(found)]


_TOKEN_ROLES: Final = {role.value: role for role in (TokenRole.READ, TokenRole.WRITE)}
_ROLES: Final = {role.value: role for role in reversed(Role)}


def _user(place: _Place) -> ImportedUser:
    place.only("name", "fullname", "email", "password", "id", "tokens")
    public_id = place.optional("id", str)
    if public_id is not None and not _PUBLIC_ID.fullmatch(public_id):
        raise Malformed(f"{place.where}.id", "it is not 24 lower-case hexadecimal digits")
    password = place.optional("password", str)
    if password is not None and not 0 < len(password) <= PASSWORD_LENGTH_MAX:
        raise Malformed(f"{place.where}.password", "it is empty or too long")
    name = _name(place)
    return ImportedUser(
        where=place.where,
        profile=Profile(
            name=name,
            is_admin=name == directory.FIRST_ADMIN,
            fullname=_fullname(place),
            email=_email(f"{place.where}.email", place.optional("email", str)),
            public_id=public_id,
        ),
        password=password,
        tokens=tuple(_token(each) for each in place.items("tokens")),
    )


def _email(where: str, email: str | None) -> str | None:
    with placed(where):
        return directory.check_email(email)


def _name(place: _Place) -> str:
    name = place.text("name")
    with placed(f"{place.where}.name"):
        return directory.check_account_name(name, is_first_admin=name == directory.FIRST_ADMIN)


def _fullname(place: _Place) -> str:
    with placed(f"{place.where}.fullname"):
        return directory.check_text(
            place.optional("fullname", str) or "", "full name", directory.FULLNAME_LENGTH_MAX
        )


def _token(place: _Place) -> ImportedToken:
    place.only("name", "value", "role")
    value = place.text("value")
    if len(value) > TOKEN_VALUE_LENGTH_MAX or not _TOKEN_VALUE.fullmatch(value):
        raise Malformed(f"{place.where}.value", "visible ASCII characters only, without spaces")
    with placed(f"{place.where}.name"):
        name = directory.check_text(
            place.text("name"), "token's name", tokens.TOKEN_NAME_LENGTH_MAX
        )
    return ImportedToken(place.where, name, value, place.word("role", _TOKEN_ROLES))


def _organisation(place: _Place) -> ImportedOrganisation:
    place.only("name", "fullname", "private_by_default", "members")
    private_by_default = place.optional("private_by_default", bool)
    profile = Profile(
        name=_name(place),
        fullname=_fullname(place),
        private_by_default=private_by_default or False,
    )
    members = []
    for each in place.items("members"):
        each.only("user", "role")
        members.append(ImportedMember(each.where, each.text("user"), each.word("role", _ROLES)))
    return ImportedOrganisation(
        place.where, profile, private_by_default is not None, tuple(members)
    )


def _check_twice(named: list[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for where, name in named:
        other = seen.setdefault(fold_name(name), where)
        if other != where:
            raise Malformed(f"{where}.name", f"{name!r} stands at {other} already")


@contextmanager
def placed(where: str) -> Iterator[None]:
    """A refusal is told with its place in the document."""
    try:
        yield
    except GroundswellError as error:
        if isinstance(error, Conflict):
            msg = f"{where}: {error.message}"
            raise Conflict(msg) from error
        if isinstance(error, BadRequest):
            raise Malformed(where, error.message) from error
        raise
