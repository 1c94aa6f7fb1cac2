"""`haicap scim`: tokens of outside directories."""

from __future__ import annotations

import json
import uuid
from typing import Any

import click
from django.utils.translation import gettext as _

from haicap.access.models import ScimToken
from haicap.access.scim import tokens
from haicap.kernel.actor import SYSTEM
from haicap.kernel.clock import ZONE

HELP = "Khóa SCIM: thư mục ngoài đọc tài khoản và chức danh ở đây."

_json = click.option("--json", "as_json", is_flag=True, help="In dạng JSON.")


@click.group(help=HELP)
def command() -> None:
    """The group."""


@command.group("token")
def token() -> None:
    """Cấp, xem, thu hồi khóa."""


@token.command("add")
@click.argument("name")
@click.option("--write", "may_write", is_flag=True, help="Được lập, khóa tài khoản và đổi thư điện tử.")
@click.option(
    "--days", type=click.IntRange(1, tokens.LONGEST_DAYS), default=tokens.DEFAULT_DAYS, show_default=True
)
@_json
def add(name: str, may_write: bool, days: int, as_json: bool) -> None:
    """Cấp khóa cho thư mục NAME; khóa chỉ in ra một lần."""
    made = tokens.make_token(SYSTEM, name, may_write=may_write, days=days)
    if as_json:
        click.echo(json.dumps({**_told(made.token), "secret": made.secret}, ensure_ascii=False))
        return
    click.echo(_("Khóa của «%(name)s», chép ngay, sẽ không hiện lại:") % {"name": made.token.name})
    click.echo(made.secret)


@token.command("list")
@_json
def list_tokens(as_json: bool) -> None:
    """Các khóa, mới nhất trước."""
    found = list(tokens.tokens(SYSTEM)[: tokens.MOST_TOKENS])
    if as_json:
        click.echo(json.dumps({"tokens": [_told(one) for one in found]}, ensure_ascii=False))
        return
    for one in found:
        told = _told(one)
        write = _("đọc và ghi") if one.may_write else _("chỉ đọc")
        click.echo(
            f"{told['id']}  {told['state']:<8}  {one.expires_at.astimezone(ZONE):%d/%m/%Y}  {write}  {one.name}"
        )
    if not found:
        click.echo(_("Chưa có khóa nào."))


@token.command("revoke")
@click.argument("token_id", type=click.UUID)
@_json
def revoke(token_id: uuid.UUID, as_json: bool) -> None:
    """Thu hồi một khóa."""
    ended = tokens.revoke_token(SYSTEM, token_id)
    if as_json:
        click.echo(json.dumps(_told(ended), ensure_ascii=False))
    else:
        click.echo(_("Đã thu hồi khóa «%(name)s».") % {"name": ended.name})


def _told(one: ScimToken) -> dict[str, Any]:
    used = getattr(one, "used_at", None)
    return {
        "id": str(one.id),
        "name": one.name,
        "may_write": one.may_write,
        "state": tokens.state_of(one),
        "expires_at": one.expires_at.isoformat(),
        "used_at": used.isoformat() if used else None,
    }
