"""Xác nhận điều kiện mở cửa: stated with evidence, replaced, taken back."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext as _

from haicap.kernel import clock, files, journal
from haicap.kernel.actor import Actor
from haicap.kernel.files.store import Readable
from haicap.kernel.models import StoredFile
from haicap.kernel.text import clean
from haicap.systems.onestop import policy
from haicap.systems.onestop.models import OpeningItem, OpeningStatement
from haicap.systems.onestop.opening.errors import BadStatement, NotOneOfMine, OpeningNotAllowed

#: minutes and photographs as evidence
EVIDENCE = ("application/pdf", "image/jpeg", "image/png")
LARGEST_EVIDENCE_BYTES = 10 * 1024 * 1024


def state(
    actor: Actor, agency_id: uuid.UUID, item: OpeningItem, value: str, evidence: StoredFile | None = None
) -> OpeningStatement:
    """Xác nhận: the agency has this now; an earlier statement is taken back. Raises OpeningNotAllowed, BadStatement."""
    check_speaks(actor, agency_id)
    said = clean(value)[:200]
    if len(said) < 5:
        raise BadStatement(
            _("Hãy ghi rõ: số tài khoản và ngân hàng, hoặc số biên bản giao nhận con dấu."),
            where="value",
            kept=_("Chưa ghi gì."),
        )
    with journal.act(actor, "onestop.state_opening") as act:
        before = _withdraw(agency_id, item)
        made = OpeningStatement.objects.create(
            agency_id=agency_id,
            item=item,
            value=said,
            file=evidence,
            stated_at=clock.now(),
            stated_by=actor.label[:200],
        )
        act.changed("onestop.opening", agency_id, {item.value: before}, {item.value: said})
    return made


def withdraw(actor: Actor, agency_id: uuid.UUID, item: OpeningItem) -> bool:
    """Rút xác nhận: it is not so, or no longer; whether there was one. Raises OpeningNotAllowed."""
    check_speaks(actor, agency_id)
    with journal.act(actor, "onestop.withdraw_opening") as act:
        before = _withdraw(agency_id, item)
        if before:
            act.changed("onestop.opening", agency_id, {item.value: before}, {item.value: ""})
    return bool(before)


def keep_evidence(content: bytes | Readable, name: str) -> StoredFile:
    """Lưu minh chứng: a PDF or a photograph. Raises FileTooLarge, FileKindRefused."""
    return files.put(content, name=name, max_bytes=LARGEST_EVIDENCE_BYTES, allowed=EVIDENCE)


def check_speaks(actor: Actor, agency_id: uuid.UUID) -> None:
    """Raises OpeningNotAllowed, or NotOneOfMine, unless the actor runs the counters of this agency."""
    if actor.is_system:
        return
    if actor.may(policy.COUNTERS):
        if agency_id in actor.agency_ids:
            return
        raise NotOneOfMine(
            _("Không có cơ quan này trong các cơ quan của bạn."),
            kept=_("Không có gì thay đổi."),
            todo=_("Hãy nhờ giám đốc trung tâm hoặc quản trị của xã."),
        )
    raise OpeningNotAllowed(
        _("Bạn không được xác nhận thay cơ quan này."),
        kept=_("Không có gì thay đổi."),
        todo=_("Hãy nhờ giám đốc trung tâm hoặc quản trị của xã."),
    )


def _withdraw(agency_id: uuid.UUID, item: OpeningItem) -> str:
    """Take the present statement back; what it said, empty where there was none."""
    present = (
        OpeningStatement.objects.select_for_update()
        .filter(agency_id=agency_id, item=item, withdrawn_at__isnull=True)
        .first()
    )
    if present is None:
        return ""
    present.withdrawn_at = clock.now()
    present.save(update_fields=["withdrawn_at"])
    return present.value
