"""Whether one of two is better, on the same questions: three numbers of the questions on which
they differ.

Knows counts: how often the first alone was right (``first``), how often the second alone
(``second``). Everything is calculated exactly and from counts alone, so that whoever has the counts
has the figures. Does not know models.
"""

from __future__ import annotations

import math
from typing import Final

# How far from its mean a binomial number is still counted with: what is beyond weighs < 1e-12.
_DEVIATIONS: Final = 8.0
# So that a number still holds it.
_LARGEST: Final = 1_000.0


def mcnemar(first: int, second: int) -> float:
    """The exact two-sided p of McNemar's test (Q. McNemar, Psychometrika 12, 1947): how likely
    counts that differ at least so much are when both are equally good.
    """
    total = first + second
    fewer = min(first, second)
    tail = sum(math.comb(total, each) for each in range(fewer + 1))
    return min(1.0, 2 * tail / (1 << total))


def evidence(first: int, second: int) -> float:
    """How much better a bet "one of the two is better" did than "both are equally good".

    The mixture over all rates, of uniform weight: 2ⁿ·B(first+1, second+1). When both are equally
    good it is a martingale of mean 1, so that it ever reaches 1/a with probability a at most,
    however often it is looked at (J. Ville, 1939; H. Robbins, "Statistical methods related to the
    law of the iterated logarithm", Ann. Math. Stat. 41, 1970; R. Johari et al., "Always valid
    inference", Operations Research 70, 2022).
    """
    total = first + second
    logarithm = total - math.log2((total + 1) * math.comb(total, first))
    return math.pow(2.0, min(logarithm, _LARGEST))


def interval(first: int, second: int, asked: int, sure: float = 0.95) -> tuple[float, float]:
    """The percentile interval of the paired bootstrap, for the difference second minus first as a
    share of the questions (B. Efron, Ann. Stat. 7, 1979).

    A question drawn again differs by +1, -1 or 0, so the bootstrap's distribution is known: it is
    calculated whole here instead of being drawn, and is the same for everybody. Where every
    question came out alike it would have no width, as if two questions were proof: there the exact
    limit of a share that was never seen is taken (C. Clopper, E. Pearson, Biometrika 26, 1934).
    """
    if not asked:
        return -1.0, 1.0
    if asked in {first, second, asked - first - second}:
        unseen = 1 - ((1 - sure) / 2) ** (1 / asked)
        if first == second:
            return -unseen, unseen
        # What was not seen may be equal answers, or the other one's.
        least = max(-1.0, 1 - 2 * unseen)
        return (least, 1.0) if second else (-1.0, -least)
    weights = _differences(first, second, asked)
    tail = (1 - sure) / 2 * sum(weights.values())
    least = _quantile(sorted(weights), weights, tail)
    most = _quantile(sorted(weights, reverse=True), weights, tail)
    return least / asked, most / asked


def _quantile(ordered: list[int], weights: dict[int, float], tail: float) -> int:
    passed = 0.0
    for each in ordered:
        passed += weights[each]
        if passed > tail:
            return each
    return ordered[-1]


def _differences(first: int, second: int, asked: int) -> dict[int, float]:
    """How likely each difference is among questions drawn again."""
    ups, downs = _likely(second, asked), _likely(first, asked)
    shares = (second / asked, first / asked, (asked - first - second) / asked)
    found: dict[int, float] = {}
    for up in ups:
        for down in downs:
            weight = _multinomial((up, down, asked - up - down), shares)
            if weight:
                found[up - down] = found.get(up - down, 0.0) + weight
    return found


def _likely(count: int, asked: int) -> range:
    # Without the constant part, small counts would end too soon: they are no normal curve.
    spread = _DEVIATIONS * (math.sqrt(count * (1 - count / asked)) + (0 < count < asked))
    return range(max(0, math.floor(count - spread)), min(asked, math.ceil(count + spread)) + 1)


def _multinomial(counts: tuple[int, int, int], shares: tuple[float, float, float]) -> float:
    if min(counts) < 0 or any(n and not p for n, p in zip(counts, shares, strict=True)):
        return 0.0
    logarithm = math.lgamma(sum(counts) + 1)
    for count, share in zip(counts, shares, strict=True):
        logarithm += (count * math.log(share) if count else 0.0) - math.lgamma(count + 1)
    return math.exp(logarithm)
