"""What stands before the files of a gated repository: the form, or what became of a request."""

from __future__ import annotations

from typing import Final

from groundswell.core.errors import Malformed
from groundswell.core.policy import Action, Reason, may, may_ask
from groundswell.core.values import AccessStatus, Gate
from groundswell.http.pages.door import Asked
from groundswell.http.pages.views import GateBox, QuestionRow
from groundswell.http.rendering import renderer
from groundswell.hub.access import expires_days
from groundswell.hub.repos import Repository
from groundswell.wire.cards import GateForm, read_gate_form
from groundswell.wire.markdown import LinkBase

ANSWER: Final = "answer-"  # and the question's place


def answers_in(asked: Asked) -> dict[int, str]:
    """What a sent form answers, by the question's place."""
    found = {}
    for name, value in asked.fields.items():
        place = name.removeprefix(ANSWER)
        if name != place and place.isascii() and place.isdigit() and len(place) < 4:
            found[int(place)] = value
    return found


def shown_answer(answer: object) -> str:
    """An answer as people read it."""
    return answer if isinstance(answer, str) else "yes" if answer else "no"


def _questions(asked: Asked, form: GateForm) -> tuple[QuestionRow, ...]:
    return tuple(
        QuestionRow(
            f"{ANSWER}{place}",
            question.label,
            question.kind.value,
            question.options,
            question.is_required,
            asked.fields.get(f"{ANSWER}{place}", ""),
        )
        for place, question in enumerate(form.questions)
    )


def _state_of(asked: Asked, repository: Repository) -> str:
    """Which box is shown; empty for none."""
    if repository.gate is Gate.OPEN:
        return ""
    if may(asked.principal, Action.READ, repository.subject).allowed:
        return AccessStatus.ACCEPTED if repository.access is AccessStatus.ACCEPTED else ""
    reason = may_ask(asked.principal, repository.subject).reason
    if reason is Reason.ANONYMOUS:
        return "sign-in"
    waits = repository.access is AccessStatus.PENDING and repository.gate is Gate.MANUAL
    if waits or repository.access is AccessStatus.REJECTED:
        return repository.access or ""
    if reason is not Reason.ALLOWED:
        return ""
    return AccessStatus.ENDED if repository.access is AccessStatus.ENDED else "form"


def gate_box(asked: Asked, repository: Repository, error: str = "") -> GateBox | None:
    """The box for who asks; None where nothing stands before them.

    ``error`` is about a form that was sent.
    """
    state = _state_of(asked, repository)
    if not state:
        return None
    try:
        form = read_gate_form(repository.card)
    except Malformed as fault:
        has_form = state in {"form", "sign-in", AccessStatus.ENDED}
        state, error, form = ("fault" if has_form else state), fault.message, GateForm()
    standing = asked.hub.access.standing(asked.principal, repository)
    url = f"/{repository.repo_id.url_path}"
    prompt = ""
    if form.prompt and state in {"form", "sign-in", AccessStatus.ENDED}:
        base = LinkBase(url, "main", "", asked.base_url)
        prompt = renderer().markdown(form.prompt, base, f"gate {form.digest}").html
    return GateBox(
        state=state,
        url=url,
        kind=repository.kind.value,
        namespace=repository.repo_id.namespace,
        heading=form.heading,
        prompt_html=prompt,
        description=form.description,
        button=form.button,
        questions=_questions(asked, form),
        digest=form.digest,
        address=asked.peer,
        is_at_once=repository.gate is Gate.AUTO,
        days=expires_days(repository),
        asked_at=standing.asked_at if standing else None,
        ends_at=standing.expires_at if standing else None,
        reason=standing.rejection_reason if standing else "",
        error=error,
    )
