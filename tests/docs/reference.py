"""Pages of docs/reference that are made from the code: `python -m tests.docs.reference` writes them.

Knows where each fact stands in the code. Says nothing of its own except headings.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import click
from prometheus_client import REGISTRY

from groundswell import settings
from groundswell.cli import swell
from groundswell.core import policy
from groundswell.core.policy import Action, Reason, Subject
from groundswell.core.values import Gate, Principal, RepoGrant, Role, TokenRole, Visibility
from groundswell.http import (
    asking,
    git,
    hub_api,
    lfs,
    oauth,
    openai,
    operation,
    pages,
    resolve,
    uploads,
    xet,
)
from groundswell.http.description import document
from groundswell.http.routing import Route
from tests.arch.tree import ROOT
from tests.docs.route_notes import NOTES

MADE = "Made from the code by `python -m tests.docs.reference`; a test compares the two."


# ------------------------------------------------------------------------------------------- cli


def leaves(command: click.Command, names: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Every verb that does something, with the words that call it."""
    if not isinstance(command, click.Group):
        yield " ".join(names), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, (*names, name))


def cli() -> str:
    lines = [
        "# The swell program",
        "",
        MADE,
        "",
        "`swell --help` and `swell VERB --help` say the same. Every verb works beside a running hub,",
        "except where it says otherwise. What a program reads goes to standard output, everything",
        "else to standard error. Exit codes stand in [errors.md](errors.md); 130 means interrupted.",
        "`SWELL_TRACE=1` shows where an unexpected error came from.",
    ]
    for name, command in leaves(swell, ("swell",)):
        pieces = command.collect_usage_pieces(click.Context(command))
        lines += ["", f"## {name}", "", "```", f"{name} {' '.join(pieces)}", "```", ""]
        lines += [paragraph.replace("\n", " ") for paragraph in _paragraphs(command.help)]
        options = [each for each in command.params if isinstance(each, click.Option)]
        lines += ["", "| option | meaning |", "|---|---|"]
        lines += [f"| `{_spelled(each)}` | {_meaning(each)} |" for each in options]
    return "\n".join([*lines, ""])


def _paragraphs(text: str | None) -> list[str]:
    assert text, "every verb says what it does"
    parts = re.split(r"\n\s*\n", text.strip())
    return [line for part in parts for line in (" ".join(part.split()), "")][:-1]


def _spelled(option: click.Option) -> str:
    if option.is_flag:
        return ", ".join(option.opts)
    kind = option.type
    shown = "\\|".join(kind.choices) if isinstance(kind, click.Choice) else option.metavar
    shown = (shown or kind.name.upper()).replace("|", "\\|").replace("\\\\|", "\\|")
    return f"{', '.join(option.opts)} {shown}"


def _meaning(option: click.Option) -> str:
    told = [option.help or ""]
    if option.required:
        told.append("Required.")
    if option.multiple and "several" not in told[0]:
        told.append("May be given several times.")
    if option.show_default and option.default:
        told.append(f"Default: `{option.default}`.")
    if option.envvar:
        told.append(f"Environment: `{option.envvar}`.")
    return " ".join(each for each in told if each).replace("|", "\\|")


# ---------------------------------------------------------------------------------------- routes

DOORS = (
    (git, "git", "Git over HTTP, protocol v2 included. Basic authentication: any name, a token."),
    (hub_api, "hub", "The Hub API: JSON."),
    (resolve, "resolve", "Files for download."),
    (uploads, "uploads", "Pictures, video and sound for comments."),
    (lfs, "lfs", "Git LFS: basic transfer and uploads in parts."),
    (xet, "xet", "The Xet content store. `{base}` is the `casUrl` that a Xet token comes with."),
    (oauth, "oauth", "Signing in of devices, for `hf auth login`."),
    (pages, "pages", "What browsers see. Forms carry a token against forgery."),
    (openai, "openai", "OpenAI's API over models of the hub."),
    (asking, "asking", "Knowledge packs, asked: server-sent events or JSON."),
    (operation, "operation", "For those who run the hub."),
)


def every_route() -> list[Route]:
    return [route for door, _, _ in DOORS for route in door.routes()]


