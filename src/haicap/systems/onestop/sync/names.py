"""Tên gọi hai bên: what a partner has registered beside what we are called, before a difference hurts.

A partner compares letter by letter: «B'Lao» and «B’Lao» are two communes there. What differs is listed with what was
probably meant; a person accepts it with one press, and from then on the partner is told its own spelling.
"""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rapidfuzz import fuzz, process

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.text import clean, fold, same_text
from haicap.systems.onestop.models import NameKind, Partner, PartnerAlias, PartnerName
from haicap.systems.onestop.sync import access
from haicap.systems.onestop.sync.client import LARGEST_CATALOGUE, Client
from haicap.systems.onestop.sync.errors import BadNameList, NoSuchName

PAGE_ROWS = 50
LARGEST_LIST = 50_000
#: below this likeness (0 to 100) a name is not offered
LIKE_ENOUGH = 80
SUGGESTIONS = 3
_ABBREVIATIONS = {
    "ubnd": "uy ban nhan dan",
    "vp": "van phong",
    "tt": "trung tam",
    "pvhcc": "phuc vu hanh chinh cong",
    "tp": "thanh pho",
}

# What we are called today: (our code, our name, id). Agencies without a code cannot be told apart outside; councils,
# the party and the front take no dossiers.
_AGENCIES = """
    SELECT code.code, version.name, agency.id
    FROM registry_codeholding held
    JOIN registry_agencycode code ON code.id = held.code_id
     AND code.opened_on <= %(day)s AND (code.closed_on IS NULL OR code.closed_on > %(day)s)
    JOIN registry_agency agency ON agency.id = held.agency_id
    JOIN registry_unitversion unit ON unit.unit_id = agency.unit_id AND upper_inf(unit.recorded)
     AND unit.valid @> %(day)s
    JOIN LATERAL (
        SELECT found.name, found.closed FROM registry_agencyversion found
        WHERE found.agency_id = agency.id AND found.withdrawn_at IS NULL AND found.begins_on <= %(day)s
        ORDER BY found.begins_on DESC LIMIT 1
    ) version ON NOT version.closed
    WHERE held.withdrawn_at IS NULL AND held.begins_on <= %(day)s
      AND agency.kind NOT IN ('hdnd', 'dang_uy', 'mttq')
      AND NOT EXISTS (
        SELECT FROM registry_codeholding later WHERE later.withdrawn_at IS NULL AND later.begins_on <= %(day)s
          AND later.begins_on > held.begins_on AND (later.code_id = held.code_id OR later.agency_id = held.agency_id))
"""
_UNITS = """
    SELECT unit.code, unit.name, unit.unit_id FROM registry_unitversion unit
    WHERE upper_inf(unit.recorded) AND unit.valid @> %(day)s AND unit.level <> 'province'
"""
# the procedures that dossiers in flight go by, and those published
_PROCEDURES = """
    SELECT DISTINCT ON (procedure.code) procedure.code, version.name, procedure.id
    FROM onestop_procedure procedure
    JOIN onestop_procedureversion version ON version.procedure_id = procedure.id
     AND upper_inf(version.recorded) AND version.valid @> %(day)s
    ORDER BY procedure.code, procedure.twin
"""
_OURS = {NameKind.AGENCY: _AGENCIES, NameKind.UNIT: _UNITS, NameKind.PROCEDURE: _PROCEDURES}

# Ours without a name outside that is the same to the letter, and without an accepted one. Bytes are compared.
_COMPARED = """
    WITH ours (code, name, id) AS MATERIALIZED ({ours}),
    theirs AS MATERIALIZED (
        SELECT code, name FROM onestop_partnername WHERE partner_id = %(partner)s AND kind = %(kind)s
    ),
    compared AS (
        SELECT ours.code, ours.name,
               (SELECT theirs.name FROM theirs WHERE theirs.code = ours.code ORDER BY theirs.name LIMIT 1) AS by_code
        FROM ours
        WHERE NOT EXISTS (
            SELECT FROM theirs WHERE theirs.name = ours.name AND theirs.code IN ('', ours.code)
        ) AND NOT EXISTS (
            SELECT FROM onestop_partneralias alias WHERE alias.partner_id = %(partner)s AND alias.kind = %(kind)s
              AND alias.ours = ours.code AND alias.withdrawn_at IS NULL AND alias.our_name = ours.name
        )
    )
"""


