"""The door of the pages: how a request becomes a view or a change, and a view an answer.

Knows the policy that every page is sent with, the check of every form, and where one may be sent
after it. Does not know what any page shows. A page's work is synchronous and runs in one hop:
``Asked`` in, a ``View`` or ``Redirect`` out.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from groundswell.core.errors import (
    Forbidden,
    GatedRepo,
    GroundswellError,
    InvalidCredentials,
    NotFound,
    RepoNotFound,
    Unauthenticated,
)
from groundswell.core.policy import reads_whole_namespace
from groundswell.core.values import ANONYMOUS, Principal
from groundswell.http.auth import (
    ask,
    check_same_origin,
    clear_session_cookie,
    hub_of,
    set_session_cookie,
)
from groundswell.http.bodies import form_fields
from groundswell.http.errors import status_for
from groundswell.http.origin import base_url
from groundswell.http.pages.templating import render
from groundswell.http.pages.views import ErrorPage, Shell, Tag, View, Viewer
from groundswell.http.routing import Door, Route
from groundswell.wire.hub_api.text import last_values, parse_query
from groundswell.wiring import Hub

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
PAGE_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
    "Vary": "Cookie",
}
# Of the page where a question can be dictated: nothing listens before a button there is pressed.
LISTENING_PERMISSIONS: Final = PAGE_HEADERS["Permissions-Policy"].replace(
    "microphone=()", "microphone=(self)"
)
FORM_BODY_MAX_BYTES: Final = 256 * 1024
_SEARCHES: Final = {"/search", "/models", "/datasets", "/spaces"}
# Set by the button in the head of every page; nothing but this may stand in it.
THEME_COOKIE: Final = "theme"
THEMES: Final = {"light", "dark"}
CSRF_SECONDS: Final = 24 * 3600
_CSRF_PURPOSE: Final = "page form"

# What a page says after a change: the address carries the key, never the text.
NOTES: Final = {
    "created": "The repository is made.",
    "saved": "Saved.",
    "moved": "Moved. The old name leads here.",
    "deleted": "Deleted.",
    "forked": "The fork is made.",
    "synced": "It is up to date with its upstream.",
    "collected": "It is in the collection.",
    "collection": "The collection is made.",
    "uploaded": "The files are in.",
    "proposed": "The pull request is open.",
    "settled": "Settled: main is merged into this pull request.",
    "webhook": "The webhook is made.",
    "sending": "It is on its way.",
    "revoked": "The token is revoked.",
    "password": "The password is changed.",
    "signed-out": "You are signed out.",
    "confirming": "A message is on its way to your address.",
    "asked": "Your request is sent.",
    "let-in": "You have access.",
    "withdrawn": "Taken back. Your answers are deleted.",
    "accept": "Accepted.",
    "reject": "Rejected.",
    "cancel": "Access is taken away; the request waits again.",
    "grant": "Access is granted.",
    "corrected": "Noted in your corrections.",
    "kept": "The question is kept.",
}

_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the work behind a page sees it. ``fields`` are those of a form."""

    hub: Hub
    base_url: str
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    peer: str = ""
    principal: Principal = ANONYMOUS
    fields: Mapping[str, str] = field(default_factory=dict)
    theme: str = ""

    @property
    def target(self) -> str:
        """Path and query: where to come back to after signing in."""
        query = {name: value for name, value in self.query.items() if name != "note"}
        return with_query(self.path, **query)

    def reads_namespace(self, owner_id: int) -> bool:
        """Whether who asks may read everything of the namespace, and so know what it holds."""
        is_known = not self.principal.is_anonymous
        return is_known and reads_whole_namespace(self.principal, owner_id)

    def signed_in(self) -> Principal:
        """Who asks.

        Raises:
            Unauthenticated: nobody in particular.
        """
        if self.principal.is_anonymous:
            raise Unauthenticated
        return self.principal


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go to a path of this hub. ``note`` is a key of ``NOTES``. ``cookie``: "" forgets it."""

    path: str
    note: str = ""
    cookie: str | None = None


Answer = View | Redirect
Work = Callable[[Asked], Answer]


def local_path(text: str, otherwise: str = "/") -> str:
    """The text when it is a path of this hub, so that no form sends anybody elsewhere."""
    return text if len(text) <= 2000 and _LOCAL_PATH.fullmatch(text) else otherwise


def with_query(path: str, **fields: str | None) -> str:
    """The path with the fields that say something."""
    told = urlencode({name: value for name, value in fields.items() if value}, quote_via=quote)
    return f"{path}?{told}" if told else path


def csrf_token(hub: Hub, principal: Principal) -> str:
    """What a form carries to show that it came from a page for this very session."""
    return hub.signer.sign(_CSRF_PURPOSE, {"session": principal.session_id or 0}, CSRF_SECONDS)


def check_csrf(hub: Hub, principal: Principal, token: str) -> None:
    """Refuse a form that no page of this session made.

    Raises:
        Forbidden: another session's token, an old one, or none.
    """
    try:
        payload = hub.signer.open(_CSRF_PURPOSE, token)
    except Forbidden as error:
        msg = "This form is too old. Load the page again and repeat what you did."
        raise Forbidden(msg) from error
    wanted = str(principal.session_id or 0)
    if not hmac.compare_digest(str(payload["session"]), wanted):
        msg = "This form belongs to another sign-in. Load the page again."
        raise Forbidden(msg)


def asked_of(request: Request) -> Asked:
    """The request's part of ``Asked``; the principal is found within the hop."""
    query = last_values(parse_query(request.scope.get("query_string", b"")))
    return Asked(
        hub=hub_of(request),
        base_url=base_url(request),
        path=request.scope.get("raw_path", b"/").partition(b"?")[0].decode("latin-1"),
        parameters=request.path_params,
        query=query,
        peer=request.scope.get("peer", ""),
        theme=theme if (theme := request.cookies.get(THEME_COOKIE)) in THEMES else "",
    )


