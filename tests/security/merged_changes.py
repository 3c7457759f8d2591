"""What is sent to addresses of reviews, labels, rules, forks, webhooks and buckets to change them.

Each is carried out and has to leave an event. Knows what these addresses take, and what has to
stand before they take it. Does not know which addresses there are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.security.recording import Story
from tests.security.target import Answer, Caller, Target, commit, regular
from tests.security.test_bucket_claims import add, cas_of
from tests.security.xet_calls import known, send


@dataclass
class Person:
    """Somebody who changes things, with a program and with forms."""

    story: Story
    name: str

    @property
    def target(self) -> Target:
        return self.story.target

    @property
    def caller(self) -> Caller:
        return self.target.user(self.name)

    def did(self, route: str, method: str, path: str, body: object = None) -> Answer:
        return self.story.did(route, self.name, self.caller, method, path, body or {})

    def sent(self, route: str, where: str, **fields: str) -> Answer:
        return self.story.sent(f"form {route}", self.name, where, **fields)

    def asked(self, path: str, body: object) -> Answer:
        """A change that is not looked at."""
        answer = self.caller.json("POST", path, body)
        assert answer.status == 200, (path, answer.text)
        return answer

    def repository(self, *texts: tuple[str, bytes], owner: str = "") -> str:
        repo = self.target.repository(self.caller, owner or self.name, "told")
        for path, content in texts:
            self.commits(repo, path, content)
        return repo

    def commits(self, repo: str, path: str, content: bytes, query: str = "") -> str:
        answer = commit(self.caller, repo, regular(path, content), query=query)
        assert answer.status == 200, answer.text
        return str(answer.json()["commitOid"])

    def request(self, repo: str, path: str, content: bytes) -> int:
        """The number of a new pull request."""
        made = commit(self.caller, repo, regular(path, content), query="?create_pr=1")
        return int(made.json()["pullRequestUrl"].rpartition("/")[2])


def reviews(olga: Person, wim: Person) -> None:
    """Olga answers what Wim proposes."""
    repo = olga.repository(("a.txt", b"one\ntwo\n"), owner="works")
    number = wim.request(repo, "a.txt", b"one\n2\nthree\n")
    at = f"/api/models/{repo}/discussions/{number}"
    page = f"/{repo}/discussions/{number}/files"
    suggested = "```suggestion\nTWO\n```"
    comments = [
        {"path": "a.txt", "line": line, "comment": text}
        for line, text in ((2, suggested), (3, "Why?"))
    ]
    wim.did("ask for review", "POST", f"{at}/review-requests", {"reviewers": ["olga"]})
    wim.did("ask for review no longer", "DELETE", f"{at}/review-requests/olga")
    body = {"verdict": "changes_requested", "comment": "No", "comments": comments}
    given = olga.did("review", "POST", f"{at}/reviews", body).json()
    first, second = given["threads"]
    olga.did("reply", "POST", f"{at}/threads/{second['id']}/reply", {"comment": "Well?"})
    olga.did("resolve", "POST", f"{at}/threads/{second['id']}/resolve")
    line = f"{at}/lines/{second['comments'][0]['id']}"
    olga.did("edit line comment", "POST", f"{line}/edit", {"comment": "Why three?"})
    olga.did("remove line comment", "POST", f"{line}/remove")
    numbers = [first["comments"][0]["id"]]
    wim.did("apply suggestions", "POST", f"{at}/apply", {"comments": numbers})
    olga.did("dismiss review", "POST", f"{at}/reviews/{given['id']}/dismiss", {"reason": "Done"})
    olga.sent("pull request changes", page, do="finish", verdict="approved", text="Yes")
    olga.sent("pull request changes", page, do="say", path="a.txt", first="1", last="1", text="?")


def marks(olga: Person) -> None:
    """Labels, reactions, and who is to see to it."""
    repo = olga.repository()
    at = f"/api/models/{repo}"
    olga.asked(f"{at}/discussions", {"title": "One", "description": "d"})
    told = olga.asked(f"{at}/discussions/1/comment", {"comment": "words"}).json()
    comment = f"{at}/discussions/1/comment/{told['newMessage']['id']}"
    olga.did("reaction", "POST", f"{comment}/reaction", {"reaction": "heart"})
    label = olga.did("make label", "POST", f"{at}/labels", {"name": "one"}).json()["id"]
    olga.did("change label", "PATCH", f"{at}/labels/{label}", {"name": "two"})
    olga.did("discussion labels", "PUT", f"{at}/discussions/1/labels", {"labels": ["two"]})
    olga.did("discussion assignees", "PUT", f"{at}/discussions/1/assignees", {"user": "olga"})
    olga.did("remove label", "DELETE", f"{at}/labels/{label}")
    olga.sent("labels", f"/{repo}/discussions/labels", do="make", name="three", colour="blue")


def rules(olga: Person) -> None:
    """Rules, checks and the queue that they make."""
    repo = olga.repository(("a.txt", b"one\n"))
    at = f"/api/models/{repo}"
    number = olga.request(repo, "b.txt", b"two\n")
    made = olga.did("create rule", "POST", f"{at}/rules", {"pattern": "v/*"}).json()["id"]
    terms = {"pattern": "main", "queue": True, "checks": ["unit"]}
    olga.did("replace rule", "PUT", f"{at}/rules/{made}", terms)
    # A queue takes what its head's checks pass; its result is made and awaits a check of its own.
    head = olga.caller("GET", f"{at}/revision/refs%2Fpr%2F{number}").json()["sha"]
    passed = {"name": "unit", "state": "passed"}
    olga.did("report check", "POST", f"{at}/checks/{head}", passed)
    olga.asked(f"{at}/discussions/{number}/status", {"status": "open"})
    assert olga.asked(f"{at}/discussions/{number}/merge", {}).json().get("queued")
    olga.did("leave merge queue", "DELETE", f"{at}/queue/{number}")
    olga.did("delete rule", "DELETE", f"{at}/rules/{made}")
    fields = {"target": "branch", "pattern": "main", "pushers": "writers"}
    olga.sent("rules", f"/{repo}/settings/rules", do="save", **fields)


def forks(olga: Person, stig: Person) -> None:
    """Stig forks what Olga has; each brings to the other what is new."""
    repo = olga.repository(("a.txt", b"one\n"))
    below = f"stig/{olga.target.new_name('fork')}"
    stig.did("fork", "POST", f"/api/models/{repo}/forks", {"repository": below})
    olga.commits(repo, "b.txt", b"two\n")
    stig.did("sync", "POST", f"/api/models/{below}/sync")
    olga.commits(repo, "c.txt", b"three\n")
    stig.sent("sync", f"/{below}/sync", do="sync")
    stig.commits(below, "d.txt", b"four\n")
    stig.sent("contribute", f"/{below}/contribute", branch="main", title="Four", text="words")
    stig.commits(below, "e.txt", b"five\n")
    stig.did("from fork", "POST", f"/api/models/{repo}/discussions/1/from-fork")
    stig.sent("fork", f"/{repo}/fork", owner="stig", name=olga.target.new_name("fork"))


def webhooks(olga: Person) -> None:
    """Whom the hub tells. The address is none that answers, which is not looked at here."""
    at = "/api/settings/webhooks"
    draft = {"url": "https://hook.invalid/x", "watched": [{"type": "user", "name": "olga"}]}
    made = olga.did("create webhook", "POST", at, draft).json()["webhook"]["id"]
    olga.did("change webhook", "POST", f"{at}/{made}", {**draft, "domains": ["repo"]})
    told = olga.did("test webhook", "POST", f"{at}/{made}/test").json()["delivery"]["id"]
    page = f"/settings/webhooks/{made}"
    for again in ("a program", "a form"):
        # What waits is dropped when its webhook is switched off, and can then be sent again.
        for switch in ("disable", "enable"):
            olga.did("switch webhook", "POST", f"{at}/{made}/{switch}")
        if again == "a program":
            olga.did("redeliver", "POST", f"{at}/{made}/deliveries/{told}/redeliver")
        else:
            olga.sent("delivery", f"{page}/deliveries/{told}")
    olga.did("switch webhook", "POST", f"{at}/{made}/disable")
    fields = {"url": "https://hook.invalid/y", "watched": "olga", "repo": "on"}
    olga.sent("edit webhook", f"{page}/edit", **fields)
    for word in ("enable", "test", "disable", "delete"):
        olga.sent("webhook", page, do=word)
    where = olga.sent("new webhook", "/settings/webhooks/new", **fields).headers["Location"]
    number = re.findall(r"[0-9a-f]{24}", where)[0]
    olga.did("delete webhook", "DELETE", f"{at}/{number}")


def buckets(olga: Person) -> None:
    """Buckets and what is in them."""
    name = f"olga/{olga.target.new_name('bucket')}"
    at = f"/api/buckets/{name}"
    olga.did("create bucket", "POST", at, {"visibility": "private"})
    file = known(70_000, "recorded in a bucket")
    send(cas_of(olga.target, olga.caller, name), file.packed, file.sha256)
    for operation in (add(file.file_hash, "a.bin"), {"type": "deleteFile", "path": "a.bin"}):
        olga.did("bucket batch", "POST", f"{at}/batch", operation)
    olga.did("bucket settings", "PUT", f"{at}/settings", {"visibility": "public"})
    olga.did("delete bucket", "DELETE", at)


def edits(olga: Person) -> None:
    """Files written in the browser, and both sides of one joined there."""
    repo = olga.repository(("a.txt", b"one\n"))
    head = olga.commits(repo, "b.txt", b"two\n")
    fields = {"do": "save", "file": "b.txt", "text": "2\n", "commit": head}
    olga.sent("edit file", f"/{repo}/edit/main/b.txt", **fields)
    olga.sent("new file", f"/{repo}/new/main", do="save", file="c.txt", text="three\n")
    number = olga.request(repo, "a.txt", b"theirs\n")
    ours = olga.commits(repo, "a.txt", b"ours\n")
    reference = f"/api/models/{repo}/revision/refs%2Fpr%2F{number}"
    theirs = olga.caller("GET", reference).json()["sha"]
    sides = {"path-0": "a.txt", "side-0": "text", "text-0": "both\n"}
    page = f"/{repo}/discussions/{number}/resolve"
    olga.sent("resolve", page, head=theirs, main=ours, **sides)
