"""What a card may say: the rules and sentences that clients see from ``validate-yaml``.

An error keeps a client from uploading the card; a warning is only shown. Both are plain
sentences that quote the key (Hub API 2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from groundswell.core.errors import Malformed
from groundswell.core.values import RepoKind
from groundswell.wire.cards.front_matter import read_card
from groundswell.wire.cards.gate_form import read_gate_form
from groundswell.wire.cards.words import COLOURS, LICENSES, PIPELINE_TAGS, SPACE_SDKS

MESSAGES_MAX: Final = 50
SHORT_DESCRIPTION_CHARACTERS_MAX: Final = 60
MISSING_METADATA: Final = "empty or missing yaml metadata in repo card"

_LANGUAGE = re.compile(r"[a-z]{2,3}|code|multilingual", re.ASCII)
_REPO = re.compile(r"[\w.-]{1,96}(?:/[\w.-]{1,96})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class CardReport:
    """What is wrong with a card. ``metadata`` is None when there is none, or it is unreadable."""

    warnings: tuple[str, ...]
    errors: tuple[str, ...]
    metadata: dict[str, Any] | None


class _Findings:
    """Collects sentences, up to a limit."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.errors: list[str] = []

    def warn(self, sentence: str) -> None:
        if len(self.warnings) < MESSAGES_MAX:
            self.warnings.append(sentence)

    def refuse(self, sentence: str) -> None:
        if len(self.errors) < MESSAGES_MAX:
            self.errors.append(sentence)


def _one_of(words: Sequence[str]) -> str:
    return f"must be one of [{', '.join(words)}]"


def _texts(value: object, key: str, findings: _Findings) -> list[tuple[str, str]]:
    """(label, text) for a text or a list of texts; whatever else it is becomes an error."""
    if isinstance(value, str):
        return [(f'"{key}"', value)]
    if not isinstance(value, list):
        findings.refuse(f'"{key}" must be a string or an array of strings')
        return []
    found: list[tuple[str, str]] = []
    for index, item in enumerate(value):
        if isinstance(item, str):
            found.append((f'"{key}[{index}]"', item))
        else:
            findings.refuse(f'"{key}[{index}]" must be a string')
    return found


def _text(card: Mapping[str, Any], key: str, findings: _Findings) -> str | None:
    value = card.get(key)
    if value is None or isinstance(value, str):
        return value
    findings.refuse(f'"{key}" must be a string')
    return None


def _check_license(card: Mapping[str, Any], findings: _Findings) -> None:
    if card.get("license") is None:
        return
    for label, text in _texts(card["license"], "license", findings):
        if text not in LICENSES:
            findings.refuse(f"{label} {_one_of(LICENSES)}")


def _check_language(card: Mapping[str, Any], findings: _Findings) -> None:
    if card.get("language") is None:
        return
    for label, text in _texts(card["language"], "language", findings):
        if text != text.lower():
            findings.refuse(f"{label} must only contain lowercase characters")
        elif not _LANGUAGE.fullmatch(text):
            findings.warn(
                f'{label} with value "{text[:60]}" is not valid. It must be an ISO 639-1, 639-2 or '
                '639-3 code (two/three letters), or a special value like "code", "multilingual".'
            )


def _check_tags(card: Mapping[str, Any], findings: _Findings) -> None:
    tags = card.get("tags")
    if tags is None:
        return
    if not isinstance(tags, list):
        findings.refuse('"tags" must be an array')
        return
    for index, tag in enumerate(tags):
        if not isinstance(tag, str):
            findings.refuse(f'"tags[{index}]" must be a string')


def _check_repos(card: Mapping[str, Any], key: str, findings: _Findings) -> None:
    if card.get(key) is None:
        return
    for label, text in _texts(card[key], key, findings):
        if not _REPO.fullmatch(text):
            findings.warn(f'{label} with value "{text[:100]}" is not valid. Use a repository id.')


def _check_model(card: Mapping[str, Any], findings: _Findings) -> None:
    _text(card, "library_name", findings)
    pipeline_tag = _text(card, "pipeline_tag", findings)
    if pipeline_tag is not None and pipeline_tag not in PIPELINE_TAGS:
        findings.warn(f'"pipeline_tag" {_one_of(PIPELINE_TAGS)}')
    _check_repos(card, "base_model", findings)
    _check_repos(card, "datasets", findings)
    if card.get("model-index") is not None:
        _check_model_index(card["model-index"], findings)