class Difference(StrEnum):
    """Khác nhau thế nào: from harmless to read to unknown."""

    SPELLING = "spelling"
    ACCENTS = "accents"
    NAME = "name"
    CODE = "code"
    MISSING = "missing"

    @property
    def label(self) -> str:
        """In words."""
        return str(_LABELS[self])


_LABELS = {
    Difference.SPELLING: gettext_lazy("khác dấu nháy, khoảng trắng hoặc chỗ đặt dấu thanh"),
    Difference.ACCENTS: gettext_lazy("khác dấu"),
    Difference.NAME: gettext_lazy("cùng mã, khác tên"),
    Difference.CODE: gettext_lazy("gần giống, khác mã"),
    Difference.MISSING: gettext_lazy("không thấy ở bên ngoài"),
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An entry of the partner's list that may be meant."""

    id: uuid.UUID
    code: str
    name: str
    difference: Difference


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Một tên chưa khớp: ours, and what the partner may call it, the likeliest first."""

    code: str
    name: str
    difference: Difference
    suggestions: tuple[Suggestion, ...]


def ours(kind: NameKind, day: date | None = None) -> Iterator[tuple[str, str, uuid.UUID]]:
    """Our (code, name, id) of a kind on a day, today by default."""
    with connection.cursor() as cursor:
        cursor.execute(_OURS[kind], {"day": day or clock.today()})
        yield from cursor.fetchall()


def called(partner: Partner, kind: NameKind, named: Mapping[str, str]) -> dict[str, str]:
    """Our code → what this partner calls it: the name accepted for ours as it is now, else ours (in `named`)."""
    rows = PartnerAlias.objects.filter(
        partner=partner, kind=kind, ours__in=list(named), withdrawn_at__isnull=True
    ).values_list("ours", "our_name", "name")
    found = {ours_: name for ours_, our_name, name in rows if our_name == named[ours_]}
    return {**named, **found}


def count_mismatches(partner: Partner, kind: NameKind) -> int:
    """How many of our names this partner does not know; 0 while it has given no list of the kind."""
    if not PartnerName.objects.filter(partner=partner, kind=kind).exists():
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _COMPARED.format(ours=_OURS[kind]) + "SELECT count(*) FROM compared", _params(partner, kind)
        )
        return int(cursor.fetchone()[0])


def mismatches(actor: Actor, partner: Partner, kind: NameKind, *, page: int = 1) -> list[Mismatch]:
    """A page of our names that this partner does not know, with suggestions. Raises SyncNotAllowed (ONE-510)."""
    access.check_see(actor)
    with connection.cursor() as cursor:
        cursor.execute(
            _COMPARED.format(ours=_OURS[kind])
            + "SELECT code, name, by_code FROM compared ORDER BY by_code IS NULL, name, code LIMIT %(rows)s"
            + " OFFSET %(from)s",
            {**_params(partner, kind), "rows": PAGE_ROWS, "from": (max(page, 1) - 1) * PAGE_ROWS},
        )
        rows = cursor.fetchall()
    theirs = _Theirs(partner, kind) if rows else None
    return [theirs.look_up(code, name) for code, name, _by_code in rows] if theirs else []


class _Theirs:
    """A partner's list, ready to be looked through."""

    def __init__(self, partner: Partner, kind: NameKind) -> None:
        self.entries = list(PartnerName.objects.filter(partner=partner, kind=kind).order_by("name", "id"))
        self.folds = [_spelled_out(entry.fold) for entry in self.entries]
        self.by_code: dict[str, list[PartnerName]] = {}
        self.by_fold: dict[str, list[PartnerName]] = {}
        for entry in self.entries:
            self.by_code.setdefault(entry.code, []).append(entry)
            self.by_fold.setdefault(entry.fold, []).append(entry)

    def look_up(self, code: str, name: str) -> Mismatch:
        """What may be meant by a name of ours: the same code, the same letters, nearly the same letters."""
        folded = fold(name)
        found: dict[uuid.UUID, PartnerName] = {}
        for entry in [*self.by_code.get(code, []), *self.by_fold.get(folded, [])]:
            found[entry.id] = entry
        if not any(entry.fold == folded for entry in found.values()):
            alike = process.extract(
                _spelled_out(folded),
                self.folds,
                scorer=fuzz.ratio,
                score_cutoff=LIKE_ENOUGH,
                limit=SUGGESTIONS,
            )
            for _fold, _score, index in alike:
                found[self.entries[index].id] = self.entries[index]
        suggestions = sorted(
            (
                Suggestion(entry.id, entry.code, entry.name, _difference(code, name, entry))
                for entry in found.values()
            ),
            key=lambda one: (list(Difference).index(one.difference), one.code != code),
        )[:SUGGESTIONS]
        return Mismatch(
            code,
            name,
            suggestions[0].difference if suggestions else Difference.MISSING,
            tuple(suggestions),
        )


def _spelled_out(folded: str) -> str:
    """A folded name with the usual abbreviations of agencies written out."""
    return " ".join(_ABBREVIATIONS.get(word, word) for word in folded.split())


def _difference(code: str, name: str, entry: PartnerName) -> Difference:
    if same_text(name, entry.name):
        return Difference.SPELLING
    if fold(name).replace(" ", "") == entry.fold.replace(" ", ""):
        return Difference.ACCENTS
    return Difference.NAME if entry.code == code and code else Difference.CODE


def known(partner: Partner, kind: NameKind) -> tuple[int, datetime | None]:
    """How many names of a kind the partner's list has, and when it was read."""
    found = PartnerName.objects.filter(partner=partner, kind=kind).aggregate(n=Count("id"), at=Max("seen_at"))
    return found["n"], found["at"]


def accept_name(
    actor: Actor, partner: Partner, kind: NameKind, code: str, entry_id: uuid.UUID
) -> PartnerAlias:
    """Chấp nhận tên gọi: from now on the partner is told its own name of this. One accepted before is withdrawn.

    Raises SyncNotAllowed (ONE-510), NoSuchName (ONE-516).
    """
    access.check_manage(actor)
    entry = PartnerName.objects.filter(partner=partner, kind=kind, id=entry_id).first()
    name = next((name for ours_, name, _id in ours(kind) if ours_ == code), None)
    if entry is None or name is None:
        raise NoSuchName(
            _("Không tìm thấy tên này trong danh sách."),
            kept=_("Chưa có gì thay đổi."),
            todo=_("Danh sách có thể vừa được nhập lại; hãy tải lại trang."),
        )
    now = clock.now()
    with journal.act(actor, "onestop.accept_partner_name") as act:
        _withdraw(act, partner, kind, code)
        alias = PartnerAlias.objects.create(
            partner=partner,
            kind=kind,
            ours=code,
            our_name=name,
            code=entry.code,
            name=entry.name,
            accepted_by=actor.label[:200],
            accepted_at=now,
        )
        act.changed(
            "onestop.partner_alias",
            alias.id,
            None,
            {"partner": partner.code, "ours": code, "name": entry.name},
        )
    return alias


def withdraw_name(actor: Actor, partner: Partner, kind: NameKind, code: str) -> None:
    """Bỏ tên đã chấp nhận: the partner is told our own name again. Raises SyncNotAllowed, NoSuchName."""
    access.check_manage(actor)
    with journal.act(actor, "onestop.withdraw_partner_name") as act:
        if not _withdraw(act, partner, kind, code):
            raise NoSuchName(_("Không có tên nào đang được chấp nhận."), kept=_("Chưa có gì thay đổi."))


def accepted(actor: Actor, partner: Partner, kind: NameKind, limit: int = 200) -> list[PartnerAlias]:
    """Names accepted for this partner, latest first. Raises SyncNotAllowed (ONE-510)."""
    access.check_see(actor)
    return list(
        PartnerAlias.objects.filter(partner=partner, kind=kind, withdrawn_at__isnull=True).order_by(
            "-accepted_at", "id"
        )[:limit]
    )


def _withdraw(act: journal.Act, partner: Partner, kind: NameKind, code: str) -> bool:
    alias = (
        PartnerAlias.objects.select_for_update()
        .filter(partner=partner, kind=kind, ours=code, withdrawn_at__isnull=True)
        .first()
    )
    if alias is None:
        return False
    alias.withdrawn_at = clock.now()
    alias.save(update_fields=["withdrawn_at"])
    act.changed("onestop.partner_alias", alias.id, {"name": alias.name}, {"withdrawn_at": alias.withdrawn_at})
    return True


# --- a partner's own list


def read_list(content: bytes) -> list[tuple[str, str]]:
    """(code, name) of a CSV file (columns «mã»/code and «tên»/name, or the first two) or a JSON list.

    Raises BadNameList (ONE-515).
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad_list(_("Tệp không phải là văn bản UTF-8.")) from error
    if text.lstrip()[:1] in ("[", "{"):
        try:
            return entries_of(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise _bad_list(_("Tệp không phải là JSON đọc được.")) from error
    return _of_csv(text)


def entries_of(found: Any) -> list[tuple[str, str]]:
    """(code, name) of the entries of a JSON answer, however its keys are called (MA…, TEN…)."""
    rows = found
    if isinstance(found, dict):
        rows = next((value for value in found.values() if isinstance(value, list)), None)
    if not isinstance(rows, list):
        raise _bad_list(_("Không thấy danh sách nào trong dữ liệu."))
    entries = []
    for row in rows:
        if not isinstance(row, dict):
            raise _bad_list(_("Mỗi dòng phải là một đối tượng có mã và tên."))
        lowered = {str(key).lower(): value for key, value in row.items()}
        code = next((str(lowered[key]) for key in lowered if key.startswith(("ma", "code"))), "")
        name = next((str(lowered[key]) for key in lowered if key.startswith(("ten", "name"))), "")
        entries.append((code, name))
    return _clean(entries)


def _of_csv(text: str) -> list[tuple[str, str]]:
    head = text.splitlines()[:1] or [""]
    rows = list(
        csv.reader(io.StringIO(text), delimiter=";" if head[0].count(";") > head[0].count(",") else ",")
    )
    if not rows:
        raise _bad_list(_("Tệp không có dòng nào."))
    first = [fold(cell) for cell in rows[0]]
    named = any(cell.startswith(("ma", "code")) for cell in first)
    code_at = next((at for at, cell in enumerate(first) if cell.startswith(("ma", "code"))), 0)
    name_at = next((at for at, cell in enumerate(first) if cell.startswith(("ten", "name"))), 1)
    body = rows[1:] if named else rows
    if any(len(row) <= max(code_at, name_at) for row in body if row):
        raise _bad_list(_("Mỗi dòng cần hai cột: mã và tên."))
    return _clean([(row[code_at], row[name_at]) for row in body if row])


def _clean(entries: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    # names stay letter by letter as they are there: that is what the partner compares with
    found = [(clean(code)[:60], name.replace("\0", "").strip()[:2000]) for code, name in entries]
    found = list(dict.fromkeys(one for one in found if one[1]))
    if not found:
        raise _bad_list(_("Danh sách trống."))
    if len(found) > LARGEST_LIST:
        raise _bad_list(_("Danh sách dài quá %(most)s dòng.") % {"most": LARGEST_LIST})
    return found


def import_names(actor: Actor, partner: Partner, kind: NameKind, entries: Collection[tuple[str, str]]) -> int:
    """Nhập danh sách tên: replaces what was known of this kind. How many. Raises SyncNotAllowed (ONE-510)."""
    access.check_manage(actor)
    now = clock.now()
    with journal.act(actor, "onestop.import_partner_names") as act, transaction.atomic():
        before = PartnerName.objects.filter(partner=partner, kind=kind)
        gone = before.count()
        before.delete()
        PartnerName.objects.bulk_create(
            (
                PartnerName(partner=partner, kind=kind, code=code, name=name, fold=fold(name), seen_at=now)
                for code, name in entries
            ),
            batch_size=1000,
        )
        act.changed(
            "onestop.partner_name",
            None,
            {"partner": partner.code, "kind": str(kind), "count": gone},
            {"partner": partner.code, "kind": str(kind), "count": len(entries)},
        )
    return len(entries)


def fetch_names(actor: Actor, partner: Partner, kind: NameKind) -> int:
    """Lấy danh mục của bên ngoài (LayDanhMuc*): read it and keep it. How many. Raises also Silent, Refused."""
    access.check_manage(actor)
    client = Client(partner)
    service = {
        NameKind.AGENCY: client.settings.agencies_service,
        NameKind.UNIT: client.settings.units_service,
        NameKind.PROCEDURE: client.settings.procedures_service,
    }[kind]
    return import_names(actor, partner, kind, entries_of(client.call(service, {}, largest=LARGEST_CATALOGUE)))


def _params(partner: Partner, kind: NameKind) -> dict[str, Any]:
    return {"partner": partner.pk, "kind": str(kind), "day": clock.today()}


def _bad_list(message: str) -> BadNameList:
    return BadNameList(
        message,
        kept=_("Danh sách cũ vẫn được dùng."),
        todo=_("Hãy xuất lại danh sách từ hệ thống ngoài: CSV có cột mã và tên, hoặc JSON."),
    )


def agency_codes(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """Agency id → (code, name) today, for those that live and bear a code."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT code, name, id FROM ({_AGENCIES}) AS ours (code, name, id) WHERE id = ANY (%(ids)s)",
            {"day": clock.today(), "ids": list(ids)},
        )
        return {agency_id: (code, name) for code, name, agency_id in cursor.fetchall()}
