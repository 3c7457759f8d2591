"""What a card and the files beside it say, as the words that people search for.

Knows how tags, library and task follow from front matter, ``config.json`` and file names
(docs/formats/card.md). Does not read anything: ``hub.facts`` does.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from groundswell.core.values import RepoKind

TAGS_MAX: Final = 300
TAG_CHARACTERS_MAX: Final = 200
WORD_CHARACTERS_MAX: Final = 100
DESCRIPTION_CHARACTERS_MAX: Final = 500

Json = Mapping[str, Any]

# A file in the root that says which library reads the repository, the most telling first.
_LIBRARY_FILES: Final = (
    ("model_index.json", "diffusers"),
    ("adapter_config.json", "peft"),
    ("modules.json", "sentence-transformers"),
    ("open_clip_config.json", "open_clip"),
    ("mlx_config.json", "mlx"),
    ("saved_model.pb", "keras"),
)

# The ending of a class in ``architectures``: the class that loads it, its task, its processor.
_HEADS: Final = (
    ("ForCausalLM", "AutoModelForCausalLM", "text-generation", "AutoTokenizer"),
    ("LMHeadModel", "AutoModelForCausalLM", "text-generation", "AutoTokenizer"),
    ("ForMaskedLM", "AutoModelForMaskedLM", "fill-mask", "AutoTokenizer"),
    (
        "ForSequenceClassification",
        "AutoModelForSequenceClassification",
        "text-classification",
        "AutoTokenizer",
    ),
    (
        "ForTokenClassification",
        "AutoModelForTokenClassification",
        "token-classification",
        "AutoTokenizer",
    ),
    (
        "ForQuestionAnswering",
        "AutoModelForQuestionAnswering",
        "question-answering",
        "AutoTokenizer",
    ),
    ("ForMultipleChoice", "AutoModelForMultipleChoice", "multiple-choice", "AutoTokenizer"),
    (
        "ForImageClassification",
        "AutoModelForImageClassification",
        "image-classification",
        "AutoImageProcessor",
    ),
    ("ForObjectDetection", "AutoModelForObjectDetection", "object-detection", "AutoImageProcessor"),
    (
        "ForSemanticSegmentation",
        "AutoModelForSemanticSegmentation",
        "image-segmentation",
        "AutoImageProcessor",
    ),
    ("ForDepthEstimation", "AutoModelForDepthEstimation", "depth-estimation", "AutoImageProcessor"),
    (
        "ForAudioClassification",
        "AutoModelForAudioClassification",
        "audio-classification",
        "AutoFeatureExtractor",
    ),
    (
        "ForVideoClassification",
        "AutoModelForVideoClassification",
        "video-classification",
        "AutoImageProcessor",
    ),
    (
        "ForSpeechSeq2Seq",
        "AutoModelForSpeechSeq2Seq",
        "automatic-speech-recognition",
        "AutoProcessor",
    ),
    ("ForCTC", "AutoModelForCTC", "automatic-speech-recognition", "AutoProcessor"),
    ("EncoderModel", "AutoModel", "feature-extraction", "AutoTokenizer"),
    ("Model", "AutoModel", "feature-extraction", "AutoTokenizer"),
)

# ``…ForConditionalGeneration`` says little: the family decides.
_GENERATIONS: Final[Mapping[str, str]] = {
    "whisper": "automatic-speech-recognition",
    "speech_to_text": "automatic-speech-recognition",
    "t5": "text2text-generation",
    "mt5": "text2text-generation",
    "umt5": "text2text-generation",
    "bart": "text2text-generation",
    "mbart": "translation",
    "m2m_100": "translation",
    "marian": "translation",
    "pegasus": "summarization",
    "blip": "image-to-text",
    "pix2struct": "image-to-text",
}

_FORMATS: Final = (
    (".safetensors", "safetensors"),
    (".gguf", "gguf"),
    (".onnx", "onnx"),
    (".mlmodel", "coreml"),
    (".tflite", "tflite"),
    (".nemo", "nemo"),
    (".pt", "pytorch"),
    (".pth", "pytorch"),
)
_PYTORCH_WEIGHTS: Final = re.compile(r"pytorch_model(?:-\d+-of-\d+)?\.bin", re.ASCII)

_PAPER = re.compile(r"arxiv(?:\.org/(?:abs|pdf)/|: ?)(\d{4}\.\d{4,5})", re.ASCII | re.IGNORECASE)
_PAPERS_MAX: Final = 20
_BODY_CHARACTERS_READ: Final = 256 * 1024

# Keys of a dataset's card that become ``key:value`` tags.
_DATASET_KEYS: Final = (
    "task_categories",
    "task_ids",
    "annotations_creators",
    "language_creators",
    "multilinguality",
    "source_datasets",
)


def words(value: object) -> list[str]:
    """A text or a list of texts from a card as short texts; everything else is left out."""
    items = value if isinstance(value, list) else [value]
    return [
        item.strip()
        for item in items
        if isinstance(item, str) and 0 < len(item.strip()) <= TAG_CHARACTERS_MAX
    ]


def word(value: object) -> str | None:
    """One short text from a card, or None."""
    found = words(value) if isinstance(value, str) else []
    return found[0] if found and len(found[0]) <= WORD_CHARACTERS_MAX else None


def library_of(card: Json, config: Json, files: Iterable[str]) -> str | None:
    """The library that reads the model: as the card says, or as the files show."""
    named = word(card.get("library_name"))
    if named is not None:
        return named
    present = set(files)
    for file, library in _LIBRARY_FILES:
        if file in present:
            return library
    if config.get("architectures") or config.get("model_type"):
        return "transformers"
    return "gguf" if any(file.endswith(".gguf") for file in present) else None


def transformers_info(config: Json) -> dict[str, str] | None:
    """How transformers loads the model: ``auto_model``, ``pipeline_tag``, ``processor``."""
    names = words(config.get("architectures"))
    if not names:
        return None
    name = names[0]
    if name.endswith("ForConditionalGeneration"):
        family = str(config.get("model_type", ""))
        task = _GENERATIONS.get(family)
        if task is None and ("vision_config" in config or family.endswith("_vl")):
            task = "image-text-to-text"
        if task is None:
            return None
        loader = {
            "automatic-speech-recognition": "AutoModelForSpeechSeq2Seq",
            "image-text-to-text": "AutoModelForImageTextToText",
            "image-to-text": "AutoModelForImageTextToText",
        }.get(task, "AutoModelForSeq2SeqLM")
        processor = "AutoTokenizer" if loader == "AutoModelForSeq2SeqLM" else "AutoProcessor"
        return {"auto_model": loader, "pipeline_tag": task, "processor": processor}
    for ending, loader, task, processor in _HEADS:
        if name.endswith(ending):
            return {"auto_model": loader, "pipeline_tag": task, "processor": processor}
    return None


def pipeline_tag_of(card: Json, library: str | None, facts: Json) -> str | None:
    """The task: as the card says, or as the configuration shows."""
    named = word(card.get("pipeline_tag"))
    if named is not None:
        return named
    if library == "sentence-transformers":
        return "sentence-similarity"
    known = facts.get("transformersInfo")
    if library == "transformers" and isinstance(known, dict):
        task = known.get("pipeline_tag")
        return task if isinstance(task, str) else None
    gguf = facts.get("gguf")
    if library == "gguf" and isinstance(gguf, dict) and "chat_template" in gguf:
        return "text-generation"
    return None


def _formats(files: Iterable[str]) -> Iterator[str]:
    names = [file.rpartition("/")[2].lower() for file in files]
    for ending, tag in _FORMATS:
        if any(name.endswith(ending) for name in names):
            yield tag
    if any(_PYTORCH_WEIGHTS.fullmatch(name) for name in names):
        yield "pytorch"


def _model_tags(card: Json, facts: Json, files: Iterable[str]) -> Iterator[str]:
    yield from _formats(files)
    config = facts.get("config")
    if isinstance(config, dict):
        yield from words(config.get("model_type"))
    yield from words(card.get("tags"))
    yield from words(card.get("language"))
    yield from (f"dataset:{name}" for name in words(card.get("datasets")))


def _base_models(card: Json) -> Iterator[str]:
    relation = word(card.get("base_model_relation"))
    for name in words(card.get("base_model")):
        yield f"base_model:{name}"
        if relation is not None:
            yield f"base_model:{relation}:{name}"


def _dataset_tags(card: Json) -> Iterator[str]:
    for key in _DATASET_KEYS:
        yield from (f"{key}:{value}" for value in words(card.get(key)))
    yield from (f"language:{code}" for code in words(card.get("language")))
    yield from (f"size_categories:{size}" for size in words(card.get("size_categories")))
    yield from words(card.get("tags"))


def tags_of_card(
    kind: RepoKind, card: Json, facts: Json, files: Iterable[str], body: str
) -> tuple[str, ...]:
    """Every tag of a repository, each once, in the order of telling.

    ``facts`` may hold ``library_name`` and ``pipeline_tag`` beside what ``hub.facts`` reads.
    """
    found: list[str] = []
    if kind is RepoKind.DATASET:
        found += _dataset_tags(card)
    else:
        found += words(facts.get("library_name"))
        found += words(card.get("sdk")) if kind is RepoKind.SPACE else ()
        found += _model_tags(card, facts, files)
        found += words(facts.get("pipeline_tag"))
        found += _base_models(card)
    papers = itertools.islice(_PAPER.finditer(body[:_BODY_CHARACTERS_READ]), _PAPERS_MAX)
    found += (f"arxiv:{paper[1]}" for paper in papers)
    found += (f"license:{name}" for name in words(card.get("license")))
    unique = dict.fromkeys(tag for tag in found if len(tag) <= TAG_CHARACTERS_MAX)
    return tuple(unique)[:TAGS_MAX]


def description_of(card: Json, body: str) -> str | None:
    """A sentence or two about the repository: as the card says, or the first plain paragraph."""
    for key in ("short_description", "description"):
        value = card.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()[:DESCRIPTION_CHARACTERS_MAX]
    lines: list[str] = []
    fenced = False
    for line in body[: 64 * 1024].splitlines():
        text = line.strip()
        if text.startswith("```"):
            fenced = not fenced
            continue
        prose = bool(text) and not fenced and text[0] not in "#<>|-*!=[" and text[:4] != "    "
        if prose:
            lines.append(text)
        elif lines:
            break
    return " ".join(lines)[:DESCRIPTION_CHARACTERS_MAX] or None
