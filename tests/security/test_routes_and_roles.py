"""S11: an address that asks for less than it should, and a right that outlives its end.

The story: each new address of a forge is a chance to forget the question "may you?", or to ask it
of the wrong thing. Locks were deleted across repositories (CVE-2026-20897), a sub-verb gave the
credentials of any repository (CVE-2026-58423), people whose access had ended still saw titles
(CVE-2026-20800, CVE-2026-20883), and a 403 where a 404 belongs tells that a private project exists.

So nobody keeps the list by hand: the addresses are taken from the application's own router, and
routes_and_roles.toml says of each what it asks for and of each role what it may. Every address is
driven by nine roles at a public, a private, a gated and a missing repository, over HTTP. An address
that is not in the table fails. What is hidden must answer exactly as what is missing.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from groundswell.http.app import every_route as all_routes
from groundswell.http.routing import Route
from tests.security.target import (
    Answer,
    Caller,
    Target,
    basic,
    bearer,
    commit,
    csrf_in,
    ndjson,
    publish,
    regular,
    token_of,
)

TABLE: dict[str, Any] = tomllib.loads(
    Path(__file__).with_suffix(".toml").with_stem("routes_and_roles").read_text()
)
ROLES = TABLE["roles"]["columns"]
VISIBILITIES = ("public", "private", "gated", "missing")
RIGHTS = ("see", "read", "contribute", "write", "administer", "rules", "like")
PAGE = "{page}"
MODELS_ALONE = re.compile(r"^GET /v2/|^[A-Z]+ /v1/(?!ask$)|/playground$")
DATASETS_ALONE = re.compile(r"^POST /v1/ask$|/article/|\}/pack$|/comparisons")
PREFIXED = re.compile(r"^(?:/\{(?:kind|prefix)\})?/\{ns\}/\{name\}")


def every_route() -> list[tuple[str, Route]]:
    """(line of the table, route) for each method of each address of the application."""
    found = []
    for route in all_routes():
        plain = re.sub(r"\{([a-z]+):[^}]*\}", r"{\1}", route.pattern)
        if plain != "/v2/{ns}/{name}/manifests/{tag}":
            plain = PREFIXED.sub(PAGE, plain)
        if "{rest*}" in plain:
            found.append((f"* {plain}", route))
        else:
            found += [(f"{method} {plain}", route) for method in route.methods]
    return found


LINES = sorted({line for line, _ in every_route()})
COLLECTION_RIGHTS = ("see", "upvote", "change")
BUCKET_RIGHTS = ("read", "write", "administer", "create")
OF_THEIR_OWN = [
    *((line, f"collection {each}") for each in COLLECTION_RIGHTS for line in TABLE["collections"][each]),
    *((line, f"bucket {each}") for each in BUCKET_RIGHTS for line in TABLE["buckets"][each]),
]  # fmt: skip
RIGHT_OF = {line: right for right, lines in TABLE["routes"].items() for line in lines} | dict(
    OF_THEIR_OWN
)


def test_the_table_knows_every_address_once() -> None:
    listed = [line for lines in TABLE["routes"].values() for line in lines]
    listed += [line for line, _ in OF_THEIR_OWN]
    assert sorted(listed) == LINES
    assert set(TABLE["bodies"]) <= set(LINES)


def test_the_table_of_roles_is_whole() -> None:
    for visibility in VISIBILITIES:
        assert set(TABLE["roles"][visibility]) == set(RIGHTS)
        assert {len(row) for row in TABLE["roles"][visibility].values()} == {len(ROLES)}


@dataclass(frozen=True)
class Place:
    """A repository of one kind: its name, and its head."""

    kind: str  # "models" or "datasets"
    repo: str
    head: str
    taken: str
    slug: str = "works/none-" + "0" * 24


@pytest.fixture(scope="module")
def places(target: Target) -> dict[tuple[str, str], Place]:
    """By kind and visibility. Names have the same length, so that answers can be compared."""
    olga = target.user("olga")
    found = {}
    for kind in ("models", "datasets"):
        for visibility in VISIBILITIES:
            name = f"{kind[:4]}-{visibility}".ljust(14, "x")
            repo, one = f"works/{name}", kind.removesuffix("s")
            head = "0" * 40
            if visibility != "missing":
                body = {"type": one, "name": repo, "private": visibility == "private"}
                assert olga.json("POST", "/api/repos/create", body).status == 200
                at = f"/api/{kind}/{repo}"
                lines = ndjson(
                    ("header", {"summary": "s"}),
                    regular("README.md", b"# hello\n"),
                    regular("notes.txt", b"# hello\n"),
                )
                kind_header = {"Content-Type": "application/x-ndjson"}
                answer = olga("POST", f"{at}/commit/main", lines, kind_header)
                head = answer.json()["commitOid"]
                assert olga.json("POST", f"{at}/tag/main", {"tag": "there-already"}).status == 200
                told = olga.json("POST", f"{at}/discussions", {"title": "first"})
                assert told.json()["num"] == 1
                if visibility == "gated":
                    told = olga.json("PUT", f"{at}/settings", {"gated": "manual"})
                    assert told.status == 200
            found[kind, visibility] = Place(kind, repo, head, f"works/{kind[:4]}-taken")
        body = {"type": kind.removesuffix("s"), "name": f"works/{kind[:4]}-taken"}
        assert olga.json("POST", "/api/repos/create", body).status == 200
    return found


@pytest.fixture(scope="module")
def actors(target: Target) -> dict[str, Caller]:
    """Each role's requests, with the origin of a page of this hub, as its forms would send it."""
    elsewhere = target.repository(target.user("olga"), "works", "elsewhere", private=True)
    tokens = {
        "stranger": token_of("stig"),
        "reader": token_of("rita"),
        "contributor": token_of("cora"),
        "writer": token_of("wim"),
        "owner": token_of("olga"),
        "admin": target.live.admin_token or "",
        "read-token": token_of("olga", "read"),
        "other-repo-token": target.token("olga", "write", f"{elsewhere} write"),
    }
    found = {"anonymous": target.caller({"Origin": target.url})}
    for role, token in tokens.items():
        found[role] = target.caller({"Origin": target.url, **bearer(token)})
    assert list(found) == ROLES
    return found