def told_pattern(route: Route) -> str:
    """A pattern as the page writes it: the kinds of repositories folded into one address."""
    pattern = re.sub(
        r"^/api/\{kind:[a-z|]+\}/\{ns\}/\{name\}", "/api/{kinds}/{repo}", route.pattern
    )
    pattern = re.sub(r"^/(\{(kind|prefix):[a-z|]+\}/)?\{ns\}/\{name\}", "/{repo}", pattern)
    pattern = re.sub(r"^/(\{(kind|prefix):[a-z|]+\}/)?\{name\}/", "/{name}/", pattern)
    pattern = pattern.replace("/xet/{domain}/{epoch}", "{base}")
    pattern = re.sub(r"^/api/\{kind:[a-z|]+\}", "/api/{kinds}", pattern)
    return re.sub(r"\{[a-z]+:([a-z|-]+)\}", lambda found: found[1].replace("|", "\\|"), pattern)


def routes() -> str:
    lines = [
        "# Routes",
        "",
        MADE,
        "",
        "Every address that a hub answers, with the door it belongs to and who may use it. HEAD is",
        "answered where GET is. A repository that one may not see answers as if it were not there",
        "(401 to the anonymous, 404 to others); what *see*, *read*, *contribute*, *write* and",
        "*administer* take stands in [permissions.md](permissions.md).",
        "",
        "- `{repo}` is `namespace/name`, behind `datasets/`, `spaces/` or `kernels/` where it is no",
        "  model. A `.git` after the name is taken by git and LFS.",
        "- `{kinds}` is `models`, `datasets`, `spaces` or `kernels`.",
        "- `{rev}` is a branch, tag, commit or `refs/pr/N`, percent-encoded into one segment.",
        "- `{path*}` is the rest of the address.",
        "",
        "What programs may ask, with parameters and bodies, stands in [openapi.json](openapi.json) as well: see",
        "[protocols.md](protocols.md#openapi).",
    ]
    for door, name, about in DOORS:
        lines += ["", f"## {name}", "", about, ""]
        lines += ["| method | address | what | who may |", "|---|---|---|---|"]
        rows = {}
        for route in door.routes():
            what, who = NOTES[route.door.name, route.name]
            methods = ", ".join(route.methods)
            methods = "every" if len(route.methods) > 4 else methods
            rows[f"| {methods} | `{told_pattern(route)}` | {what} | {who} |"] = None
        lines += rows
    return "\n".join([*lines, ""])


def openapi() -> str:
    """What `/api/openapi.json` answers, in lines."""
    return json.dumps(document(every_route()), indent=1, ensure_ascii=False) + "\n"


# ----------------------------------------------------------------------------------- permissions

OWNER, PERSON, CREATOR = 1, 2, 3  # account ids: the organisation, somebody, who made the repository
NUMBER = 9  # of the repository


def _member(role: Role, account_id: int = PERSON) -> Principal:
    return Principal(account_id, "somebody", memberships=((OWNER, role),))


PEOPLE = {
    "anonymous": Principal(),
    "signed in, no member": Principal(PERSON, "somebody"),
    "whose request was accepted": Principal(PERSON, "somebody"),
    "member: read": _member(Role.READ),
    "member: contributor": _member(Role.CONTRIBUTOR),
    "member: contributor, made it": _member(Role.CONTRIBUTOR, CREATOR),
    "member: write": _member(Role.WRITE),
    "member: admin": _member(Role.ADMIN),
    "the user whose namespace it is": Principal(OWNER, "owner"),
    "admin of the hub": Principal(PERSON, "root", is_admin=True),
}
SUBJECTS = {
    "A public repository": Subject(NUMBER, OWNER, CREATOR, Visibility.PUBLIC),
    "A private repository": Subject(NUMBER, OWNER, CREATOR, Visibility.PRIVATE),
    "A public, gated repository": Subject(NUMBER, OWNER, CREATOR, Visibility.PUBLIC, Gate.MANUAL),
    "A public repository that an admin has disabled": Subject(
        NUMBER, OWNER, CREATOR, Visibility.PUBLIC, disabled=True
    ),
}
CREDENTIALS: dict[str, dict[str, Any]] = {
    "session or password": {},
    "write token": {"token_role": TokenRole.WRITE},
    "read token": {"token_role": TokenRole.READ},
    "fine-grained, write here": {
        "token_role": TokenRole.FINE_GRAINED,
        "grants": (RepoGrant(NUMBER, write=True),),
    },
    "fine-grained, read here": {
        "token_role": TokenRole.FINE_GRAINED,
        "grants": (RepoGrant(NUMBER, write=False),),
    },
    "fine-grained, elsewhere": {"token_role": TokenRole.FINE_GRAINED},
}
SAID = {
    Reason.ALLOWED: "yes",
    Reason.HIDDEN: "not there",
    Reason.ANONYMOUS: "sign in",
    Reason.ROLE: "role",
    Reason.TOKEN: "token",
    Reason.GATED: "gated",
    Reason.DISABLED: "disabled",
}


