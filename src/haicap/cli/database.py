"""`haicap database`: the embedded server, copies of the database, a shell in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from haicap.kernel.database import current, embedded, transfer

HELP = "Cơ sở dữ liệu: khởi động, dừng, tình trạng, sao lưu, khôi phục."


@click.group(help=HELP)
def command() -> None:
    """The group."""


@command.command("start")
def start() -> None:
    """Khởi động cơ sở dữ liệu nhúng (nếu chưa chạy)."""
    cluster = current.cluster()
    started = cluster.start()
    embedded.ensure_database(cluster, current.name())
    click.echo("Đã khởi động cơ sở dữ liệu nhúng." if started else "Cơ sở dữ liệu nhúng đang chạy.")


@command.command("stop")
def stop() -> None:
    """Dừng cơ sở dữ liệu nhúng; dữ liệu đã ghi được giữ nguyên."""
    stopped = current.cluster().stop()
    click.echo("Đã dừng cơ sở dữ liệu nhúng." if stopped else "Cơ sở dữ liệu nhúng không chạy.")


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="In dạng JSON.")
def status(as_json: bool) -> None:
    """Tình trạng cơ sở dữ liệu; không khởi động gì."""
    if not current.is_embedded():
        found: dict[str, object] = {"managed": True, "database": current.name()}
    else:
        found = {"managed": False, "database": current.name()}
        found |= embedded.status(current.cluster().data_folder).as_dict()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    if found["managed"]:
        click.echo(f"Máy chủ do nơi khác quản lý (DATABASE_URL), cơ sở dữ liệu «{found['database']}».")
        return
    click.echo(f"Cơ sở dữ liệu nhúng: {'đang chạy' if found['running'] else 'không chạy'}")
    click.echo(f"  Đang dùng: {found['database']}")
    click.echo(f"  Thư mục: {found['folder']}")
    click.echo(f"  Máy chủ: PostgreSQL {found['server_version']}, tiến trình {found['pid'] or '—'}")
    sizes = found["databases"]
    for name, size in sizes.items() if isinstance(sizes, dict) else ():
        click.echo(f"  {name}: {size / 1e6:.1f} MB".replace(".", ","))


@command.command("url")
def url() -> None:
    """In địa chỉ kết nối (có mật khẩu) của cơ sở dữ liệu đang dùng."""
    click.echo(current.url())


@command.command("migrate")
def migrate() -> None:
    """Tạo hoặc nâng cấp các bảng."""
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=1)


@command.command("dump")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
def dump(file: Path) -> None:
    """Sao lưu toàn bộ cơ sở dữ liệu vào FILE."""
    size = transfer.dump(current.url(), file)
    click.echo(f"Đã sao lưu «{current.name()}» vào {file} ({size / 1e6:.1f} MB).")


@command.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--replace", is_flag=True, help="Thay toàn bộ cơ sở dữ liệu đang có.")
def restore(file: Path, replace: bool) -> None:
    """Khôi phục cơ sở dữ liệu từ FILE do «dump» tạo ra."""
    if current.is_embedded():
        transfer.restore_embedded(current.cluster(), current.name(), file, replace=replace)
    else:
        transfer.restore_managed(current.url(), file)
    click.echo(f"Đã khôi phục «{current.name()}» từ {file}.")


@command.command("shell", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def shell(arguments: tuple[str, ...]) -> None:
    """Mở psql trong cơ sở dữ liệu đang dùng."""
    program = transfer.client_program("psql")
    os.execve(program, [program, *arguments], transfer.client_environment(current.url()))
