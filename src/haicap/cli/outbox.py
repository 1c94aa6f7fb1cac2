"""`haicap outbox`: what was promised to the outside, what could not be delivered, and trying again."""

from __future__ import annotations

import json
import uuid

import click
from django.utils.translation import gettext as _

from haicap.kernel import outbox
from haicap.kernel.actor import SYSTEM
from haicap.kernel.clock import ZONE
from haicap.kernel.outbox import OutboxState

HELP = "Hộp gửi đi: việc chờ gửi, việc không gửi được, gửi lại."

_limit = click.option(
    "--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="Số dòng mỗi trang."
)
_older = click.option("--older", help="Trang tiếp theo: giá trị «older» của trang trước.")
_topic = click.option("--topic", help="Chỉ một chủ đề.")
_json = click.option("--json", "as_json", is_flag=True, help="In dạng JSON.")


@click.group(help=HELP)
def command() -> None:
    """The group."""


@command.command("list")
@click.option("--state", type=click.Choice(OutboxState.values), help="Chỉ một trạng thái.")
@_topic
@_limit
@_older
@_json
def list_messages(state: str | None, topic: str | None, limit: int, older: str | None, as_json: bool) -> None:
    """Danh sách việc gửi đi, mới nhất trước."""
    _print_page(outbox.messages(state=state, topic=topic, limit=limit, older=older), as_json)


@command.command("dead")
@_topic
@_limit
@_older
@_json
def dead(topic: str | None, limit: int, older: str | None, as_json: bool) -> None:
    """Việc không gửi được, chờ người quyết định."""
    _print_page(outbox.dead_letters(topic=topic, limit=limit, older=older), as_json)


@command.command("retry")
@click.argument("message_id", type=click.UUID, required=False)
@click.option("--topic", help="Gửi lại mọi việc không gửi được của chủ đề này.")
@click.option("--reason", default="", help="Lý do, ghi vào nhật ký.")
@_json
def retry(message_id: uuid.UUID | None, topic: str | None, reason: str, as_json: bool) -> None:
    """Gửi lại một việc (MESSAGE_ID), hoặc mọi việc không gửi được của một chủ đề (--topic)."""
    if (message_id is None) == (topic is None):
        raise click.UsageError(_("Nêu đúng một trong hai: mã của việc, hoặc --topic."))
    if message_id is not None:
        outbox.retry(SYSTEM, message_id, reason=reason)
        count = 1
    else:
        count = outbox.retry_dead(SYSTEM, topic or "", reason=reason)
    if as_json:
        click.echo(json.dumps({"retried": count}))
    else:
        click.echo(_("Gửi lại %(count)s việc.") % {"count": count})


@command.command("give-up")
@click.argument("message_id", type=click.UUID)
@click.option("--reason", required=True, help="Lý do bỏ, ghi vào nhật ký.")
@_json
def give_up(message_id: uuid.UUID, reason: str, as_json: bool) -> None:
    """Bỏ một việc không gửi được."""
    outbox.give_up(SYSTEM, message_id, reason)
    click.echo(json.dumps({"given_up": str(message_id)}) if as_json else _("Đã bỏ việc này."))


def _print_page(page: outbox.MessagePage, as_json: bool) -> None:
    counts = outbox.counts()
    if as_json:
        found = {
            "messages": [outbox.as_dict(message) for message in page.messages],
            "older": page.older,
            "counts": counts,
        }
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for message in page.messages:
        label = OutboxState(message.state).label
        click.echo(
            f"{message.created_at.astimezone(ZONE):%d/%m/%Y %H:%M:%S}  {label:<15}  {message.topic}  {message.key}"
        )
        click.echo(_("    %(id)s, lần thử: %(attempts)s") % {"id": message.id, "attempts": message.attempts})
        if message.last_error:
            click.echo(f"    {message.last_error.splitlines()[0]}")
    click.echo(
        _("Chờ gửi %(pending)s, đang gửi %(delivering)s, không gửi được %(dead)s, đã bỏ %(given_up)s.")
        % counts
    )
    if page.older:
        click.echo(_("Còn nữa: thêm --older '%(older)s'") % {"older": page.older})
