"""S14: what git itself lets through.

The story, in five parts. (1) git's own checks are no policy for paths: names that are devices on
Windows, options to programs, or the ".git" folder in another spelling pass them, and a repository
that holds one attacks who clones it; and each way in that has a check of its own has a gap of its
own. (2) Names of branches become arguments (Gogs, rebase, CVSS 9.4), and symbolic links become
places (CVE-2025-8110: 700 servers taken by a link onto .git/config). (3) Protocol v2 gives any
object by its hash, whatever is hidden, and a shared object store gives away what belongs to
another: with an empty pack and "this branch is now at that hash". (4) A few kilobytes of pack
unfold to gigabytes, a few trees to more paths than there are atoms. (5) Filters, push options and
alternates make the server do work or look where it should not.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import threading
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.packs import (
    BLOB,
    FILE,
    FOLDER,
    LINK,
    MODULE,
    NO_OBJECT,
    TREE,
    Pack,
    accepted,
    fetch,
    gives_pack,
    line,
    push,
    push_new,
)
from tests.security.target import MIB, Caller, Target, commit, csrf_in, regular

HOSTILE = [
    ".git/config", ".GIT/config", ".Git", "a/.git/hooks/post-checkout", "git~1", "GIT~1/x", "a/git~2",
    ".git.", ".git ", ".git::$INDEX_ALLOCATION/x", ".g\u200cit/config", ".gi\u200dt", "\u202etxt.exe",
    "..", "../x", "a/../../x", "a/..", "./x", "a/./x", "a//x", "/etc/passwd", "x/", "",
    "..\\x", "a\\..\\..\\x", "C:\\x", "C:x", "a:stream", "\\\\host\\share",
    "CON", "con.txt", "aux", "a/NUL.bin", "COM1", "lpt9.log", "PRN", "CONIN$", "com¹",
    "a.", "a ", "b./c", "b /c", " lead", "new\nline", "car\rriage", "esc\x1b[31m", "tab\tx", "nul\0x", "del\x7f",
    "c1\x9b", "-rf", "--upload-pack=touch x", "-",
    "n" * 256, "/".join(["d"] * 65), "x/" * 600 + "x", "soft\u00adhyphen", "bom\ufeff", "\u2066iso",
]  # fmt: skip
LEGAL = ["plain.txt", "a/b/c.bin", "...dots", ".gitignore", "..name", "ünïcødé/日本", "with space", "a/-dash",
         "console.txt", "com10", "git~x", "percent%2e%2e", "a" * 255, "emoji-🤗", "semi;colon$(x)`y`"]  # fmt: skip


@pytest.fixture(scope="module")
def repo(target: Target) -> str:
    return target.repository(target.user("mallory"), "mallory", "gate")


def by_api(caller: Caller, repo: str, path: str) -> bool:
    answer = commit(caller, repo, regular(path, b"x"), ref="api")
    assert answer.status < 500, (path, answer.text)
    return answer.status == 200


def by_first_files(target: Target, caller: Caller, path: str) -> bool:
    body = {"name": target.new_name("begun"), "files": [{"path": path, "content": "x"}]}
    answer = caller.json("POST", "/api/repos/create", body)
    assert answer.status < 500, (path, answer.text)
    return answer.status == 200


def by_push(caller: Caller, repo: str, path: str, ref: str) -> bool:
    pack = Pack()
    made = pack.file_commit(path.encode("utf-8", "surrogateescape"), b"x")
    answer = push_new(caller, repo, made, pack, ref)
    assert answer.status < 500, (path, answer.text)
    return accepted(answer, ref)


def by_web(browser: Caller, repo: str, path: str, csrf: str, branch: str = "web") -> bool:
    folder, _, name = path.rpartition("/")
    fields = {"csrf": csrf, "folder": folder, "summary": "s"}
    body = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (key.encode(), value.encode())
        for key, value in fields.items()
    )
    said = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").encode()
    body += (
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="%s"\r\n\r\nx\r\n--b--\r\n'
        % said
    )
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = browser("POST", f"/{repo}/upload/{branch}", body, kind)
    assert answer.status < 500, (path, answer.text)
    return answer.status == 303


def test_one_policy_for_paths_on_every_way_in(target: Target, repo: str) -> None:
    """The commit API, the first files of a repository, a push, the upload form."""
    caller, browser = target.user("mallory"), target.sign_in("mallory")
    for branch in ("api", "web"):
        assert caller.json("POST", f"/api/models/{repo}/branch/{branch}", {}).status == 200
    csrf = csrf_in(browser("GET", f"/{repo}/upload/web").text)
    for number, path in enumerate([*HOSTILE, *LEGAL]):
        ways = {
            "api": by_api(caller, repo, path),
            "first files": by_first_files(target, caller, path),
        }
        if path and not path.endswith("/"):
            ways["push"] = by_push(caller, repo, path, f"refs/heads/p{number}")
        # The form's own folder may be written with slashes around it, and a browser's file name
        # has no folder: such paths come out as others.
        if (
            "\\" not in path
            and "\0" not in path
            and path.strip("/ ") == path
            and "//" not in path
            and " /" not in path
            and path
        ):
            ways["web"] = by_web(browser, repo, path, csrf)
        assert set(ways.values()) == {path in LEGAL}, (path, ways)
    for name in (b"\xff\xfe", b"a\x80", b"\xc0\xae\xc0\xae", b"x\xed\xa0\x80"):
        pack = Pack()
        assert not accepted(push_new(caller, repo, pack.file_commit(name, b"x"), pack)), name


TWINS = [
    ("README", "readme"),
    ("caf\u00e9", "cafe\u0301"),
    ("\u00c9tude", "e\u0301tude"),
    ("stra\u00dfe", "STRASSE"),
    ("Dir/x", "dir/y"),
]
NO_TWINS = [("read_me", "read-me"), ("v1.0", "v10"), ("e", "\u00e9"), ("a/x", "b/X")]


def by_push_of_two(caller: Caller, repo: str, paths: tuple[str, str], ref: str) -> bool:
    """Both in the root, or each in a folder of its own."""
    pack = Pack()
    entries = []
    for path in paths:
        *folder, name = path.encode().split(b"/")
        entry = (FILE, name, pack.blob(path.encode()))
        entries.append((FOLDER, folder[0], pack.tree(entry)) if folder else entry)
    made = pack.commit(pack.tree(*sorted(entries, key=lambda each: each[1])))
    return accepted(push_new(caller, repo, made, pack, ref), ref)


def test_names_that_some_systems_take_for_one(target: Target) -> None:
    """Case, and how an accent is written: a checkout on macOS or Windows keeps one of the two."""
    caller, browser = target.user("mallory"), target.sign_in("mallory")
    repo = target.repository(caller, "mallory", "twins")
    for number, (first, second) in enumerate([*TWINS, *NO_TWINS]):
        for branch in (f"api{number}", f"web{number}"):
            assert caller.json("POST", f"/api/models/{repo}/branch/{branch}", {}).status == 200
            assert commit(caller, repo, regular(first, b"x"), ref=branch).status == 200
        csrf = csrf_in(browser("GET", f"/{repo}/upload/web{number}").text)
        body = {"name": target.new_name("begun")}
        files = [{"path": path, "content": "x"} for path in (first, second)]
        both = (regular(first, b"x"), regular(second, b"x"))
        begun = caller.json("POST", "/api/repos/create", body | {"files": files})
        ways = {
            "api, later": commit(caller, repo, regular(second, b"x"), ref=f"api{number}").status,
            "api, at once": commit(caller, repo, *both, query="?create_pr=1").status,
            "first files": begun.status,
            "web": 200 if by_web(browser, repo, second, csrf, f"web{number}") else 422,
            "push": 200
            if by_push_of_two(caller, repo, (first, second), f"refs/heads/p{number}")
            else 422,
        }
        wanted = 422 if (first, second) in TWINS else 200
        assert set(ways.values()) == {wanted}, (first, second, ways)
        renamed = ("deletedFile", {"path": first}), regular(second, b"x")
        assert commit(caller, repo, *renamed, ref=f"api{number}").status == 200


def test_trees_that_git_would_not_write(target: Target, repo: str) -> None:
    """Names with slashes in them, twice the same, out of order, modes that are none."""
    caller = target.user("mallory")
    entries = [
        [(FILE, b"a/b", "blob")],
        [(FILE, b"..", "blob")],
        [(FOLDER, b".git", "tree")],
        [(FILE, b"a", "blob"), (FILE, b"a", "blob")],
        [(FILE, b"b", "blob"), (FILE, b"a", "blob")],
        [(FILE, b"", "blob")],
        [(b"100777", b"a", "tree")],
        [(FOLDER, b"a", "blob")],
        [(FILE, b"a", "tree")],
        [(MODULE, b"sub", "blob")],
        [(b"0", b"a", "blob")],
        [(FILE, b"a", "missing")],
        [(FOLDER, b"a", "missing")],
        [(LINK, b".gitmodules", "blob")],
        [(LINK, b".gitattributes", "blob")],
    ]
    for each in entries:
        pack = Pack()
        ids = {"blob": pack.blob(b"x"), "missing": "1" * 40}
        ids["tree"] = pack.tree((FILE, b"inner", ids["blob"]))
        tree = pack.tree(*((mode, name, ids[what]) for mode, name, what in each))
        answer = push_new(caller, repo, pack.commit(tree), pack)
        assert answer.status == 200, answer.text
        assert not accepted(answer), each


@pytest.mark.parametrize(
    "link",
    ["/etc/passwd", "..", "../x", "a/../../x", "", "..\\x", "a\n", ".git", ".git/hooks", "x/../.GIT/config",
     "git~1/config", "C:\\x", "a/" * 3000 + "x"],
)  # fmt: skip
def test_links_stay_inside(target: Target, repo: str, link: str) -> None:
    """A symbolic link names a path that the repository itself could hold, or is refused."""
    caller, pack = target.user("mallory"), Pack()
    made = pack.file_commit(b"link", link.encode(), mode=LINK)
    answer = push_new(caller, repo, made, pack)
    assert answer.status == 200
    assert not accepted(answer), link


def test_a_link_inside_is_content_and_never_followed(target: Target) -> None:
    """The hub shows a link's own text, whatever it points to."""
    caller = target.user("mallory")
    repo = target.repository(caller, "mallory", "links")
    pack = Pack()
    blob = pack.blob(b"the target")
    tree = pack.tree((FILE, b"file", blob), (LINK, b"link", pack.blob(b"file")))
    assert accepted(push_new(caller, repo, pack.commit(tree), pack))
    assert caller("GET", f"/{repo}/resolve/new/link").body == b"file"
    assert caller("GET", f"/{repo}/resolve/new/link%2Fx").status == 404
    assert commit(caller, repo, regular("link/x", b"y"), ref="new").status in {200, 400, 409, 422}
    assert not list(target.data.glob("repos/*/*.git/x"))


