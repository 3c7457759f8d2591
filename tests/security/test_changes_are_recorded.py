"""S20: a change that leaves no trace.

The story: whoever breaks in, or a member who is angry, changes what nobody looks at: a token is
made, a gate opened, a page's text hidden. What is not in the record cannot be found afterwards, and
neither feeds, inboxes nor webhooks hear of it, which are all read from the record.

So every address that changes something is taken from the application's own router and driven with a
request that is carried out. After each a new event has to be there. Addresses that write none are
listed with the reason; one that is in neither list fails the test.
"""

from __future__ import annotations

import re

import pytest

from tests.security import merged_changes
from tests.security.merged_changes import Person
from tests.security.recording import SILENT, Story
from tests.security.target import (
    Answer,
    Target,
    commit,
    csrf_in,
    publish,
    regular,
)
from tests.security.test_routes_and_roles import every_route

pytestmark = pytest.mark.own_folder


@pytest.fixture(scope="module")
def story(target: Target) -> Story:
    return Story(target)


def test_what_programs_change_is_recorded(story: Story, target: Target) -> None:
    olga, stig, name = target.user("olga"), target.user("stig"), target.new_name("recorded")
    at, repo = f"/api/models/olga/{name}", f"olga/{name}"

    def did(route: str, method: str, path: str, body: object = None) -> Answer:
        return story.did(route, "olga", olga, method, path, body or {})

    did("create repository", "POST", "/api/repos/create", {"name": name, "organization": "olga"})
    before = story.newest()
    story.check("commit", "olga", before, commit(olga, repo, regular("README.md", b"# hi\n")))
    content = f"large {name}".encode() * 999
    sha256 = publish(olga, repo, "w.bin", content)
    did("create branch", "POST", f"{at}/branch/side")
    did("delete branch", "DELETE", f"{at}/branch/side")
    did("create tag", "POST", f"{at}/tag/main", {"tag": "one"})
    did("delete tag", "DELETE", f"{at}/tag/one")
    did("super squash", "POST", f"{at}/super-squash/main")
    did("like", "POST", f"{at}/like")
    did("unlike", "DELETE", f"{at}/like")
    did("watch", "PUT", f"{at}/watch", {"level": "none"})
    talk = f"{at}/discussions"
    did(
        "create discussion",
        "POST",
        talk,
        {"title": "One", "description": "d", "pullRequest": False},
    )
    told = did("comment", "POST", f"{talk}/1/comment", {"comment": "words"}).json()
    number = told["newMessage"]["id"]
    did("edit comment", "POST", f"{talk}/1/comment/{number}/edit", {"content": "others"})
    did("hide comment", "POST", f"{talk}/1/comment/{number}/hide")
    did("discussion title", "POST", f"{talk}/1/title", {"title": "Two"})
    did("discussion status", "POST", f"{talk}/1/status", {"status": "closed"})
    did("lock or pin discussion", "POST", f"{talk}/1/pin")
    did("hear of discussion", "PUT", f"{talk}/1/subscription", {"subscribed": False})
    before = story.newest()
    made = commit(olga, repo, regular("b.txt", b"b"), query="?create_pr=1")
    story.check("commit", "olga", before, made)
    commit(olga, repo, regular("c.txt", b"c"))
    did("update pull request", "POST", f"{talk}/2/update")
    did("discussion status", "POST", f"{talk}/2/status", {"status": "open"})
    did("merge", "POST", f"{talk}/2/merge")
    other = target.repository(olga, "olga", "other")
    info = olga("GET", f"{at}/tree/main").json()
    known = next(each["xetHash"] for each in info if each["path"] == "w.bin")
    did(
        "duplicate large files",
        "POST",
        f"{at}/lfs-files/duplicate",
        {
            "target": {"type": "model", "name": other},
            "files": [{"sha256": sha256, "xetHash": known, "filename": "w.bin"}],
        },
    )
    deletion = {"deletions": {"sha": [sha256], "rewriteHistory": True}}
    did("delete large files", "POST", f"{at}/lfs-files/batch", deletion)
    did("repository settings", "PUT", f"{at}/settings", {"gated": "manual"})
    did("grant access", "POST", f"{at}/user-access-request/grant", {"user": "stig"})
    handled = {"user": "stig", "status": "rejected"}
    did("handle access request", "POST", f"{at}/user-access-request/handle", handled)
    did("duplicate repository", "POST", f"{at}/duplicate", {"repository": f"olga/{name}-copy"})
    moved = {"fromRepo": f"olga/{name}-copy", "toRepo": f"olga/{name}-moved", "type": "model"}
    did("move repository", "POST", "/api/repos/move", moved)
    gone = {"name": f"{name}-moved", "organization": "olga"}
    did("delete repository", "DELETE", "/api/repos/delete", gone)
    for kind, word in (("users", "user"), ("organizations", "organisation")):
        account = "wim" if kind == "users" else "works"
        path = f"/api/{kind}/{account}/follow"
        stig.json("DELETE", path, {})  # other tests of the same hub may have made him follow
        for method, route in (("POST", "follow"), ("DELETE", "unfollow")):
            story.did(f"{route} {word}", "stig", stig, method, path, {})