def permissions() -> str:
    lines = [
        "# Permissions",
        "",
        MADE,
        "",
        "One function decides, `core.policy.may`, and every door asks it.",
        "",
        "- **see**: know that it exists: info, file names, history, discussions.",
        "- **read**: its content.",
        "- **contribute**: open a discussion or pull request, comment, commit to one's own.",
        "- **write**: commit to branches, move branches and tags, merge.",
        "- **administer**: settings, name, deletion.",
        "- **govern**: set rules of branches and tags, and pass over those that allow it; move, delete, or change",
        "  who sees a repository that has rules.",
        "",
        "Whose request for access was accepted is asked at each read: a right that ended, was rejected or",
        "taken back counts no more from the next request on, over every door.",
        "",
        "The answers: **yes** · *not there*: as if it did not exist (401 to the anonymous, 404) ·",
        "*sign in*: 401 · *role*, *token*, *gated*, *disabled*: 403 for that reason (gated is 401 to",
        "the anonymous).",
        "",
        "## Who you are",
    ]
    for title, subject in SUBJECTS.items():
        lines += ["", f"### {title}", "", _head("who")]
        for who, principal in PEOPLE.items():
            facts = replace(subject, has_access=who == "whose request was accepted")
            if who == "whose request was accepted" and subject.gate is Gate.OPEN:
                continue
            lines.append(_row(who, principal, facts))
    lines += ["", "## What you show", ""]
    lines += ["The admin of the namespace, on a private repository, by credential:", ""]
    lines.append(_head("credential"))
    private = SUBJECTS["A private repository"]
    for shown, fields in CREDENTIALS.items():
        lines.append(
            _row(shown, replace(PEOPLE["the user whose namespace it is"], **fields), private)
        )
    lines += ["", "## Namespaces", ""]
    lines += ["| who | make repositories | manage members |", "|---|---|---|"]
    for who, principal in PEOPLE.items():
        if who not in {"whose request was accepted", "member: contributor, made it"}:
            lines.append(_namespace_row(who, principal))
    owner = PEOPLE["the user whose namespace it is"]
    for shown in ("read token", "fine-grained, write here"):
        lines.append(_namespace_row(f"the same by {shown}", replace(owner, **CREDENTIALS[shown])))
    lines += _collections()
    return "\n".join([*lines, ""])


def _collections() -> list[str]:
    lines = ["", "## Collections, likes and follows", ""]
    lines += [
        "A collection belongs to a namespace and is public or private. Whatever is in it that one may",
        "not see is left out, of counts too. *Like* is to like a repository, to upvote a collection,",
        "and to follow an account: for whoever may see it, and speaks for oneself.",
        "",
        "| who | see a public one | see a private one | make one | change one | like |",
        "|---|---|---|---|---|---|",
    ]
    people = {who: each for who, each in PEOPLE.items() if who != "on the access list"}
    owner = PEOPLE["the user whose namespace it is"]
    for shown in ("read token", "fine-grained, write here"):
        people[f"the same by {shown}"] = replace(owner, **CREDENTIALS[shown])
    for who, principal in people.items():
        rights = [
            policy.may_see_collection(principal, OWNER, is_private=False),
            policy.may_see_collection(principal, OWNER, is_private=True),
            policy.may_create_in(principal, OWNER),
            policy.may_change_collection(principal, OWNER, CREATOR),
            policy.speaks_for_itself(principal),
        ]
        said = ["yes" if right else "no" for right in rights]
        lines.append(f"| {who} | {' | '.join(said)} |")
    return lines


def _head(first: str) -> str:
    words = [action.value for action in Action]
    return f"| {first} | {' | '.join(words)} |\n|---|{'---|' * len(words)}"


