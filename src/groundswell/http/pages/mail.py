"""What one gets by e-mail, and where the links in messages lead.

A link does nothing when it is opened, since programs open links too: its page has a button. It
needs no sign-in, and gives no other right. A mail program may end it by itself, by a request that
opening a link does not make (RFC 8058).
"""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from groundswell.core.errors import BadRequest, TooManyRequests
from groundswell.core.values import Principal
from groundswell.http.auth import ask
from groundswell.http.pages.door import (
    DOOR,
    FORM_BODY_MAX_BYTES,
    Answer,
    Asked,
    Redirect,
    asked_of,
    form,
    respond,
    show,
    take,
)
from groundswell.http.pages.views import MailLinkPage, MailPage
from groundswell.http.routing import Route
from groundswell.hub.mailing import Choice


def _page(asked: Asked, error: str = "") -> Answer:
    state = asked.hub.mail_choices.state(asked.principal)
    return MailPage(
        can_send=state.can_send,
        email=state.email or "",
        is_confirmed=state.is_confirmed,
        choice=state.choice.value,
        error=error,
    )


def _settings(asked: Asked) -> Answer:
    return _page(asked)


def _change(asked: Asked) -> Answer:
    choices, wanted = asked.hub.mail_choices, asked.fields.get("choice", "")
    if asked.fields.get("change") == "confirm":
        try:
            choices.ask_to_confirm(asked.principal)
        except (BadRequest, TooManyRequests) as error:
            return _page(asked, error.message)
        return Redirect("/settings/mail", "confirming")
    if wanted not in set(Choice):
        return _page(asked, "Choose what is to come by e-mail.")
    choices.choose(asked.principal, Choice(wanted))
    return Redirect("/settings/mail", "saved")


def _show_confirmation(asked: Asked) -> Answer:
    email = asked.hub.mail_choices.check_confirmation(asked.parameters["link"])
    return MailLinkPage(is_end=False, email=email)


def _confirm(asked: Asked) -> Answer:
    asked.hub.mail_choices.confirm(asked.parameters["link"])
    return MailLinkPage(is_end=False, is_done=True)


def _show_end(asked: Asked) -> Answer:
    asked.hub.mail_choices.check_end(asked.parameters["link"])
    return MailLinkPage(is_end=True)


def _end(asked: Asked) -> Answer:
    asked.hub.mail_choices.stop(asked.parameters["link"])
    return MailLinkPage(is_end=True, is_done=True)


async def _end_in_one_click(request: Request) -> Response:
    """The page's own form; or a mail program, which says so and has no page that it came from.
    Whoever knows the link may end it, so nothing is gained by asking the program for more.
    """
    body = await request.body()
    if not (b"List-Unsubscribe" in body and b"One-Click" in body):
        return await form(_end)(request)
    asked = asked_of(request)

    def act(_principal: Principal) -> Response:
        return respond(request, asked, _end(asked))

    return await ask(request, act)


def routes() -> list[Route]:
    """Addresses of this part."""
    links = (
        show("/-/mail/confirm/{link}", _show_confirmation, "confirm address"),
        take("/-/mail/confirm/{link}", _confirm, "confirm address"),
        show("/-/mail/stop/{link}", _show_end, "stop mail"),
        Route(
            ("POST",),
            "/-/mail/stop/{link}",
            _end_in_one_click,
            DOOR,
            "form stop mail",
            body_max_bytes=FORM_BODY_MAX_BYTES,
        ),
    )
    return [
        show("/settings/mail", _settings, "mail"),
        take("/settings/mail", _change, "mail"),
        *(replace(each, secret_path=True) for each in links),
    ]