def test_what_programs_change_of_collections_is_recorded(story: Story, target: Target) -> None:
    olga = target.user("olga")

    def did(route: str, method: str, path: str, body: object = None) -> Answer:
        return story.did(route, "olga", olga, method, path, body or {})

    made = did("create collection", "POST", "/api/collections", {"title": "Recorded"})
    at = f"/api/collections/{made.json()['slug']}"
    did("change collection", "PATCH", at, {"title": "Recorded", "description": "d"})
    item = {"item": {"type": "paper", "id": "2307.09288"}}
    told = did("add item", "POST", f"{at}/items", item).json()
    number = told["items"][0]["_id"]
    did("change item", "PATCH", f"{at}/items/{number}", {"note": "n"})
    did("delete item", "DELETE", f"{at}/items/{number}")
    did("upvote", "POST", f"{at}/upvote")
    did("take back upvote", "DELETE", f"{at}/upvote")
    did("delete collection", "DELETE", at)


def test_what_git_changes_is_recorded(story: Story, target: Target, tmp_path) -> None:
    import subprocess

    olga = target.user("olga")
    repo = target.repository(olga, "olga", "pushed")
    commit(olga, repo, regular("README.md", b"# hi\n"))
    from tests.security.target import token_of

    url = f"http://olga:{token_of('olga')}@127.0.0.1:{target.port}/{repo}"
    git = ["git", "-c", "user.name=o", "-c", "user.email=o@example.org"]
    subprocess.run([*git, "clone", "-q", url, tmp_path / "w"], check=True)
    before = story.newest()
    subprocess.run(
        [*git, "commit", "-q", "--allow-empty", "-m", "x"], cwd=tmp_path / "w", check=True
    )
    subprocess.run([*git, "push", "-q"], cwd=tmp_path / "w", check=True)
    assert story.of_account("olga", before)
    story.told.add("git-receive-pack")


