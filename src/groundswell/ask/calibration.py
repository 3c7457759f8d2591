"""How sure an answer is, and from where on it is shown.

One number, the probability that the best sentence answers, is made of what is known before anything
is generated (`retrieval.ranking.Features`), by a logistic model fitted on questions that were made
from the pack itself, half of them with their source kept from the search. From where on an answer
is shown follows from conformal risk control (Angelopoulos et al., "Conformal risk control", ICLR
2024): among questions like those of the set, wrong sentences are shown for at most the promised
share of all questions. Does not ask questions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from groundswell.ask.retrieval.ranking import Candidate, Features
from groundswell.core.errors import Malformed

FORMAT: Final = "groundswell-calibration/1"
# Where a pack has it.
PATH: Final = "eval/calibration.json"
# What may be promised: the share of questions for which a wrong sentence is shown.
RISKS: Final = (0.01, 0.02, 0.05, 0.1, 0.2)
RISK_DEFAULT: Final = 0.05
# From so many questions on a pack has weights of its own; from fewer it has its own thresholds over
# the general weights, and below that they say nothing of it: the general calibration is used.
SAMPLES_MIN: Final = 200
THRESHOLD_SAMPLES_MIN: Final = 60

CALIBRATION_BYTES_MAX: Final = 1 << 16
THRESHOLDS_MAX: Final = 100
WEIGHT_MAX: Final = 1e6

_FEATURES: Final = tuple(Features.__dataclass_fields__)
NAMES: Final = (*_FEATURES, "score", "margin", "bias")
# Calibrations of before do not have them.
_LATER: Final = frozenset({"complete", "near", "apart"})
_SCORE_SCALE: Final = 10.0
_PENALTY: Final = 0.02
_STEPS: Final = 60
_DIGITS: Final = 3

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of a logistic model, and the probabilities from which on answers are shown.

    Attributes:
        weights: by the names of NAMES.
        thresholds: by risk.
        samples: how many questions it rests on; 0 for the general one.
    """

    weights: Mapping[str, float]
    thresholds: Mapping[float, float]
    samples: int = 0

    def probability(self, candidates: Sequence[Candidate]) -> float:
        """That the best of these candidates answers. 0 without any."""
        if not candidates:
            return 0.0
        weights = np.array([self.weights[name] for name in NAMES])
        return float(_logistic(np.asarray(describe(candidates) @ weights)))

    def threshold(self, risk: float) -> float:
        """The probability from which on answers are shown at a risk; between those that were
        fitted, the more careful one.
        """
        fitted = [each for each in sorted(self.thresholds) if each <= risk + 1e-9]
        return self.thresholds[fitted[-1] if fitted else min(self.thresholds)]

    def as_json(self) -> dict[str, Any]:
        """For a pack's file."""
        return {
            "format": FORMAT,
            "weights": dict(self.weights),
            "thresholds": [[risk, value] for risk, value in self.thresholds.items()],
            "samples": self.samples,
        }


def pack_calibration(calibration: Calibration) -> bytes:
    """The bytes of a pack's file."""
    return json.dumps(calibration.as_json(), indent=1).encode() + b"\n"


def parse_calibration(data: bytes) -> Calibration:
    """The calibration of a pack's file. Raises Malformed."""
    try:
        if len(data) > CALIBRATION_BYTES_MAX:
            raise Malformed("calibration", "it is too large")
        value = json.loads(data)
        if not isinstance(value, dict) or value["format"] != FORMAT:
            raise Malformed("calibration", f"its format is not {FORMAT}")
        told = {**dict.fromkeys(_LATER, 0.0), **value["weights"]}
        weights = {name: float(told[name]) for name in NAMES}
        thresholds = {float(risk): float(at) for risk, at in value["thresholds"]}
        samples = int(value["samples"])
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Malformed("calibration", "a part of it is missing or of another type") from error
    shares = [*thresholds, *thresholds.values()]
    if not 0 < len(thresholds) <= THRESHOLDS_MAX or not all(0 <= each <= 1 for each in shares):
        raise Malformed("calibration", "it has no thresholds, or such as cannot be")
    if not all(abs(each) <= WEIGHT_MAX for each in weights.values()) or samples < 0:
        raise Malformed("calibration", "it has weights that cannot be")
    return Calibration(weights, thresholds, samples)