# --- names of references ----------------------------------------------------------------------

REFS = [
    "-x", "--upload-pack=touch", "-", "a/-b/../c", "..", "a..b", "a/../b", ".a", "a/.b", "a.lock", "a.lock/b",
    "a@{1}", "@", "a b", "a~1", "a^", "a:b", "a?b", "a*b", "a[b", "a\\b", "a//b", "/a", "a/", "a.", "a\x07", "a\x7f",
    "a\nb", "HEAD", "refs/heads/x", "x" * 300, "",
]  # fmt: skip


def test_names_that_are_options_or_places_become_no_references(target: Target, repo: str) -> None:
    """By the API, the page and a push; nothing of them is ever on a command line or a path."""
    caller, browser = target.user("mallory"), target.sign_in("mallory")
    csrf = csrf_in(browser("GET", f"/{repo}/refs").text)
    pack = Pack()
    made = pack.file_commit(b"a", b"a")
    assert accepted(push_new(caller, repo, made, pack, "refs/heads/source"), "refs/heads/source")
    before = sorted(caller("GET", f"/{repo}.git/info/refs?service=git-receive-pack").text.split())
    for name in REFS:
        quoted = urllib.parse.quote(name, safe="")
        api = caller.json(
            "POST", f"/api/models/{repo}/branch/{quoted}", {"startingPoint": "source"}
        )
        assert 400 <= api.status < 500, (name, api.text)
        tag = caller.json("POST", f"/api/models/{repo}/tag/source", {"tag": name})
        assert 400 <= tag.status < 500, (name, tag.text)
        for kind in ("branch", "tag"):
            fields = {"csrf": csrf, "create": kind, "name": name, "from": "source"}
            web = browser.form(f"/{repo}/refs", fields)
            # The form takes spaces around a name away.
            assert web.status < 500
        gone = caller("DELETE", f"/api/models/{repo}/branch/{quoted}")
        assert 400 <= gone.status < 500, (name, gone.text)
        for place in ("refs/heads/", "refs/tags/"):
            answer = push(caller, repo, [(place + name, NO_OBJECT, made)], Pack())
            assert answer.status < 500, (name, answer.text)
            assert not accepted(answer, place + name), name
    for name in ("config", "HEAD", "refs/x", "refs/../config", "refs/heads", "refs/pr/99", "refs/pr/1/head",
                 "refs/replace/" + made, "refs/notes/x", "refs/hidden/x", "objects/info/alternates",
                 "../../../x", "hooks/post-receive", "packed-refs", "FETCH_HEAD", "refs/stash"):  # fmt: skip
        answer = push(caller, repo, [(name, NO_OBJECT, made)], Pack())
        assert answer.status < 500, (name, answer.text)
        assert not accepted(answer, name), name
    after = sorted(caller("GET", f"/{repo}.git/info/refs?service=git-receive-pack").text.split())
    assert after == before
    for revision in (
        "--all",
        "-p",
        "HEAD@{1}",
        "main^{tree}",
        ":/fix",
        "main:secret",
        "main..source",
        "@",
    ):
        quoted = urllib.parse.quote(revision, safe="")
        for path in (
            f"/api/models/{repo}/commits/{quoted}",
            f"/api/models/{repo}/tree/{quoted}",
            f"/{repo}/resolve/{quoted}/a",
        ):
            assert caller("GET", path).status in {400, 404}, path


