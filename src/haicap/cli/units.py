"""`haicap units`: the registry of units at any day, in the terminal and as JSON."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import click

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.kernel.days import BadDay, parse_day
from haicap.kernel.formats import date as written
from haicap.kernel.formats import integer
from haicap.registry import country, queries, replay, service
from haicap.registry.models import EventKind, Kind, Level
from haicap.registry.pages import agencies_of
from haicap.registry.queries import HistoryEdge, NamedUnit, UnitView
from haicap.registry.queries.units import titled
from haicap.registry.states import stored_state

HELP = "Đơn vị hành chính: đếm, xem, tìm, lịch sử, kế thừa ở bất kỳ ngày nào."
COUNT_LABELS = {
    "province": "Cấp tỉnh",
    "district": "Cấp huyện",
    "commune": "Cấp xã",
    "phuong": "  phường",
    "xa": "  xã",
    "thi_tran": "  thị trấn",
    "dac_khu": "  đặc khu",
}


class _Day(click.ParamType[dt.date]):
    """«2025-06-30» or «30/06/2025»."""

    name = "ngày"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        if isinstance(value, dt.date):
            return value
        try:
            return parse_day(value)
        except BadDay as problem:
            self.fail(str(problem.message), param, ctx)


_at = click.option(
    "--at", "at", type=_Day(), help="Ngày cần xem: 2025-06-30 hoặc 30/06/2025; mặc định hôm nay."
)
_province = click.option("--province", help="Mã tỉnh, thành phố vào ngày đó, ví dụ 48.")
_json = click.option("--json", "as_json", is_flag=True, help="In dạng JSON.")


@click.group(help=HELP)
def command() -> None:
    """The group."""


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


def _print_json_list(items: Iterable[Any]) -> None:
    """A JSON list, one item a line, written as it is read."""
    click.echo("[", nl=False)
    for number, item in enumerate(items):
        click.echo("," if number else "")
        click.echo(json.dumps(item, ensure_ascii=False), nl=False)
    click.echo("\n]")


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@command.command("count")
@_at
@_province
@_json
def count(at: dt.date | None, province: str | None, as_json: bool) -> None:
    """Số đơn vị theo cấp và loại vào một ngày."""
    day = at or clock.today()
    found = queries.counts(day, province)
    if as_json:
        _print_json(found)
        return
    where = queries.unit_by_code(province, day).title if province else "Cả nước"
    click.echo(f"{where}, ngày {written(day)}")
    for key, label in COUNT_LABELS.items():
        click.echo(f"  {label:<12} {integer(found[key]):>7}")


@command.command("show")
@click.argument("code", metavar="MÃ")
@_at
@_json
def show(code: str, at: dt.date | None, as_json: bool) -> None:
    """Một đơn vị vào một ngày: cấp trên, cơ quan, đơn vị tiền thân và kế thừa."""
    day = at or clock.today()
    unit = queries.unit_by_code(code, day)
    edges = queries.history(unit.unit_id).edges_of(unit.unit_id)
    before = [e for e in edges if e.successor.unit_id == unit.unit_id and e.effective_on <= day]
    after = [e for e in edges if e.predecessor.unit_id == unit.unit_id and e.effective_on > day]
    agencies = agencies_of(unit.unit_id, day)
    if as_json:
        _print_json(
            {
                **unit.as_dict(),
                "at": day.isoformat(),
                "parents": _parents(unit, day),
                "predecessors": [_edge_end(edge, edge.predecessor) for edge in before],
                "successors": [_edge_end(edge, edge.successor) for edge in after],
                "agencies": [
                    {"kind": agency.kind, "name": agency.name, "code": agency.code} for agency in agencies
                ],
            }
        )
        return
    click.secho(f"{unit.code}  {unit.full_name}", bold=True)
    until = f" đến hết {written(unit.valid_to - dt.timedelta(days=1))}" if unit.valid_to else ""
    click.echo(f"  Có giá trị từ {written(unit.valid_from)}{until}")
    for heading, found, end in (
        ("Tiền thân", before, "predecessor"),
        ("Kế thừa", after, "successor"),
    ):
        if found:
            click.echo(f"{heading}:")
            for edge in found:
                click.echo(f"  {_told(edge, getattr(edge, end))}")
    if agencies:
        click.echo("Cơ quan:")
        _print_table([[f"  {agency.code or '—'}", agency.name] for agency in agencies])


def _parents(unit: UnitView, day: dt.date) -> list[dict[str, str]]:
    """Those above a unit, the nearest first."""
    found: list[dict[str, str]] = []
    above = unit.parent_id
    while above is not None and len(found) < 3:
        parent = queries.unit_at(above, day)
        found.append(
            {
                "code": parent.code,
                "name": parent.name,
                "kind": parent.kind,
                "level": parent.level,
                "province_code": parent.province_code,
            }
        )
        above = parent.parent_id
    return found


def _edge_end(edge: HistoryEdge, end: NamedUnit) -> dict[str, Any]:
    return {
        "code": end.code,
        "name": end.name,
        "kind": end.kind,
        "province_code": end.province_code,
        "part": edge.part,
        "continues": edge.continues,
        "effective_on": edge.effective_on.isoformat(),
        "event": edge.act.event,
        "resolution": edge.act.number,
    }


def _told(edge: HistoryEdge, end: NamedUnit) -> str:
    """One line about one end of a succession."""
    place = f", {end.province_name}" if end.level != Level.PROVINCE else ""
    marks = "một phần " if edge.part else ""
    event = EventKind(edge.act.event).label
    basis = f", {edge.act.number}" if edge.act.number else ""
    return (
        f"{written(edge.effective_on)}  {marks}{end.code} {titled(end.kind, end.name)}{place}"
        f"  ({event}{basis})"
    )


@command.command("list")
@_at
@_province
@click.option("--level", type=click.Choice([level.value for level in Level]), help="Cấp.")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Loại.")
@_json
def list_units(
    at: dt.date | None, province: str | None, level: str | None, kind: str | None, as_json: bool
) -> None:
    """Danh sách đơn vị vào một ngày, theo mã."""
    day = at or clock.today()
    units = _all_units(day, province, level, kind)
    if as_json:
        _print_json_list(unit.as_dict() for unit in units)
        return
    rows = [[unit.code, unit.title, unit.parent_name] for unit in units]
    if rows:
        _print_table(rows)
    click.echo(f"{integer(len(rows))} đơn vị, ngày {written(day)}.")


def _all_units(day: dt.date, province: str | None, level: str | None, kind: str | None) -> Iterable[UnitView]:
    after = ""
    while page := queries.units_at(
        day, level=level, province_code=province, kind=kind, limit=1000, after=after
    ):
        yield from page
        after = page[-1].code


@command.command("search")
@click.argument("text", nargs=-1, required=True, metavar="MÃ-HOẶC-TÊN")
@_at
@_province
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Số kết quả.")
@_json
def search(
    text: tuple[str, ...], at: dt.date | None, province: str | None, limit: int, as_json: bool
) -> None:
    """Tìm theo mã, tên hoặc một phần tên, viết thế nào cũng được; không có --at là mọi thời điểm."""
    hits = queries.search(" ".join(text), at, limit, province_code=province)
    if as_json:
        _print_json([hit.as_dict() for hit in hits])
        return
    if not hits:
        click.echo("Không tìm thấy. Thử viết ngắn hơn, bỏ loại đơn vị hoặc bỏ tên tỉnh.")
        return
    _print_table(
        [
            [
                hit.version.code,
                hit.title,
                hit.above,
                "" if hit.stands else f"đến hết {written(hit.version.ends - dt.timedelta(days=1))}",
            ]
            for hit in hits
        ]
    )


@command.command("history")
@click.argument("code", metavar="MÃ")
@_at
@_json
def history(code: str, at: dt.date | None, as_json: bool) -> None:
    """Toàn bộ lịch sử của đơn vị mang mã này vào một ngày, cả hai chiều."""
    unit = queries.unit_by_code(code, at or clock.today())
    found = queries.history(unit.unit_id)
    if as_json:
        _print_json(found.as_dict())
        return
    click.secho(f"{unit.code}  {unit.full_name}", bold=True)
    for span in found.spans:
        until = f" đến hết {written(span.valid_to - dt.timedelta(days=1))}" if span.valid_to else ""
        click.echo(
            f"  {written(span.valid_from)}{until}: {titled(span.unit.kind, span.unit.name)}, "
            f"{span.unit.province_name} ({EventKind(span.opened.event).label})"
        )
    for heading, edges, end in (
        ("Trước đó", found.before, "predecessor"),
        ("Sau đó", found.after, "successor"),
    ):
        if edges:
            click.echo(f"{heading}:")
            for edge in edges:
                indent = "  " * abs(edge.generation)
                click.echo(f"{indent}{_told(edge, getattr(edge, end))}")
    if found.truncated:
        click.echo("(lịch sử dài hơn nữa; dùng API để xem hết)")


@command.command("successions")
@_at
@_province
@click.option(
    "--level",
    type=click.Choice(["commune", "province", "district", "all"]),
    default="commune",
    show_default=True,
    help="Cấp của đơn vị kế thừa.",
)
@_json
def successions(at: dt.date | None, province: str | None, level: str, as_json: bool) -> None:
    """Các đơn vị của một ngày đã trở thành những đơn vị nào (thay đổi đầu tiên sau ngày đó)."""
    day = at or clock.today()
    edges = queries.iter_successions(day, province, level)
    first = list(islice(edges, 1))  # an error comes before the list begins
    if as_json:
        _print_json_list(edge.as_dict() for edge in (*first, *edges))
        return
    rows = [
        [
            edge.predecessor_code,
            titled(edge.predecessor_kind, edge.predecessor_name),
            "- - >" if edge.part else "----->",
            edge.successor_code,
            titled(edge.successor_kind, edge.successor_name),
            edge.resolution,
        ]
        for edge in (*first, *edges)
    ]
    if rows:
        _print_table(rows)
    click.echo(f"{integer(len(rows))} quan hệ kế thừa sau ngày {written(day)} (- - >: một phần).")


@command.command("codes")
@click.argument("code", metavar="MÃ")
@_json
def codes(code: str, as_json: bool) -> None:
    """Mã này đã thuộc những đơn vị nào, khi nào."""
    bearers = queries.bearers_of_code(code)
    if as_json:
        _print_json([bearer.as_dict() for bearer in bearers])
        return
    for bearer in bearers:
        click.echo(f"  {bearer.code}  {bearer.sentence}, {bearer.province_name}")
    if not bearers:
        click.echo("Mã này chưa từng được cấp.")


@command.command("load")
@click.option("--published", is_flag=True, help="Áp dụng cả mọi lần sắp xếp đã công bố.")
@_json
def load(published: bool, as_json: bool) -> None:
    """Nạp cả nước ngày 30/6/2025; chạy lại không làm gì thêm."""
    report = service.load_base(SYSTEM)
    applied = []
    for one in country.load_published() if published else ():
        if service.apply_published(SYSTEM, one).events:
            applied.append(one.key)
    if as_json:
        _print_json({"loaded": report.opened.count, "applied": applied, "notes": list(report.notes)})
        return
    click.echo(
        f"Đã nạp {integer(report.opened.count)} đơn vị." if report.opened.count else "Trạng thái gốc đã có."
    )
    for note in report.notes:
        click.echo(f"  Lưu ý: {note}")
    for key in applied:
        click.echo(f"  Đã áp dụng {key}")


@command.command("replay")
@_at
@_json
def replay_check(at: dt.date | None, as_json: bool) -> None:
    """Dựng lại trạng thái từ các biến động và so với trạng thái đang lưu."""
    day = queries.require_day(at or clock.today())
    replayed = replay.fold_events(replay.believed_events(), day)
    found = replay.differences(replayed, stored_state(day))
    if as_json:
        _print_json(
            {
                "at": day.isoformat(),
                "units": len(replayed),
                "equal": not found,
                "differences": [str(one.unit_id) for one in found[:100]],
            }
        )
    elif not found:
        click.echo(f"Khớp: {integer(len(replayed))} đơn vị, ngày {written(day)}.")
    else:
        click.secho(f"Không khớp ở {integer(len(found))} đơn vị.", fg="red")
        for one in found[:20]:
            click.echo(f"  {one.unit_id}")
    if found:
        raise click.exceptions.Exit(1)
