"""`haicap accounts`: people and accounts from a list, and the list of accounts."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import click

from haicap.access.people import lists, queries
from haicap.access.people.queries import Filters
from haicap.kernel.actor import Actor

HELP = "Tài khoản: nhập danh sách người, xem danh sách tài khoản."
#: problems that are printed for people; --json has all
SHOWN = 50


@click.group(help=HELP)
def command() -> None:
    """The group."""


def _operator() -> Actor:
    """Who runs a command on the server: the system, by the name of the account."""
    return Actor(label=f"dòng lệnh ({getpass.getuser()})", sees_all=True, is_system=True)


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--apply", "apply", is_flag=True, help="Ghi; không có thì chỉ xem trước.")
@click.option("--only-good", is_flag=True, help="Ghi các dòng dùng được, bỏ các dòng lỗi.")
@click.option("--add-posts", is_flag=True, help="Thêm ghế khi cơ quan thiếu ghế.")
@click.option("--json", "as_json", is_flag=True, help="In dạng JSON.")
def import_list(file: Path, apply: bool, only_good: bool, add_posts: bool, as_json: bool) -> None:
    """Nhập người, bổ nhiệm, tài khoản từ tệp Excel hoặc CSV; chạy lại không ghi gì thêm."""
    rows = lists.read_list(file.read_bytes())
    actor = _operator()
    if apply:
        plan = lists.apply_list(actor, rows, add_posts=add_posts, only_good=only_good)
    else:
        plan = lists.plan_list(actor, rows, add_posts=add_posts)
    if as_json:
        found = {"applied": apply, "counts": plan.counts(), "rows": [row.as_dict() for row in plan.rows]}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    counts = plan.counts()
    click.echo(
        f"{'Đã ghi' if apply else 'Xem trước'}: {counts['rows']} dòng, {counts['people']} người mới, "
        f"{counts['appointments']} bổ nhiệm, {counts['posts']} ghế mới, {counts['accounts']} tài khoản mới, "
        f"{counts['unchanged']} đã có đủ, {counts['bad']} lỗi."
    )
    for row in plan.bad[:SHOWN]:
        click.echo(f"  dòng {row.line} [{row.code}] {row.problem} {row.fix}")


@command.command("list")
@click.option("--text", default="", help="Họ tên.")
@click.option("--without", is_flag=True, help="Chỉ người chưa có tài khoản.")
@click.option("--json", "as_json", is_flag=True, help="In dạng JSON.")
def list_accounts(text: str, without: bool, as_json: bool) -> None:
    """Người và tài khoản của họ."""
    rows = queries.export(_operator(), Filters(text=text, without_account=without))
    if as_json:
        found = [
            {
                "person": str(row.id),
                "name": row.name,
                "username": row.username,
                "active": row.is_active,
                "posts": [{"title": title, "agency": agency} for title, agency in row.posts],
            }
            for row in rows
        ]
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for row in rows:
        posts = "; ".join(f"{title}, {agency}" for title, agency in row.posts) or "chờ phân công"
        click.echo(f"{row.username or '—':<20} {row.name:<30} {posts}")
