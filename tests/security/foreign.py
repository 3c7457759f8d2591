"""The doors by which a file of somebody else could be read, and who knocks.

Knows how to make every call that a hash can be put into, what would be a success of each, and the
kinds of people without a right to the file. Does not know what must come of it.

An attempt is one call, or a call and what it leads to. It **got** something when any of the content
came, or the hub did what only a right to the content allows: an object that need not be sent, a
link, a plan of chunks, an answer to a deduplication query.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from groundswell.wire.hashing import hash_from_hex
from groundswell.wire.shard import ShardFile, Term, Terms, write_shard
from tests.hub.blobs.world import file_of
from tests.live import swell
from tests.security.packs import Pack, accepted, fetch, gives_pack, push_new
from tests.security.target import (
    Answer,
    Caller,
    Target,
    batch,
    bearer,
    commit,
    csrf_in,
    large,
    noise,
    path_of,
    pointer_to,
    regular,
)
from tests.security.xet_calls import (
    CHUNKS,
    FILES,
    SHARDS,
    XORBS,
    Cas,
    Known,
    cas_of,
    known,
    send,
)

MULTIPART = 5_000_000_000  # objects of that size are asked for in parts
KNOWLEDGE = ("sha256", "xet hash", "chunk hashes")  # each with those before it
NAMED_CHUNKS = 4
SIZES = (5_000, 150_000, 300_000, 450_000)


@dataclass(frozen=True)
class Secret:
    """A private repository with files of one chunk and of several; the last stands in a pull
    request alone."""

    repo: str
    files: tuple[Known, ...]
    proposal: int
    proposed_commit: str


@dataclass(frozen=True)
class Kept:
    """What somebody was given for a file when they had a right to it."""

    verify: str
    download: str
    records: str


@dataclass(frozen=True)
class Attacker:
    """Who tries. ``places`` are repositories to act in, their own first; ``against`` the secrets
    that they may not read; ``kept`` by sha256."""

    kind: str
    caller: Caller
    places: tuple[str, ...]
    stores: tuple[Cas, ...]
    against: tuple[Secret, ...]
    browser: Caller | None = None
    namespace: str = ""
    kept: dict[str, Kept] = field(default_factory=dict)


@dataclass(frozen=True)
class Aim:
    """A file and what is known of it. A twin has the same size and lies nowhere."""

    target: Target
    secret: Secret
    file: Known
    level: int

    @property
    def names(self) -> list[str]:
        """Every hash that is known: any of them may be put where one is asked for."""
        found = [self.file.sha256]
        if self.level >= 1:
            found += [self.file.file_hash, self.file.packed.key]
        if self.level >= 2:
            found += self.file.chunk_hashes[:NAMED_CHUNKS]
        return list(dict.fromkeys(found))

    @property
    def size(self) -> int:
        return len(self.file.content)


@dataclass(frozen=True)
class Tried:
    """One attempt: what came, and whether that is a success."""

    answer: Answer
    got: bool


Door = Callable[[Attacker, Aim], Iterator[Tried]]


def tried(aim: Aim, answer: Answer, got: bool = False) -> Tried:
    return Tried(answer, got or aim.file.is_in(answer.body))


def _object(answer: Answer) -> dict[str, object]:
    """What a batch says of its one object; nothing when it was refused as a whole."""
    if answer.status != 200:
        return {}
    (found,) = answer.json()["objects"]
    assert isinstance(found, dict)
    return found


def _followed(attacker: Attacker, aim: Aim, answer: Answer) -> Iterator[Tried]:
    """The batch's answer, and the download that it leads to."""
    actions = _object(answer).get("actions")
    assert actions is None or isinstance(actions, dict)
    download = (actions or {}).get("download")
    yield tried(aim, answer, bool(download))
    if download:
        yield tried(aim, attacker.caller("GET", path_of(download["href"])))


def _is_held(answer: Answer) -> bool:
    """Whether an upload's batch says that the object, or another of its name, is there."""
    found = _object(answer)
    return bool(found) and "upload" not in (found.get("actions") or {})  # type: ignore[operator]


