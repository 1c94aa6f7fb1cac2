"""`haicap demo`: the demonstration data of a province, which can be removed as a whole."""

from __future__ import annotations

import json as json_format
from dataclasses import asdict
from pathlib import Path

import click
import psycopg

from haicap.kernel.database import current, embedded
from haicap.kernel.errors import Conflict, NotFound

HELP = "Dữ liệu trình diễn: nạp một tỉnh, tài khoản để đăng nhập, gỡ bỏ toàn bộ."


#: keys of authenticators have 32 letters in base 32, user names have a dot
KEY_LENGTH = 16


class NotADemonstration(Conflict):
    """The database does not say of itself that it is a demonstration."""

    code = "CLI-007"


class NoDemonstration(NotFound):
    """There is no demonstration to remove."""

    code = "CLI-008"


@click.group(help=HELP)
def command() -> None:
    """The group."""


PHASES = {
    "country": "Nạp cả nước tại 30/6/2025",
    "agencies": "Lập cơ quan, mã định danh, bàn xử lý",
    "officials": "Cán bộ, chức danh, trụ sở",
    "dossiers": "Hồ sơ một cửa",
    "accounts": "Tài khoản của mọi người có chức danh",
}


@command.command("fill")
@click.option("--province", default="48", show_default=True, help="Mã tỉnh, thành phố từ 1/7/2025.")
@click.option("--scale", default=1.0, show_default=True, help="1 là khoảng 60.000 hồ sơ.")
@click.option("--seed", type=int, help="Cùng số này thì cùng dữ liệu.")
@click.option("--json", "as_json", is_flag=True, help="In kết quả dạng JSON.")
def fill(province: str, scale: float, seed: int | None, as_json: bool) -> None:
    """Nạp một ngày làm việc dựng sẵn của một tỉnh, tại 16:00 ngày 30/6/2025, vào cơ sở dữ liệu trống."""
    from haicap.cli import demonstration

    def tell(phase: str, done: int, total: int) -> None:
        if not as_json and done == 0:
            click.echo(f"{PHASES[phase]} …", err=True)

    report = demonstration.fill(province, scale, demonstration.SEED if seed is None else seed, tell)
    if as_json:
        click.echo(json_format.dumps(report.as_dict(), ensure_ascii=False, indent=2))
    elif report.already:
        click.echo("Dữ liệu trình diễn đã có; không nạp lại.")
    else:
        for record, count in report.counts.items():
            click.echo(f"{record:<22} {count:>10}")
        click.echo(f"Xong sau {sum(report.seconds.values()):.1f} giây.".replace(".", ",", 1))


@command.command("sign-ins")
@click.option("--new", is_flag=True, help="Cấp mật khẩu mới; mật khẩu cũ hết dùng được.")
@click.option("--json", "as_json", is_flag=True, help="In kết quả dạng JSON.")
def sign_ins(new: bool, as_json: bool) -> None:
    """Tài khoản để đăng nhập trình diễn, mỗi chức danh một người; mật khẩu chỉ hiện khi vừa cấp."""
    from haicap.access import demonstration
    from haicap.cli.setup import sign_ins as table
    from haicap.cli.setup.display import Display

    if as_json:
        found = [asdict(one) for one in demonstration.sign_ins(renew=new)]
        click.echo(json_format.dumps(found, ensure_ascii=False, indent=2))
    else:
        table.show(Display(), renew=new)


@command.command("code")
@click.argument("name_or_key")
def code(name_or_key: str) -> None:
    """Mã sáu số lúc này của ứng dụng xác thực: theo tên đăng nhập, hoặc theo mã chữ hiện ở trang bật xác thực."""
    from haicap.access import demonstration

    is_key = len(name_or_key.replace(" ", "")) >= KEY_LENGTH and "." not in name_or_key
    find = demonstration.code_of_key if is_key else demonstration.present_code
    click.echo(find(name_or_key))


@command.command("remove")
@click.option("--yes", is_flag=True, help="Không hỏi lại.")
def remove(yes: bool) -> None:
    """Xóa cơ sở dữ liệu trình diễn; cơ sở dữ liệu dùng thật không bị đụng tới."""
    if not current.is_embedded():
        _remove_managed(yes)
        return
    from haicap.cli.up import DEMONSTRATION_DATABASE

    cluster = current.cluster()
    embedded.url(cluster.data_folder, current.name())
    if not embedded.database_exists(cluster, DEMONSTRATION_DATABASE):
        raise NoDemonstration("Không có dữ liệu trình diễn nào để gỡ.", kept="Không có gì thay đổi.")
    _require_demonstration(cluster.url(DEMONSTRATION_DATABASE))
    _confirm(DEMONSTRATION_DATABASE, yes)
    embedded.drop_database(cluster, DEMONSTRATION_DATABASE)
    _forget(cluster.data_folder, DEMONSTRATION_DATABASE)
    click.echo("Đã gỡ toàn bộ dữ liệu trình diễn.")


def _remove_managed(yes: bool) -> None:
    """On a managed server the database is not ours to drop: it is emptied."""
    _require_demonstration(current.url())
    _confirm(current.name(), yes)
    with psycopg.connect(current.url()) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    click.echo("Đã gỡ toàn bộ dữ liệu trình diễn; cơ sở dữ liệu nay trống.")


def _require_demonstration(url: str) -> None:
    """Only a database whose deployment says so is a demonstration; an unfinished one has no deployment yet."""
    with psycopg.connect(url) as connection:
        exists = connection.execute("SELECT to_regclass('registry_deployment') IS NOT NULL").fetchone()
        row = None
        if exists and exists[0]:
            row = connection.execute("SELECT demonstration FROM registry_deployment WHERE id = 1").fetchone()
        name = connection.info.dbname
    if row is not None and row[0]:
        return
    if row is None and name.endswith("_demo"):
        return
    raise NotADemonstration(
        f"Cơ sở dữ liệu «{name}» không phải dữ liệu trình diễn.",
        kept="Không có gì bị xóa.",
        todo="Lệnh này chỉ gỡ dữ liệu trình diễn; dữ liệu thật do người quản trị quyết định.",
    )


def _confirm(name: str, yes: bool) -> None:
    if not yes:
        click.confirm(f"Xóa vĩnh viễn toàn bộ dữ liệu trình diễn trong «{name}»?", abort=True)


def _forget(data_folder: Path, name: str) -> None:
    """Later commands must not look for a database that is gone."""
    noted = data_folder / "current-database"
    if noted.is_file() and noted.read_text().strip() == name:
        noted.unlink()