# --- objects by their hashes --------------------------------------------------------------------


@pytest.mark.parametrize("version", [0, 2])
def test_objects_of_another_repository_are_given_to_nobody(target: Target, version: int) -> None:
    """By a fetch of their hash, and by a push that says a branch is already there."""
    olga, mallory = target.user("olga"), target.user("mallory")
    secret = target.repository(olga, "olga", "private", private=True)
    own = target.repository(mallory, "mallory", "own")
    pack = Pack()
    blob = pack.blob(b"TOP SECRET")
    tree = pack.tree((FILE, b"secret", blob))
    made = pack.commit(tree)
    assert accepted(push_new(olga, secret, made, pack))
    for each in (made, tree, blob):
        answer = fetch(mallory, own, each, version=version)
        assert not gives_pack(answer), each
        assert fetch(mallory, secret, each, version=version).status == 404
    assert gives_pack(fetch(olga, secret, made, version=version))
    absent = "7" * 40
    told = []
    for claimed in (made, absent):
        answers = [
            push(mallory, own, [("refs/heads/steal", NO_OBJECT, claimed)], Pack()),
            push(mallory, own, [("refs/tags/steal", NO_OBJECT, claimed)], Pack()),
        ]
        thin = Pack()
        child = thin.commit(tree if claimed == made else "6" * 40, claimed)
        answers.append(push(mallory, own, [("refs/heads/steal", NO_OBJECT, child)], thin))
        delta = Pack()
        delta.delta(blob if claimed == made else "5" * 40, 10, 10, b"\x90\x0a")
        answers.append(push(mallory, own, [("refs/heads/steal", NO_OBJECT, made)], delta))
        assert not any(accepted(answer, "refs/heads/steal") for answer in answers)
        assert not any(b"TOP SECRET" in answer.body for answer in answers)
        told.append([len(answer.body) for answer in answers])
    assert told[0] == told[1]