def by_batch(attacker: Attacker, aim: Aim) -> Iterator[Tried]:
    """May I have it; need I send it; need I, if it were longer; need I, by Xet."""
    for place, name in itertools.product((*attacker.places, aim.secret.repo), aim.names):
        ask = (attacker.caller, place)
        yield from _followed(attacker, aim, batch(*ask, "download", (name, aim.size)))
        for size, ways in (
            (aim.size, ("basic",)),
            (aim.size + 1, ("basic",)),
            (aim.size, ("xet",)),
        ):
            answer = batch(*ask, "upload", (name, size), transfers=ways)
            yield tried(aim, answer, _is_held(answer))


def by_verify(attacker: Attacker, aim: Aim) -> Iterator[Tried]:
    """Did it come whole: by the address that is given with an upload, or was given once."""
    for place, name in itertools.product(attacker.places, aim.names):
        actions = _object(batch(attacker.caller, place, "upload", (name, aim.size))).get("actions")
        hrefs = [actions["verify"]["href"]] if actions else []  # type: ignore[index]
        if aim.file.sha256 in attacker.kept:
            hrefs.append(attacker.kept[aim.file.sha256].verify)
        else:
            hrefs.append(f"/{aim.secret.repo}.git/info/lfs/objects/verify?signature=e30.AAAA")
        for href, size in itertools.product(hrefs, (aim.size, aim.size + 1)):
            said = {"oid": name, "size": size}
            answer = attacker.caller.json("POST", path_of(href), said)
            yield tried(aim, answer, answer.status == 200)


def by_commit(attacker: Attacker, aim: Aim) -> Iterator[Tried]:
    """A commit that names it, as a large file and as the text of a pointer; the first files of a
    new repository; a line that other hubs take for a copy."""
    path = "stolen.bin"
    copy = ("copyFile", {"path": path, "srcPath": "f1.bin", "srcRepo": aim.secret.repo})
    for place, name in itertools.product((*attacker.places, aim.secret.repo), aim.names):
        pointer = regular(path, pointer_to(name, aim.size))
        for line in (large(path, name, aim.size), pointer, copy):
            answer = commit(attacker.caller, place, line)
            yield tried(aim, answer, answer.status == 200)
        yield tried(aim, attacker.caller("GET", f"/{place}/resolve/main/{path}"))
        begun = {"path": path, "content": pointer_to(name, aim.size).decode(), "encoding": "utf-8"}
        body = {"name": aim.target.new_name("begun"), "private": True, "files": [begun]}
        answer = attacker.caller.json("POST", "/api/repos/create", body)
        yield tried(aim, answer, answer.status == 200)


def by_push(attacker: Attacker, aim: Aim) -> Iterator[Tried]:
    """A pushed pointer."""
    for place, name in itertools.product((*attacker.places, aim.secret.repo), aim.names):
        pack = Pack()
        made = pack.file_commit(b"stolen.bin", pointer_to(name, aim.size))
        ref = f"refs/heads/{aim.target.new_name('thing')}"
        answer = push_new(attacker.caller, place, made, pack, ref)
        yield tried(aim, answer, accepted(answer, ref))


def by_parts(attacker: Attacker, aim: Aim) -> Iterator[Tried]:
    """An upload in parts that ends without any, or with parts that never came."""
    ways = ("basic", "multipart")
    for place, name in itertools.product((*attacker.places, aim.secret.repo), aim.names):
        for size in (aim.size, MULTIPART):
            answer = batch(attacker.caller, place, "upload", (name, size), transfers=ways)
            yield tried(aim, answer, _is_held(answer))
            upload = (_object(answer).get("actions") or {}).get("upload")  # type: ignore[attr-defined]
            if upload is None or "/uploads/" not in upload["href"]:
                continue
            parts = [{"partNumber": each, "etag": "x"} for each in (1, 2)]
            for some in ([], parts):
                body = {"oid": name, "parts": some}
                ended = attacker.caller.json("POST", path_of(upload["href"]), body)
                yield tried(aim, ended, ended.status == 200)


