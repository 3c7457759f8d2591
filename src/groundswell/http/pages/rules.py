"""Pages of rules: the settings of a repository's branches and tags, and its queue of merges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, Final, get_type_hints

from groundswell.core.errors import BadRequest, Conflict, NotFound
from groundswell.core.policy import Action, may
from groundswell.http.pages.door import Answer, Asked, Redirect
from groundswell.http.pages.repositories import find, head_of, shows, takes
from groundswell.http.pages.views import QueuePage, QueueRow, RuleForm, RulesPage
from groundswell.http.pages.wording import plural
from groundswell.http.routing import Route
from groundswell.hub.repos import Repository
from groundswell.hub.rules import Draft, Pushers, Rule, Target, Terms

HERE: Final = "/settings/rules"
_HINTS: Final = get_type_hints(Terms)
FLAGS: Final = tuple(each.name for each in fields(Terms) if _HINTS[each.name] is bool)
_TEXT_CHARACTERS_MAX: Final = 4_000


def _words(rule: Rule) -> Iterator[str]:
    """A rule in short."""
    terms = rule.terms
    match terms.pushers_of(rule.target.prefix + rule.pattern):
        case Pushers.NOBODY:
            yield "nobody pushes directly"
        case Pushers.NAMED:
            yield f"pushed by {', '.join(rule.pusher_names) or 'nobody'}"
        case Pushers.WRITERS:
            yield "pushed by those who may write"
    if terms.approvals:
        yield plural(terms.approvals, "approval")
    if terms.maintainers:
        yield "maintainers' approval"
    if terms.checks:
        yield f"checks: {', '.join(_check_lines(rule))}"
    told = {
        "sign_off": "sign-off",
        "linear": "squash only",
        "queue": "merge queue",
        "no_force": "no rewriting" if rule.target is Target.BRANCH else "stays where it is",
        "no_deletion": "no deleting",
        "admins_override": "admins may pass over it",
    }
    yield from (text for name, text in told.items() if getattr(terms, name))


def _check_lines(rule: Rule) -> list[str]:
    """The checks as the form spells them: a name, and whose reports count behind an @."""
    reporters = dict(rule.reporter_names)
    return [
        f"{name} @{reporters[name]}" if name in reporters else name for name in rule.terms.checks
    ]


def _checks_in(form: RuleForm) -> list[tuple[str, str]]:
    """Names of checks, each with whose reports count; empty: anybody's."""
    found = []
    for line in filter(None, map(str.strip, form.checks.splitlines())):
        name, _, last = line.rpartition(" ")
        is_account = bool(name) and last.startswith("@")
        found.append((name.strip(), last) if is_account else (line, ""))
    return found


def _form(rule: Rule) -> RuleForm:
    terms = rule.terms
    return RuleForm(
        id=str(rule.id),
        target=rule.target.value,
        pattern=rule.pattern,
        pushers=terms.pushers.value,
        names=" ".join(rule.pusher_names),
        approvals=str(terms.approvals),
        checks="\n".join(_check_lines(rule)),
        flags=frozenset(name for name in FLAGS if getattr(terms, name)),
        words=tuple(_words(rule)),
    )


def _form_in(asked: Asked) -> RuleForm:
    """What was sent, to be shown again beside what is wrong with it."""
    sent = {name: text[:_TEXT_CHARACTERS_MAX] for name, text in asked.fields.items()}
    return RuleForm(
        id=sent.get("rule", ""),
        target=sent.get("target", ""),
        pattern=sent.get("pattern", ""),
        pushers=sent.get("pushers", ""),
        names=sent.get("names", ""),
        approvals=sent.get("approvals", ""),
        checks=sent.get("checks", ""),
        flags=frozenset(name for name in FLAGS if name in sent),
    )


def _draft_of(form: RuleForm) -> Draft:
    approvals = form.approvals.strip() or "0"
    if form.target not in set(Target) or form.pushers not in set(Pushers):
        msg = "Choose branches or tags, and who may push."
        raise BadRequest(msg)
    if not approvals.isascii() or not approvals.isdigit() or len(approvals) > 4:
        msg = "How many approvals? A whole number."
        raise BadRequest(msg)
    flags: dict[str, Any] = {name: name in form.flags for name in FLAGS}
    checks = _checks_in(form)
    terms = Terms(
        pushers=Pushers(form.pushers),
        approvals=int(approvals),
        checks=tuple(name for name, _ in checks),
    )
    names = tuple(form.names.replace(",", " ").split())
    reporters = tuple(each for each in checks if each[1])
    return Draft(Target(form.target), form.pattern, replace(terms, **flags), names, reporters)


def _page(
    asked: Asked, repository: Repository, sent: RuleForm | None = None, error: str = ""
) -> RulesPage:
    rules = tuple(_form(each) for each in asked.hub.rules.list(asked.principal, repository))
    new = RuleForm("", pattern="" if any(each.pattern == "main" for each in rules) else "main")
    if sent is not None and not sent.id:
        new = sent
    elif sent is not None:
        rules = tuple(
            replace(sent, words=each.words) if each.id == sent.id else each for each in rules
        )
    return RulesPage(
        repo=head_of(asked, repository),
        rules=rules,
        new=new,
        may_set=may(asked.principal, Action.GOVERN, repository.subject).allowed,
        error=error,
        error_in="" if sent is None else sent.id,
    )


def _show(asked: Asked) -> Answer:
    asked.signed_in()
    return _page(asked, find(asked, Action.ADMINISTER))


def _act(asked: Asked, repository: Repository, form: RuleForm) -> None:
    number = int(form.id) if form.id.isascii() and form.id.isdigit() and len(form.id) < 13 else None
    match asked.fields.get("do", ""):
        case "save":
            asked.hub.rules.put(asked.principal, repository, _draft_of(form), number)
        case "delete" if number is not None:
            asked.hub.rules.delete(asked.principal, repository, number)
        case _:
            msg = "The form does not say what to do."
            raise BadRequest(msg)


def _change(asked: Asked) -> Answer:
    asked.signed_in()
    repository = find(asked, Action.ADMINISTER)
    form = _form_in(asked)
    try:
        _act(asked, repository, form)
    except (BadRequest, Conflict, NotFound) as error:
        return _page(asked, repository, form, error.message)
    note = "deleted" if asked.fields.get("do") == "delete" else "saved"
    return Redirect(f"/{repository.repo_id.url_path}{HERE}", note)


def _queue(asked: Asked) -> Answer:
    repository = find(asked, Action.READ)
    head = head_of(asked, repository)
    queue = asked.hub.merge_queue
    rows = []
    for place, entry in enumerate(queue.entries(asked.principal, repository), start=1):
        rows.append(
            QueueRow(
                place=place,
                number=entry.number,
                title=entry.title,
                url=f"{head.url}/discussions/{entry.number}",
                queued_by=entry.queued_by,
                queued_at=entry.queued_at,
                commit=entry.commit or "",
                commit_url=f"{head.url}/commit/{entry.commit}" if entry.commit else None,
                awaits=tuple(each.words for each in queue.needs(repository, entry).blockers),
            )
        )
    return QueuePage(head, tuple(rows))


def routes() -> list[Route]:
    """Addresses of this part."""
    return [
        *shows(HERE, _show, "rules"),
        *takes(HERE, _change, "rules"),
        *shows("/queue", _queue, "merge queue"),
    ]