@pytest.mark.parametrize("how", ["deleted", "moved back by force"])
def test_what_was_cut_off_is_gone_soon(target: Target, how: str) -> None:
    """A branch pushed by mistake: a little after it was deleted or moved back, its commit, tree and
    content are refused by hash, over git and over the API."""
    olga, anybody = target.user("olga"), target.caller()
    repo = target.repository(olga, "olga", "regret")
    good = Pack()
    kept = good.file_commit(b"fine", how.encode())
    ref = "refs/heads/oops"
    assert accepted(push_new(olga, repo, kept, good, ref), ref)
    pack = Pack()
    blob = pack.blob(f"a password {how}".encode())
    tree = pack.tree((FILE, b"secret", blob))
    made = pack.commit(tree, kept)
    assert accepted(push(olga, repo, [(ref, kept, made)], pack), ref)
    assert gives_pack(fetch(olga, repo, made, version=2))
    assert anybody("GET", f"/{repo}/resolve/{made}/secret").status == 200
    if how == "deleted":
        assert olga("DELETE", f"/api/models/{repo}/branch/oops").status == 200
    else:
        assert accepted(push(olga, repo, [(ref, made, kept)], Pack()), ref)
    deadline = time.monotonic() + 90
    while gives_pack(fetch(anybody, repo, made, version=2)):
        assert time.monotonic() < deadline, "what was cut off is still given"
        time.sleep(0.5)
    for version in (0, 2):
        for each in (made, tree, blob):
            assert not gives_pack(fetch(anybody, repo, each, version=version)), each
    for path in (
        f"/{repo}/resolve/{made}/secret",
        f"/{repo}/raw/{made}/secret",
        f"/api/models/{repo}/tree/{made}",
        f"/{repo}/commit/{made}",
    ):
        answer = anybody("GET", path)
        assert answer.status in {401, 403, 404}, path
        assert b"a password" not in answer.body


