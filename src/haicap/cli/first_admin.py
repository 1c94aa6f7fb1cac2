"""`haicap first-admin`: the first administrator of a real deployment, by a one-time link."""

from __future__ import annotations

import getpass
import json as json_format

import click

HELP = "Lập quản trị tỉnh đầu tiên (dùng thật): in liên kết một lần để đặt mật khẩu."


@click.command(help=HELP)
@click.option("--province", required=True, help="Mã tỉnh, thành phố hôm nay, ví dụ 48.")
@click.option("--name", required=True, help="Họ và tên, ví dụ «Nguyễn Thị An».")
@click.option("--email", default="", help="Thư điện tử công vụ.")
@click.option(
    "--site", default="http://127.0.0.1:8000", show_default=True, help="Địa chỉ mà người ấy mở trang."
)
@click.option("--json", "as_json", is_flag=True, help="In kết quả dạng JSON.")
def command(province: str, name: str, email: str, site: str, as_json: bool) -> None:
    """The command."""
    from haicap.access.first_admin import make_first_administrator
    from haicap.kernel.actor import Actor

    actor = Actor(label=f"dòng lệnh: {getpass.getuser()}")
    made = make_first_administrator(actor, province, name, email)
    address = site.rstrip("/") + made.path
    if as_json:
        told = {"username": made.username, "name": made.name, "title": made.title, "link": address}
        click.echo(json_format.dumps(told, ensure_ascii=False, indent=2))
        return
    click.echo(f"Quản trị tỉnh đầu tiên: {made.name} ({made.title})")
    click.echo(f"Tên đăng nhập: {made.username}")
    click.echo("Mở liên kết này để đặt mật khẩu; chỉ dùng được một lần, trong 72 giờ, và không in lại:")
    click.echo(f"  {address}")
    click.echo(
        "Lần đăng nhập đầu tiên sẽ yêu cầu bật xác thực lớp hai (ứng dụng xác thực hoặc khóa truy cập)."
    )
