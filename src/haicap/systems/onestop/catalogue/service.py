"""Giữ danh mục thủ tục: settling defects, announcing procedures, saying who is competent; each with its way back."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from psycopg.types.range import DateRange

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.ids import new_id
from haicap.kernel.text import clean
from haicap.registry.models.base import BELIEVED, NOT_WITHDRAWN
from haicap.systems.onestop import policy
from haicap.systems.onestop.catalogue import names, writer
from haicap.systems.onestop.catalogue.facts import Facts, amount_text, corrected, facts_of, uncorrected
from haicap.systems.onestop.catalogue.queries import no_such
from haicap.systems.onestop.errors import BadAnnouncement, BadSettlement
from haicap.systems.onestop.models import (
    GRAVE,
    CatalogueDefect,
    DefectKind,
    LimitUnit,
    ProcedureVersion,
    Publication,
    Settlement,
)

#: defects or procedures that one act may touch
MOST = 10_000
_FEES = (DefectKind.FEE_THOUSANDS, DefectKind.FEE_ELSEWHERE)


# --- defects
def settle_defects(
    actor: Actor,
    defects: Collection[uuid.UUID],
    *,
    unit: str = "",
    amount: str = "",
    fee: int | None = None,
    note: str = "",
) -> int:
    """Xử lý khiếm khuyết: say what is meant instead, or (nothing said) keep it as published. How many were settled.

    For times `unit` and, where the published amount is not the one, `amount`; for fees `fee` in đồng. A correction
    makes new versions of the procedures: those of before stay readable, with the dossiers that name them. Raises
    CatalogueNotAllowed (ONE-212), NoSuchProcedure (ONE-213), BadSettlement (ONE-215).
    """
    policy.check_catalogue(actor)
    _check_number(defects)
    said = _said(unit, amount, fee)
    with journal.act(actor, "onestop.settle_defects", reason=clean(note)[:2_000]) as act:
        writer.lock()
        found = list(CatalogueDefect.objects.filter(id__in=defects).select_for_update().order_by("id"))
        if len(found) != len(set(defects)):
            raise no_such()
        for defect in found:
            _settle(actor, defect, said, note)
        CatalogueDefect.objects.bulk_update(
            found, ["settled_at", "settled_by", "settlement", "correction", "note"], batch_size=500
        )
        _rewrite(found, corrected)
        for defect in found:
            act.changed("onestop.catalogue_defect", defect.id, {"settlement": ""}, _settled(defect))
    names.changed_here()
    return len(found)


def _check_number(things: Collection[Any]) -> None:
    if not 0 < len(things) <= MOST:
        raise BadSettlement(
            _("Mỗi lần xử lý được từ 1 đến %(limit)s mục.") % {"limit": MOST},
            kept=_("Không có gì thay đổi."),
            todo=_("Hãy chọn lại."),
        )


def _said(unit: str, amount: str, fee: int | None) -> dict[str, Any]:
    """What was entered, checked."""
    said: dict[str, Any] = {}
    if unit:
        if unit not in LimitUnit.values or unit == LimitUnit.UNKNOWN:
            raise _unusable(_("Đơn vị thời hạn không hợp lệ."), "unit")
        said["unit"] = unit
    if amount:
        try:
            number = Decimal(clean(amount).replace(",", "."))
        except InvalidOperation:
            raise _unusable(_("Thời hạn phải là một số."), "amount") from None
        if not number.is_finite() or not 0 < number < 100_000 or round(number, 2) != number:
            raise _unusable(_("Thời hạn phải lớn hơn 0, nhiều nhất hai số lẻ."), "amount")
        if not unit:
            raise _unusable(_("Hãy chọn đơn vị của thời hạn."), "unit")
        said["amount"] = amount_text(number)
    if fee is not None:
        if not 0 <= fee <= 10**12:
            raise _unusable(_("Mức phí không hợp lệ."), "fee")
        said["sum"] = fee
    return said


def _unusable(message: str, where: str) -> BadSettlement:
    return BadSettlement(
        message, where=where, kept=_("Không có gì thay đổi."), todo=_("Hãy sửa lại rồi ghi.")
    )


def _settle(actor: Actor, defect: CatalogueDefect, said: dict[str, Any], note: str) -> None:
    if defect.settled_at is not None:
        raise BadSettlement(
            _("Có mục đã được %(who)s xử lý.") % {"who": defect.settled_by},
            kept=_("Không có gì thay đổi."),
            todo=_("Hãy tải lại danh sách; muốn sửa thì hoàn tác mục đó trước."),
        )
    correction: dict[str, Any] = {}
    if defect.kind in GRAVE and "unit" in said:
        given = said.get("amount", defect.value.get("amount"))
        if given is None and said["unit"] != LimitUnit.SAME_DAY:
            raise _unusable(_("Chỗ này chưa công bố con số: hãy ghi cả thời hạn."), "amount")
        correction = {"unit": said["unit"], "amount": None if said["unit"] == LimitUnit.SAME_DAY else given}
    elif defect.kind in _FEES and "sum" in said:
        correction = {"sum": said["sum"]}
    elif said:
        raise _unusable(
            _("«%(kind)s» không sửa bằng cách này.") % {"kind": defect.get_kind_display()}, "unit"
        )
    defect.correction = correction
    defect.settlement = Settlement.CORRECTED if correction else Settlement.AS_PUBLISHED
    defect.settled_at, defect.settled_by, defect.note = clock.now(), actor.label[:200], clean(note)[:2_000]


def accept_proposals(actor: Actor, defects: Collection[uuid.UUID]) -> int:
    """Fees typed in thousands: take the proposed sums, each its own. Errors as `settle_defects`."""
    policy.check_catalogue(actor)
    _check_number(defects)
    found = CatalogueDefect.objects.filter(id__in=defects, kind=DefectKind.FEE_THOUSANDS)
    settled = 0
    with journal.act(actor, "onestop.settle_defects", reason=_("Nhân một nghìn như đề xuất")) as act:
        by_sum: dict[int, list[uuid.UUID]] = {}
        for defect in found:
            if isinstance(defect.value.get("proposed"), int):
                by_sum.setdefault(defect.value["proposed"], []).append(defect.id)
        for amount, ids in sorted(by_sum.items()):
            settled += settle_defects(actor, ids, fee=amount, note=_("Nhân một nghìn như đề xuất"))
        act.changed("onestop.catalogue_defect", None, None, {"settled": settled})
    return settled


def reopen_defects(actor: Actor, defects: Collection[uuid.UUID], *, reason: str = "") -> int:
    """Hoàn tác: the defects are open again, and what was corrected stands as published again.

    Raises CatalogueNotAllowed (ONE-212), NoSuchProcedure (ONE-213), BadSettlement (ONE-215).
    """
    policy.check_catalogue(actor)
    _check_number(defects)
    with journal.act(actor, "onestop.reopen_defects", reason=clean(reason)[:2_000]) as act:
        writer.lock()
        found = list(CatalogueDefect.objects.filter(id__in=defects).select_for_update().order_by("id"))
        if len(found) != len(set(defects)):
            raise no_such()
        if any(defect.settled_at is None for defect in found):
            raise _unusable(_("Có mục chưa được xử lý nên không có gì để hoàn tác."), "")
        _rewrite(found, uncorrected)
        for defect in found:
            act.changed("onestop.catalogue_defect", defect.id, _settled(defect), {"settlement": ""})
            defect.settled_at, defect.settlement, defect.settled_by = None, "", ""
            defect.correction, defect.note = {}, ""
        CatalogueDefect.objects.bulk_update(
            found, ["settled_at", "settled_by", "settlement", "correction", "note"], batch_size=500
        )
    names.changed_here()
    return len(found)


def _settled(defect: CatalogueDefect) -> dict[str, Any]:
    return {
        "kind": defect.kind,
        "detail": defect.detail[:300],
        "settlement": defect.settlement,
        "correction": defect.correction,
    }


def _rewrite(defects: Iterable[CatalogueDefect], how: Any) -> None:
    """New versions of the procedures whose facts the corrections change, for the same days."""
    by_procedure: dict[uuid.UUID, list[CatalogueDefect]] = {}
    for defect in defects:
        if defect.correction:
            by_procedure.setdefault(defect.procedure_id, []).append(defect)
    for ids in writer.batches(sorted(by_procedure)):
        versions = list(
            ProcedureVersion.objects.filter(BELIEVED, procedure_id__in=ids)
            .select_related("field")
            .order_by("id")
        )
        stored = facts_of(versions)
        fresh: list[writer.NewVersion] = []
        stale: list[uuid.UUID] = []
        for version in versions:
            after: Facts = stored[version.id]
            for defect in by_procedure[version.procedure_id]:
                after = how(after, defect.kind, defect.value, defect.correction)
            if after != stored[version.id]:
                stale.append(version.id)
                fresh.append(
                    writer.NewVersion(
                        version.procedure_id, after, version.valid, version.source, version.digest
                    )
                )
        writer.stop_believing(stale)
        writer.write_versions(fresh)


# --- what the province announces
def announce(
    actor: Actor,
    procedures: Collection[uuid.UUID],
    *,
    decision: str,
    begins_on: dt.date,
    published: bool = True,
) -> uuid.UUID:
    """Công bố (or bãi bỏ) thủ tục: from `begins_on` the province does these procedures, by a decision. The batch's id.

    What stood announced for the very same day is replaced. Raises CatalogueNotAllowed (ONE-212), BadAnnouncement
    (ONE-216), NoSuchProcedure (ONE-213).
    """
    policy.check_catalogue(actor)
    number, chosen = clean(decision), set(procedures)
    if not number or len(number) > 100 or not 0 < len(chosen) <= MOST:
        raise BadAnnouncement(
            _("Chưa ghi số quyết định công bố.")
            if not number
            else _("Chọn từ 1 đến %(limit)s thủ tục.") % {"limit": MOST},
            where="decision" if not number else "procedures",
            kept=_("Chưa có gì được công bố."),
            todo=_("Hãy ghi số quyết định và chọn thủ tục."),
        )
    batch = new_id()
    with journal.act(actor, "onestop.announce_procedures", resolution=number) as act:
        writer.lock()
        if ProcedureVersion.objects.filter(
            BELIEVED, procedure_id__in=chosen, valid__overlap=DateRange(begins_on, None)
        ).values("procedure_id").distinct().count() != len(chosen):
            raise no_such()
        now = clock.now()  # one instant for both, so that taking the batch back finds what it put aside
        replaced = Publication.objects.filter(
            NOT_WITHDRAWN, procedure_id__in=chosen, begins_on=begins_on
        ).update(withdrawn_at=now)
        Publication.objects.bulk_create(
            (
                Publication(
                    procedure_id=id_,
                    published=published,
                    decision=number,
                    batch=batch,
                    begins_on=begins_on,
                    recorded_at=now,
                    made_by=actor.label[:200],
                )
                for id_ in sorted(chosen)
            ),
            batch_size=1_000,
        )
        act.changed(
            "onestop.publication",
            batch,
            None,
            {
                "decision": number,
                "begins_on": begins_on,
                "published": published,
                "procedures": len(chosen),
                "replaced": replaced,
            },
        )
    return batch


def withdraw_announcement(actor: Actor, batch: uuid.UUID, *, reason: str = "") -> int:
    """Hoàn tác công bố: a whole batch is taken back, what it had replaced counts again. How many procedures.

    Raises CatalogueNotAllowed (ONE-212), NoSuchProcedure (ONE-213).
    """
    policy.check_catalogue(actor)
    with journal.act(actor, "onestop.withdraw_announcement", reason=clean(reason)[:2_000]) as act:
        writer.lock()
        rows = list(Publication.objects.filter(NOT_WITHDRAWN, batch=batch).order_by("id").select_for_update())
        if not rows:
            raise no_such()
        Publication.objects.filter(id__in=[row.id for row in rows]).update(withdrawn_at=clock.now())
        with (
            connection.cursor() as cursor
        ):  # what this batch had put aside, if nothing else stands there since
            cursor.execute(
                "UPDATE onestop_publication older SET withdrawn_at = NULL FROM ("
                " SELECT DISTINCT ON (procedure_id, begins_on) id, procedure_id, begins_on FROM onestop_publication"
                " WHERE withdrawn_at = %(since)s AND procedure_id = ANY(%(ids)s) AND begins_on = %(day)s"
                " AND batch <> %(batch)s ORDER BY procedure_id, begins_on, recorded_at DESC) last"
                " WHERE older.id = last.id",
                {
                    "since": rows[0].recorded_at,
                    "ids": [row.procedure_id for row in rows],
                    "day": rows[0].begins_on,
                    "batch": batch,
                },
            )
        act.changed("onestop.publication", batch, {"procedures": len(rows)}, None)
    return len(rows)