# --- bombs ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def watched(target: Target) -> Iterator[dict[str, int]]:
    """The most memory that git processes of the hub, and the hub itself, took during a block."""
    most = {"git": 0, "hub": 0}
    done = threading.Event()
    hub = target.live.process.pid

    def memory(pid: str, field: str) -> tuple[str, int, int]:
        text = (Path("/proc") / pid / "status").read_text()
        rows = dict(row.split(":", 1) for row in text.splitlines() if ":" in row)
        size = int(rows.get(field, "0 kB").split()[0]) * 1024
        return rows["Name"].strip(), int(rows["PPid"]), size

    def look() -> None:
        while not done.wait(0.01):
            for entry in Path("/proc").iterdir():
                if not entry.name.isdigit():
                    continue
                with contextlib.suppress(OSError, KeyError, ValueError):
                    name, parent, size = memory(entry.name, "VmHWM")
                    if parent == hub and name == "git":
                        most["git"] = max(most["git"], size)
                    elif int(entry.name) == hub:
                        most["hub"] = max(most["hub"], memory(entry.name, "VmRSS")[2])

    thread = threading.Thread(target=look)
    start = memory(str(hub), "VmRSS")[2]
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()
        most["hub"] -= start


def test_a_delta_bomb_is_bounded(target: Target, repo: str) -> None:
    """Twenty kilobytes that unfold to four gibibytes: one delta that copies its base 256 times."""
    caller, pack = target.user("mallory"), Pack()
    base_size = 0xFFFFFF
    base = pack.add(BLOB, b"\0" * base_size)
    copy = b"\xf0\xff\xff\xff"  # 16 MiB from the start of the base
    pack.delta(base, base_size, base_size * 256, copy * 256)
    made = pack.file_commit(b"a", b"a")
    assert len(bytes(pack)) < 100_000
    with watched(target) as most:
        began = time.monotonic()
        answer = push_new(caller, repo, made, pack)
        seconds = time.monotonic() - began
    assert answer.status == 200
    assert not accepted(answer)
    assert most["git"] < 2304 * MIB, most
    assert most["hub"] < 64 * MIB, most
    assert seconds < 60
    assert caller("GET", "/healthz").status == 200


