"""A hash alone buys nothing: those who know hashes, and those whose rights ended (S9, S10)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from groundswell.core.errors import (
    BlobNotFound,
    Forbidden,
    InvalidCredentials,
    Malformed,
    NotFound,
    RepoNotFound,
)
from groundswell.core.policy import Action
from groundswell.core.values import ANONYMOUS, Principal, RepoGrant, Role, TokenRole, Visibility
from groundswell.hub.blobs import XetScope, dedup_domain
from groundswell.hub.repos import Repository
from groundswell.store.tables import blobs, hub_facts
from groundswell.wire.hashing import hash_to_hex
from groundswell.wire.shard import write_shard
from tests.hub.blobs.world import MIB, World, digest_of, file_of, first_chunk_hash, noise, pack


def place(world: World) -> tuple[Principal, Repository, Principal, Repository]:
    """Ann with a private repository, and eve with one of her own."""
    ann, eve = world.user("ann"), world.user("eve")
    hers = world.repository("secret", ann.account_id or 0)
    eves = world.repository("mine", eve.account_id or 0)
    return ann, hers, eve, eves


def account_of(principal: Principal) -> int:
    assert principal.account_id is not None
    return principal.account_id


def test_who_knows_every_hash_still_reads_nothing(world: World) -> None:
    """Eve learned the sha256, the file hash, the xorb hash and all chunk hashes of a private file."""
    ann, hers, eve, eves = place(world)
    content = noise(3 * MIB)
    file = world.send_file(ann, hers, content)
    world.link(hers, digest_of(content))
    packed = pack(content)
    sha256, name = digest_of(content), hash_to_hex(file.file_hash)
    domain = dedup_domain(eve, eves)
    assert world.blobs.claimed_or_linked(eves.id, eve.account_id, [sha256]) == {}
    assert world.blobs.file_hashes(eves.id, [sha256]) == {}
    assert world.blobs.find_chunk(domain, first_chunk_hash(content)) is None
    with pytest.raises(BlobNotFound):
        world.blobs.plan(eves.id, sha256)
    with pytest.raises(BlobNotFound):
        world.blobs.reconstruction(eves.id, name, None, 2, lambda *_: "")
    with pytest.raises(Malformed) as foreign:
        world.blobs.register_shard(domain, eves.id, account_of(eve), write_shard([file]))
    absent = file_of(pack(noise(3 * MIB, 9)))
    with pytest.raises(Malformed) as unknown:
        world.blobs.register_shard(domain, eves.id, account_of(eve), write_shard([absent]))
    assert str(foreign.value) == str(unknown.value)
    stolen = world.database.write(
        lambda conn: world.blobs.link_from(conn, eves.id, eves.id, [sha256])
    )
    assert stolen == set()
    # Sending the xorb itself proves possession; only then may a shard name it.
    assert world.send_xorb(domain, packed) is True
    world.blobs.register_shard(domain, eves.id, account_of(eve), write_shard([file]))
    assert set(world.blobs.claimed_or_linked(eves.id, eve.account_id, [sha256])) == {sha256}


def test_a_claim_is_for_one_account_in_one_repository(world: World) -> None:
    ann, hers, eve, _ = place(world)
    other = world.repository("other", account_of(ann))
    sha256 = world.ingest(ann, hers, b"content")
    assert set(world.blobs.claimed_or_linked(hers.id, ann.account_id, [sha256])) == {sha256}
    assert world.blobs.claimed_or_linked(other.id, ann.account_id, [sha256]) == {}
    assert world.blobs.claimed_or_linked(hers.id, eve.account_id, [sha256]) == {}
    assert world.blobs.claimed_or_linked(hers.id, None, [sha256]) == {}
    world.link(hers, sha256)
    assert set(world.blobs.claimed_or_linked(hers.id, None, [sha256])) == {sha256}


def test_what_others_have_cannot_be_linked_by_its_hash(world: World) -> None:
    _, hers, _, _ = place(world)
    with pytest.raises(IntegrityError):
        world.link(hers, "0" * 64)


def test_a_copy_takes_only_what_the_source_holds(world: World) -> None:
    ann, hers, _, _ = place(world)
    target = world.repository("copy", account_of(ann))
    held, claimed = world.ingest(ann, hers, b"held"), world.ingest(ann, hers, b"claimed")
    world.link(hers, held)
    copied = world.database.write(
        lambda conn: world.blobs.link_from(conn, hers.id, target.id, [held, claimed, "0" * 64])
    )
    assert copied == {held}
    assert world.read(target, held) == b"held"


def test_a_contributor_names_what_the_repository_holds(world: World) -> None:
    """A pull request may use content of the repository that its author may read anyway."""
    ann, _, eve, _ = place(world)
    public = world.repository("public", account_of(ann), visibility=Visibility.PUBLIC)
    content = noise(3 * MIB)
    world.send_file(ann, public, content)
    domain = dedup_domain(eve, public)
    packed = pack(content)
    part = file_of(packed, runs=[(1, 5)])
    with pytest.raises(Malformed):
        world.blobs.register_shard(domain, public.id, account_of(eve), write_shard([part]))
    world.link(public, digest_of(content))
    world.blobs.register_shard(domain, public.id, account_of(eve), write_shard([part]))
    assert world.blobs.find_chunk(domain, packed.index.chunk_hash(2)) is None


def test_a_xorb_shared_with_a_private_file_gives_only_the_public_part(world: World) -> None:
    """Two files of one upload lie in one xorb: who may read one cannot name the other's chunks."""
    ann, private, eve, _ = place(world)
    public = world.repository("public", account_of(ann), visibility=Visibility.PUBLIC)
    packed = pack(noise(3 * MIB, seed=7))
    ours, theirs = file_of(packed, runs=[(0, 8)]), file_of(packed, runs=[(8, len(packed.index))])
    domain = dedup_domain(ann, public)
    world.send_xorb(domain, packed)
    for repository, file in ((public, ours), (private, theirs)):
        shard = write_shard([file])
        world.blobs.register_shard(domain, repository.id, account_of(ann), shard)
        rows = world.blobs.claimed_or_linked(repository.id, account_of(ann), sha256s(world))
        for sha256 in rows:
            world.link(repository, sha256)

    def name(start: int, end: int) -> None:
        part = write_shard([file_of(packed, runs=[(start, end)])])
        world.blobs.register_shard(dedup_domain(eve, public), public.id, account_of(eve), part)

    name(1, 8)
    for start, end in ((7, 9), (8, 10), (0, len(packed.index))):
        with pytest.raises(Malformed):
            name(start, end)


