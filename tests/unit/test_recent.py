"""What is kept is bounded by its weight, and the one unused for longest goes first."""

from groundswell.core.recent import Recent


def test_the_one_unused_for_longest_goes() -> None:
    kept: Recent[str, int] = Recent(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)


def test_weights_bound_the_whole() -> None:
    kept: Recent[int, bytes] = Recent(100, len)
    for number in range(20):
        assert kept.put(number, bytes(20)) == bytes(20)
    assert [number for number in range(20) if kept.get(number)] == [15, 16, 17, 18, 19]
    kept.put(19, bytes(1))
    kept.put(20, bytes(19))
    assert kept.get(15) is not None  # what the former value of 19 took is free again
    kept.put(21, bytes(26))
    assert kept.get(21) is None  # too large to push so much else out
