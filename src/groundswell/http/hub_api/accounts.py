"""The Hub API's accounts: who am I, and what anybody may know of a user or organisation."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import AccountNotFound
from groundswell.core.values import Principal
from groundswell.http.auth import ask, hub_of, signed_in
from groundswell.http.errors import json_response
from groundswell.http.hub_api.door import route
from groundswell.http.origin import base_url
from groundswell.http.routing import Route
from groundswell.http.threads import hop
from groundswell.hub.accounts import Member, Overview, WhoAmI
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
    counts = overview.repository_counts
    return {
        "numModels": counts.get("model", 0),
        "numDatasets": counts.get("dataset", 0),
        "numSpaces": counts.get("space", 0),
        "numDiscussions": 0,
        "numPapers": 0,
        "numUpvotes": 0,
        "numLikes": 0,
        "numFollowing": 0,
        "numFollowers": 0,
    }


async def _overview(request: Request, *, organisation: bool) -> Overview:
    overview = await hop(hub_of(request).accounts.overview, request.path_params["account"])
    if overview.account.is_organisation is not organisation:
        raise AccountNotFound
    return overview


async def _user_overview(request: Request) -> Response:
    overview = await _overview(request, organisation=False)
    account, base = overview.account, base_url(request)
    return json_response(
        {
            "type": "user",
            "user": account.name,
            "fullname": account.fullname,
            "avatarUrl": base + account.avatar_path,
            "isPro": False,
            "isFollowing": False,
            "createdAt": date_text(account.created_at),
            "orgs": [
                {
                    "name": member.organisation.name,
                    "fullname": member.organisation.fullname,
                    "avatarUrl": base + member.organisation.avatar_path,
                }
                for member in overview.members
            ],
            **_counts(overview),
        }
    )


async def _organisation_overview(request: Request) -> Response:
    overview = await _overview(request, organisation=True)
    account = overview.account
    return json_response(
        {
            "name": account.name,
            "fullname": account.fullname,
            "avatarUrl": base_url(request) + account.avatar_path,
            "isVerified": False,
            "isFollowing": False,
            "numUsers": len(overview.members),
            **_counts(overview),
        }
    )


def _member_json(member: Member, base: str) -> Json:
    return {
        "type": "user",
        "user": member.user.name,
        "fullname": member.user.fullname,
        "avatarUrl": base + member.user.avatar_path,
        "isPro": False,
        "isFollowing": False,
        "role": member.role.value,
    }


async def _members(request: Request) -> Response:
    overview = await _overview(request, organisation=True)
    base = base_url(request)
    return json_response([_member_json(member, base) for member in overview.members])


async def _nobody(request: Request) -> Response:
    """Following is not kept on this hub: the lists are empty, for accounts that exist."""

    def exists(_principal: Principal) -> None:
        hub_of(request).accounts.find_account(request.path_params["account"])

    await ask(request, exists)
    return json_response([])


def routes() -> list[Route]:
    """Addresses of this part."""
    user, organisation = "/api/users/{account}", "/api/organizations/{account}"
    return [
        route("GET", "/api/whoami-v2", _whoami, "whoami"),
        route("GET", f"{user}/overview", _user_overview, "user overview"),
        route("GET", f"{user}/followers", _nobody, "user followers"),
        route("GET", f"{user}/following", _nobody, "user following"),
        route("GET", f"{organisation}/overview", _organisation_overview, "organisation overview"),
        route("GET", f"{organisation}/members", _members, "organisation members"),
        route("GET", f"{organisation}/followers", _nobody, "organisation followers"),
    ]
