"""`haicap drill`: proves that a system works at a unit, by real transactions whose traces are undone."""

from __future__ import annotations

import getpass
import json as json_format
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.contract import Drill, DrillResult, systems
from haicap.kernel.errors import BadInput, NotFound, Unavailable
from haicap.registry.models import AgencyKind
from haicap.registry.pages import agencies_of
from haicap.registry.queries.units import unit_by_code

HELP = "Diễn tập: làm thật một việc hằng ngày ở một đơn vị rồi gỡ mọi dấu vết."


class NoSuchDrill(BadInput):
    """CLI-031: no system of this name answers with a drill."""

    code = "CLI-031"


class NoAgency(NotFound):
    """CLI-032: the unit has no agency today where a drill could be held."""

    code = "CLI-032"


class DrillTooLong(Unavailable):
    """CLI-033: the drill was cut off; what it had done was undone."""

    code = "CLI-033"


class _CutOffError(BaseException):
    """Time is over. Not an Exception: a drill takes those for results of its steps, and goes on."""


@click.command(help=HELP)
@click.argument("system")
@click.option("--unit", required=True, help="Mã đơn vị hôm nay, ví dụ 20194.")
@click.option("--name", default="", help="Chỉ một cuộc diễn tập của hệ thống; mặc định mọi cuộc.")
@click.option(
    "--limit",
    default=15.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Số giây tối đa cho một bước; lâu hơn là không đạt.",
)
@click.option(
    "--total",
    default=600.0,
    show_default=True,
    type=click.FloatRange(min=0.01, max=86_400),
    help="Số giây tối đa cho cả cuộc; quá thì dừng và gỡ mọi dấu vết.",
)
@click.option("--json", "as_json", is_flag=True, help="In kết quả dạng JSON.")
def command(system: str, unit: str, name: str, limit: float, total: float, as_json: bool) -> None:
    """The command; exit status 0 when every step passed in time and nothing remains, else 1."""
    drills = _drills(system, name)
    agency_id, agency = _agency(unit)
    actor = Actor(label=f"dòng lệnh ({getpass.getuser()})", sees_all=True, is_system=True)
    passed = True
    told: list[dict[str, object]] = []
    for drill in drills:
        with _cut_off_after(total):
            result = drill().run(actor, agency_id)
        passed = passed and result.passed and not _slow(result, limit)
        told.append(_told(result, limit))
        if not as_json:
            _print(drill, agency, result, limit)
    if as_json:
        click.echo(json_format.dumps({"passed": passed, "drills": told}, ensure_ascii=False, indent=2))
    click.get_current_context().exit(0 if passed else 1)


def _drills(system: str, name: str) -> list[type[Drill]]:
    """The drills of a system by its label; one of them where a name is given. Raises NoSuchDrill (CLI-031)."""
    known = {each.label: list(getattr(each.answer("drill"), "DRILLS", ())) for each in systems()}
    found = [drill for drill in known.get(system, []) if name in ("", drill.name)]
    if not found:
        names = [f"{label} ({', '.join(one.name for one in many)})" for label, many in known.items() if many]
        raise NoSuchDrill(
            f"Không có cuộc diễn tập «{name or system}».",
            kept="Không có gì thay đổi.",
            todo=f"Các hệ thống có diễn tập: {'; '.join(names) or 'chưa có'}.",
        )
    return found


def _agency(code: str) -> tuple[uuid.UUID, str]:
    """The agency at which the unit's drills are held: its committee. Raises NoSuchUnit, NoAgency (CLI-032)."""
    today = clock.today()
    found = agencies_of(unit_by_code(code, today).unit_id, today)
    if not found:
        raise NoAgency(
            f"Đơn vị mang mã {code} hôm nay không có cơ quan nào.",
            kept="Không có gì thay đổi.",
            todo="Lập cơ quan của đơn vị trước, rồi diễn tập.",
        )
    chosen = next((row for row in found if row.kind == AgencyKind.COMMITTEE), found[0])
    return chosen.agency_id, chosen.name


@contextmanager
def _cut_off_after(seconds: float) -> Iterator[None]:
    """Stop what is inside when its time is over; its transaction is undone on the way out."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise _CutOffError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _CutOffError:
        raise DrillTooLong(
            f"Cuộc diễn tập chưa xong sau {seconds:g} giây nên đã bị dừng.",
            kept="Mọi dấu vết của cuộc diễn tập đã được gỡ.",
            todo="Xem máy chủ có quá tải không, rồi chạy lại; hoặc cho thêm thời gian bằng --total.",
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _slow(result: DrillResult, limit: float) -> list[str]:
    return [step.name for step in result.steps if step.seconds > limit]


def _told(result: DrillResult, limit: float) -> dict[str, object]:
    return {**result.as_dict(), "limit_seconds": limit, "slow": _slow(result, limit)}


def _print(drill: type[Drill], agency: str, result: DrillResult, limit: float) -> None:
    from rich.table import Table

    from haicap.cli.setup.display import Display

    table = Table(title=f"{drill.label}: {agency}", title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("Bước", overflow="fold")
    table.add_column("Kết quả", no_wrap=True)
    table.add_column("Giây", justify="right", no_wrap=True)
    table.add_column("Ghi chú", overflow="fold")
    for step in result.steps:
        is_slow = step.seconds > limit
        state = "quá chậm" if step.passed and is_slow else "đạt" if step.passed else "KHÔNG ĐẠT"
        table.add_row(step.name, state, f"{step.seconds:.1f}".replace(".", ","), step.note)
    display = Display()
    display.console.print(table)
    good = sum(step.passed and step.seconds <= limit for step in result.steps)
    traces = "đã gỡ mọi dấu vết" if result.cleaned else "CÒN DẤU VẾT chưa gỡ"
    display.say(f"  {good}/{len(result.steps)} bước đạt; {traces}.")
