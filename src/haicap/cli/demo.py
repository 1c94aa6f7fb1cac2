"""`haicap demo`: the demonstration data, which can be removed as a whole."""

from __future__ import annotations

from pathlib import Path

import click
import psycopg

from haicap.kernel.database import current, embedded
from haicap.kernel.errors import Conflict, NotFound

HELP = "Dữ liệu trình diễn: gỡ bỏ toàn bộ."


class NotADemonstration(Conflict):
    """The database does not say of itself that it is a demonstration."""

    code = "CLI-007"


class NoDemonstration(NotFound):
    """There is no demonstration to remove."""

    code = "CLI-008"


@click.group(help=HELP)
def command() -> None:
    """The group."""


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