@pytest.fixture(scope="module")
def csrf(target: Target) -> str:
    """What forms carry where no session is."""
    return csrf_in(target.caller()("GET", "/login").text)


def address(line: str, place: Place) -> str:
    """The path of a table's line at this repository."""
    path = line.partition(" ")[2]
    prefix = "" if place.kind == "models" else f"/{place.kind}"
    namespace, _, name = place.repo.partition("/")
    values = {
        "page": f"{prefix}/{namespace}/{name}",
        "kind": place.kind,
        "prefix": place.kind,
        "ns": namespace,
        "name": name,
        "name*": name,
        "rev": "there-not" if line.startswith("DELETE") else "main",
        "path*": "nope.txt" if line.startswith("POST") else "notes.txt",
        "branch": "main" if "/branch/" in line and line.startswith("POST") else "there-not",
        "number": "1",
        "result": "0" * 16,
        "rule": "999999",
        "check": "unit",
        "comment": "0" * 19 + "f" + "0" * 4,  # of no comment
        "review": "1",
        "thread": "1",
        "line": "1",
        "mark": "pin",
        "label": "999999",
        "slug": place.slug.partition("/")[2],
        "item": "0" * 24,
        "commit": place.head,
        "tag": "latest",
        "oid": "0" * 64,
        "upload": "0" * 32,
        "grant": "g",
        "part": "1",
        "account": "works",
        "status": "pending",
        "which": "models-tags-by-type",
        "feed": "new.atom",
        "link": "no.link",
        "file": "olga.svg",
        "version": "x",
        "webhook": "0" * 24,
        "delivery": "0" * 24,
        "switch": "enable",
        "domain": "n1",
        "epoch": "e1",
        "hash": "0" * 64,
        "rest*": "some/thing",
    }
    values["prefix" if "/xet/" in line else "-"] = "default"
    return re.sub(r"\{([a-z]+\*?)\}", lambda found: values[found[1]], path)


