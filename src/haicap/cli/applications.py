"""`haicap applications`: the systems that sign in here, and the keys that sign for them."""

from __future__ import annotations

import json
from typing import Any

import click
from django.utils.translation import gettext as _

from haicap.access.oidc import service
from haicap.kernel.actor import SYSTEM
from haicap.kernel.clock import ZONE

HELP = "Ứng dụng đăng nhập một lần: danh sách, đăng ký, thay khóa ký."

_json = click.option("--json", "as_json", is_flag=True, help="In dạng JSON.")


@click.group(help=HELP)
def command() -> None:
    """The group."""


@command.command("list")
@click.option(
    "--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="Số dòng mỗi trang."
)
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="Trang.")
@_json
def list_applications(limit: int, page: int, as_json: bool) -> None:
    """Danh sách ứng dụng."""
    rows = list(service.applications(SYSTEM)[(page - 1) * limit : page * limit])
    if as_json:
        click.echo(json.dumps([service.told_of(row) for row in rows], ensure_ascii=False))
        return
    for row in rows:
        state = _("đã đóng") if row.closed_at else _("đang mở")
        click.echo(f"{row.client_id}  {state}  {row.client.name}")
    if not rows:
        click.echo(_("Chưa có ứng dụng nào."))


@command.command("add")
@click.option("--name", required=True, help="Tên ứng dụng.")
@click.option("--description", default="", help="Ai vận hành, dùng để làm gì.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, required=True, help="Địa chỉ nhận kết quả.")
@click.option("--logout-uri", "logout_uris", multiple=True, help="Địa chỉ quay lại sau khi đăng xuất.")
@click.option("--backchannel-logout-uri", default="", help="Địa chỉ nhận tin đăng xuất.")
@click.option("--scope", "scopes", multiple=True, help="Phạm vi ngoài openid: profile, email, haicap.")
@click.option("--public", is_flag=True, help="Không giữ được mã bí mật.")
@click.option("--own", is_flag=True, help="Ứng dụng của chính tỉnh: không hỏi sự đồng ý.")
@click.option("--without-pkce", is_flag=True, help="Phần mềm không làm được PKCE.")
@click.option("--for-citizens", is_flag=True, help="Người dân cũng đăng nhập được.")
@_json
def add(as_json: bool, scopes: tuple[str, ...], **told: Any) -> None:
    """Đăng ký một ứng dụng; mã bí mật chỉ in một lần."""
    wanted = ("openid", *(scope for scope in scopes or ("profile", "haicap") if scope != "openid"))
    row, secret = service.register_application(SYSTEM, service.Description(scopes=wanted, **told))
    if as_json:
        click.echo(json.dumps({**service.told_of(row), "client_secret": secret}, ensure_ascii=False))
        return
    click.echo(_("client_id:     %(id)s") % {"id": row.client_id})
    if secret:
        click.echo(_("client_secret: %(secret)s  (chỉ in lần này)") % {"secret": secret})


@command.command("rotate-key")
@click.option("--at-once", is_flag=True, help="Khóa cũ bị lộ: bỏ ngay, không chờ.")
@_json
def rotate_key(at_once: bool, as_json: bool) -> None:
    """Thay khóa ký: khóa mới được công bố ngay, bắt đầu ký sau một giờ."""
    row = service.rotate_signing_key(SYSTEM, at_once=at_once)
    if as_json:
        click.echo(json.dumps({"id": str(row.pk), "begins_at": row.begins_at.isoformat()}))
        return
    moment = row.begins_at.astimezone(ZONE)
    click.echo(_("Khóa mới ký từ %(moment)s.") % {"moment": f"{moment:%d/%m/%Y %H:%M}"})