def by_copy(attacker: Attacker, aim: Aim) -> Iterator[Tried]:
    """A copy between repositories: out of the secret one, and out of one that does not hold it."""
    for source, name in itertools.product((aim.secret.repo, *attacker.places), aim.names):
        for place in attacker.places:
            file = {"sha256": name, "filename": "stolen.bin", "xetHash": aim.names[-1]}
            body = {"target": {"type": "model", "name": place}, "files": [file]}
            path = f"/api/models/{source}/lfs-files/duplicate"
            answer = attacker.caller.json("POST", path, body)
            given = answer.status == 200 and not answer.json()["failed"]
            yield tried(aim, answer, given)
            asked = batch(attacker.caller, place, "download", (name, aim.size))
            yield from _followed(attacker, aim, asked)


def by_proposal(attacker: Attacker, aim: Aim) -> Iterator[Tried]:
    """A new pull request with it, a commit to one that is open; the ref of the secret's own."""
    secret, number = aim.secret, aim.secret.proposal
    for place, name in itertools.product((*attacker.places, secret.repo), aim.names):
        line = large("stolen.bin", name, aim.size)
        for ref, query in (("main", "?create_pr=1"), (f"refs%2Fpr%2F{number}", "")):
            answer = commit(attacker.caller, place, line, ref=ref, query=query)
            yield tried(aim, answer, answer.status == 200)
    for revision in (f"refs%2Fpr%2F{number}", secret.proposed_commit):
        for path in (
            f"/{secret.repo}/resolve/{revision}/proposed.bin",
            f"/{secret.repo}/raw/{revision}/proposed.bin",
            f"/api/models/{secret.repo}/tree/{revision}",
        ):
            answer = attacker.caller("GET", path)
            yield tried(aim, answer, answer.status == 200)
    for place in (*attacker.places, secret.repo):
        answer = fetch(attacker.caller, place, secret.proposed_commit)
        yield tried(aim, answer, gives_pack(answer))


def by_duplicate(attacker: Attacker, aim: Aim) -> Iterator[Tried]:
    """The whole secret repository as one of one's own, under its name and under each hash."""
    sources = [aim.secret.repo, *(f"{aim.secret.repo.partition('/')[0]}/{n}" for n in aim.names)]
    for source, kind in itertools.product(sources, ("models", "datasets", "spaces")):
        for private in (True, False):
            name = aim.target.new_name("copy")
            full = f"{attacker.namespace}/{name}" if attacker.namespace else name
            body = {"repository": full, "private": private}
            answer = attacker.caller.json("POST", f"/api/{kind}/{source}/duplicate", body)
            if answer.status == 200 and not private:
                # The owner's: while it is there the secret is public, and told to everybody.
                gone = {"name": name, "organization": attacker.namespace, "type": kind[:-1]}
                assert attacker.caller.json("DELETE", "/api/repos/delete", gone).status == 200
            yield tried(aim, answer, answer.status == 200)


def _claims(aim: Aim) -> list[ShardFile]:
    """Shards' files that name the content with what is known of it."""
    sha256 = bytes.fromhex(aim.file.sha256)
    if aim.level >= 2:
        whole = file_of(aim.file.packed, sha256)
        return [whole, file_of(aim.file.packed), file_of(aim.file.packed, sha256, [(0, 1)])]
    terms = [Term(hash_from_hex(name), aim.size, 0, max(1, aim.size >> 16)) for name in aim.names]
    file_hash = hash_from_hex(aim.names[-1])
    return [
        ShardFile(file_hash, Terms.of([term]), proof, sha256)
        for term in terms
        for proof in ((), (term.xorb_hash,))
    ]


def by_terms(attacker: Attacker, aim: Aim) -> Iterator[Tried]:
    """A file made of foreign chunks, alone and after one of one's own."""
    for store, claim in itertools.product(attacker.stores, _claims(aim)):
        for path in SHARDS:
            answer = store("POST", path, write_shard([claim]))
            yield tried(aim, answer, answer.status == 200)
        own = known(9_000, "something of one's own")
        store("POST", f"{XORBS[0]}/{own.packed.key}", own.packed.records)
        both = write_shard([file_of(own.packed, bytes.fromhex(own.sha256)), claim])
        answer = store("POST", SHARDS[0], both)
        yield tried(aim, answer, answer.status == 200)