def drive(
    caller: Caller, line: str, place: Place, csrf: str, body: dict[str, Any] | None = None
) -> Answer:
    """The request that this line of the table stands for, or the same with another body."""
    method = line.partition(" ")[0].replace("*", "GET")
    path = address(line, place)
    body = body or TABLE["bodies"].get(line)
    if line.endswith("/events"):
        path += "?cursor=999999"  # never given: told so, and at an end
    if line.endswith("/info/refs"):
        path += "?service=git-upload-pack"
    if line.endswith(("/git-upload-pack", "/git-receive-pack")):
        kind = f"application/x-{line.rpartition('/')[2]}-request"
        return caller(method, path, b"0000", {"Content-Type": kind})
    if "/commit/{rev}" in line and method == "POST":
        lines = ndjson(("header", {"summary": "s"}), ("deletedFile", {"path": "nope"}))
        return caller(method, path, lines, {"Content-Type": "application/x-ndjson"})
    if line in {"POST {page}/upload/{rev}", "POST {page}/discussions/{number}/attach"}:
        form = f'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{csrf}\r\n--b--\r\n'
        kind = "multipart/form-data; boundary=b"
        return caller(method, path, form.encode(), {"Content-Type": kind})
    if body is None:
        return caller(method, path)
    words = {"{type}": place.kind.removesuffix("s"), "{repo}": place.repo, "{taken}": place.taken}
    text = json.dumps(body)
    for word, value in words.items():
        text = text.replace(word, value)
    filled = json.loads(text)
    if filled.pop("form", False):
        return caller.form(path, {**filled, "csrf": csrf})
    return caller.json(method, path, filled)


def decision(answer: Answer) -> str:
    """The word of the table for an answer."""
    assert answer.status < 500, answer.text
    is_collection_hidden = answer.headers.get("X-Error-Message") == "Collection not found"
    if answer.code == "RepoNotFound" or is_collection_hidden:
        return "hidden"
    if answer.code == "GatedRepo":
        return "gated"
    if answer.status == 401 or (answer.status == 303 and "/login" in answer.headers["Location"]):
        return "sign-in"
    return "no" if answer.status == 403 else "yes"


def expected(line: str, right: str, role: str, visibility: str) -> str:
    if role == "anonymous" and line in TABLE["sign-in-first"]["routes"]:
        return "sign-in"
    column = ROLES.index(role)
    rows = TABLE["roles"][visibility]
    if right != "read-and-create":
        return str(rows[right][column])
    seen = str(rows["read"][column])
    creates = str(TABLE["roles"]["public"]["write"][column])
    if role == "contributor":
        creates = "yes"  # contributors make repositories of their own in the organisation
    return seen if seen != "yes" else creates


def unlike(answer: Answer, place: Place) -> tuple[object, ...]:
    """An answer without what may differ between any two repositories or requests."""
    text = answer.text
    for own, word in (
        (place.repo, "<repo>"),
        (place.repo.partition("/")[2], "<name>"),
        (place.slug.partition("/")[2], "<slug>"),
    ):
        text = text.replace(own, word)
    text = re.sub(r'name="csrf" value="[^"]*"', "<csrf>", text)
    text = text.replace(answer.headers["X-Request-Id"], "<id>").replace(place.head, "<head>")
    # The server closes when the asker's body had not come by then: that tells of the asker's line.
    own = {"date", "x-request-id", "content-length", "connection"}
    kept = {
        name.lower(): value.replace(place.repo, "<repo>")
        for name, value in answer.headers.items()
        if name.lower() not in own
    }
    return answer.status, kept, text


@pytest.mark.parametrize(
    ("role", "kind"),
    [(role, "models") for role in ROLES]
    + [(role, "datasets") for role in ("anonymous", "stranger", "contributor", "other-repo-token")],
)
def test_every_address_asks_for_the_right_it_should(
    target: Target,
    places: dict[tuple[str, str], Place],
    actors: dict[str, Caller],
    csrf: str,
    role: str,
    kind: str,
) -> None:
    faults = []
    hidden: dict[tuple[str, str], tuple[object, ...]] = {}
    for line in LINES:
        right = RIGHT_OF[line]
        if right not in {*RIGHTS, "read-and-create"}:
            continue
        if (MODELS_ALONE if kind == "datasets" else DATASETS_ALONE).search(line):
            continue
        for visibility in VISIBILITIES:
            wanted = expected(line, right, role, visibility)
            if wanted == "yes" and line in TABLE["destructive"]["routes"]:
                continue
            place = places[kind, visibility]
            answer = drive(actors[role], line, place, csrf)
            found = decision(answer)
            if found != wanted:
                faults.append((line, visibility, wanted, found, answer.status, answer.text[:150]))
            if found == "hidden" or role == "anonymous":
                hidden[line, visibility] = unlike(answer, place)
    assert not faults, "\n".join(map(str, faults))
    for (line, visibility), told in hidden.items():
        if expected(line, RIGHT_OF[line], role, visibility) == "hidden":
            assert told == hidden[line, "missing"], (line, visibility)


