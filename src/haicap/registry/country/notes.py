"""Reads the legal note of a new commune: which old units it was made of, and which of them only in part.

The notes are the statistics office's abridgement of the resolutions, typed by many hands:

    Đổi tên từ xã A thành phường B, hợp nhất phường C, 1 phần xã D (huyện E). Bỏ cấp huyện. Số: 1/NQ; Ngày: …

Reading happens in two steps. This module turns the sentence into *mentions* (kind, name, whole or part, the
district named beside it); which old unit a mention means is decided by `gazetteer`. Nothing is guessed here:
what is not understood is simply not in the list, and the comparison with the other source brings it to light.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .spelling import tidy

#: The source's column held 255 characters; a body this long that does not end on a name was cut.
CUT_LENGTH = 254

KINDS = {"xã": "xa", "phường": "phuong", "thị trấn": "thi_tran"}

_KIND = r"(?:xã|phường|thị trấn)"
_UPPER = r"A-ZĐÀ-ÝĂÂÊÔƠƯẠ-Ỹ"
_DISTRICT = r"(?:huyện đảo|huyện|quận|thị xã|thành phố|tp\.?)"

_CLOSING = re.compile(r"[\s.;,]*(?:Bỏ cấp huyện|\bSố\s*:)")
_RESOLUTION = re.compile(
    r"Số\s*:\s*(?P<number>[\w/.-]+)\s*;\s*Ngày\s*:\s*(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})"
)
_MERGE = re.compile(r"(?:[Hh][ợơọ]p\s+(?:nhất|nhât|nhấ)|hợp thành|,\s*nhất|trên cơ sở nhập)\b(?! các và)")
_UNCHANGED = re.compile(r"giữ nguyên|không (?:thực hiện )?(?:sắp xếp|sáp nhập)", re.I)
_RESULT = re.compile(r"\s+th?ành(?:\s+(?!phố|thị)|\s*$)")
_WHOLE_DISTRICT = re.compile(r"của huyện(?: đảo)?\s+(?P<name>[\w ]+?)\s+thành\b")

# Typing slips met in the notes, mended before anything else is read. Left: pattern; right: what was meant.
_SLIPS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), meant)
    for pattern, meant in (
        (rf"(xã|phường|trấn|nhất|và|từ|các)(?=[{_UPPER}])", r"\1 "),
        (r"\bvàhợp", "và hợp"),
        (r"\bvf\b", "và"),
        (r"\b(?:[Tt]hị|[Tt]rị) [Tt]rấn\b", "thị trấn"),
        (r"\bXã\b", "xã"),
        (r"\bPhường (?=phường)", ""),
        (r"\bPhường\b(?= )", "phường"),
        (r"\b(xã|phường) (?:xã|phường)\b(?= \w)", r"\1"),
        (r"(?<=[ ,])(?:xa|ã) (?=[A-ZĐ])", "xã "),
        (r"\bp?1\s*phần\b|\b1 (?=phường)", "1 phần "),
        (r"(?<=[a-zà-ỹ])(?<!\b)thành\b", " thành"),
        (r"\bphàn\b", "phần"),
        (r"\btè\b(?= thị| xã| phường)", "từ"),
    )
)

_AMOUNT = r"(?:\s+(?:là|tự nhiên|nguyên trạng|[\d.,]+(?:\s*(?:km2|km²|ha|người))?))*"
_EXTENT = re.compile(
    rf"\s*(?:toàn bộ\s+)?(?:diện tích(?: tự nhiên)?{_AMOUNT}|(?:quy mô )?dân số?{_AMOUNT}"
    r"|còn lại(?= của| \d))"
    rf"(?:\s*(?:,|và)\s*(?:diện tích(?: tự nhiên)?{_AMOUNT}|quy mô dân(?: số)?{_AMOUNT}|dân số{_AMOUNT}))*"
)
_AFTER = re.compile(
    r"\s*sau khi sắp xếp theo quy định tại[^{]*?(?:Điều|khoản)\s+(?:\d+\s+)?này|\s*\(bao gồm [^)]*\)"
)
_BEFORE = re.compile(r"\s*\(trước khi[^)]*(?:\)|$)|\s+hiện nay\b")
_PLACE = re.compile(
    rf"\s*(?:\(\s*|\bthuộc\s+)(?:{_DISTRICT}\s+)?(?P<district>(?:Quận |[{_UPPER}\d])[^,(){{}}]*?)"
    rf"(?:\s*,\s*(?:tỉnh|thành phố|Thành phố)\s+[{_UPPER}][^,(){{}}]*?)?"
    r"\s*(?:\)|(?=\s+(?:và|thành|vào)\s)|(?=,)|$)"
)
_PART = re.compile(r"^(?:(?:một|1|01)\s+)?phần(?:\s+còn lại)?\b", re.I)
_RUN_ON = re.compile(r"(?<![,;])(?<! và)\s+(?=(?:(?:một|1)\s+phần|phần còn lại)\b)")
_GLUED = re.compile(rf"(?<=\s)([{_UPPER}\d][\w'’-]*)\s+(?={_KIND}\s+[{_UPPER}\d])")


@dataclass(frozen=True, slots=True)
class Mention:
    """One old unit as a note names it. `kind` is None when the note leaves it out («và Phú Lợi»)."""

    kind: str | None
    name: str
    part: bool
    district: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A note that was read.

    `renamed_from` is the unit whose code the new commune keeps («Đổi tên từ …»); `unchanged` says that only
    the level above went away; `whole_district` names an island district that became a đặc khu; `cut` says
    that the text was cut by the source's column, so that its list may be incomplete.
    """

    mentions: tuple[Mention, ...] = ()
    renamed_from: Mention | None = None
    unchanged: bool = False
    whole_district: str | None = None
    cut: bool = False