def sha256s(world: World) -> list[str]:
    return world.database.read(lambda conn: list(conn.execute(sa.select(blobs.c.sha256)).scalars()))


def test_the_border_of_a_dedup_domain(world: World) -> None:
    ann, hers, eve, _ = place(world)
    world.organisation("guild", ann=Role.WRITE, eve=Role.READ)
    guild = world.accounts.find_account("guild").id
    ann = world.accounts.refresh(account_of(ann), ann.token_id, None)
    eve = world.accounts.refresh(account_of(eve), eve.token_id, None)
    shared = world.repository("shared", guild, visibility=Visibility.PUBLIC)
    assert dedup_domain(ann, hers) == f"n{ann.account_id}"
    assert dedup_domain(ann, shared) == f"n{guild}"
    assert dedup_domain(eve, shared) == f"r{shared.id}u{eve.account_id}", "reads, but may not write"
    assert dedup_domain(ANONYMOUS, shared) == f"r{shared.id}u0"
    narrow = dataclasses.replace(
        ann, token_role=TokenRole.FINE_GRAINED, grants=(RepoGrant(shared.id, write=True),)
    )
    assert dedup_domain(narrow, shared) == f"r{shared.id}u{ann.account_id}"
    reader = dataclasses.replace(ann, token_role=TokenRole.READ)
    assert dedup_domain(reader, shared) == f"r{shared.id}u{ann.account_id}"


# --- passes -----------------------------------------------------------------------------------


def admit(
    world: World, repository: Repository, principal: Principal, scope: XetScope
) -> Callable[..., object]:
    token = world.blobs.issue_xet_token(principal, repository, scope, "http://hub")
    domain = token.cas_url.split("/")[-2]

    def again(scope: XetScope = scope, domain: str = domain, epoch: int = 1) -> object:
        return world.blobs.passes.admit(token.access_token, domain, epoch, scope)

    return again


def test_a_xet_token_and_its_address(world: World) -> None:
    ann, hers, _, _ = place(world)
    token = world.blobs.issue_xet_token(ann, hers, XetScope.WRITE, "http://hub")
    assert token.cas_url == f"http://hub/xet/n{ann.account_id}/e1"
    assert token.expires_at_seconds == world.clock.seconds + 15 * 60
    held = world.blobs.passes.admit(token.access_token, f"n{ann.account_id}", 1, XetScope.READ)
    assert (held.principal, held.repository.id) == (ann, hers.id)
    assert held.domain == f"n{ann.account_id}"