def test_what_forms_change_is_recorded(story: Story, target: Target) -> None:
    name = target.new_name("formed")
    at = f"/olga/{name}"

    def sent(route: str, path: str, page: str = "", **fields: str) -> Answer:
        return story.sent(f"form {route}", "olga", path, page, **fields)

    sent("new repository", "/new", kind="model", owner="olga", name=name, visibility="public")
    commit(target.user("olga"), f"olga/{name}", regular("a.txt", b"a"), regular("b.txt", b"b"))
    sent("references", f"{at}/refs", name="side", create="branch", **{"from": "main"})
    sent("delete file", f"{at}/delete/main/b.txt", message="gone")
    sent("like", f"{at}/like", like="yes")
    sent("watch", f"{at}/watch", level="none")
    sent("new discussion", f"{at}/discussions/new", title="One", text="two")
    sent("discussion", f"{at}/discussions/1", do="comment", text="three")
    sent("hear of discussion", f"{at}/discussions/1/hear", hear="no")
    sent("follow", "/-/follow/wim", follow="yes")
    sent("new collection", "/collections/new", owner="olga", title="Formed", visibility="public")
    made = target.user("olga")("GET", "/api/collections?owner=olga").json()
    slug = next(each["slug"] for each in made if each["title"] == "Formed")
    sent("collect", f"{at}/collect", collection=slug)
    sent("upvote", f"/collections/{slug}/upvote", upvote="yes")
    page = f"/collections/{slug}/edit"
    sent(
        "edit collection", page, change="details", title="Formed", visibility="public", theme="blue"
    )
    sent("mail", "/settings/mail", change="choice", choice="all")
    sent("profile", "/settings/profile", change="profile", fullname="Olga", email="o@example.org")
    token = sent("new token", "/settings/tokens/new", name="t", role="read")
    number = re.findall(r'name="id" value="(\d+)"', token.text)[0]
    sent("revoke token", "/settings/tokens/revoke", id=number)
    sent(
        "repository settings", f"{at}/settings", change="access", visibility="public", gate="manual"
    )
    shown = target.browser("stig")("GET", at).text
    digest = re.findall(r'name="form" value="([^"]+)"', shown)[0]
    story.sent("form ask for access", "stig", f"{at}/ask-access", form=digest)
    story.sent("form withdraw access request", "stig", f"{at}/withdraw-access")
    sent("access requests", f"{at}/settings/access", change="grant", user="stig")
    body = {"client_id": "c", "scope": ""}
    code = target.caller().form("/oauth/device", body).json()["user_code"]
    sent("device", "/device/approve", f"/device?user_code={code}", user_code=code, answer="approve")


def test_uploads_and_sign_ins_are_recorded(story: Story, target: Target) -> None:
    olga, browser = target.user("olga"), target.browser("olga")
    repo = target.repository(olga, "olga", "uploaded")
    csrf = csrf_in(browser("GET", f"/{repo}/upload/main").text)
    parts = {"csrf": csrf, "folder": "", "message": "m", "target": "branch"}
    lines = [
        f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
        for k, v in parts.items()
    ]
    lines.append(
        '--b\r\nContent-Disposition: form-data; name="files"; filename="u.txt"\r\n\r\nhi\r\n--b--\r\n'
    )
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    before = story.newest()
    answer = browser("POST", f"/{repo}/upload/main", "".join(lines).encode(), kind)
    story.check("form upload", "olga", before, answer)
    before = story.newest()
    wim = target.sign_in("wim")
    assert story.of_account("wim", before) == ["session.started"]
    story.told.add("form sign in")
    csrf = csrf_in(wim("GET", "/settings/profile").text)
    before = story.newest()
    story.check("form sign out", "wim", before, wim.form("/logout", {"csrf": csrf}))


def test_reviews_and_marks_are_recorded(story: Story) -> None:
    merged_changes.reviews(Person(story, "olga"), Person(story, "wim"))
    merged_changes.marks(Person(story, "olga"))


def test_rules_and_the_queue_are_recorded(story: Story) -> None:
    merged_changes.rules(Person(story, "olga"))


def test_forks_are_recorded(story: Story) -> None:
    merged_changes.forks(Person(story, "olga"), Person(story, "stig"))


def test_webhooks_are_recorded(story: Story) -> None:
    merged_changes.webhooks(Person(story, "olga"))


def test_buckets_are_recorded(story: Story) -> None:
    merged_changes.buckets(Person(story, "olga"))


def test_files_written_in_the_browser_are_recorded(story: Story) -> None:
    merged_changes.edits(Person(story, "olga"))


def test_what_admins_do_with_people_is_recorded(story: Story, target: Target) -> None:
    made = target.new_name("made")
    target.browsers["admin"] = target.sign_in("admin", target.live.admin_password)
    for what in ("add", "password", "disable", "enable"):
        story.sent("form users", "admin", "/-/admin/users", do=what, name=made)


def test_no_address_is_forgotten(story: Story) -> None:
    """Every address that is not only read stands above, or is silent for a reason."""
    unsafe = {
        route.name for _, route in every_route() if set(route.methods) - {"GET", "HEAD", "OPTIONS"}
    }
    assert story.told | set(SILENT) == unsafe
    assert not story.told & set(SILENT)
