"""An account as the Hub API writes it in lists of people (Hub API 12 and 16)."""

from __future__ import annotations

from typing import Any, Protocol

Json = dict[str, Any]


class AccountView(Protocol):
    """What is read of an account; the hub's own class has it."""

    @property
    def public_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def fullname(self) -> str: ...
    @property
    def is_organisation(self) -> bool: ...
    @property
    def avatar_path(self) -> str: ...


def account_json(account: AccountView, base_url: str, *, is_following: bool = False) -> Json:
    """One item. ``is_following``: whether the asker follows the account."""
    return {
        "type": "org" if account.is_organisation else "user",
        "user": account.name,
        "fullname": account.fullname,
        "avatarUrl": base_url + account.avatar_path,
        "isPro": False,
        "isFollowing": is_following,
    }


def owner_json(account: AccountView, base_url: str) -> Json:
    """The owner of a collection."""
    return {
        "_id": account.public_id,
        "type": "org" if account.is_organisation else "user",
        "name": account.name,
        "fullname": account.fullname,
        "avatarUrl": base_url + account.avatar_path,
    }