def test_a_chain_of_deltas_is_bounded(target: Target, repo: str) -> None:
    """Each of a hundred deltas doubles the one before, up to where a file is too large."""
    caller, pack = target.user("mallory"), Pack()
    content = b"\0" * 1024
    base = pack.add(BLOB, content)
    for _ in range(14):  # 16 MiB
        size = len(content)
        sizes = size.to_bytes(3, "little") if size < 1 << 24 else b"\xff\xff\xff"
        pack.delta(base, size, size * 2, (b"\xf0" + sizes) * 2)
        content += content
        base = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    made = pack.commit(pack.tree((FILE, b"big", base)))
    answer = push_new(caller, repo, made, pack)
    assert answer.status == 200
    assert not accepted(answer)
    assert b"10 MB" in answer.body or b"unpack" in answer.body, answer.text


def test_a_tree_bomb_is_bounded(target: Target) -> None:
    """Ten trees of ten entries each, every one the next: 10^10 paths in 3 kB."""
    caller = target.user("mallory")
    repo, pack = target.repository(caller, "mallory", "bomb"), Pack()
    below, mode = pack.blob(b"x"), FILE
    for _ in range(10):
        below = pack.tree(*((mode, b"%d" % number, below) for number in range(10)))
        mode = FOLDER
    made = pack.commit(below)
    with watched(target) as most:
        began = time.monotonic()
        answer = push_new(caller, repo, made, pack)
        seconds = time.monotonic() - began
        # Others are served meanwhile and afterwards.
        assert target.caller()("GET", "/healthz").status == 200
    assert answer.status == 200
    assert not accepted(answer)
    assert seconds < 10, seconds
    assert most["hub"] < 64 * MIB, most


def test_a_wide_tree_is_listed_by_pages(target: Target) -> None:
    """Three hundred thousand entries in one folder, of one object: taken or refused within bounds, and when
    taken, its first page costs little."""
    caller = target.user("mallory")
    repo, pack = target.repository(caller, "mallory", "wide"), Pack()
    blob = pack.blob(b"x")
    entry = b"100644 %07d\0" + bytes.fromhex(blob)
    tree = pack.add(TREE, b"".join(entry % number for number in range(300_000)))
    made = pack.commit(tree)
    with watched(target) as most:
        began = time.monotonic()
        answer = push_new(caller, repo, made, pack)
        seconds = time.monotonic() - began
    assert answer.status == 200
    assert seconds < 90, seconds
    assert most["git"] < 1024 * MIB, most
    assert most["hub"] < 1024 * MIB, most
    if accepted(answer):
        for path in (f"/api/models/{repo}/tree/new?limit=10", f"/{repo}/tree/new"):
            began = time.monotonic()
            assert caller("GET", path).status == 200
            assert time.monotonic() - began < 20, path
        page = caller("GET", f"/api/models/{repo}/tree/new?limit=10")
        assert len(page.json()) == 10
        assert 'rel="next"' in page.headers["Link"]


def test_deep_trees_are_refused(target: Target, repo: str) -> None:
    caller, pack = target.user("mallory"), Pack()
    below, mode = pack.blob(b"x"), FILE
    for _ in range(20_000):
        below = pack.tree((mode, b"d", below))
        mode = FOLDER
    answer = push_new(caller, repo, pack.commit(below), pack)
    assert answer.status == 200
    assert not accepted(answer)


def test_compressed_requests_do_not_unfold(target: Target, repo: str) -> None:
    """Bodies that say gzip: a gibibyte of zeros, of wants, of refs."""
    caller = target.user("mallory")
    want = line(b"want " + b"1" * 40 + b"\n")
    for service in ("upload-pack", "receive-pack"):
        for unfolded in (b"\0" * (200 * MIB), want * 2_000_000):
            body = gzip.compress(unfolded, 9)
            kind = {
                "Content-Type": f"application/x-git-{service}-request",
                "Content-Encoding": "gzip",
            }
            with watched(target) as most:
                answer = caller("POST", f"/{repo}.git/git-{service}", body, kind)
            assert answer.status in {400, 413, 200}, answer.text
            assert not gives_pack(answer)
            assert most["hub"] < 256 * MIB, most


# --- what a client may ask for -------------------------------------------------------------------