def shell_for(asked: Asked, request_id: str = "", unread: int = 0) -> Shell:
    """The frame around a page for who asks."""
    principal = asked.principal
    viewer = None if principal.is_anonymous else Viewer(principal.name, principal.is_admin)
    return Shell(
        viewer=viewer,
        csrf=csrf_token(asked.hub, principal),
        base_url=asked.base_url,
        path=asked.path,
        target=asked.target,
        now=asked.hub.clock(),
        note=NOTES.get(asked.query.get("note", ""), ""),
        search=asked.query.get("search", "")[:200] if asked.path in _SEARCHES else "",
        request_id=request_id,
        unread=unread,
        theme=asked.theme,
    )


def respond(request: Request, asked: Asked, answer: Answer) -> Response:
    """The answer to a page's work, rendered."""
    if isinstance(answer, Redirect):
        location = local_path(answer.path)
        if answer.note:
            location += ("&" if "?" in location else "?") + f"note={answer.note}"
        headers = {"Location": location, "Cache-Control": "no-store"}
        response = Response(status_code=303, headers=headers)
        if answer.cookie:
            set_session_cookie(request, response, answer.cookie, asked.hub.accounts.session_seconds)
        elif answer.cookie is not None:
            clear_session_cookie(request, response)
        return response
    status: int = getattr(answer, "code", 200)
    return HTMLResponse(render(answer, shell_around(request, asked, answer)), status, PAGE_HEADERS)


def shell_around(request: Request, asked: Asked, view: View) -> Shell:
    """The frame around this very page."""
    # A page that tells of an error asks nothing more: the database may be what failed.
    unread = 0 if isinstance(view, ErrorPage) else asked.hub.inbox.count(asked.principal)
    return shell_for(asked, str(request.scope.get("request_id", "")), unread)


