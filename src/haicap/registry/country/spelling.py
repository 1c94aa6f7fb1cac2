"""Two spellings, one name: how names of units are compared.

The sources write the same name in several ways: the tone mark on either vowel (Hòa, Hoà), an apostrophe
straight or curly (Ea H'Leo, Ea H’Leo), i or y (Kỳ, Kì), a hyphen with or without spaces. There are two keys,
strict and loose, so that a loose match is only tried when the strict one finds nothing.
"""

from __future__ import annotations

import re
import unicodedata

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")  # grave, acute, tilde, hook above, dot below
_APOSTROPHES = str.maketrans(dict.fromkeys("‘’ʼ`´′", "'"))


def tidy(text: str) -> str:
    """NFC, single spaces, nothing at the ends: the only form that is ever stored."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _tone_last(syllable: str) -> str:
    """Move the tone mark to the end, so that where it was placed no longer matters."""
    letters = unicodedata.normalize("NFD", syllable)
    tones = "".join(mark for mark in letters if mark in _TONES)
    rest = "".join(mark for mark in letters if mark not in _TONES)
    return unicodedata.normalize("NFC", rest) + tones


def spelling_key(name: str) -> str:
    """Same key = same spelling but for case, tone placement, apostrophes and spaces around hyphens."""
    text = tidy(name).translate(_APOSTROPHES).casefold()
    text = re.sub(r"\s*[-–—]\s*", "-", text)
    return " ".join(_tone_last(syllable) for syllable in re.split(r"[ -]", text))


def sound_key(name: str) -> str:
    """Looser: without any accent, i and y alike, and no sign between syllables or letters."""
    letters = unicodedata.normalize("NFD", tidy(name).casefold().replace("đ", "d"))
    return re.sub(r"[^a-z0-9]", "", letters).replace("y", "i")
