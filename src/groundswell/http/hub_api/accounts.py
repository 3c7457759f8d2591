"""The Hub API's accounts: who am I, and what anybody may know of a user or organisation."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from groundswell.http.auth import ask, hub_of, signed_in
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import route
from groundswell.http.origin import base_url
from groundswell.http.routing import Route
from groundswell.hub.accounts import AccountKind, WhoAmI
from groundswell.hub.overviews import Overview
from groundswell.wire.hub_api.account import account_json
from groundswell.wire.hub_api.text import date_text

Json = dict[str, Any]


def _whoami_json(who: WhoAmI, base: str) -> Json:
    """The shape of whoami-v2 (Hub API, section 1)."""
    auth: Json = {"type": "session"}
    if who.token is not None:
        token = {
            "displayName": who.token.name,
            "role": who.token.role.value,
            "createdAt": date_text(who.token.created_at),
        }
        auth = {"type": "access_token", "accessToken": token}
    return {
        "type": who.type,
        "id": who.id,
        "name": who.name,
        "fullname": who.fullname,
        "email": who.email,
        "emailVerified": who.email_verified,
        "canPay": who.can_pay,
        "billingMode": who.billing_mode,
        "periodEnd": who.period_end,
        "isPro": who.is_pro,
        "avatarUrl": base + who.avatar_path,
        "orgs": [
            {
                "type": organisation.type,
                "id": organisation.id,
                "name": organisation.name,
                "fullname": organisation.fullname,
                "email": organisation.email,
                "avatarUrl": base + organisation.avatar_path,
                "roleInOrg": organisation.role_in_org.value,
                "isEnterprise": organisation.is_enterprise,
            }
            for organisation in who.organisations
        ],
        "auth": auth,
    }


async def _whoami(request: Request) -> Response:
    await signed_in(request)
    who = await ask(request, hub_of(request).accounts.whoami)
    return json_response(_whoami_json(who, base_url(request)))


def _counts(overview: Overview) -> Json:
    """Counts of what the asker may see. There are no papers here, and nobody is paid for."""
    counts = overview.repository_counts
    return {
        "isFollowing": overview.is_followed,
        "numModels": counts["model"],
        "numDatasets": counts["dataset"],
        "numSpaces": counts["space"],
        "numCollections": overview.collection_count,
        "numPapers": 0,
        "numFollowers": overview.follower_count,
        "createdAt": date_text(overview.account.created_at),
    }


async def _overview(request: Request, kind: AccountKind) -> Overview:
    name = request.path_params["account"]
    return await ask(request, hub_of(request).overviews.of, name, kind)


async def _user_overview(request: Request) -> Response:
    overview = await _overview(request, AccountKind.USER)
    account, base = overview.account, base_url(request)
    return json_response(
        {
            "_id": account.public_id,
            "type": "user",
            "user": account.name,
            "fullname": account.fullname,
            "avatarUrl": base + account.avatar_path,
            "isPro": False,
            "details": None,
            "orgs": [
                {
                    "name": member.organisation.name,
                    "fullname": member.organisation.fullname,
                    "avatarUrl": base + member.organisation.avatar_path,
                }
                for member in overview.members
            ],
            "numDiscussions": overview.discussion_count,
            "numUpvotes": overview.upvote_count,
            "numLikes": overview.like_count,
            "numFollowing": overview.following_count,
            **_counts(overview),
        }
    )


async def _organisation_overview(request: Request) -> Response:
    overview = await _overview(request, AccountKind.ORGANISATION)
    account = overview.account
    return json_response(
        {
            "_id": account.public_id,
            "type": "org",
            "name": account.name,
            "fullname": account.fullname,
            "avatarUrl": base_url(request) + account.avatar_path,
            "details": None,
            "isVerified": False,
            "plan": None,
            "numUsers": len(overview.members),
            **_counts(overview),
        }
    )


async def _members(request: Request) -> Response:
    overview = await _overview(request, AccountKind.ORGANISATION)
    base = base_url(request)
    items = [
        {**account_json(member.user, base), "role": member.role.value}
        for member in overview.members
    ]
    return json_response(items)


def routes() -> list[Route]:
    """Addresses of this part."""
    user, organisation = "/api/users/{account}", "/api/organizations/{account}"
    return [
        route("GET", "/api/whoami-v2", _whoami, "whoami"),
        route("GET", f"{user}/overview", _user_overview, "user overview"),
        route("GET", f"{organisation}/overview", _organisation_overview, "organisation overview"),
        route("GET", f"{organisation}/members", _members, "organisation members"),
    ]
