"""Which files of a repository are a voice or an ear, by the names that sherpa-onnx's models have.

Knows names of files only. Voices: VITS, as Piper publishes it (``NAME.onnx`` beside
``NAME.onnx.json``) and as sherpa-onnx does (``*.onnx``, ``tokens.txt``, ``lexicon.txt``). Ears:
Whisper, Moonshine, transducers, Paraformer, SenseVoice and CTC, each beside its ``tokens.txt``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from groundswell.ask.speech.values import Kind, Layout

_MODELS: Final = (".onnx", ".ort")
# Of files that do the same, the smaller one; what else a name is like.
_SMALLER: Final = ("int8", "quant")
_SINGLES: Final = (
    ("paraformer", "paraformer"),
    ("sense-voice", "sense_voice"),
    ("sensevoice", "sense_voice"),
    ("zipformer", "zipformer_ctc"),
    ("ctc", "nemo_ctc"),
)


def layouts_of(paths: Iterable[str], title: str = "") -> list[Layout]:
    """All models in these files. ``title`` is the repository's name: a model of a single file is
    told from others by words in it, or in its path.
    """
    folders = defaultdict[str, list[str]](list)
    for path in paths:
        folders[path.rpartition("/")[0]].append(path)
    found: list[Layout] = []
    for _, files in sorted(folders.items()):
        found += _voices(files)
        if not found or not any(layout.path in files for layout in found):
            ear = _ear(files, title.lower())
            found += [ear] if ear is not None else []
    return found


def _voices(files: list[str]) -> list[Layout]:
    models = sorted(path for path in files if path.endswith(".onnx"))
    by_name = {path.rpartition("/")[2]: path for path in files}
    tokens = {"tokens": by_name["tokens.txt"]} if "tokens.txt" in by_name else {}
    piper = [
        Layout(Kind.VOICE, "piper", {"model": path, "settings": f"{path}.json", **tokens})
        for path in models
        if f"{path}.json" in files
    ]
    if piper or not tokens or "lexicon.txt" not in by_name or len(models) != 1:
        return piper
    roles = {"model": models[0], **tokens, "lexicon": by_name["lexicon.txt"]}
    return [Layout(Kind.VOICE, "vits", roles)]


def _ear(files: list[str], title: str) -> Layout | None:
    tokens = min((path for path in files if path.endswith("tokens.txt")), default=None)
    if tokens is None:
        return None
    models = [path for path in files if path.endswith(_MODELS)]
    parts = {role: path for role in _ROLES if (path := _part(models, role)) is not None}
    family = _family(parts)
    if family is not None:
        wanted = {role: parts[role] for role in _FAMILIES[family]}
        return Layout(Kind.EAR, family, {**wanted, "tokens": tokens})
    model = min((path for path in models if not _role(path)), key=_rank, default=None)
    if model is None:
        return None
    words = f"{title}/{model.lower()}"
    told = next((name for word, name in _SINGLES if word in words), None)
    return Layout(Kind.EAR, told, {"model": model, "tokens": tokens}) if told else None


# What the parts of a model are called; the first that fits a name.
_ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "preprocessor": ("preprocess",),
    "uncached_decoder": ("uncached",),
    "cached_decoder": ("cached",),
    "merged_decoder": ("decoder_model_merged",),
    "encoder": ("encode",),
    "decoder": ("decode",),
    "joiner": ("joiner",),
}
_FAMILIES: Final[Mapping[str, tuple[str, ...]]] = {
    "moonshine": ("preprocessor", "encoder", "uncached_decoder", "cached_decoder"),
    "moonshine_v2": ("encoder", "merged_decoder"),
    "transducer": ("encoder", "decoder", "joiner"),
    "whisper": ("encoder", "decoder"),
}


def _role(path: str) -> str | None:
    name = path.rpartition("/")[2].lower()
    return next((role for role, words in _ROLES.items() if any(w in name for w in words)), None)


def _part(models: list[str], role: str) -> str | None:
    return min((path for path in models if _role(path) == role), key=_rank, default=None)


def _rank(path: str) -> tuple[bool, int, str]:
    return not any(word in path for word in _SMALLER), len(path), path


def _family(parts: Mapping[str, str]) -> str | None:
    return next((name for name, roles in _FAMILIES.items() if set(roles) <= set(parts)), None)