@pytest.fixture(scope="module")
def collected(target: Target, places: dict[tuple[str, str], Place]) -> dict[str, Place]:
    """By visibility: the place of a collection. Titles have the same length."""
    olga = target.user("olga")
    found = {"missing": places["models", "public"]}
    for visibility in ("public", "private"):
        body = {
            "title": f"A {visibility} one".ljust(16, "x"),
            "namespace": "works",
            "private": visibility == "private",
        }
        answer = olga.json("POST", "/api/collections", body)
        assert answer.status == 200, answer.text
        found[visibility] = replace(found["missing"], slug=answer.json()["slug"])
    return found


@pytest.mark.parametrize("role", ROLES)
def test_every_address_of_a_collection_asks_for_the_right_it_should(
    collected: dict[str, Place], actors: dict[str, Caller], csrf: str, role: str
) -> None:
    faults = []
    for right in COLLECTION_RIGHTS:
        for line in TABLE["collections"][right]:
            told = {}
            for visibility, place in collected.items():
                wanted = TABLE["collections"][visibility][right][ROLES.index(role)]
                if wanted == "yes" and line in TABLE["destructive"]["routes"]:
                    continue
                answer = drive(actors[role], line, place, csrf)
                if (found := decision(answer)) != wanted:
                    faults.append((line, visibility, wanted, found, answer.text[:150]))
                if wanted == "hidden":
                    told[visibility] = unlike(answer, place)
            if "private" in told:
                assert told["private"] == told["missing"], line
    assert not faults, "\n".join(map(str, faults))


@pytest.fixture(scope="module")
def buckets(target: Target) -> dict[str, Place]:
    """By visibility: the place of a bucket. Names have the same length."""
    olga, found = target.user("olga"), {}
    for visibility in ("public", "private", "missing"):
        name = f"works/bucket-{visibility}".ljust(20, "x")
        if visibility != "missing":
            made = olga.json("POST", f"/api/buckets/{name}", {"visibility": visibility})
            assert made.status == 200, made.text
        found[visibility] = Place("buckets", name, "0" * 40, name)
    return found


@pytest.mark.parametrize("role", ROLES)
def test_every_address_of_a_bucket_asks_for_the_right_it_should(
    buckets: dict[str, Place], actors: dict[str, Caller], csrf: str, role: str
) -> None:
    faults = []
    column = ROLES.index(role)
    for line, right in OF_THEIR_OWN:
        if not right.startswith("bucket "):
            continue
        told = {}
        for visibility, place in buckets.items():
            if line in TABLE["buckets"]["create"]:
                wanted = TABLE["buckets"]["creators"][column]
            else:
                wanted = expected(line, right.removeprefix("bucket "), role, visibility)
            makes = line in TABLE["buckets"]["create"] and visibility == "missing"
            if wanted == "yes" and (makes or line in TABLE["destructive"]["routes"]):
                continue
            answer = drive(actors[role], line, place, csrf)
            if (found := decision(answer)) != wanted:
                faults.append((line, visibility, wanted, found, answer.text[:150]))
            if wanted == "hidden":
                told[visibility] = unlike(answer, place)
        if "private" in told:
            assert told["private"] == told["missing"], line
    assert not faults, "\n".join(map(str, faults))


@pytest.fixture(scope="module")
def ruled(target: Target) -> Place:
    """A public model whose tags have a rule."""
    olga, repo = target.user("olga"), "works/model-ruled"
    assert olga.json("POST", "/api/repos/create", {"name": repo}).status == 200
    rule = {"target": "tag", "pattern": "v*"}
    assert olga.json("POST", f"/api/models/{repo}/rules", rule).status == 200
    return Place("models", repo, "0" * 40, "works/mode-taken")