def by_dedup_query(attacker: Attacker, aim: Aim) -> Iterator[Tried]:
    """Does anybody have this chunk."""
    for store, name, path in itertools.product(attacker.stores, aim.names, CHUNKS):
        answer = store("GET", f"{path}/{name}")
        yield tried(aim, answer, answer.status == 200)


def by_reconstruction(attacker: Attacker, aim: Aim) -> Iterator[Tried]:
    """What is this file made of, and where does that lie."""
    for store, name, path in itertools.product(attacker.stores, aim.names, FILES):
        for some in ({}, {"Range": "bytes=0-99"}):
            answer = store("GET", f"{path}/{name}", None, **some)
            yield tried(aim, answer, answer.status == 200)


def by_range_url(attacker: Attacker, aim: Aim) -> Iterator[Tried]:
    """Addresses of bytes: kept from before, of another file with this hash in its place, made up."""
    anybody = aim.target.caller()
    kept = attacker.kept.get(aim.file.sha256)
    # A second file of the attacker's own stands in each place that is theirs.
    for store, place in zip(attacker.stores, attacker.places, strict=True):
        lfs, records = _own_addresses(attacker, store, place)
        for name in aim.names:
            paths = [lfs.replace("{}", name), records.replace("{}", name)]
            paths += [
                f"{store.path}/records/{name}",
                f"{store.path}/records/{name}?signature=e30.A",
            ]
            paths += [kept.download, kept.records] if kept else []
            asked = batch(attacker.caller, place, "download", (name, aim.size))
            yield from _followed(attacker, aim, asked)
            if kept is None:
                paths += [f"/{aim.secret.repo}.git/info/lfs/objects/{name}"]
            for path in paths:
                for headers in ({}, {"Range": "bytes=0-99"}):
                    answer = anybody("GET", path, None, headers)
                    yield tried(aim, answer, answer.status in {200, 206})
    anybody.close()


def _own_addresses(attacker: Attacker, store: Cas, place: str) -> tuple[str, str]:
    """Signed addresses of a file that the place holds, with {} where its hash stood."""
    own = OWN
    actions = _object(
        batch(attacker.caller, place, "download", (own.sha256, len(own.content)))
    ).get("actions")
    lfs = f"/{place}.git/info/lfs/objects/{{}}?signature=e30.A"
    if actions:
        lfs = path_of(actions["download"]["href"]).replace(own.sha256, "{}")  # type: ignore[index]
    records = f"{store.path}/records/{{}}?signature=e30.A"
    plan = store("GET", f"{FILES[1]}/{own.file_hash}")
    if plan.status == 200:
        url = plan.json()["fetch_info"][own.packed.key][0]["url"]
        records = path_of(url).replace(own.packed.key, "{}")
    return lfs, records


def by_other_bytes(attacker: Attacker, aim: Aim) -> Iterator[Tried]:
    """Something else under that name, whole, empty and cut off, as an object and as a xorb."""
    wrong = noise(aim.size, "wrong")
    for place, name in itertools.product(attacker.places, aim.names):
        actions = _object(batch(attacker.caller, place, "upload", (name, aim.size))).get("actions")
        href = f"/{place}.git/info/lfs/objects/{name}"
        if actions:
            href = path_of(actions["upload"]["href"])  # type: ignore[index]
        for body in (wrong, b"", wrong[:1000]):
            answer = attacker.caller("PUT", href, body)
            yield tried(aim, answer, answer.status == 200)
    for store, name in itertools.product(attacker.stores, aim.names):
        for body in (OWN.packed.records, b"", aim.file.packed.records[:3000]):
            answer = store("POST", f"{XORBS[0]}/{name}", body)
            yield tried(aim, answer, answer.status == 200)


