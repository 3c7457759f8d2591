"""How sure answers are: thresholds keep what they promise, and files that lie are refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from groundswell.ask.calibration import (
    GENERAL,
    NAMES,
    RISKS,
    Calibration,
    fit,
    fit_thresholds,
    pack_calibration,
    parse_calibration,
)
from groundswell.core.errors import Malformed

TRUE = np.zeros(len(NAMES))
TRUE[:3] = (4.0, 3.0, -2.0)
TRUE[-1] = -2.0


def questions(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features, and whether the best answer is right: as a logistic model draws them."""
    chooser = np.random.default_rng(seed)
    table = np.hstack([chooser.random((count, len(NAMES) - 1)), np.ones((count, 1))])
    return table, chooser.random(count) < 1 / (1 + np.exp(-table @ TRUE))


def shown_wrong(fitted: Calibration, risk: float, table: np.ndarray, right: np.ndarray) -> float:
    weights = np.array([fitted.weights[name] for name in NAMES])
    sure = 1 / (1 + np.exp(-(table @ weights)))
    return float(np.mean((sure >= fitted.threshold(risk)) & ~right))


def check_promises(fitted: list[Calibration]) -> dict[float, float]:
    """That each risk is kept on fresh questions, on the mean over many calibrations: that is what
    conformal risk control promises. What was measured.
    """
    fresh = questions(20_000, 999)
    means = {}
    for risk in RISKS:
        measured = [shown_wrong(each, risk, *fresh) for each in fitted]
        means[risk] = float(np.mean(measured))
        spread = np.std(measured) / len(measured) ** 0.5
        assert means[risk] <= risk + 3 * spread, (risk, means[risk])
    return means


def test_the_promised_risk_is_kept_on_questions_of_the_same_kind() -> None:
    means = check_promises([fit(*questions(800, seed)) for seed in range(40)])
    assert means[0.1] > 0.07  # and not by never answering


def test_few_questions_choose_thresholds_over_the_general_weights() -> None:
    fitted = [fit_thresholds(*questions(80, seed)) for seed in range(40)]
    means = check_promises(fitted)
    assert means[0.2] > 0.1
    for each in fitted:
        assert each.weights == GENERAL.weights
        assert each.thresholds[0.01] == 1.0  # of 80 not even one could be wrong


def test_the_risk_is_kept_with_the_weights_that_are_written_down() -> None:
    """Thresholds are of the rounded weights, on the very questions that they were chosen on."""
    table, right = questions(800, 5)
    fitted = parse_calibration(pack_calibration(fit(list(table), list(right))))
    for risk in RISKS:
        assert shown_wrong(fitted, risk, table[1::2], right[1::2]) <= risk


@pytest.mark.parametrize("is_right", [True, False])
def test_questions_that_are_all_right_or_all_wrong(is_right: bool) -> None:
    table, _ = questions(400, 1)
    fitted = fit(list(table), [is_right] * 400)
    parse_calibration(pack_calibration(fitted))
    assert fitted.threshold(0.05) == (0.0 if is_right else fitted.threshold(0.05))
    assert shown_wrong(fitted, 0.05, table, np.full(400, is_right)) <= 0.05


def test_more_risk_never_asks_for_more() -> None:
    fitted = fit(*questions(800, 3))
    at = [fitted.threshold(risk) for risk in sorted(RISKS)]
    assert at == sorted(at, reverse=True)


def test_between_risks_the_more_careful_one_counts() -> None:
    assert GENERAL.threshold(0.07) == GENERAL.threshold(0.05)
    assert GENERAL.threshold(0.001) == GENERAL.threshold(0.01)
    assert GENERAL.threshold(0.9) == GENERAL.threshold(0.2)


def test_it_comes_back_as_it_was() -> None:
    for made in (GENERAL, fit(*questions(400, 2))):
        assert parse_calibration(pack_calibration(made)) == made


GOOD = GENERAL.as_json()
LIES: list[Any] = [
    {**GOOD, "format": "x"},
    {**GOOD, "weights": []},
    {**GOOD, "weights": {**GOOD["weights"], "bias": "a"}},
    {**GOOD, "weights": {**GOOD["weights"], "bias": 1e300}},
    {**GOOD, "weights": {**GOOD["weights"], "bias": 10**400}},
    {**GOOD, "weights": {**GOOD["weights"], "bias": float("nan")}},
    {**GOOD, "weights": {**GOOD["weights"], "bias": float("inf")}},
    {**GOOD, "weights": {}},
    {**GOOD, "thresholds": []},
    {**GOOD, "thresholds": [[0.05]]},
    {**GOOD, "thresholds": [[0.05, -1]]},
    {**GOOD, "thresholds": [[0.05, 2]]},
    {**GOOD, "thresholds": [[0.05, float("nan")]]},
    {**GOOD, "thresholds": [[n / 1000, 0.5] for n in range(500)]},
    {**GOOD, "thresholds": 5},
    {**GOOD, "samples": float("inf")},
    {**GOOD, "samples": -1},
    {**GOOD, "samples": None},
    [],
    None,
    {},
]


@pytest.mark.parametrize("value", LIES)
def test_calibrations_that_lie_are_malformed(value: Any) -> None:
    with pytest.raises(Malformed):
        parse_calibration(json.dumps(value).encode())


@pytest.mark.parametrize("data", [b"", b"\xff", b"[" * 50_000, b" " * 100_000])
def test_what_is_no_calibration_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_calibration(data)