@pytest.mark.parametrize("role", ROLES)
def test_whom_rules_hold_does_not_get_rid_of_them(
    target: Target, ruled: Place, places: object, actors: dict[str, Caller], csrf: str, role: str
) -> None:
    """Who may only write could else delete the repository, or move it to where the rules are theirs."""
    olga, at = target.user("olga"), f"/api/models/{ruled.repo}"
    before = olga("GET", at).json()
    faults = []
    for line, body in TABLE["ruled"]["changes"]:
        wanted = expected(line, "rules", role, "public")
        if wanted == "yes" and line in TABLE["destructive"]["routes"]:
            continue
        answer = drive(actors[role], line, ruled, csrf, body)
        if (found := decision(answer)) != wanted:
            faults.append((line, body, wanted, found, answer.text[:150]))
        if role == "writer":
            assert "only admins of its namespace" in answer.headers["X-Error-Message"], line
        if wanted == "yes":
            back = {"private": False, "gated": False}
            assert olga.json("PUT", f"{at}/settings", back).status == 200
    for form in TABLE["ruled"]["forms"] if role == "writer" else ():
        body = {"form": True, **form}
        answer = drive(actors[role], "POST {page}/settings", ruled, csrf, body)
        assert "only admins of its namespace" in answer.text, form
    assert not faults, "\n".join(map(str, faults))
    after = olga("GET", at).json()
    for kept in ("id", "private", "gated"):
        assert after[kept] == before[kept]


@pytest.mark.parametrize("role", ROLES)
def test_other_addresses_are_for_whom_they_should(
    places: dict[tuple[str, str], Place], actors: dict[str, Caller], csrf: str, role: str
) -> None:
    """Those that belong to no repository, and those that only a signature opens."""
    known = role != "anonymous"
    wanted = {
        "open": {"yes"},
        "somebody": {"yes", "no"} if known else {"sign-in"},
        "person": {"no"} if known else {"sign-in"},
        "voice": {"no"} if role.endswith("-token") else {"yes"} if known else {"sign-in"},
        "hub-admin": {"yes"} if role == "admin" else {"no"} if known else {"sign-in"},
        "signed": {"no"},
        "store": {"no", "sign-in"},
        "nothing": {"yes", "hidden", "sign-in"},
    }
    for line in LINES:
        right = RIGHT_OF[line]
        if right not in wanted:
            continue
        answers = [drive(actors[role], line, places["models", v], csrf) for v in VISIBILITIES]
        found = {decision(answer) for answer in answers}
        assert found <= wanted[right], (line, found, answers[0].text[:200])
        if right in {"signed", "store", "nothing"}:
            assert {answer.status for answer in answers} <= {400, 401, 403, 404, 405, 200, 303}
            told = {
                str(unlike(answer, places["models", v]))
                for answer, v in zip(answers, VISIBILITIES, strict=True)
            }
            if right != "nothing":
                assert len(told) == 1, line


def test_lists_hold_only_what_one_may_see(
    target: Target,
    places: dict[tuple[str, str], Place],
    buckets: dict[str, Place],
    actors: dict[str, Caller],
) -> None:
    """A private repository's name stands in no list, page or count of somebody it is hidden from."""
    hidden = places["models", "private"].repo.partition("/")[2]
    paths = [
        "/api/models?author=works&limit=1000",
        f"/api/models?search={hidden}",
        "/api/models?limit=1000&full=true&expand=siblings",
        "/api/models-tags-by-type",
        "/api/users/works/overview",
        "/api/organizations/works/overview",
        "/api/users/olga/overview",
        "/api/organizations/works/settings/repositories",
        "/api/settings/repositories",
        "/works",
        "/works?tab=activity",
        "/olga?tab=activity",
        "/-/feeds/accounts/works",
        "/-/feeds/accounts/olga",
        "/-/feeds/models/new.atom",
        "/notifications?which=all",
        "/api/notifications?which=all",
        "/models?search=" + hidden,
        "/",
        "/sitemap.xml",
    ]
    for role in ("anonymous", "stranger", "other-repo-token"):
        for path in paths:
            text = actors[role]("GET", path).text
            for said in (f"search={hidden}", f"search%3D{hidden}", f'value="{hidden}"'):
                text = text.replace(said, "")  # what was asked for is told again
            assert hidden not in text, (role, path)
    assert hidden in actors["reader"]("GET", paths[0]).text
    bucket = buckets["private"].repo.partition("/")[2]
    for path in ("/api/buckets/works?search=bucket", "/works?tab=buckets", *paths):
        for role in ("anonymous", "stranger", "other-repo-token"):
            assert bucket not in actors[role]("GET", path).text, (role, path)
    assert bucket in actors["reader"]("GET", "/api/buckets/works").text
    counts = [
        actors[r]("GET", "/api/organizations/works/overview").json() for r in ("stranger", "reader")
    ]
    assert counts[0]["numModels"] <= counts[1]["numModels"]


