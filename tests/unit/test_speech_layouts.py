"""Which files are a voice or an ear."""

import pytest

from groundswell.ask.speech.layouts import layouts_of
from groundswell.ask.speech.values import Kind

MOONSHINE = ["preprocess.onnx", "encode.int8.onnx", "uncached_decode.int8.onnx", "cached_decode.int8.onnx"]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "paths", "family", "roles"),
    [
        ("a/whisper", ["tiny-encoder.onnx", "tiny-encoder.int8.onnx", "tiny-decoder.int8.onnx", "tiny-tokens.txt"],
         "whisper", {"encoder": "tiny-encoder.int8.onnx", "decoder": "tiny-decoder.int8.onnx", "tokens": "tiny-tokens.txt"}),
        ("a/m", [*MOONSHINE, "tokens.txt"], "moonshine",
         {"preprocessor": MOONSHINE[0], "encoder": MOONSHINE[1], "uncached_decoder": MOONSHINE[2], "cached_decoder": MOONSHINE[3], "tokens": "tokens.txt"}),
        ("a/m", ["encoder_model.ort", "decoder_model_merged.ort", "tokens.txt"], "moonshine_v2",
         {"encoder": "encoder_model.ort", "merged_decoder": "decoder_model_merged.ort", "tokens": "tokens.txt"}),
        ("a/z", ["x/encoder-99.onnx", "x/decoder-99.onnx", "x/joiner-99.onnx", "x/tokens.txt", "README.md"], "transducer",
         {"encoder": "x/encoder-99.onnx", "decoder": "x/decoder-99.onnx", "joiner": "x/joiner-99.onnx", "tokens": "x/tokens.txt"}),
        ("a/Paraformer-zh", ["model.int8.onnx", "tokens.txt"], "paraformer", {"model": "model.int8.onnx", "tokens": "tokens.txt"}),
        ("a/sense-voice", ["model.onnx", "model.int8.onnx", "tokens.txt"], "sense_voice", {"model": "model.int8.onnx", "tokens": "tokens.txt"}),
        ("a/zipformer-ctc", ["model.onnx", "tokens.txt"], "zipformer_ctc", {"model": "model.onnx", "tokens": "tokens.txt"}),
        ("a/nemo-ctc", ["model.onnx", "tokens.txt"], "nemo_ctc", {"model": "model.onnx", "tokens": "tokens.txt"}),
    ],
)  # fmt: skip
def test_ears(title: str, paths: list[str], family: str, roles: dict[str, str]) -> None:
    (found,) = layouts_of(paths, title)
    assert (found.kind, found.family, dict(found.roles)) == (Kind.EAR, family, roles)
    assert found.path in paths


def test_voices() -> None:
    paths = ["en/a.onnx", "en/a.onnx.json", "en/b.onnx", "en/b.onnx.json", "de/c.onnx.json", "README.md"]  # fmt: skip
    found = layouts_of(paths)
    assert [each.path for each in found] == ["en/a.onnx", "en/b.onnx"]
    assert {each.family for each in found} == {"piper"}
    (made,) = layouts_of(["a.onnx", "a.onnx.json", "tokens.txt"])
    assert made.roles["tokens"] == "tokens.txt"
    (plain,) = layouts_of(["model.onnx", "tokens.txt", "lexicon.txt"])
    assert (plain.kind, plain.family) == (Kind.VOICE, "vits")


@pytest.mark.parametrize(
    "paths",
    [
        [],
        ["model.onnx", "tokens.txt"],
        ["encoder.onnx", "decoder.onnx"],
        ["a/encoder.onnx", "b/decoder.onnx", "tokens.txt"],
        ["a.onnx", "b.onnx.json"],
        ["lexicon.txt", "tokens.txt"],
    ],
)
def test_what_is_neither(paths: list[str]) -> None:
    assert layouts_of(paths, "a/b") == []
