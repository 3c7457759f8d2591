"""Many flipped bits over every kind of stored file: all found, none served."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fault.bit_storm import storm
from tests.fault.nursery import Nursery


@pytest.mark.timeout(300)
def test_sixty_flipped_bits_are_found_and_none_is_served(
    data: Path, tmp_path: Path, nursery: Nursery
) -> None:
    outcome = storm(nursery, data, tmp_path, flips=60, rounds=4, size_bytes=700_000)
    assert outcome.flipped.total() == 60
    assert set(outcome.flipped) >= {"xorbs", "shards", "repos"}
    assert outcome.missed == []
    assert outcome.wrong == []
    assert outcome.refused > 0, "no bit lay where a reader would have met it"
    assert outcome.healed > 0