def test_a_xet_token_lives_a_little_longer_than_it_says(world: World) -> None:
    ann, hers, _, _ = place(world)
    use = admit(world, hers, ann, XetScope.WRITE)
    world.clock.seconds += 15 * 60 + 5 * 60
    use()
    world.clock.seconds += 1
    with pytest.raises(InvalidCredentials):
        use()


def test_what_a_xet_token_does_not_open(world: World) -> None:
    ann, hers, _, _ = place(world)
    use = admit(world, hers, ann, XetScope.READ)
    with pytest.raises(Forbidden):
        use(scope=XetScope.WRITE)
    with pytest.raises(Forbidden):
        use(domain="n999")
    with pytest.raises(NotFound):
        use(epoch=0)
    with pytest.raises(NotFound):
        use(epoch=2)
    for text in ("", "x", "x.y", f"{'A' * 60}.{'B' * 43}"):
        with pytest.raises(InvalidCredentials):
            world.blobs.passes.admit(text, f"n{ann.account_id}", 1, XetScope.READ)
    other = world.blobs.passes.seal("lfs-upload", ann, hers.id, {"domain": "n1", "write": True}, 60)
    with pytest.raises(InvalidCredentials):
        world.blobs.passes.admit(other, "n1", 1, XetScope.READ)


def test_a_new_epoch_ends_every_address(world: World) -> None:
    ann, hers, _, _ = place(world)
    use = admit(world, hers, ann, XetScope.READ)
    use()
    world.database.write(
        lambda conn: conn.execute(sa.insert(hub_facts).values(name="xet_epoch", value=2)).rowcount
    )
    with pytest.raises(NotFound):
        use()
    token = world.blobs.issue_xet_token(ann, hers, XetScope.READ, "http://hub")
    assert token.cas_url.endswith("/e2")


def test_rights_that_end_end_at_once(world: World) -> None:
    """Whatever was signed before: a revoked token, a member who left, a closed account."""
    _, _, eve, _ = place(world)
    bob = world.user("bob")
    guild = world.organisation("guild", ann=Role.ADMIN, bob=Role.WRITE)
    bob = world.accounts.refresh(account_of(bob), bob.token_id, None)
    shared = world.repository("shared", guild)
    public = world.repository("public", guild, visibility=Visibility.PUBLIC)
    write = admit(world, shared, bob, XetScope.WRITE)
    write_public = admit(world, public, bob, XetScope.WRITE)
    read = admit(world, shared, bob, XetScope.READ)
    url = world.blobs.passes.seal("xet-records", bob, shared.id, {}, 3600)
    write(), read(), write_public()
    world.accounts.set_member("guild", "bob", Role.READ, by=None)
    with pytest.raises(Forbidden):
        write()
    with pytest.raises(Forbidden):
        write_public()  # he may still propose there, but in a domain of his own
    read()
    world.accounts.set_member("guild", "bob", None, by=None)
    for use in (write, read):
        with pytest.raises(RepoNotFound):
            use()
    with pytest.raises(RepoNotFound):
        world.blobs.passes.unseal("xet-records", url, Action.READ)
    use = admit(world, world.repository("eves", account_of(eve)), eve, XetScope.READ)
    use()
    assert eve.token_id is not None
    world.accounts.revoke_token(account_of(eve), eve.token_id, by=None)
    with pytest.raises(InvalidCredentials):
        use()


def test_the_anonymous_read_what_is_public(world: World) -> None:
    ann, hers, _, _ = place(world)
    public = world.repository("public", account_of(ann), visibility=Visibility.PUBLIC)
    use = admit(world, public, ANONYMOUS, XetScope.READ)
    use()
    hide = sa.text("UPDATE repositories SET visibility = 'private' WHERE name = 'public'")
    world.database.write(lambda conn: conn.execute(hide).rowcount)
    with pytest.raises(RepoNotFound):
        use()
    with pytest.raises(RepoNotFound):
        admit(world, hers, ANONYMOUS, XetScope.READ)()


def test_a_pass_opens_for_its_own_purpose_alone(world: World) -> None:
    ann, hers, _, _ = place(world)
    text = world.blobs.passes.seal("lfs-download", ann, hers.id, {"sha256": "x"}, 60)
    assert world.blobs.passes.unseal("lfs-download", text, Action.READ).facts["sha256"] == "x"
    for purpose in ("lfs-upload", "xet-records", ""):
        with pytest.raises(Forbidden):
            world.blobs.passes.unseal(purpose, text, Action.READ)
    world.clock.seconds += 61
    with pytest.raises(Forbidden):
        world.blobs.passes.unseal("lfs-download", text, Action.READ)