# For packs of which too few questions can be made: fitted on a computing dictionary and country
# profiles together (docs/benchmarks.md).
GENERAL: Final = Calibration(
    {
        "lexical": 0.0774,
        "coverage": 0.596,
        "own": 0.773,
        "passage": 0.569,
        "title": -0.0576,
        "heading": -0.00575,
        "named": 0.372,
        "unnamed": -1.46,
        "names": 0.396,
        "rarest": 0.441,
        "kind": -0.052,
        "lead": 0.77,
        "says": 0.0702,
        "complete": 1.65,
        "near": 0.0,
        "apart": 0.0,
        "score": 0.547,
        "margin": 0.674,
        "bias": -4.39,
    },
    {0.01: 0.804, 0.02: 0.782, 0.05: 0.396, 0.1: 0.292, 0.2: 0.202},
)


def describe(candidates: Sequence[Candidate]) -> Vector:
    """What is known of the best candidate, as numbers in the order of NAMES."""
    best = candidates[0]
    other = next((each.score for each in candidates if not _same(each, best)), 0.0)
    known = [getattr(best.features, name) for name in _FEATURES]
    margin = (best.score - other) / _SCORE_SCALE
    return np.array([*known, best.score / _SCORE_SCALE, margin, 1.0])


def _same(one: Candidate, other: Candidate) -> bool:
    """Whether two sentences are of one article."""
    a, b = one.passage, other.passage
    return a.pack is b.pack and a.article.path == b.article.path


def fit(described: Sequence[Vector], is_right: Sequence[bool]) -> Calibration:
    """A calibration from questions whose answers are known.

    Half of them fit the model and the other half the thresholds: a threshold that was chosen on
    what the model has seen would promise too much.

    Args:
        described: of each question's candidates, by `describe`.
        is_right: whether the best candidate answers.
    """
    table = np.array(described)
    right = np.array(is_right, bool)
    fitted = _fitted(table[::2], right[::2])
    # Rounded before the thresholds are chosen: they are of what will be asked with.
    weights = dict(zip(NAMES, (float(f"{each:.{_DIGITS}g}") for each in fitted), strict=True))
    return Calibration(weights, _thresholds(weights, table[1::2], right[1::2]), len(right))


def fit_thresholds(described: Sequence[Vector], is_right: Sequence[bool]) -> Calibration:
    """The general weights, with thresholds from a few questions whose answers are known.

    All of them count: the weights have seen none. What so few cannot promise is not shown at all.
    """
    right = np.array(is_right, bool)
    thresholds = _thresholds(GENERAL.weights, np.array(described), right)
    return Calibration(GENERAL.weights, thresholds, len(right))


def _thresholds(
    weights: Mapping[str, float], table: Vector, right: npt.NDArray[np.bool_]
) -> dict[float, float]:
    sure = _logistic(table @ np.array([weights[name] for name in NAMES]))
    return {risk: _threshold(sure, right, risk) for risk in RISKS}


def _fitted(table: Vector, right: npt.NDArray[np.bool_]) -> Vector:
    """Penalised maximum likelihood by Newton's steps. The bias is not penalised."""
    weights = np.zeros(table.shape[1])
    penalty = np.full(table.shape[1], _PENALTY)
    penalty[-1] = 1e-6
    for _ in range(_STEPS):
        sure = _logistic(table @ weights)
        slope = table.T @ (sure - right) / len(right) + penalty * weights
        bent = (table * (sure * (1 - sure))[:, None]).T @ table / len(right) + np.diag(penalty)
        step = np.linalg.solve(bent, slope)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def _threshold(sure: Vector, right: npt.NDArray[np.bool_], risk: float) -> float:
    """The smallest probability from which on so few wrong answers are shown."""
    count = len(sure)
    for at in [0.0, *sorted(np.round(sure + 0.0005, _DIGITS))]:
        wrong = np.count_nonzero((sure >= at) & ~right)
        if (wrong + 1) / (count + 1) <= risk:
            return float(at)
    return 1.0


def _logistic(value: Vector) -> Vector:
    return np.asarray(1 / (1 + np.exp(-np.clip(value, -40, 40))))