def by_page(attacker: Attacker, aim: Aim) -> Iterator[Tried]:
    """The text of a pointer as a file of the upload form; the pages of files."""
    browser = attacker.browser or attacker.caller
    for place, name in itertools.product((*attacker.places, aim.secret.repo), aim.names):
        form = browser("GET", f"/{place}/upload/main")
        csrf = csrf_in(form.text) if 'name="csrf"' in form.text else "none"
        body = b"".join(
            b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % each
            for each in ((b"csrf", csrf.encode()), (b"folder", b""), (b"summary", b"s"))
        )
        for number, ending in enumerate((b"bin", b"txt")):
            body += b'--b\r\nContent-Disposition: form-data; name="f%d"; filename="stolen.%s"' % (
                number,
                ending,
            )
            body += b"\r\n\r\n" + pointer_to(name, aim.size) + b"\r\n"
        body += b"--b--\r\n"
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = browser("POST", f"/{place}/upload/main", body, kind)
        # What a browser sends is content, whatever it says: the pointer's own text is kept.
        yield tried(aim, answer)
        for path in ("stolen.bin", "stolen.txt"):
            yield tried(aim, browser("GET", f"/{place}/resolve/main/{path}"))
    for path in ("f0.bin", "f1.bin", aim.file.sha256):
        for page in ("blob", "resolve", "raw"):
            answer = browser("GET", f"/{aim.secret.repo}/{page}/main/{path}")
            yield tried(aim, answer, answer.status == 200)


DOORS: dict[str, tuple[Door, int]] = {
    # and the least knowledge with which whoever has the right gets in
    "batch": (by_batch, 0),
    "verify": (by_verify, 0),
    "commit API": (by_commit, 0),
    "pushed pointer": (by_push, 0),
    "multipart": (by_parts, 0),
    "copy": (by_copy, 0),
    "PR ref": (by_proposal, 0),
    "duplicate": (by_duplicate, 0),
    "Xet terms": (by_terms, 2),
    "Xet dedup query": (by_dedup_query, 2),
    "reconstruction": (by_reconstruction, 1),
    "range URL": (by_range_url, 0),
    "other bytes": (by_other_bytes, -1),  # nobody gets anything by them
    "page": (by_page, 0),
}

OWN = known(40_000, "what every place holds")


# --- who there is -------------------------------------------------------------------------------


def hold_own(target: Target, caller: Caller, repo: str) -> None:
    """Let a repository hold `OWN`."""
    send(cas_of(target, caller, repo, "write"), OWN.packed, OWN.sha256)
    answer = commit(caller, repo, large("own.bin", OWN.sha256, len(OWN.content)))
    assert answer.status == 200, answer.text


def make_secret(target: Target, owner: Caller, namespace: str) -> tuple[Secret, dict[str, str]]:
    """A private repository, and the addresses to verify each file that came with its upload."""
    repo = target.repository(owner, namespace, "hidden", private=True)
    files = tuple(known(size, f"{namespace} {size}") for size in SIZES)
    verify = {}
    for number, file in enumerate(files):
        asked = batch(owner, repo, "upload", (file.sha256, len(file.content)))
        verify[file.sha256] = path_of(_object(asked)["actions"]["verify"]["href"])  # type: ignore[index]
        send(cas_of(target, owner, repo, "write"), file.packed, file.sha256)
        is_last = number == len(files) - 1
        line = large(
            "proposed.bin" if is_last else f"f{number}.bin", file.sha256, len(file.content)
        )
        answer = commit(owner, repo, line, query="?create_pr=1" if is_last else "")
        assert answer.status == 200, answer.text
    number = int(answer.json()["pullRequestUrl"].rpartition("/")[2])
    return Secret(repo, files, number, answer.json()["commitOid"]), verify


def keep(caller: Caller, store: Cas, secret: Secret, verify: dict[str, str]) -> dict[str, Kept]:
    """Everything that is given for the files of a secret to whoever has the right."""
    found = {}
    for file in secret.files:
        asked = batch(caller, secret.repo, "download", (file.sha256, len(file.content)))
        download = path_of(_object(asked)["actions"]["download"]["href"])  # type: ignore[index]
        plan = store("GET", f"{FILES[1]}/{file.file_hash}").json()
        records = path_of(plan["fetch_info"][file.packed.key][0]["url"])
        found[file.sha256] = Kept(verify[file.sha256], download, records)
    return found


