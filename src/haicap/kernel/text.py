"""Văn bản tiếng Việt: one spelling to store, one to search by, one order to sort by.

House style (standards §1):

- Text is stored in NFC (TCVN 6909:2001), marks in canonical order (`nfc`, `clean`).
- Tone marks stand the *traditional* way: «Hòa», «Thủy», «khỏe», «Úy» (not «Hoà», «Thuỷ», «khoẻ», «Uý»).
  Of the names of the country's units 94 % with oa/oe and 81 % with uy are published so. `normalise_tone`
  writes it; names are compared without regard to the style (`same_text`) and shown as the law spells them.
- The apostrophes ' ’ ‘ ʼ ` ´ ′ are one («B'Lao», «Ea H'leo»): `'` in `normalise_apostrophes`, none in `fold`.
- **i and y are not folded**: «Lý» and «Lí», «Mỹ» and «Mĩ» are different names on identity papers, and which
  of them is meant is no question of typography. A search that wants both asks for both.
- Order is that of ICU's `vi` collation, computed here and stored, so that it does not depend on the server.

Every function takes any `str`, however broken (control characters, lone surrogates, NFD, marks in odd order,
10 kB of one letter), and raises TypeError for anything else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from vn_collate import LETTER_MODIFIERS, PRIMARY_ORDER, TONE_MARKS

#: huyền, hỏi, ngã, sắc, nặng as combining marks
TONES = frozenset(TONE_MARKS)
#: circumflex, breve and horn as combining marks
MODIFIERS = frozenset(LETTER_MODIFIERS)

_APOSTROPHES = "'’‘ʼ`´′ʹ＇ʻ‛"
_TO_APOSTROPHE = str.maketrans(dict.fromkeys(_APOSTROPHES, "'"))

# --- one form to store --------------------------------------------------------------------------------


def nfc(text: str) -> str:
    """`text` in NFC, with what Vietnamese keyboards of old got wrong put right.

    A tone typed before the letter's own mark (a + sắc + mũ) is put behind it, and the Icelandic Eth, which
    looks like Đ and was used for it, becomes Đ. Nothing else changes; `nfc(nfc(x)) == nfc(x)`.
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be str, not {type(text).__name__}")
    if text.isascii():
        return text
    composed = unicodedata.normalize("NFC", text).replace("Ð", "Đ").replace("ð", "đ")
    if any(unicodedata.combining(char) for char in composed):
        composed = unicodedata.normalize("NFC", _marks_in_order(composed))
    return composed


def clean(text: str) -> str:
    """`text` as it is stored in a one-line field: NFC, no control or invisible characters, single spaces."""
    visible = (" " if _is_gap(char) else char for char in nfc(text) if not _is_invisible(char))
    return nfc(" ".join("".join(visible).split()))


def normalise_apostrophes(text: str) -> str:
    """`text` with every kind of apostrophe written as the plain one."""
    return text.translate(_TO_APOSTROPHE)


def _marks_in_order(text: str) -> str:
    """NFD with the letter's own marks before tones; canonical ordering alone keeps equal classes as typed."""
    result: list[str] = []
    marks: list[str] = []
    for char in unicodedata.normalize("NFD", text):
        if unicodedata.combining(char):
            marks.append(char)
            continue
        result.extend(sorted(marks, key=_mark_rank))
        marks.clear()
        result.append(char)
    result.extend(sorted(marks, key=_mark_rank))
    return "".join(result)


def _mark_rank(mark: str) -> int:
    return 0 if mark in MODIFIERS else 1 if mark in TONES else 2


@lru_cache(maxsize=4096)
def _is_invisible(char: str) -> bool:
    """Control and format characters, lone surrogates; but not those that stand for a gap."""
    return unicodedata.category(char) in ("Cc", "Cf", "Cs") and not _is_gap(char)


def _is_gap(char: str) -> bool:
    return char.isspace()


# --- one form to search by ----------------------------------------------------------------------------

_NOT_DECOMPOSED = str.maketrans({"đ": "d", "ð": "d", "ł": "l", "ø": "o", "ı": "i", "œ": "oe", "æ": "ae"})
_DROPPED = frozenset(_APOSTROPHES)
_GAPS = frozenset('-‐‑‒–—―−._/\\,;:()[]«»"“”·•')


