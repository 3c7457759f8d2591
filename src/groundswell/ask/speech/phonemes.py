"""Text as the sounds that it is spoken with, by espeak-ng's library where the machine has it.

Voices of Piper are made for its sounds. Runs in the process of a voice only, shut in; loads the
library with Python's own means, so that it is needed neither to install the hub nor to run it.
"""

from __future__ import annotations

import ctypes
import re
import unicodedata
from pathlib import Path
from typing import Final

_LIBRARY: Final = "libespeak-ng.so.1"
_RETRIEVAL: Final = 1
_DO_NOT_EXIT: Final = 0x8000
_UTF8: Final = 1
_IPA: Final = 2
_CLAUSES_MAX: Final = 2_000
# The sign that ended a clause: espeak-ng reads it and does not tell.
_SIGNS: Final = re.compile(r"[.,:;!?](?=[\"'”’»)\]]*(?:\s|$))")  # noqa: RUF001
# The library marks words of other languages so.
_MARKS: Final = re.compile(r"\([a-z-]+\)")


class Phonemes:
    """espeak-ng's library. Raises OSError where there is none."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(_LIBRARY)
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        if self._library.espeak_Initialize(_RETRIEVAL, 0, None, _DO_NOT_EXIT) <= 0:
            raise OSError
        self._library.espeak_Info.restype = ctypes.c_char_p
        place = ctypes.c_char_p()
        self._library.espeak_Info(ctypes.byref(place))
        self.folder = Path((place.value or b"/usr/share/espeak-ng-data").decode())

    def choose(self, voice: str) -> bool:
        """Speak this language from now on; whether it is known."""
        return bool(self._library.espeak_SetVoiceByName(voice.encode()) == 0)

    def of(self, text: str) -> str:
        """The sounds of a text, with the signs that end its clauses."""
        data = text.encode()
        buffer = ctypes.create_string_buffer(data)
        base = ctypes.addressof(buffer)
        at = ctypes.c_void_p(base)
        sounds: list[str] = []
        begun = 0
        for _ in range(_CLAUSES_MAX):
            if not at.value:
                break
            told = self._library.espeak_TextToPhonemes(ctypes.byref(at), _UTF8, _IPA) or b""
            reached = at.value - base if at.value else len(data)
            signs = _SIGNS.findall(data[begun:reached].decode("utf-8", "ignore"))
            begun = reached
            sounds.append(_MARKS.sub("", told.decode("utf-8", "ignore")) + (signs or [""])[-1])
        return unicodedata.normalize("NFD", " ".join(sounds).strip())