def page(work: Work) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that shows a page: the work, templates included, in one hop."""

    async def endpoint(request: Request) -> Response:
        asked = asked_of(request)

        def show(principal: Principal) -> Response:
            known = replace(asked, principal=principal)
            return respond(request, known, work(known))

        return await ask(request, show)

    return endpoint


def form(work: Work) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that takes a form: from this hub's own pages, or nothing is done."""

    async def endpoint(request: Request) -> Response:
        check_same_origin_strictly(request)
        fields = {name: values[-1] for name, values in (await form_fields(request)).items()}
        asked = replace(asked_of(request), fields=fields)

        def act(principal: Principal) -> Response:
            check_csrf(asked.hub, principal, fields.get("csrf", ""))
            known = replace(asked, principal=principal)
            return respond(request, known, work(known))

        return await ask(request, act)

    return endpoint


def check_same_origin_strictly(request: Request) -> None:
    """As for every write by cookie; and a form without any word of its origin is refused too.

    Raises:
        Forbidden: not from this hub's pages.
    """
    if "sec-fetch-site" not in request.headers and "origin" not in request.headers:
        msg = "This form did not say which page it came from, so it was not carried out."
        raise Forbidden(msg)
    check_same_origin(request)


_HEADINGS: Final = {
    400: "That is not quite right",
    401: "Sign in to see this",
    403: "This is not yours to do",
    404: "Nothing under this address",
    405: "Not this way",
    408: "The request stopped on its way",
    409: "Something was there first",
    410: "This is gone for good",
    412: "Somebody was faster",
    413: "Too large",
    416: "No such part",
    422: "That cannot be taken",
    429: "A little slower, please",
    500: "Something broke here",
    503: "Busy at the moment",
    507: "The hub's disk is full",
}


def _error_links(asked: Asked, error: GroundswellError, status: int) -> tuple[Tag, ...]:
    home = Tag("To the start", "/")
    if isinstance(error, GatedRepo) and error.url_path:
        return (Tag("To its gate", f"/{error.url_path}"), home)
    if status == 401 and asked.principal.is_anonymous:
        return (Tag("Sign in", with_query("/login", next=local_path(asked.target))), home)
    return (home,)


def error_view(asked: Asked, error: GroundswellError) -> ErrorPage:
    """What an error looks like on a page."""
    status = status_for(error, anonymous=asked.principal.is_anonymous)
    message = error.message
    if isinstance(error, RepoNotFound) and status == 401:
        message = "There is no such repository, or it is private. Signed in, you may see more."
    elif type(error) is NotFound:
        message = "The address may be mistyped, or what stood here has moved."
    elif isinstance(error, Unauthenticated) and not isinstance(error, InvalidCredentials):
        message = "This page is for people who are signed in."
    hint = "" if isinstance(error, (Unauthenticated, GatedRepo)) else error.hint
    heading = _HEADINGS.get(status, "Something went wrong")
    return ErrorPage(status, heading, message, hint, _error_links(asked, error, status))


def render_page_error(request: Request, error: GroundswellError) -> Response:
    """An error as a page in the same frame as every other."""
    principal: Principal = request.scope.get("principal", ANONYMOUS)
    asked = replace(_asked_or_less(request), principal=principal)
    return respond(request, asked, error_view(asked, error))


def _asked_or_less(request: Request) -> Asked:
    """``asked_of``; of a request too broken for that, what can be told."""
    try:
        return asked_of(request)
    except GroundswellError:
        return Asked(hub_of(request), "", "/", {}, {})


DOOR: Final = Door("pages", render_page_error)


def show(pattern: str, work: Work, name: str) -> Route:
    """The route of a page."""
    return Route(("GET",), pattern, page(work), DOOR, f"page {name}")


def take(
    pattern: str, work: Work, name: str, *, body_max_bytes: int = FORM_BODY_MAX_BYTES
) -> Route:
    """The route of a form."""
    return Route(
        ("POST",), pattern, form(work), DOOR, f"form {name}", body_max_bytes=body_max_bytes
    )