@dataclass(frozen=True)
class Scene:
    """Everybody, and whose the secrets are."""

    target: Target
    secrets: tuple[Secret, ...]
    attackers: tuple[Attacker, ...]
    owner: Attacker


def scene_on(target: Target) -> Scene:
    """Olga's own secret and her organisation's; those who may read neither, or one of them."""
    olga = target.user("olga")
    (own, own_verify), (works, works_verify) = (
        make_secret(target, olga, namespace) for namespace in ("olga", "works")
    )
    opens = {}
    for namespace in ("olga", "works"):
        opens[namespace] = target.repository(olga, namespace, "open")
        hold_own(target, olga, opens[namespace])
        line = regular("note.txt", b"hello")
        assert commit(olga, opens[namespace], line, query="?create_pr=1").status == 200

    def somebody(kind: str, name: str, namespace: str, place: str, *against: Secret) -> Attacker:
        caller = target.user(name)
        lair = target.repository(caller, namespace, "lair", private=True)
        hold_own(target, caller, lair)
        places = (lair, place)
        stores = tuple(cas_of(target, caller, each, "write") for each in places)
        return Attacker(kind, caller, places, stores, against, target.sign_in(name), namespace)

    anybody, reader = target.caller(), target.caller()
    attackers = [
        somebody("another user", "mallory", "mallory", opens["olga"], own, works),
        somebody("organisation outsider", "stig", "stig", opens["works"], works, own),
        somebody("colleague", "wim", "works", opens["olga"], own),
        Attacker(
            "anonymous",
            anybody,
            (opens["olga"], opens["works"]),
            tuple(cas_of(target, reader, each, "read") for each in opens.values()),
            (own, works),
        ),
        _other_token(target, opens["olga"], own),
        _revoked_token(target, own, own_verify),
        _former_member(target, works, works_verify),
    ]
    vault = target.repository(olga, "olga", "vault", private=True)
    hold_own(target, olga, vault)
    places = (own.repo, vault)
    stores = tuple(cas_of(target, olga, each, "write") for each in places)
    kept = keep(olga, stores[0], own, own_verify)
    owner = Attacker("owner", olga, places, stores, (own,), target.sign_in("olga"), "olga", kept)
    return Scene(target, (own, works), tuple(attackers), owner)


def _other_token(target: Target, public: str, own: Secret) -> Attacker:
    """Olga's own token, made for another repository of hers."""
    other = target.repository(target.user("olga"), "olga", "other", private=True)
    hold_own(target, target.user("olga"), other)
    caller = target.caller(bearer(target.token("olga", "write", f"{other} write")))
    stores = (cas_of(target, caller, other, "write"), cas_of(target, caller, public, "read"))
    return Attacker(
        "token for another repository", caller, (other, public), stores, (own,), None, "olga"
    )


def _revoked_token(target: Target, own: Secret, verify: dict[str, str]) -> Attacker:
    """Olga's token, with all that was given to it, after she revoked it."""
    value = target.token("olga")
    caller = target.caller(bearer(value))
    store = cas_of(target, caller, own.repo, "write")
    kept = keep(caller, store, own, verify)
    target.revoke("olga", value)
    # The addresses to verify were given to another token of hers: ask for none with these.
    lost = {sha256: Kept("/gone", each.download, each.records) for sha256, each in kept.items()}
    return Attacker("revoked token", caller, (own.repo,), (store,), (own,), None, "olga", lost)


def _former_member(target: Target, works: Secret, verify: dict[str, str]) -> Attacker:
    """A member who left, with all that was given to them, and a repository of their own."""
    name = "lyn"
    caller = target.user(name)
    store = cas_of(target, caller, works.repo, "write")
    kept = keep(caller, store, works, {**verify})
    own = target.repository(caller, name, "lair", private=True)
    hold_own(target, caller, own)
    browser = target.sign_in(name)
    swell(target.data, "org", "remove-member", "works", name)
    stores = (store, cas_of(target, caller, own, "write"))
    lost = {sha256: Kept("/gone", each.download, each.records) for sha256, each in kept.items()}
    return Attacker(
        "former member", caller, (works.repo, own), stores, (works,), browser, name, lost
    )