def test_filters_that_cost_are_refused(target: Target, repo: str) -> None:
    """Partial clones by blob:none, blob:limit and one level of trees, and no other."""
    caller = target.user("mallory")
    pack = Pack()
    made = pack.file_commit(b"a/b/c", b"x")
    ref = "refs/heads/filtered"
    assert accepted(push_new(caller, repo, made, pack, ref), ref)
    for allowed in (b"blob:none", b"blob:limit=1k", b"tree:0", b"tree:1"):
        assert gives_pack(fetch(caller, repo, made, more=[b"filter " + allowed + b"\n"])), allowed
    for refused in (b"sparse:oid=" + made.encode(), b"sparse:path=/etc/passwd", b"tree:100000", b"object:type=tag",
                    b"combine:blob:none+sparse:oid=" + made.encode(), b"x", b"blob:limit=-1", b"--upload-pack=x"):  # fmt: skip
        answer = fetch(caller, repo, made, more=[b"filter " + refused + b"\n"])
        assert not gives_pack(answer), refused
        assert b"passwd" not in answer.body.replace(refused, b"")


def test_garbage_and_other_services(target: Target, repo: str) -> None:
    """Requests that are none, commands that are not served, protocol headers that are options."""
    caller = target.user("mallory")
    kind = {"Content-Type": "application/x-git-upload-pack-request"}
    for body in (b"", b"0000", b"0001", b"zzzz", b"ffff", b"0004", b"0003", line(b"want --help\n") + b"0000",
                 line(b"command=archive") + b"0000", line(b"command=object-info") + b"0001" + line(b"size") + b"0000",
                 line(b"command=bundle-uri") + b"0000", b"\0" * 5000):  # fmt: skip
        for headers in (kind, {**kind, "Git-Protocol": "version=2"}):
            answer = caller("POST", f"/{repo}.git/git-upload-pack", body, headers)
            assert answer.status < 500, (body[:40], answer.status, answer.text)
    for service in (
        "git-upload-archive",
        "git-shell",
        "--help",
        "upload-pack",
        "../x",
        "git-upload-pack;id",
        "",
    ):
        quoted = urllib.parse.quote(service)
        assert caller("GET", f"/{repo}.git/info/refs?service={quoted}").status == 400
        assert caller("POST", f"/{repo}.git/{quoted or 'x'}", b"0000", kind).status in {
            400,
            404,
            405,
        }
    for protocol in (
        "version=2:--upload-pack=x",
        "version=9",
        "x" * 5000,
        "version=2\x0b",
        "$(id)",
    ):
        answer = caller(
            "GET",
            f"/{repo}.git/info/refs?service=git-upload-pack",
            None,
            {"Git-Protocol": protocol},
        )
        assert answer.status in {200, 400}
    for file in (
        "HEAD",
        "config",
        "objects/info/alternates",
        "objects/info/packs",
        "packed-refs",
        "hooks/x",
    ):
        assert caller("GET", f"/{repo}.git/{file}").status in {404, 405}, file


def test_push_options_and_lists_without_end(target: Target, repo: str) -> None:
    """Options that were not offered, more refs than a push may move, the same ref twice."""
    caller, pack = target.user("mallory"), Pack()
    made = pack.file_commit(b"o", b"o")
    options = line(b"merge_request.create") + line(b"--exec=touch x") + b"0000"
    answer = push(
        caller,
        repo,
        [("refs/heads/options", NO_OBJECT, made)],
        pack,
        "report-status push-options",
        options,
    )
    assert answer.status < 500
    assert not accepted(answer, "refs/heads/options")
    many = [(f"refs/heads/many-{number}", NO_OBJECT, made) for number in range(2001)]
    assert push(caller, repo, many, pack).status == 400
    twice = [("refs/heads/twice", NO_OBJECT, made)] * 2
    assert push(caller, repo, twice, pack).status < 500
    for broken in (
        b"",
        b"PACK",
        bytes(pack)[:-1],
        bytes(pack)[:-20] + b"\0" * 20,
        b"PACK" + b"\xff" * 40,
    ):
        answer = push(caller, repo, [("refs/heads/broken", NO_OBJECT, "3" * 40)], broken)
        assert answer.status < 500
        assert not accepted(answer, "refs/heads/broken")
    assert not list(target.data.glob("repos/*/*.git/incoming-*")), "a refused pack leaves nothing"
