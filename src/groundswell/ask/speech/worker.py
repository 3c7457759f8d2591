"""The process that holds one voice or one ear: asked on standard input, answers on standard output.

Each request and each answer is a line of JSON, with ``size`` bytes behind it where it tells of
some. The process is shut in before the first byte of a model is read: no network, no file but its
model and espeak-ng's, no written byte. It ends when standard input does. Knows sherpa-onnx; imports
nothing of the hub but what shuts it in and reads sound.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from groundswell.ask.speech.phonemes import Phonemes
from groundswell.core.errors import Malformed
from groundswell.hub.viewing.confinement import bind, bounds, leave_network, lock_paths

if TYPE_CHECKING:
    import sherpa_onnx

_MACHINE: Final = ("/sys/devices/system", "/proc/meminfo", "/proc/cpuinfo")
_OPEN_FILES_MAX: Final = 64
_NICE: Final = 2
_ANYBODY_ELSE_FIRST: Final = 1000
# A model that makes more of a piece of text, or that is at it for longer, has lost its way.
_SAID_SECONDS_MAX: Final = 120

Orders = dict[str, Any]


class Refused(Exception):
    """A request that cannot be: why."""


def main() -> None:
    """Load, tell, and answer until the end."""
    source = sys.stdin.buffer
    # What C++ writes to standard output would be taken for an answer.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    orders: Orders = json.loads(source.readline())
    phonemes = _begin(orders)
    try:
        teller: _Voice | _Ear = (
            _Voice(orders, phonemes) if orders["kind"] == "voice" else _Ear(orders)
        )
    except Refused as error:
        _tell(answers, {"error": str(error)})
        return
    _tell(answers, {"ready": True, **teller.facts})
    while line := source.readline():
        asked = json.loads(line)
        content = source.read(asked.get("size", 0))
        try:
            _tell(answers, *teller.answer(asked, content))
        except (Refused, Malformed) as error:
            _tell(answers, {"error": str(error)})
    os._exit(0)


def _tell(answers: IO[bytes], told: dict[str, Any], content: bytes = b"") -> None:
    answers.write(json.dumps({**told, "size": len(content)}).encode() + b"\n" + content)
    answers.flush()


def _begin(orders: Orders) -> Phonemes | None:
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_ANYBODY_ELSE_FIRST), "ascii")
    os.nice(_NICE)
    leave_network()
    # Both start threads, after which no network can be left; what else they open, they open now.
    import sherpa_onnx  # noqa: F401, PLC0415

    import groundswell.wire.wav  # noqa: F401, PLC0415

    phonemes: Phonemes | None = None
    if orders["family"] == "piper":
        with contextlib.suppress(OSError):
            phonemes = Phonemes()
    bind(bounds(orders["memory_bytes"], open_files=_OPEN_FILES_MAX))
    folders = [orders["folder"], *_MACHINE, *([phonemes.folder] if phonemes else [])]
    lock_paths(map(Path, folders))
    return phonemes


class _Voice:
    """A VITS model, and how text becomes what it takes."""

    def __init__(self, orders: Orders, phonemes: Phonemes | None) -> None:
        import sherpa_onnx  # noqa: PLC0415 - as above

        is_piper = orders["family"] == "piper"
        if is_piper and phonemes is None:
            raise Refused("this voice needs espeak-ng on the hub's machine: apt install espeak-ng")
        if is_piper and phonemes is not None and not phonemes.choose(orders["language"]):
            raise Refused(f"espeak-ng does not know the language {orders['language']!r}")
        roles = orders["roles"]
        vits = sherpa_onnx.OfflineTtsVitsModelConfig(
            model=roles["model"], tokens=roles["tokens"], lexicon=roles.get("lexicon", "")
        )
        model = sherpa_onnx.OfflineTtsModelConfig(vits=vits, num_threads=orders["threads"])
        settings = sherpa_onnx.OfflineTtsConfig(model=model, max_num_sentences=1)
        if not settings.validate():
            raise Refused("its files are no voice")
        self._phonemes = phonemes if is_piper else None
        self._voice: sherpa_onnx.OfflineTts = sherpa_onnx.OfflineTts(settings)
        self.facts = {"rate": self._voice.sample_rate}

    def answer(self, asked: dict[str, Any], _content: bytes) -> tuple[dict[str, Any], bytes]:
        """One piece of text as numbers of 16 bits."""
        import numpy as np  # noqa: PLC0415 - as above
        import sherpa_onnx  # noqa: PLC0415

        from groundswell.wire import wav  # noqa: PLC0415

        settings = sherpa_onnx.GenerationConfig()
        settings.speed = asked["speed"]
        settings.sid = asked["speaker"]
        if settings.sid >= max(1, self._voice.num_speakers):
            raise Refused(f"it has {self._voice.num_speakers} speakers, counted from 0")
        if self._phonemes is not None:
            sounds = self._phonemes.of(asked["text"])
            if not sounds:
                return {}, b""
            settings.phoneme_codepoints = [list(map(ord, sounds))]
        most = _SAID_SECONDS_MAX * self._voice.sample_rate
        samples = np.asarray(self._voice.generate(asked["text"], settings).samples, np.float32)
        return {}, wav.numbers_of(samples[:most])


class _Ear:
    """A model that writes down what it hears."""

    def __init__(self, orders: Orders) -> None:
        import sherpa_onnx  # noqa: PLC0415 - as above

        make = getattr(sherpa_onnx.OfflineRecognizer, f"from_{orders['family']}")
        renamed = _RENAMED.get(orders["family"], {})
        roles = {renamed.get(role, role): path for role, path in orders["roles"].items()}
        try:
            self._ear: sherpa_onnx.OfflineRecognizer = make(**roles, num_threads=orders["threads"])
        except (RuntimeError, ValueError) as error:
            raise Refused("its files are no model that listens") from error
        self.facts: dict[str, Any] = {}

    def answer(self, asked: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        """What is said in a WAV file."""
        from groundswell.wire import wav  # noqa: PLC0415 - as above

        rate, samples = wav.read(content)
        if len(samples) > asked["seconds"] * rate:
            raise Refused(f"sound of more than {asked['seconds']} seconds")
        if len(samples) < rate // 10:
            return {}, b""
        stream = self._ear.create_stream()
        stream.accept_waveform(rate, samples)
        self._ear.decode_stream(stream)
        return {}, stream.result.text.strip().encode()


# What `OfflineRecognizer` calls a role, where it has a word of its own.
_RENAMED: Final = {
    "moonshine_v2": {"merged_decoder": "decoder"},
    "paraformer": {"model": "paraformer"},
}


if __name__ == "__main__":
    main()