def resolution_of(text: str) -> tuple[str, str] | None:
    """Number and ISO date of the resolution that the note names last (the one in force)."""
    found = list(_RESOLUTION.finditer(text))
    if not found:
        return None
    last = found[-1]
    return last["number"], f"{last['year']}-{int(last['month']):02d}-{int(last['day']):02d}"


def body_of(text: str) -> str:
    """The sentence of the 2025 reorganisation, without the closing words and without later events."""
    text = tidy(text)
    closing = _CLOSING.search(text)
    return text[: closing.start()] if closing else text


def parse_note(text: str) -> Note:
    """Read the note of one new commune (see the module's docstring)."""
    body = body_of(text)
    cut = len(body) >= CUT_LENGTH
    for slip, meant in _SLIPS:
        body = slip.sub(meant, body)
    district = _WHOLE_DISTRICT.search(body)
    if district and " xã" not in body[: district.start()]:
        return Note(whole_district=district["name"].strip(), cut=cut)
    if _UNCHANGED.search(body) and not _MERGE.search(body):
        return Note(unchanged=True, cut=cut)
    lead, listed = _split(body)
    return Note(tuple(parse_list(listed)), _renamed_from(lead), cut=cut)


def _split(body: str) -> tuple[str, str]:
    """Cut «Đổi tên từ A thành B» from the list of merged units; either may be empty."""
    merge = _MERGE.search(body)
    if merge:
        return body[: merge.start()], body[merge.end() :]
    if re.search(r"^(?:Sắp xếp|Phần còn lại|.*trên cơ sở)", body, re.S):
        tail = re.split(r"trên cơ sở", body)[-1]
        return body[: len(body) - len(tail)], re.sub(r"^Sắp xếp\s*", "", tail)
    return body, ""


def _renamed_from(lead: str) -> Mention | None:
    """The old name in «Đổi tên từ xã A thành xã B»; None in «Đổi tên thành xã B»."""
    before = _RESULT.split(_with_places(lead), maxsplit=1)
    if len(before) < 2:
        return None
    named = re.search(rf"(?:từ|tên|hình|đổi)\s+(?={_KIND}\s|[{_UPPER}])(?P<unit>.+)$", before[0])
    mentions = parse_list(named["unit"]) if named else []
    return mentions[-1] if mentions else None


def _with_places(text: str) -> str:
    """Turn «(huyện X)» and «thuộc huyện X, tỉnh Y (trước …)» into «{X}», so that commas only part units."""
    text = _AFTER.sub("", text)
    text = _BEFORE.sub("", text)
    return _PLACE.sub(lambda found: " {" + found["district"].strip() + "}", text)


def parse_list(listed: str, *, part_carries_on: bool = False) -> list[Mention]:
    """Read «xã A, các phường B, C và một phần của xã D {huyện E}» into mentions.

    «một phần» holds for one unit, or for every name after «các xã». With `part_carries_on` (the wording of
    the resolutions themselves) it holds until «toàn bộ» or the next «phần».
    """
    text = _with_places(listed)
    text = _RESULT.split(text, maxsplit=1)[0]
    text = _EXTENT.sub(" ", text)
    text = _RUN_ON.sub(", ", text)
    text = _GLUED.sub(r"\1, ", text)
    mentions: list[Mention] = []
    kind: str | None = None
    part = False
    for segment in re.split(r"\s*[,;]\s*(?:và\s+)?|\s+và\s+|\s+với\s+", text):
        words = segment.strip(" .")
        is_part = bool(_PART.match(words))
        words = _PART.sub("", words).strip()
        words = re.sub(r"^(?:toàn bộ\b|của\b|từ\b|\s)+", "", words)
        typed = re.match(rf"(?P<many>các\s+)?(?P<kind>{_KIND})\s+(?P<rest>.+)$", words)
        if is_part:
            part = True
        elif "toàn bộ" in segment or (typed and not part_carries_on):
            part = False
        if typed:
            kind, words = KINDS[typed["kind"]], typed["rest"]
        mention = _mention(kind, words, part)
        if mention:
            mentions.append(mention)
    return mentions


def _mention(kind: str | None, words: str, part: bool) -> Mention | None:
    """Build a mention from what is left of a segment: a name, perhaps with its district in braces."""
    district = re.search(r"\{(.+?)\}", words)
    name = re.sub(r"\{.*?\}", "", words).strip(" .{}")
    name = re.sub(rf"^(?:các|của|{_KIND})\s+", "", name)
    if not name or not re.search(r"\w", name) or len(name) > 40:
        return None
    return Mention(kind, name, part, district[1] if district else None)
