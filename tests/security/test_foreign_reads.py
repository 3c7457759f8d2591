"""S9, S10: whoever knows what a file is called by its hashes claims to have it.

The story: a forge keeps an object once, whoever sends it. Mallory learns the hashes of a file in a
private repository (from a log, a lock file, a model card, a signed address). She asks her own
repository to take an object of that hash; the forge finds it, says "already there", links it, and
she downloads what she never had. Gitea (CVE-2026-28740), Gogs (GHSA-6p9m-q3jp-47h4) and others gave
files away like this. In the Xet protocol, where a file is a list of hashes of chunks and every key
is public, whoever knows these can write a file of her own that is made of them. The quieter half of
the attack only asks *whether* somebody has the object.

One matrix: every door into which a hash can be put, with three depths of knowledge, by seven kinds
of people without the right, at least sixty attempts in each of its rows. The first files of each
row are tried again with twins that nobody has: no answer may tell the two apart. The owner makes
the same calls and gets in, so the calls are real ones.
"""

from __future__ import annotations

import functools
import itertools
import re

import pytest

from tests.security.foreign import (
    DOORS,
    KNOWLEDGE,
    NAMED_CHUNKS,
    Aim,
    Attacker,
    Scene,
    Tried,
    scene_on,
)
from tests.security.target import Answer, Target
from tests.security.xet_calls import Known, known

ATTEMPTS_MIN = 60
TWINS = 2  # files of a row whose answers are compared with those about nothing


@pytest.fixture(scope="module")
def scene(target: Target) -> Scene:
    return scene_on(target)


def shape(answer: Answer, file: Known) -> tuple[int, str | None, str]:
    """Everything an answer tells, but for the hashes themselves and what is fresh in each."""
    text = answer.text
    for each in (file.sha256, file.file_hash, file.packed.key, *file.chunk_hashes):
        text = text.replace(each, "<hash>")
    text = re.sub(r"signature=[A-Za-z0-9_.-]+", "signature=<s>", text)
    text = re.sub(r'"X-Xet-(Access-Token|Session-Id|Token-Expiration)":"[^"]*"', "<fresh>", text)
    text = re.sub(r'name="csrf" value="[^"]*"', "<csrf>", text)
    text = re.sub(r"[0-9a-f]{24,64}", "<id>", text)
    text = re.sub(r"(begun|thing|copy)-\d+", "<name>", text)
    text = re.sub(r"(pr|discussions)/\d+", r"\1/<n>", text)
    return answer.status, answer.code, re.sub(r'"expires_at":"[^"]*"', "<expiry>", text)


@functools.cache
def twin_of(size_bytes: int, chunk_count: int) -> Known:
    """A file that nobody has, cut into as many pieces as far as that shows."""
    made = (known(size_bytes, f"nowhere {number}") for number in itertools.count())
    wanted = min(chunk_count, NAMED_CHUNKS)
    return next(each for each in made if min(len(each.chunk_hashes), NAMED_CHUNKS) == wanted)


def row(scene: Scene, attacker: Attacker, door: str, level: int, at_least: int) -> list[Tried]:
    """Attempts against one file after another, again from the first if there are too few."""
    found: list[Tried] = []
    files = [(secret, file) for secret in attacker.against for file in secret.files]
    for number, (secret, file) in enumerate(itertools.cycle(files)):
        if len(found) >= at_least:
            return found
        aim = Aim(scene.target, secret, file, level)
        tries = list(DOORS[door][0](attacker, aim))
        found += tries
        if number < TWINS and not attacker.kept:  # who had the right knows that it is there
            twin = twin_of(len(file.content), len(file.chunk_hashes))
            nothing = list(DOORS[door][0](attacker, Aim(scene.target, secret, twin, level)))
            told = [shape(each.answer, file) for each in tries]
            absent = [shape(each.answer, twin) for each in nothing]
            assert told == absent, (door, KNOWLEDGE[level], attacker.kind, file.sha256)
    raise AssertionError


@pytest.mark.parametrize("door", DOORS)
def test_nothing_foreign_is_read(
    scene: Scene, door: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, attempts, reads = [], 0, 0
    for level, knowledge in enumerate(KNOWLEDGE):
        control = row(scene, scene.owner, door, level, ATTEMPTS_MIN)
        got = sum(each.got for each in control)
        for attacker in scene.attackers:
            tries = row(scene, attacker, door, level, ATTEMPTS_MIN)
            read = [each for each in tries if each.got]
            attempts, reads = attempts + len(tries), reads + len(read)
            lines.append(
                f"  {door}, {knowledge}, {attacker.kind}: {len(read)} of {len(tries)}"
                f" (owner {got} of {len(control)})"
            )
            if read:
                lines.append(f"    {read[0].answer.status} {read[0].answer.text[:300]}")
        if 0 <= DOORS[door][1] <= level:
            assert got > 0, f"{door}, {knowledge}: the owner got nothing: this proves nothing"
    with capsys.disabled():
        print(f"\nforeign reads by {door}: {reads} of {attempts}")
    assert reads == 0, "\n".join(lines)


def test_nobody_was_hurt(scene: Scene) -> None:
    """After all of it the secrets are whole, and no place of an attacker holds them."""
    for secret in scene.secrets:
        for number, file in enumerate(secret.files[:-1]):
            answer = scene.owner.caller("GET", f"/{secret.repo}/resolve/main/f{number}.bin")
            assert answer.body == file.content
