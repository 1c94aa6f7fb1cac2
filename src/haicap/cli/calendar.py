"""`haicap calendar`: days off and working days, and time limits counted with them."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import uuid
from typing import Any

import click

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.calendar import queries, service
from haicap.kernel.calendar.rules import TimeUnit
from haicap.kernel.formats import date, date_time, decimal

HELP = "Lịch làm việc: ngày nghỉ, ngày làm bù, tính thời hạn."


class _Instant(click.ParamType[dt.datetime]):
    """«2026-02-13 15:30», «13/02/2026 15:30» or «now»; Vietnamese time unless a zone is given."""

    name = "thời điểm"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        if isinstance(value, dt.datetime):
            return value
        if value == "now":
            return clock.now()
        day, separator, rest = value.partition(" ")
        if day.count("/") == 2:
            value = "-".join(reversed(day.split("/"))) + separator + rest
        try:
            instant = dt.datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"«{value}» không phải là thời điểm dạng 2026-02-13 15:30.", param, ctx)
        return instant if instant.tzinfo else instant.replace(tzinfo=clock.ZONE)


class _Day(click.ParamType[dt.date]):
    """«2026-02-13» or «13/02/2026»."""

    name = "ngày"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        return INSTANT.convert(value, param, ctx).date()


INSTANT = _Instant()
DAY = _Day()
_agency = click.option("--agency", type=click.UUID, help="Lịch riêng của cơ quan có mã (UUID) này.")
_json = click.option("--json", "as_json", is_flag=True, help="In dạng JSON.")
_provenance = click.option("--provenance", required=True, help="Căn cứ: số văn bản thông báo.")


@click.group(help=HELP)
def command() -> None:
    """The group."""


@command.command("show")
@click.option("--year", type=click.IntRange(2000, 2099), help="Năm; mặc định năm nay.")
@_agency
@_json
def show(year: int | None, agency: uuid.UUID | None, as_json: bool) -> None:
    """Ngày nghỉ và ngày làm bù của một năm."""
    number = year or clock.today().year
    lines = queries.year(number, agency)
    waiting = any(line.provisional for line in lines)
    if as_json:
        found = {"year": number, "provisional": waiting, "days": [line.as_dict() for line in lines]}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    click.echo(f"Lịch năm {number}{' (có ngày dự kiến, chờ thông báo chính thức)' if waiting else ''}")
    for line in lines:
        marks = [mark for mark, holds in (("dự kiến", line.provisional), ("riêng", line.own)) if holds]
        note = f" ({', '.join(marks)})" if marks else ""
        click.echo(f"  {_weekday(line.day)} {date(line.day)}  {line.kind_label:<14}  {line.name}{note}")


@command.command("add")
@click.argument("start", type=INSTANT)
@click.argument("amount", type=int)
@click.argument("unit", default="days")
@_agency
@_json
def add(start: dt.datetime, amount: int, unit: str, agency: uuid.UUID | None, as_json: bool) -> None:
    """Hạn của AMOUNT đơn vị kể từ START: haicap calendar add "2026-02-13 15:30" 10 days

    UNIT: days, hours (ngày, giờ làm việc), calendar-days, months, same-day (khi đó AMOUNT là 0).
    """
    parsed = TimeUnit.parse(unit)
    due_at = service.add_working_time(start, amount, parsed, agency)
    if as_json:
        found = {
            "start": start.isoformat(),
            "amount": amount,
            "unit": parsed,
            "due_at": due_at.isoformat(),
            "working_hours": _number(service.working_hours_between(start, due_at, agency)),
        }
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    click.echo(f"{_weekday(due_at.date())} {date_time(due_at)}")


@command.command("between")
@click.argument("start", type=INSTANT)
@click.argument("end", type=INSTANT)
@_agency
@_json
def between(start: dt.datetime, end: dt.datetime, agency: uuid.UUID | None, as_json: bool) -> None:
    """Thời gian làm việc từ START đến END (8 giờ = 1 ngày làm việc)."""
    hours = service.working_hours_between(start, end, agency)
    if as_json:
        found = {
            "start": start.isoformat(),
            "end": end.isoformat(),
            "working_hours": _number(hours),
            "working_days": _number(hours / 8),
        }
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    click.echo(f"{decimal(hours)} giờ làm việc = {decimal(hours / 8)} ngày làm việc")


@command.command("swap")
@click.argument("off", type=DAY)
@click.argument("on", type=DAY)
@_provenance
@_agency
def swap(off: dt.date, on: dt.date, provenance: str, agency: uuid.UUID | None) -> None:
    """Hoán đổi: nghỉ ngày OFF, làm bù ngày ON."""
    service.swap_days(_operator(), off, on, provenance=provenance, agency_id=agency)
    click.echo(f"Nghỉ {_weekday(off)} {date(off)}, làm bù {_weekday(on)} {date(on)}.")


@command.command("withdraw")
@click.argument("day", type=DAY)
@click.option("--reason", required=True, help="Lý do.")
@_agency
def withdraw(day: dt.date, reason: str, agency: uuid.UUID | None) -> None:
    """Bỏ một ngày nghỉ hoặc ngày làm bù đã nhập; ngày đó trở lại như thường."""
    service.withdraw_day(_operator(), day, reason=reason, agency_id=agency)
    click.echo(f"Đã bỏ ngày {date(day)} khỏi lịch.")


@command.command("load")
@click.argument("year", type=int)
def load(year: int) -> None:
    """Nhập lịch nghỉ dự kiến của một năm."""
    count = service.load_year(_operator(), year)
    click.echo(f"Đã nhập {count} ngày dự kiến của năm {year}." if count else f"Năm {year} đã có đủ.")


@command.command("confirm")
@click.argument("year", type=int)
@_provenance
def confirm(year: int, provenance: str) -> None:
    """Xác nhận lịch nghỉ của một năm đúng như thông báo chính thức."""
    count = service.confirm_year(_operator(), year, provenance=provenance)
    click.echo(f"Đã xác nhận {count} ngày của năm {year}.")


def _operator() -> Actor:
    """Who runs a command on the server: the system, by the name of the account."""
    return Actor(label=f"dòng lệnh ({getpass.getuser()})", sees_all=True, is_system=True)


def _weekday(day: dt.date) -> str:
    return ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")[day.weekday()]


def _number(value: Any) -> int | float:
    """An exact fraction as a JSON number: whole where it is whole."""
    return int(value) if value.denominator == 1 else round(float(value), 6)