def _row(who: str, principal: Principal, subject: Subject) -> str:
    said = [SAID[policy.may(principal, action, subject).reason] for action in Action]
    return f"| {who} | {' | '.join(said)} |"


def _namespace_row(who: str, principal: Principal) -> str:
    rights = (policy.may_create_in, policy.may_manage_account)
    said = ["yes" if right(principal, OWNER) else "no" for right in rights]
    return f"| {who} | {' | '.join(said)} |"


# --------------------------------------------------------------------------------------- metrics


def metrics() -> str:
    lines = [
        "# Metrics",
        "",
        MADE,
        "",
        "`GET /metrics` answers in Prometheus's text format, to the networks that the setting",
        "`metrics_from` names (this machine, unless it says otherwise). Labels are names of routes",
        "([routes.md](routes.md)), never of repositories or people. The `python_` and `process_`",
        "metrics of the Prometheus client come with them.",
        "",
        "| metric | kind | labels | meaning |",
        "|---|---|---|---|",
    ]
    for metric in groundswell_metrics():
        suffix = "_total" if metric.type == "counter" else ""
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(
            f"| `{metric.name}{suffix}` | {metric.type} | {labels} | {metric.documentation} |"
        )
    return "\n".join([*lines, ""])


class Metric:
    """One metric of ours, as the registry knows it."""

    def __init__(self, collector: Any) -> None:
        described = collector.describe()[0]
        self.name: str = described.name
        self.type: str = described.type
        self.documentation: str = described.documentation
        self.labels: tuple[str, ...] = tuple(collector._labelnames)


def groundswell_metrics() -> list[Metric]:
    found = {
        id(collector): collector
        for name, collector in REGISTRY._names_to_collectors.items()
        if name.startswith("groundswell_")
    }
    return sorted((Metric(each) for each in found.values()), key=lambda each: each.name)


# --------------------------------------------------------------------------------------- clients


def clients() -> str:
    listed = tomllib.loads((ROOT / "tests/clients/environments.toml").read_text("utf-8"))
    lines = [
        "# Clients",
        "",
        MADE,
        "",
        "Tests drive a live hub with these releases, unmodified, each in an environment of its own",
        "(`tests/clients/environments.toml`). git and git-lfs are those of the machine. Other",
        "releases most likely work; these are known to.",
        "",
        "| versions | make target | what this client does that no other here does |",
        "|---|---|---|",
    ]
    targets = {"clients": "clients", "old": "clients-old", "torch": "clients-torch"}
    for each in listed.values():
        versions = ", ".join(
            f"without {name}" if version == "absent" else f"{name} {version}"
            for name, version in each["versions"].items()
        )
        lines.append(f"| {versions} | `make {targets[each['group']]}` | {each['why']} |")
    return "\n".join([*lines, ""])


# ----------------------------------------------------------------------------------- changelog

KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")
UNRELEASED = "## Unreleased\n"


def changelog() -> str:
    """CHANGELOG.md with its first section made from the fragments that are there."""
    stands = (ROOT / "CHANGELOG.md").read_text("utf-8")
    before, _, after = stands.partition(UNRELEASED)
    _, marker, released = after.partition("\n## ")
    return before + UNRELEASED + _fragments() + (f"\n{marker[1:]}{released}" if marker else "")


def _fragments() -> str:
    lines = []
    for kind in KINDS:
        found = sorted((ROOT / "changes").glob(f"{kind}-*.md"))
        if found:
            lines += ["", f"### {kind.title()}", ""]
        for each in found:
            first, *rest = each.read_text("utf-8").strip().splitlines()
            lines += [f"- {first}", *(f"  {line}".rstrip() for line in rest)]
    return "\n".join([*lines, ""])


PAGES: dict[str, Callable[[], str]] = {
    "cli": cli,
    "clients": clients,
    "metrics": metrics,
    "permissions": permissions,
    "routes": routes,
    "settings": settings.reference,
}


if __name__ == "__main__":
    (ROOT / "CHANGELOG.md").write_text(changelog(), encoding="utf-8")
    for page, make in PAGES.items():
        (ROOT / f"docs/reference/{page}.md").write_text(make(), encoding="utf-8")
    (ROOT / "docs/reference/openapi.json").write_text(openapi(), encoding="utf-8")