def test_numbers_of_one_repository_open_nothing_in_another(
    target: Target, places: dict[tuple[str, str], Place]
) -> None:
    """A discussion, commit, upload or branch is looked for inside its own repository only."""
    olga, mallory = target.user("olga"), target.user("mallory")
    private = places["models", "private"]
    own = target.repository(mallory, "mallory", "own")
    for path in (
        f"/api/models/{own}/discussions/1",
        f"/api/models/{own}/revision/{private.head}",
        f"/api/models/{own}/tree/{private.head}",
        f"/api/models/{own}/commits/{private.head}",
        f"/{own}/resolve/{private.head}/README.md",
        f"/{own}/raw/{private.head}/README.md",
        f"/{own}/commit/{private.head}",
        f"/{own}/tree/{private.head}",
        f"/{own}/discussions/1",
    ):
        assert mallory("GET", path).status == 404, path
    assert olga("GET", f"/{private.repo}/commit/{private.head}").status == 200
    body = {"startingPoint": private.head}
    assert mallory.json("POST", f"/api/models/{own}/branch/stolen", body).status == 404
    assert commit(mallory, own, regular("x", b"x"), ref=private.head).status == 404


def test_who_made_a_repository_may_write_it_with_the_role_of_a_contributor(target: Target) -> None:
    """And nobody else of that role; nor after the role has ended."""
    cora, olga = target.user("cora"), target.user("olga")
    own = target.repository(cora, "works", "coras", private=True)
    others = target.repository(olga, "works", "others", private=True)
    assert commit(cora, own, regular("a", b"a")).status == 200
    assert commit(cora, others, regular("a", b"a")).status == 403


@pytest.mark.parametrize("how", ["bearer", "basic", "cookie"])
def test_what_was_revoked_opens_nothing_within_a_second(
    target: Target, places: dict[tuple[str, str], Place], csrf: str, how: str
) -> None:
    """Every address again with a credential that ended a moment ago."""
    place = places["models", "private"]
    if how == "cookie":
        browser = target.sign_in("lou")
        assert browser("GET", f"/{place.repo}").status == 200
        answer = browser.form(
            "/logout", {"csrf": csrf_in(browser("GET", "/settings/profile").text)}
        )
        assert answer.status == 303
        ended = browser
    else:
        value = target.token("lou")
        ended = target.caller({**(bearer(value) if how == "bearer" else basic("lou", value))})
        ended.headers["Origin"] = target.url
        assert ended("GET", f"/api/models/{place.repo}").status == 200
        target.revoke("lou", value)
    for line in LINES:
        right = RIGHT_OF[line]
        if right not in {
            *RIGHTS,
            "read-and-create",
            "somebody",
            "person",
            "voice",
            "hub-admin",
            "store",
        } or DATASETS_ALONE.search(line):
            continue
        answer = drive(ended, line, place, csrf)
        if how == "cookie":  # an old cookie is nobody's
            assert decision(answer) in {"hidden", "sign-in", "no"}, (line, answer.text)
        elif not line.startswith("GET /xet/"):
            assert answer.status == 401 or decision(answer) == "no", (line, answer.text)
        own = (
            f"{word}{slash}{place.head}" for word in ("commit", "checks") for slash in ("/", "%2F")
        )
        left = answer.text
        for echoed in own:  # the address that was asked for
            left = left.replace(echoed, "")
        assert place.head not in left
        assert "# hello" not in answer.text


def test_large_files_of_private_repositories_stay_there(target: Target) -> None:
    """Through every address that gives content, for whom the repository does not exist."""
    olga = target.user("olga")
    repo = target.repository(olga, "works", "private", private=True)
    content = b"the private content " * 5000
    sha256 = publish(olga, repo, "m.bin", content)
    for caller in (target.caller(), target.user("stig"), target.user("mallory", "read")):
        for path in (
            f"/{repo}/resolve/main/m.bin",
            f"/{repo}/raw/main/m.bin",
            f"/{repo}/blob/main/m.bin",
            f"/{repo}.git/info/lfs/objects/{sha256}",
            f"/api/models/{repo}/tree/main",
            f"/{repo}.git/info/refs?service=git-upload-pack",
            f"/{repo}/info/refs?service=git-receive-pack",
        ):
            for method in ("GET", "HEAD"):
                answer = caller(method, path)
                assert answer.status in {401, 403, 404}, path
                assert sha256 not in str(answer.headers) + answer.text.replace(path, "")
