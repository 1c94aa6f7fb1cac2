"""Đọc danh mục quốc gia: a JSONL or JSONL.gz file as typed rows, one after another, in flat memory.

Nothing in a row is put right here: what is odd is kept as published and flagged (`Flag`), and a person settles it. A
time without a unit stays `LimitUnit.UNKNOWN`; a row that cannot be read at all is refused with its reason.
"""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from haicap.kernel.text import clean, nfc
from haicap.systems.onestop.catalogue import money
from haicap.systems.onestop.catalogue.facts import Charge, Facts, Limit, Paper, amount_text, digest_of, texts
from haicap.systems.onestop.errors import BadCatalogue
from haicap.systems.onestop.models import Channel, DefectKind, LimitUnit

MOST_BYTES = 256 << 20
MOST_LINE_BYTES = 8 << 20
MOST_ROWS = 100_000
MOST_TEXT = 60_000

CHANNELS = {"in_person": Channel.IN_PERSON, "online": Channel.ONLINE, "postal": Channel.POSTAL}
UNITS = {
    "working_day": LimitUnit.WORKING_DAYS,
    "day": LimitUnit.CALENDAR_DAYS,
    "month": LimitUnit.MONTHS,
}
UNIT_WORDS = {"working_day": "ngày làm việc", "day": "ngày", "month": "tháng", "hour": "giờ"}
#: written into the catalogue, so always Vietnamese, whatever the language of whoever imports
NO_FIELD = "Chưa xếp lĩnh vực"
#: the audiences of the national catalogue; others are strays
AUDIENCES = frozenset({
    "Công dân Việt Nam", "Người Việt Nam định cư ở nước ngoài", "Người nước ngoài", "Cán bộ, công chức, viên chức",
    "Doanh nghiệp", "Doanh nghiệp Việt Nam", "Doanh nghiệp có vốn đầu tư nước ngoài",
    "Tổ chức (không bao gồm doanh nghiệp, HTX)", "Tổ chức nước ngoài", "Hợp tác xã", "Tổ chức Đảng", "Đảng viên",
    "Người nước ngoài cư trú tại Việt Nam", "Người nước ngoài đã cư trú tại Việt Nam",
    "Công dân Việt Nam mà không xác định được nơi thường trú hoặc nơi tạm trú",
})  # fmt: skip
#: fields that the national catalogue calls otherwise than the offices that sort their work by them
SAME_FIELDS = {"Thành lập và hoạt động doanh nghiệp (hộ kinh doanh)": "Hộ kinh doanh"}
LEVELS = ("central", "province", "district", "commune")

#: combining marks, and the Icelandic letter that stands for Đ: what `nfc` puts right beyond composing
_MARKS = re.compile("[\u0300-\u036fÐð]")
_CODE = re.compile(r"[1-9]\.\d{6}")
_WORKING_HOURS = re.compile(r"giờ\s+làm\s+việc", re.IGNORECASE)
_TIME_AND_FEE = re.compile(r"^\d[\d.,]*\s*(VNĐ|Việt Nam Đồng|Đồng|USD)\b", re.IGNORECASE)
_FORM_AT_END = re.compile(r"\.(docx?|xlsx?|pdf|rtf)\)?$", re.IGNORECASE)


@dataclass(slots=True)
class Flag:
    """Khiếm khuyết found in a row: `value` is what a correction needs to find its place again."""

    kind: str
    detail: str
    value: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class SourceRow:
    """Một dòng: where it stands, its code, what it says; `problem` where it cannot be used."""

    line: int
    code: str = ""
    digest: str = ""
    facts: Facts | None = None
    flags: list[Flag] = field(default_factory=list)
    problem: str = ""


