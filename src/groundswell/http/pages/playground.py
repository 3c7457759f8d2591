"""The playground: a model of the hub is asked on a page, beside another one if somebody wishes.

With scripts the page asks through ``/v1`` and shows words as they come; without them a form is
answered by a page. Which model runs, and whether it may, is `ask.runtime`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from groundswell.ask.runtime import Answer as ModelAnswer
from groundswell.ask.runtime import ModelRef, Piece
from groundswell.core.errors import BadRequest, GroundswellError, RevisionNotFound, Unauthenticated
from groundswell.core.policy import Action
from groundswell.core.values import Principal
from groundswell.http.answers import gathered
from groundswell.http.auth import ask
from groundswell.http.bodies import form_fields
from groundswell.http.pages.door import (
    DOOR,
    FORM_BODY_MAX_BYTES,
    Answer,
    Asked,
    asked_of,
    check_csrf,
    check_same_origin_strictly,
    respond,
    show,
    with_query,
)
from groundswell.http.pages.repositories import find, head_of
from groundswell.http.pages.views import AnswerBox, PlaygroundPage
from groundswell.http.routing import Route
from groundswell.http.threads import hop
from groundswell.hub.repos import Repository

PROMPT_CHARACTERS_MAX: Final = 20_000
_VARIANTS_MAX: Final = 60
_PATTERN: Final = "/{ns}/{name}/playground"


def _page(asked: Asked, repository: Repository) -> PlaygroundPage:
    """The page before anything is asked, with what the fields hold."""
    fields = {**asked.query, **asked.fields}
    try:
        found = asked.hub.runtime.models.variants(repository, "main").items[:_VARIANTS_MAX]
    except RevisionNotFound:
        found = ()
    page = PlaygroundPage(
        head_of(asked, repository),
        variants=tuple((v.path, v.quantisation or v.path) for v in found),
        variant=fields.get("variant", ""),
        second=fields.get("second", "")[:300],
        prompt=fields.get("prompt", "")[:PROMPT_CHARACTERS_MAX],
        system=fields.get("system", "")[:PROMPT_CHARACTERS_MAX],
        temperature=fields.get("temperature", "0.7")[:10],
        max_tokens=fields.get("max_tokens", "256")[:10],
    )
    if not asked.hub.runtime.is_installed:
        told = "Nothing is installed that runs models: pip install 'groundswell[ask]'"
        return replace(page, problem=told)
    return page


def _name(page: PlaygroundPage) -> str:
    return f"{page.repo.full_name}:{page.variant}" if page.variant else page.repo.full_name


def _playground(asked: Asked) -> Answer:
    repository = find(asked, Action.READ)
    page = _page(asked, repository)
    if page.problem:
        return page
    try:
        model = asked.hub.runtime.models.find(asked.principal, _name(page))
    except Unauthenticated as error:
        where = with_query("/login", next=asked.target)
        return replace(page, problem=error.message, sign_in_url=where)
    except GroundswellError as error:
        return replace(page, problem=error.message)
    return replace(page, explanation=model.explanation, notes=model.notes)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A form that was read: the page, and for each model either what runs or why it does not."""

    asked: Asked
    page: PlaygroundPage
    models: tuple[tuple[str, ModelRef | GroundswellError], ...]


def _prepare(principal: Principal, asked: Asked) -> _Prepared:
    check_csrf(asked.hub, principal, asked.fields.get("csrf", ""))
    known = replace(asked, principal=principal)
    page = _page(known, find(known, Action.READ))
    names = [name for name in (_name(page), page.second.strip()) if name]
    return _Prepared(known, page, tuple((name, _found(known, name)) for name in names))


def _found(asked: Asked, name: str) -> ModelRef | GroundswellError:
    try:
        return asked.hub.runtime.models.find(asked.principal, name)
    except GroundswellError as error:
        return error


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise BadRequest(f"{name} is a number.") from error


def _opened(asked: Asked, page: PlaygroundPage, model: ModelRef) -> ModelAnswer:
    messages = [{"role": "system", "content": page.system}] if page.system.strip() else []
    return asked.hub.runtime.complete(
        model,
        [*messages, {"role": "user", "content": page.prompt}],
        max_tokens=int(_number(page.max_tokens, "Longest answer")),
        temperature=_number(page.temperature, "Temperature"),
    )


def figures_of(piece: Piece) -> str:
    """First word and speed, for people."""
    timing = piece.timing
    if timing is None:
        return ""
    return (
        f"first word after {timing.first_token_seconds:.2f} s, "
        f"{timing.tokens_per_second:.1f} tokens/s, {timing.completion_tokens} tokens"
    )


async def _answer(
    request: Request, prepared: _Prepared, name: str, model: ModelRef | GroundswellError
) -> AnswerBox:
    if isinstance(model, GroundswellError):
        return AnswerBox(name, problem=model.message)
    try:
        pieces = await gathered(request, _opened(prepared.asked, prepared.page, model))
    except GroundswellError as error:
        return AnswerBox(name, problem=error.message)
    if not pieces:
        return AnswerBox(name, problem="Stopped.")
    return AnswerBox(name, "".join(piece.text for piece in pieces), figures_of(pieces[-1]))


async def _asked(request: Request) -> Response:
    """The form of browsers without scripts: answered when the models are done."""
    check_same_origin_strictly(request)
    fields = {name: values[-1] for name, values in (await form_fields(request)).items()}
    prepared = await ask(request, _prepare, replace(asked_of(request), fields=fields))
    boxes = [await _answer(request, prepared, *each) for each in prepared.models]
    view = replace(prepared.page, answers=tuple(boxes))
    return await hop(respond, request, prepared.asked, view)


def routes() -> list[Route]:
    """Addresses of this part. Only models run."""
    most = FORM_BODY_MAX_BYTES
    return [
        show(_PATTERN, _playground, "playground"),
        Route(("POST",), _PATTERN, _asked, DOOR, "form playground", body_max_bytes=most),
    ]
