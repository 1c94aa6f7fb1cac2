"""`haicap journal`: read the journal, seal it, and prove that nobody altered it."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

import click
from django.utils.translation import gettext as _

from haicap.kernel import journal
from haicap.kernel.clock import ZONE
from haicap.kernel.journal.errors import BadQuery, Damaged
from haicap.kernel.models import JournalEntry

HELP = "Nhật ký: xem, niêm phong, kiểm tra."


@click.group(help=HELP)
def command() -> None:
    """The group."""


@command.command("verify")
@click.option("--head", help="Mã niêm phong đã ghi lại trên giấy từ lần kiểm tra trước.")
@click.option(
    "--all", "everything", is_flag=True, help="Nêu mọi hư hại (tối đa 1000), không chỉ hư hại đầu tiên."
)
@click.option("--json", "as_json", is_flag=True, help="In dạng JSON.")
def verify(head: str | None, everything: bool, as_json: bool) -> None:
    """Kiểm tra nhật ký: tìm mục bị sửa, bị xóa hoặc bị chèn. Mã thoát 1 khi có hư hại."""
    found = journal.verify(head=head, most=1000 if everything else 1)
    if as_json:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    elif found.sound:
        click.echo(_("Nhật ký nguyên vẹn: %(sealed)s mục đã niêm phong.") % {"sealed": found.sealed})
    if not as_json:
        _print_tail(found)
    if not found.sound:
        raise Damaged(
            _("Nhật ký không còn nguyên vẹn: %(first)s.") % {"first": found.damages[0].text},
            kept=_("Việc kiểm tra không thay đổi gì."),
            todo=_("Giữ nguyên cơ sở dữ liệu, báo người phụ trách an toàn thông tin, so với bản sao lưu."),
            details=found.as_dict(),
        )


def _print_tail(found: journal.Verification) -> None:
    for damage in found.damages:
        when = f" ({damage.at:%d/%m/%Y %H:%M:%S}, {damage.action}, {damage.actor})" if damage.at else ""
        click.echo(f"  ✗ {damage.text}{when}")
    if found.head_position is not None:
        click.echo(
            _("Mã đã ghi lại nằm ở vị trí %(position)s của chuỗi.") % {"position": found.head_position}
        )
    click.echo(_("Chờ niêm phong: %(count)s mục.") % {"count": found.unsealed})
    click.echo(_("Mã niêm phong cuối (ghi lại trên giấy): %(head)s") % {"head": found.head})


@command.command("seal")
@click.option("--json", "as_json", is_flag=True, help="In dạng JSON.")
def seal(as_json: bool) -> None:
    """Niêm phong ngay các mục đã xong (bình thường chạy nền mỗi phút)."""
    done = journal.seal()
    if as_json:
        found = {"sealed": done.sealed, "position": done.position, "head": done.head, "busy": done.busy}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    if done.busy:
        click.echo(_("Một tiến trình khác đang niêm phong."))
    click.echo(
        _("Đã niêm phong %(count)s mục; mã cuối: %(head)s") % {"count": done.sealed, "head": done.head}
    )


@command.command("show")
@click.option("--record", help="Loại bản ghi, ví dụ dossier.")
@click.option("--id", "record_id", type=click.UUID, help="Mã của bản ghi.")
@click.option("--action", help="Tên hành vi, ví dụ onestop.receive_dossier.")
@click.option("--correlation", type=click.UUID, help="Mã liên kết của một lần thao tác.")
@click.option("--since", help="Từ lúc: 2025-07-01 hoặc 2025-07-01T08:00.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="Số mục mỗi trang.")
@click.option("--older", help="Trang tiếp theo: giá trị «older» của trang trước.")
@click.option("--json", "as_json", is_flag=True, help="In dạng JSON.")
def show(
    record: str | None,
    record_id: uuid.UUID | None,
    action: str | None,
    correlation: uuid.UUID | None,
    since: str | None,
    limit: int,
    older: str | None,
    as_json: bool,
) -> None:
    """Xem nhật ký, mới nhất trước."""
    page = journal.entries(
        record=record,
        record_id=record_id,
        action=action,
        correlation_id=correlation,
        since=_moment(since),
        older=older,
        limit=limit,
    )
    if as_json:
        found = {"entries": [_as_dict(entry) for entry in page.entries], "older": page.older}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for entry in page.entries:
        _print_entry(entry)
    if not page.entries:
        click.echo(_("Không có mục nào."))
    if page.older:
        click.echo(_("Còn nữa: thêm --older '%(older)s'") % {"older": page.older})


def _moment(since: str | None) -> dt.datetime | None:
    if since is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(since)
    except ValueError as error:
        raise BadQuery(_("Không hiểu thời điểm «%(since)s»") % {"since": since}, where="--since") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


def _as_dict(entry: JournalEntry) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "at": entry.at.astimezone(ZONE).isoformat(),
        "real_at": entry.real_at.astimezone(ZONE).isoformat(),
        "action": entry.action,
        "actor": entry.actor_label,
        "actor_person_id": entry.actor_person_id and str(entry.actor_person_id),
        "actor_post_id": entry.actor_post_id and str(entry.actor_post_id),
        "reason": entry.reason,
        "resolution": entry.resolution,
        "correlation_id": str(entry.correlation_id),
        "record": entry.record,
        "record_id": entry.record_id and str(entry.record_id),
        "before": entry.before,
        "after": entry.after,
    }


def _print_entry(entry: JournalEntry) -> None:
    click.echo(f"{entry.at.astimezone(ZONE):%d/%m/%Y %H:%M:%S}  {entry.action}  {entry.actor_label}")
    if entry.record:
        click.echo(f"    {entry.record} {entry.record_id or ''}".rstrip())
    for label, text in ((_("lý do"), entry.reason), (_("căn cứ"), entry.resolution)):
        if text:
            click.echo(f"    {label}: {text}")
    for label, values in ((_("trước"), entry.before), (_("sau"), entry.after)):
        if values is not None:
            click.echo(f"    {label}: {json.dumps(values, ensure_ascii=False)}")