# --- the file
def lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, plain or gzip by its first bytes, from its beginning; empty ones left out.

    Raises BadCatalogue (ONE-211) where it cannot be unpacked or goes beyond the limits.
    """
    file.seek(0)
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    opened: Any = gzip.GzipFile(fileobj=file) if packed else file
    total = 0
    try:
        for number in range(1, MOST_ROWS + 2):
            line = opened.readline(MOST_LINE_BYTES + 1)
            if not line:
                return
            total += len(line)
            if len(line) > MOST_LINE_BYTES or total > MOST_BYTES or number > MOST_ROWS:
                raise _bad(_("Tệp quá lớn (dòng %(line)d).") % {"line": number})
            if line.strip():
                yield number, line
    except (EOFError, OSError, zlib.error) as error:
        raise _bad(_("Không giải nén được tệp: %(error)s") % {"error": error}) from error


def _bad(message: str) -> BadCatalogue:
    return BadCatalogue(
        message,
        kept=_("Danh mục giữ nguyên."),
        todo=_("Hãy chọn tệp JSONL hoặc JSONL.gz của danh mục thủ tục, mỗi dòng một thủ tục."),
    )


def codes(file: BinaryIO) -> Counter[str]:
    """How often each code stands in the file; raises BadCatalogue (ONE-211) where no row can be read."""
    found: Counter[str] = Counter()
    for _number, line in lines(file):
        row = _parsed(line)
        if row is not None and isinstance(row.get("code"), str):
            found[clean(row["code"])] += 1
    if not found:
        raise _bad(_("Tệp không có dòng nào đọc được."))
    return found


def rows(file: BinaryIO) -> Iterator[SourceRow]:
    """The rows of the file, typed, one by one."""
    for number, line in lines(file):
        yield read_line(number, line)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        text = line.decode("utf-8-sig")
        # nearly every line is composed already, and putting marks in order looks at every letter
        row = json.loads(nfc(text) if _MARKS.search(text) else unicodedata.normalize("NFC", text))
    except (UnicodeDecodeError, ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


# --- one row
def read_line(number: int, line: bytes) -> SourceRow:
    """One row; never raises: what cannot be used says why in `problem`."""
    row = _parsed(line)
    if row is None:
        return SourceRow(number, problem=_("Dòng này không phải JSON đọc được."))
    if "\\u0000" in line.decode("utf-8", "replace"):
        row = json.loads(json.dumps(row).replace("\\u0000", ""))
    code = clean(str(row.get("code") or ""))
    name = clean(str(row.get("name") or ""))
    made = SourceRow(number, code[:20], digest_of(row))
    if not code or not name or len(code) > 20:
        made.problem = _("Thiếu mã hoặc tên thủ tục, hoặc mã dài quá 20 ký tự.")
        return made
    try:
        made.facts = _read(row, name, made.flags)
    except (TypeError, ValueError, AttributeError, KeyError, InvalidOperation) as error:
        made.problem = _("Không hiểu nội dung: %(error)s") % {"error": str(error)[:200]}
        return made
    if not _CODE.fullmatch(code):
        made.flags.append(Flag(DefectKind.ODD_CODE, code))
    return made


def _read(row: Mapping[str, Any], name: str, flags: list[Flag]) -> Facts:
    fields = [SAME_FIELDS.get(one, one) for one in texts(row.get("fields"))]
    facts = Facts(
        name=_cut(name, 2_000, flags),
        field=_cut(", ".join(fields), 200, flags) or NO_FIELD,
        kind=str(row.get("kind") or "")[:20],
        levels=[one for one in texts(row.get("levels")) if one in LEVELS],
        audiences=texts(row.get("audiences")),
        issued_by=_cut(clean(str(row.get("issued_by") or "")), 200, flags),
        executors=texts(row.get("agencies")),
        detailed="detail_source" in row,
    )
    if not facts.detailed:
        flags.append(Flag(DefectKind.NO_DETAILS, ""))
    else:
        _read_details(row, facts, flags)
    flags += [Flag(DefectKind.STRAY_AUDIENCE, one) for one in facts.audiences if one not in AUDIENCES]
    for missing, kind in (
        (not facts.executors, DefectKind.NO_AGENCIES),
        (not facts.issued_by, DefectKind.NO_ISSUER),
        (facts.detailed and not facts.levels, DefectKind.NO_LEVEL),
    ):
        if missing:
            flags.append(Flag(kind, ""))
    return facts


def _read_details(row: Mapping[str, Any], facts: Facts, flags: list[Flag]) -> None:
    facts.steps = [_cut(_step(one), MOST_TEXT, flags) for one in row.get("steps") or ()]
    facts.results = [_cut(one, MOST_TEXT, flags) for one in texts(row.get("results"))]
    facts.legal_bases = [_cut(one, MOST_TEXT, flags) for one in texts(row.get("legal_bases"))]
    facts.papers = [_paper(one, flags) for one in row.get("papers") or ()]
    _read_methods(row.get("methods") or (), facts, flags)


def _step(step: Mapping[str, Any]) -> str:
    name, text = str(step.get("name") or ""), str(step.get("text") or "")
    return f"{name}: {text}" if name and text else name or text


def _paper(paper: Mapping[str, Any], flags: list[Flag]) -> Paper:
    name = str(paper["name"])
    if not paper.get("form") and _FORM_AT_END.search(name):
        flags.append(Flag(DefectKind.PAPER_FORM, name[-200:]))
    return Paper(
        name=_cut(name, MOST_TEXT, flags),
        case=str(paper.get("case") or ""),
        originals=_count(paper.get("originals")),
        copies=_count(paper.get("copies")),
        form=str(paper.get("form") or "")[:300],
    )


def _count(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value <= 1_000 else 0


def _cut(text: str, most: int, flags: list[Flag]) -> str:
    if len(text) <= most:
        return text
    flags.append(Flag(DefectKind.LONG_TEXT, text[:80]))
    return text[: most - 1] + "…"


# --- times and fees, channel by channel
def _read_methods(methods: Any, facts: Facts, flags: list[Flag]) -> None:
    by_channel: dict[int | None, list[Mapping[str, Any]]] = defaultdict(list)
    for method in methods:
        by_channel[CHANNELS.get(str(method.get("channel")))].append(method)
    found: dict[tuple[str, str], Flag] = {}
    for channel, several in by_channel.items():
        read = [_limit(method, channel, found) for method in several]
        if len({(one.unit, one.amount, one.text) for one in read}) > 1:
            for number, (one, method) in enumerate(zip(read, several, strict=True), start=1):
                one.case = clean(str(method.get("note") or "")[:600])[:300] or f"trường hợp {number}"
            _note(found, DefectKind.CASES, "; ".join(one.text for one in read)[:300], {"channel": channel})
        facts.limits += _without_doubles(read)
        for method in several:
            facts.fees += _fees(method, channel, found)
    facts.fees = _without_doubles(facts.fees)
    flags += found.values()


def _without_doubles(several: list[Any]) -> list[Any]:
    kept: list[Any] = []
    kept += (one for one in several if one not in kept)
    return kept


def _limit(method: Mapping[str, Any], channel: int | None, found: dict[tuple[str, str], Flag]) -> Limit:
    time = method.get("time") or {}
    note, said = str(method.get("note") or ""), str(method.get("time_text") or "")
    unit, amount = time.get("unit"), _amount(time.get("value"))
    text = said or f"{amount or ''} {UNIT_WORDS.get(str(unit), '')}".strip()
    limit = Limit(channel, amount=amount, text=text)
    value: dict[str, Any] = {"text": text, "amount": amount}
    if amount is not None and unit in UNITS:
        limit.unit = str(UNITS[unit])
    elif amount is not None and unit == "hour" and _WORKING_HOURS.search(f"{said} {note}"):
        limit.unit = str(LimitUnit.WORKING_HOURS)
    elif amount is not None:
        _note(found, DefectKind.TIME_HOURS if unit == "hour" else DefectKind.TIME_UNIT, text, value)
    elif not said and not method.get("fee_text") and _TIME_AND_FEE.match(note):
        limit.text = value["text"] = note[:200]
        _note(found, DefectKind.TIME_AND_FEE, limit.text, value)
    else:
        _note(found, DefectKind.TIME_MISSING, text, value)
    return limit


def _amount(value: Any) -> str | None:
    """A time's amount: above zero, at most two decimals, below 100,000; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    if not number.is_finite() or not 0 < number < 100_000 or round(number, 2) != number:
        return None
    return amount_text(number)


def _fees(
    method: Mapping[str, Any], channel: int | None, found: dict[tuple[str, str], Flag]
) -> Iterator[Charge]:
    for one in money.sums(str(method.get("fee_text") or "")):
        if one.defect is not None:
            _note(found, one.defect, one.text[:2_000], {"text": one.text, "proposed": one.proposed})
        yield Charge(channel, one.name, one.amount, one.unit, one.text)


def _note(found: dict[tuple[str, str], Flag], kind: DefectKind, detail: str, value: dict[str, Any]) -> None:
    """One flag for what several channels have in common."""
    found.setdefault((str(kind), detail), Flag(str(kind), detail, value))