def _check_model_index(value: object, findings: _Findings) -> None:
    if not isinstance(value, list):
        findings.refuse('"model-index" must be an array')
        return
    for index, model in enumerate(value):
        label = f"model-index[{index}]"
        if not isinstance(model, dict):
            findings.refuse(f'"{label}" must be of type object')
            continue
        if not isinstance(model.get("name"), str):
            findings.refuse(f'"{label}.name" is required')
        results = model.get("results")
        if not isinstance(results, list):
            findings.refuse(f'"{label}.results" is required')
            continue
        for number, result in enumerate(results):
            _check_result(result, f"{label}.results[{number}]", findings)


def _check_result(result: object, label: str, findings: _Findings) -> None:
    if not isinstance(result, dict):
        findings.refuse(f'"{label}" must be of type object')
        return
    for key, fields in (("task", ("type",)), ("dataset", ("type", "name"))):
        part = result.get(key)
        if not isinstance(part, dict):
            if key == "task" or part is not None:
                findings.refuse(f'"{label}.{key}" is required')
            continue
        for field in fields:
            if part.get(field) is None:
                findings.refuse(f'"{label}.{key}.{field}" is required')
    metrics = result.get("metrics")
    if not isinstance(metrics, list):
        findings.refuse(f'"{label}.metrics" is required')
        return
    for index, metric in enumerate(metrics):
        place = f"{label}.metrics[{index}]"
        if not isinstance(metric, dict):
            findings.refuse(f'"{place}" must be of type object')
            continue
        for field in ("type", "value"):
            if field not in metric or (field == "type" and metric[field] is None):
                findings.refuse(f'"{place}.{field}" is required')


def _check_dataset(card: Mapping[str, Any], findings: _Findings) -> None:
    _text(card, "pretty_name", findings)
    if card.get("task_categories") is not None:
        for label, text in _texts(card["task_categories"], "task_categories", findings):
            if text not in PIPELINE_TAGS:
                findings.warn(f"{label} {_one_of(PIPELINE_TAGS)}")
    configs = card.get("configs")
    if configs is None:
        return
    if not isinstance(configs, list):
        findings.refuse('"configs" must be an array')
        return
    for index, config in enumerate(configs):
        if not isinstance(config, dict) or not isinstance(config.get("config_name"), str):
            findings.refuse(f'"configs[{index}].config_name" is required')


def _check_space(card: Mapping[str, Any], findings: _Findings) -> None:
    sdk = _text(card, "sdk", findings)
    if sdk is not None and sdk not in SPACE_SDKS:
        findings.refuse(f'"sdk" {_one_of(SPACE_SDKS)}')
    for key in ("colorFrom", "colorTo"):
        colour = _text(card, key, findings)
        if colour is not None and colour not in COLOURS:
            findings.refuse(f'"{key}" {_one_of(COLOURS)}')
    short = _text(card, "short_description", findings)
    if short is not None and len(short) > SHORT_DESCRIPTION_CHARACTERS_MAX:
        findings.refuse(
            '"short_description" length must be less than or equal to '
            f"{SHORT_DESCRIPTION_CHARACTERS_MAX} characters long"
        )


def _check_gate(card: Mapping[str, Any], findings: _Findings) -> None:
    """A form that cannot be read lets nobody ask: its author should know before it is sent."""
    try:
        read_gate_form(card)
    except Malformed as error:
        findings.warn(f"Nobody can ask for access with this {error.where}: {error.why}.")


def validate_card(text: str, kind: RepoKind = RepoKind.MODEL) -> CardReport:
    """What clients must know before they upload this README. Never raises for its content."""
    findings = _Findings()
    try:
        card = read_card(text)
    except Malformed as error:
        return CardReport((), (f"Invalid YAML metadata: {error.why}",), None)
    if not card.metadata:
        return CardReport((MISSING_METADATA,), (), None)
    _check_license(card.metadata, findings)
    _check_language(card.metadata, findings)
    _check_tags(card.metadata, findings)
    _check_gate(card.metadata, findings)
    if kind is RepoKind.DATASET:
        _check_dataset(card.metadata, findings)
    elif kind is RepoKind.SPACE:
        _check_space(card.metadata, findings)
    else:
        _check_model(card.metadata, findings)
    return CardReport(tuple(findings.warnings), tuple(findings.errors), card.metadata)