def fold(text: str) -> str:
    """The search key of `text`: no marks, đ→d, lower case, no apostrophes, hyphens and dots as single spaces.

    «Phường B'Lao», «phuong blao» and «PHƯỜNG B’LAO» are equal; so are «Hoà» and «Hòa». Letters of other
    scripts stay as they are. `fold(fold(x)) == fold(x)`.
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be str, not {type(text).__name__}")
    folded = text.lower()
    if not folded.isascii():
        folded = _without_marks(folded)
    kept = (" " if char in _GAPS or char.isspace() else char for char in folded if not _is_dropped(char))
    return " ".join("".join(kept).split())


def _without_marks(text: str) -> str:
    """Compatibility decomposition without marks, repeated until nothing changes (rare letters need it)."""
    while True:
        decomposed = unicodedata.normalize("NFKD", text)
        bare = "".join(char for char in decomposed if unicodedata.category(char) != "Mn")
        bare = bare.lower().translate(_NOT_DECOMPOSED)
        if bare == text:
            return bare
        text = bare


def _is_dropped(char: str) -> bool:
    return (
        char in _DROPPED
        or (not char.isascii() and _is_invisible(char))
        or (char < " " and not char.isspace())
    )


def same_text(a: str, b: str) -> bool:
    """Whether two texts say the same: accents count, but not case, tone style, apostrophes or spacing."""
    return _comparable(a) == _comparable(b)


def _comparable(text: str) -> str:
    return normalise_tone(normalise_apostrophes(clean(text)).casefold())


# --- where the tone stands ----------------------------------------------------------------------------


def _words(line: str) -> list[str]:
    return line.split()


_ONSETS = frozenset(_words("b c ch d đ g gh h k kh l m n ng ngh nh p ph r s t th tr v x")) | {""}
_CODAS = frozenset(_words("c ch m n ng nh p t"))
_VOWELS = frozenset("aăâeêioôơuưy")

#: Which vowel of a nucleus bears the tone, without and with a final consonant; None: no such syllable.
#: Only oa, oe, uy differ between the styles, and only without a final consonant.
_NUCLEI: dict[str, tuple[int | None, int | None]] = {
    **dict.fromkeys(_VOWELS, (0, 0)),
    **dict.fromkeys(_words("ai ao au ay âu ây eo êu ia iu oi ôi ơi ua ui ưa ưi ưu"), (0, None)),
    **dict.fromkeys(_words("oa oe uy oo"), (0, 1)),
    **dict.fromkeys(_words("uê uơ"), (1, 1)),
    **dict.fromkeys(_words("oă uâ uô iê yê ươ"), (None, 1)),
    **dict.fromkeys(_words("iêu yêu uôi ươi ươu uây oai oay oao oeo uya uyu uêu"), (1, None)),
    "uyê": (None, 2),
}

_WORD = re.compile(r"[^\W\d_]+")


def normalise_tone(text: str) -> str:
    """`text` in NFC with every tone where the house style puts it: «Hoà» → «Hòa», «qúy» → «quý».

    Only well-formed Vietnamese syllables with one tone change; names of other languages («Plây», «Krông»),
    unknown spellings and everything between words stay. Letter case is kept.
    """
    composed = nfc(text)
    if composed.isascii():
        return composed
    return _WORD.sub(lambda match: _place_tone(match.group()), composed)


@lru_cache(maxsize=65536)
def _place_tone(word: str) -> str:
    """One word with its tone in place; unchanged where it is no Vietnamese syllable."""
    if len(word) > 8:
        return word  # the longest syllable, «nghiêng», has seven letters
    letters, tones = _split_tone(word)
    if len(tones) != 1:
        return word
    bearer = _tone_bearer("".join(letters).lower())
    if bearer is None:
        return word
    letters[bearer] = unicodedata.normalize("NFC", letters[bearer] + tones[0])
    return "".join(letters)


def _split_tone(word: str) -> tuple[list[str], list[str]]:
    """The letters of a word, each with its own mark but no tone, and the tones taken off."""
    letters: list[str] = []
    tones: list[str] = []
    for char in word:
        marks = unicodedata.normalize("NFD", char)
        tones.extend(mark for mark in marks if mark in TONES)
        letters.append(unicodedata.normalize("NFC", "".join(mark for mark in marks if mark not in TONES)))
    return letters, tones


def _tone_bearer(syllable: str) -> int | None:
    """The index of the letter of a toneless, lower-case syllable that bears its tone."""
    start = 0
    while start < len(syllable) and syllable[start] not in _VOWELS:
        start += 1
    onset = syllable[:start]
    following = syllable[start + 1 : start + 2]
    if following in _VOWELS and following and onset + syllable[start] in ("gi", "qu"):
        start += 1  # the i of «già» and the u of «quý» belong to the onset
    elif onset not in _ONSETS and onset != "q":
        return None
    end = start
    while end < len(syllable) and syllable[end] in _VOWELS:
        end += 1
    coda = syllable[end:]
    if coda and coda not in _CODAS:
        return None
    offset = _NUCLEI.get(syllable[start:end], (None, None))[1 if coda else 0]
    return None if offset is None else start + offset


# --- one order to sort by -----------------------------------------------------------------------------

# ICU's order of what is no letter: spaces, punctuation, symbols, digits, then letters.
_BEFORE_DIGITS = " _-–—,;:!?.…·'\"“”«»()[]{}§@*/\\&#%•°+÷×<=>|~^$₫€№"
_SPACE = 2
_DIGIT_BASE = 0x60
_LETTER_BASE = 0x70
_OTHER_SYMBOL = 0x5F
_OTHER_LETTER = 0xFE
_PRIMARY: dict[str, int] = {
    **{char: _SPACE + index for index, char in enumerate(_BEFORE_DIGITS)},
    **{digit: _DIGIT_BASE + index for index, digit in enumerate("0123456789")},
    **{letter: _LETTER_BASE + index for index, letter in enumerate(PRIMARY_ORDER)},
}
_OTHER_MARK = max(TONE_MARKS.values()) + 2


def sort_key(text: str) -> bytes:
    """The key that sorts as ICU's `vi` collation does: letters, then tones, then small before capital.

    Compare as bytes (a `bytea` column). Equal keys mean equal text for the reader's eye: case and marks
    count, kinds of apostrophe and invisible characters do not. Letters beyond the Vietnamese alphabet sort
    after it, by code point.
    """
    primary, secondary, tertiary = _weights(text)
    return b"\0".join((primary, _trimmed(secondary), _trimmed(tertiary)))


def person_sort_key(full_name: str) -> bytes:
    """The key that sorts people the Vietnamese way: by given name, then family name, then middle names.

    Case decides last, so that «NGUYỄN VĂN AN» stands beside «Nguyễn Văn An».
    """
    family, middle, given = name_parts(full_name)
    case = b""
    key = b""
    for part in (given, family, middle):
        primary, secondary, tertiary = _weights(part)
        key += primary + b"\0" + _trimmed(secondary) + b"\0"
        case += tertiary
    return key + _trimmed(case)


def sort_texts(texts: Iterable[str]) -> list[str]:
    """The texts in dictionary order."""
    return sorted(texts, key=sort_key)


def _weights(text: str) -> tuple[bytes, bytes, bytes]:
    """The three levels of a key, one entry of the second and third level for each letter; no zero in them."""
    primary = bytearray()
    secondary = bytearray()
    tertiary = bytearray()
    for base, tone in _letters(normalise_apostrophes(nfc(text))):
        small = base.lower()
        weight = _PRIMARY.get(small)
        if weight is not None:
            primary.append(weight)
        else:
            primary += _foreign(small)
        secondary.append(1 + tone)
        tertiary.append(1 if small == base else 2)
    return bytes(primary), bytes(secondary), bytes(tertiary)


def _letters(text: str) -> list[tuple[str, int]]:
    """Each letter with its own mark, and the weight of its tone; invisible characters left out."""
    found: list[tuple[str, int]] = []
    for char in unicodedata.normalize("NFD", text):
        if unicodedata.combining(char):
            if not found:
                continue
            base, tone = found[-1]
            if char in MODIFIERS and len(base) == 1:
                composed = unicodedata.normalize("NFC", base + char)
                if composed.lower() in _PRIMARY:
                    found[-1] = (composed, tone)
                    continue
            found[-1] = (base, max(tone, TONE_MARKS.get(char, _OTHER_MARK)))
        elif _is_gap(char):
            found.append((" ", 0))
        elif not _is_invisible(char):
            found.append((char, 0))
    return found


def _foreign(char: str) -> bytes:
    """The weight of a character without a place in the alphabet: symbols before digits, letters after z."""
    lead = _OTHER_LETTER if unicodedata.category(char[0])[0] in "LN" else _OTHER_SYMBOL
    return bytes([lead]) + (ord(char[0]) + 0x010101).to_bytes(3, "big")


def _trimmed(level: bytes) -> bytes:
    """A level without its usual end, which says nothing: keys stay short."""
    return level.rstrip(b"\x01")


# --- names of people ----------------------------------------------------------------------------------


def name_parts(full_name: str) -> tuple[str, str, str]:
    """(family name, middle names, given name) of a full name as Kinh names are built: họ, chữ đệm, tên.

    One word is a given name. Names built otherwise («H'Hen Niê», «Nông Y Blư») cannot be told apart by
    spelling: who enters a person may set the parts by hand; this is only the proposal.
    """
    words = clean(full_name).split(" ")
    if len(words) == 1:
        return "", "", words[0]
    return words[0], " ".join(words[1:-1]), words[-1]


def title_case(text: str) -> str:
    """A name as it is written, each word with a capital: «NGUYỄN văn an» → «Nguyễn Văn An».

    The letter after an apostrophe keeps its case («Ea H'leo», «B'Lao»), and hyphenated parts count as words.
    """
    return re.sub(r"[^\W\d_][^\s\-–]*", lambda match: _capitalised(match.group()), clean(text))


def _capitalised(word: str) -> str:
    head, _, tail = normalise_apostrophes(word).partition("'")
    apostrophe = word[len(head) : len(word) - len(tail)]
    if word == word.upper():
        tail = tail.capitalize() if len(head) == 1 else tail.lower()
    return head.capitalize() + apostrophe + tail
