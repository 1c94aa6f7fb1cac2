"""`haicap reorganise`: plan, check, rehearse, cut over, prove, undo, from the command line."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from haicap.cli.setup.display import Display, Meter
from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.errors import BadInput, Conflict
from haicap.reorganisation import queries, service

if TYPE_CHECKING:
    from haicap.reorganisation.engine.runs import Progress
    from haicap.reorganisation.models import Run
    from haicap.reorganisation.plan.check import CheckReport
    from haicap.reorganisation.plan.problems import Problem

HELP = "Sắp xếp đơn vị hành chính: lập kế hoạch, kiểm tra, diễn tập, chuyển đổi, đối soát, hoàn tác."

PARTS = {
    "before": "Trước",
    "carried": "Chuyển",
    "frozen": "Lưu",
    "closed": "Đóng",
    "undecided": "Chờ phân định",
    "after": "Sau",
    "created": "Lập mới",
}
MOST_BYTES = 20_000_000
SHOWN = 40


class PlanFails(BadInput):
    """The plan does not pass its check (kế hoạch chưa đạt)."""

    code = "CLI-020"


class PlanExists(Conflict):
    """There is a plan with this key already (đã có kế hoạch)."""

    code = "CLI-021"


def operator() -> Actor:
    """Who runs the command: the person at the machine, who holds every right there."""
    return Actor(label=f"dòng lệnh: {getpass.getuser()}", sees_all=True, is_system=True)


def _say(text: str) -> None:
    click.echo(text)


def _json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


as_json_option = click.option("--json", "as_json", is_flag=True, help="In dạng JSON.")


@click.group(help=HELP)
def command() -> None:
    """The group."""


# --- plans
@command.command("plan")
@click.option("--province", required=True, help="Mã tỉnh (2 chữ số) từ ngày hiệu lực.")
@click.option("--effective", required=True, help="Ngày hiệu lực, ví dụ 2025-07-01 hoặc 01/07/2025.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Ghi kế hoạch ra tệp YAML.")
@click.option("--no-staffing", is_flag=True, help="Không đề xuất nhân sự.")
@click.option("--replace", is_flag=True, help="Lập lại kế hoạch đã có (bản cũ còn trong lịch sử).")
@as_json_option
def plan_command(
    province: str, effective: str, out: Path | None, no_staffing: bool, replace: bool, as_json: bool
) -> None:
    """Lập kế hoạch từ các lần sắp xếp đã công bố, lưu lại và (với --out) ghi ra tệp."""
    actor = operator()
    values, text = service.propose_plan(actor, province, _day(effective), staffing=not no_staffing)
    if out is not None:
        out.write_text(text, encoding="utf-8")
    known = queries.plans_of(actor).filter(key=values.key).first()
    if known is not None and not replace and service.latest_text(known).text != text:
        raise PlanExists(
            f"Đã có kế hoạch «{values.key}» và nó đã được sửa.",
            kept="Kế hoạch đã lưu giữ nguyên." + (f" Bản đề xuất đã ghi ra {out}." if out else ""),
            todo="Thêm --replace để lập lại từ đầu (bản cũ còn trong lịch sử).",
        )
    plan = service.save_plan(actor, text, "haicap reorganise plan")
    facts = {
        "key": plan.key,
        "title": plan.title,
        "units": len(values.units),
        "abolished": len(values.abolished),
        "divided": len(values.divisions),
        "staffing": len(values.staffing),
        "text": service.latest_text(plan).number,
        "file": str(out) if out else None,
    }
    if as_json:
        _json(facts)
        return
    _say(f"Đã lập kế hoạch «{plan.key}»: {plan.title}")
    _say(f"  {facts['units']} đơn vị từ ngày hiệu lực, {facts['abolished']} đơn vị kết thúc không kế thừa,")
    _say(f"  {facts['divided']} đơn vị bị chia, {facts['staffing']} chức danh được đề xuất người.")
    if out:
        _say(f"  Tệp: {out}")
    _say(f"  Tiếp theo: haicap reorganise check {plan.key}")


def _day(text: str) -> date:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            continue
    raise BadInput(
        f"«{text}» không phải ngày.", code="CLI-022", todo="Viết năm-tháng-ngày, ví dụ 2025-07-01."
    )


@command.command("check")
@click.argument("which", metavar="TỆP|KHÓA")
@click.option("--all", "everything", is_flag=True, help="Nêu mọi chỗ, không chỉ 40 chỗ đầu.")
@as_json_option
def check_command(which: str, everything: bool, as_json: bool) -> None:
    """Kiểm tra một tệp hoặc một kế hoạch đã lưu; mã thoát 1 khi chưa đạt."""
    report = _check(which)
    problems = [problem.as_dict() for problem in report.problems]
    if as_json:
        numbers = report.numbers()
        _json({"passed": report.passed, "revision": report.revision, **numbers, "problems": problems})
    else:
        _print_problems(report.problems, len(report.problems) if everything else SHOWN)
        numbers = report.numbers()
        _say(
            f"Kế hoạch: {numbers['opened']} đơn vị thành lập, {numbers['changed']} thay đổi, "
            f"{numbers['ended']} kết thúc."
        )
        if report.passed:
            _say("Đạt: có thể diễn tập và chuyển đổi.")
    if not report.passed:
        stopping = sum(not problem.warning for problem in report.problems)
        raise PlanFails(
            f"Kế hoạch chưa đạt: {stopping} chỗ phải sửa.",
            kept="Việc kiểm tra không thay đổi gì.",
            todo="Sửa các chỗ đã nêu rồi kiểm tra lại.",
        )


def _check(which: str) -> CheckReport:
    from haicap.reorganisation.plan.check import check_plan
    from haicap.reorganisation.plan.read import read_plan

    path = Path(which)
    if path.is_file():
        return check_plan(read_plan(_bytes(path)))
    return service.check_plan(operator(), service.plan_by_key(which))


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise BadInput(f"Tệp {path.name} quá lớn.", code="CLI-023", todo="Tệp tối đa 20 MB.")
    return content


def _print_problems(problems: Sequence[Problem], most: int) -> None:
    for problem in problems[:most]:
        mark = "!" if problem.warning else "✗"
        where = f"dòng {problem.line}: " if problem.line else ""
        click.secho(f"{mark} [{problem.code}] ", fg="yellow" if problem.warning else "red", nl=False)
        _say(f"{where}{problem.message}")
        if problem.fix:
            _say(f"    → {problem.fix}")
    if len(problems) > most:
        _say(f"… và {len(problems) - most} chỗ nữa (thêm --all để xem hết).")


@command.command("save")
@click.argument("file", metavar="TỆP", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--what", default="", help="Đã sửa gì (ghi vào lịch sử).")
@as_json_option
def save_command(file: Path, what: str, as_json: bool) -> None:
    """Lưu một tệp kế hoạch thành bản mới; bản cũ còn trong lịch sử."""
    plan = service.save_plan(operator(), _bytes(file), what or f"nạp từ {file.name}")
    number = service.latest_text(plan).number
    if as_json:
        _json({"key": plan.key, "text": number})
    else:
        _say(f"Đã lưu kế hoạch «{plan.key}», bản số {number}.")


@command.command("list")
@as_json_option
def list_command(as_json: bool) -> None:
    """Các kế hoạch, tình trạng và bước tiếp theo."""
    rows = queries.list_plans(operator())
    if as_json:
        _json([row.as_dict() for row in rows])
        return
    if not rows:
        _say("Chưa có kế hoạch nào. Lập bằng: haicap reorganise plan --province 48 --effective 2025-07-01")
        return
    table = _table("", "Khóa", "Ngày hiệu lực", "Tình trạng", "Tiếp theo")
    for row in rows:
        table.add_row(
            row.plan.key,
            f"{row.plan.effective_on:%d/%m/%Y}",
            str(row.plan.get_state_display()),
            row.next.label,
        )
    _print(table)


@command.command("show")
@click.argument("key", metavar="KHÓA")
@click.option("--text", "as_text", is_flag=True, help="In nội dung YAML của bản mới nhất.")
@as_json_option
def show_command(key: str, as_text: bool, as_json: bool) -> None:
    """Một kế hoạch: tình trạng, các bản đã lưu, các lượt chạy."""
    actor = operator()
    row = queries.plan_row(actor, key)
    if as_text:
        click.echo(service.latest_text(row.plan).text, nl=False)
        return
    runs = queries.runs_of(actor, row.plan)
    texts = list(row.plan.texts.order_by("-number").values("number", "author", "saved_at", "what"))
    if as_json:
        _json({**row.as_dict(), "runs": [queries.run_facts(run) for run in runs], "texts": texts})
        return
    _say(f"{row.plan.key}: {row.plan.title}")
    _say(f"  Ngày hiệu lực {row.plan.effective_on:%d/%m/%Y}, {row.plan.get_state_display()}")
    _say(f"  Bản mới nhất: số {row.number}")
    _say(f"  Tiếp theo: {row.next.label}")
    _print_runs(runs)


@command.command("staff")
@click.argument("key", metavar="KHÓA")
@click.option(
    "--csv",
    "file",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Danh sách nhân sự cần nạp.",
)
@click.option(
    "--replace", is_flag=True, help="Thay toàn bộ nhân sự của kế hoạch, không chỉ các ghế nêu trong tệp."
)
@click.option("--dry-run", is_flag=True, help="Chỉ đọc và nêu lỗi, không lưu.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Ghi nhân sự hiện có ra tệp CSV để sửa."
)
@as_json_option
def staff_command(
    key: str, file: Path | None, replace: bool, dry_run: bool, out: Path | None, as_json: bool
) -> None:
    """Nạp danh sách nhân sự (CSV) vào kế hoạch; một dòng sai thì không lưu gì, mã thoát 1."""
    from haicap.registry.exports import csv_lines
    from haicap.reorganisation.plan.read import read_plan
    from haicap.reorganisation.plan.write import write_plan
    from haicap.reorganisation.staffing import read_staffing, staffing_rows

    plan = service.plan_by_key(key)
    text = service.latest_text(plan)
    values = read_plan(text.text)
    if out is not None:
        head, *rows = staffing_rows(values)
        out.write_text("".join(csv_lines(head, rows)), encoding="utf-8", newline="")
        click.echo(f"Đã ghi {len(values.staffing)} dòng ra {out}.", err=as_json)
    if file is None:
        if out is None:
            raise BadInput(
                "Thiếu tệp.", code="CLI-024", todo="Thêm --csv TỆP để nạp, hoặc --out TỆP để ghi ra."
            )
        return
    found = read_staffing(_bytes(file), values)
    problems = [problem.as_dict() for problem in found.problems]
    if as_json:
        _json({"rows": len(found.rows), "saved": not problems and not dry_run, "problems": problems})
    else:
        for problem in found.problems[:SHOWN]:
            _say(f"✗ dòng {problem.line}: {problem.message}" + (f" → {problem.fix}" if problem.fix else ""))
    if problems:
        raise PlanFails(
            f"Danh sách có {len(problems)} dòng không dùng được.",
            kept="Kế hoạch giữ nguyên.",
            todo="Sửa các dòng đã nêu rồi nạp lại.",
        )
    if not dry_run:
        merged = write_plan(found.apply_to(values, everything=replace))
        service.save_plan(operator(), merged, f"nhân sự từ {file.name}", based_on=text.number)
    if not as_json:
        _say(f"{'Đọc được' if dry_run else 'Đã nạp'} {len(found.rows)} dòng nhân sự.")


# --- running it
@contextmanager
def _progress(title: str, as_json: bool) -> Iterator[Progress]:
    """Progress bars on a terminal, plain lines otherwise; on stderr, so that stdout is the result alone."""
    display = Display(Console(stderr=True, highlight=False, soft_wrap=True, quiet=as_json))
    with display.step(title) as meter:
        yield _told(meter)


def _told(meter: Meter) -> Progress:
    def tell(label: str, done: int, total: int) -> None:
        meter.phase(label, done, total)

    return tell


@command.command("rehearse")
@click.argument("key", metavar="KHÓA")
@click.option(
    "--clone", is_flag=True, help="Chạy trọn vẹn trên một bản sao của cơ sở dữ liệu, rồi bỏ bản sao."
)
@as_json_option
def rehearse_command(key: str, clone: bool, as_json: bool) -> None:
    """Diễn tập: chạy toàn bộ mà không giữ lại; in bảng đối soát và thời gian."""
    plan = service.plan_by_key(key)
    with _progress("Diễn tập trên bản sao" if clone else "Diễn tập", as_json) as tell:
        if clone:
            from haicap.reorganisation.clone import rehearse_on_clone

            run_id = rehearse_on_clone(operator(), plan, tell).run_id
        else:
            run_id = service.rehearse(operator(), plan, tell).run_id
    _print_outcome(queries.run_of(operator(), run_id), as_json)


@command.command("cutover")
@click.argument("key", metavar="KHÓA")
@as_json_option
def cutover_command(key: str, as_json: bool) -> None:
    """Chuyển đổi thật, trong một giao dịch; in bảng đối soát."""
    plan = service.plan_by_key(key)
    with _progress("Chuyển đổi", as_json) as tell:
        outcome = service.cut_over(operator(), plan, tell)
    _print_outcome(queries.run_of(operator(), outcome.run_id), as_json)


def _print_outcome(run: Run, as_json: bool) -> None:
    rows = queries.ledger_rows(run)
    if as_json:
        _json({**queries.run_facts(run), "classes": [queries.ledger_dict(row) for row in rows]})
        return
    _print_ledger(run)
    _print_timings(run)


def _print_timings(run: Run) -> None:
    for phase in run.phases:
        _say(f"  {phase['seconds']:8.3f} s  {phase['label']}".replace(".", ",", 1))
    if run.total_s is not None and run.read_only_s is not None:
        _say(f"Tất cả {_seconds(run.total_s)} s; thời khắc chỉ đọc {_seconds(run.read_only_s)} s.")


@command.command("undo")
@click.argument("key", metavar="KHÓA")
@click.option("--reason", required=True, help="Lý do, ví dụ số văn bản chỉ đạo.")
@as_json_option
def undo_command(key: str, reason: str, as_json: bool) -> None:
    """Hoàn tác lần chuyển đổi của kế hoạch, trong thời hạn hoàn tác."""
    plan = service.plan_by_key(key)
    with _progress("Hoàn tác", as_json) as tell:
        outcome = service.undo_cut_over(operator(), plan, reason, tell)
    classes = outcome.as_list()
    if as_json:
        _json({"plan": plan.key, "run": str(outcome.run_id), "seconds": outcome.total_s, "classes": classes})
        return
    table = _table("Hoàn tác", "Loại", "Đã trả lại", "Giữ nguyên")
    for line in classes:
        table.add_row(line["label"], _thousands(line["restored"]), _thousands(line["kept"]))
    _print(table)
    for line in classes:
        for problem in line["problems"]:
            _say(f"! {line['label']}: {problem}")


# --- what came of it
@command.command("ledger")
@click.argument("key", metavar="[KHÓA]", required=False)
@click.option("--run", "run_id", type=click.UUID, help="Một lượt chạy khác.")
@click.option("--facts", is_flag=True, help="In lượt chạy kèm theo (chỉ với --json).")
@as_json_option
def ledger_command(key: str | None, run_id: Any, facts: bool, as_json: bool) -> None:
    """Bảng đối soát của lần chuyển đổi đang có hiệu lực, nếu chưa có thì của lần diễn tập mới nhất."""
    actor = operator()
    if run_id is not None:
        run = queries.run_of(actor, run_id)
    else:
        run = queries.ledger_run(actor, service.plan_by_key(key) if key else None)
    classes = [queries.ledger_dict(row) for row in queries.ledger_rows(run)]
    if as_json:
        _json({**queries.run_facts(run), "classes": classes} if facts else classes)
        return
    _print_ledger(run)


def _print_ledger(run: Run) -> None:
    from haicap.reorganisation.models import RunKind

    kind = "chuyển đổi" if run.kind == RunKind.CUT_OVER else "diễn tập"
    when = run.started_at.astimezone(clock.ZONE)
    table = _table(f"Bảng đối soát {run.plan.key} ({kind} {when:%d/%m/%Y %H:%M})", "Loại", *PARTS.values())
    table.add_column("Dấu vân")
    table.add_column("Cân")
    for row in queries.ledger_rows(run):
        figures = [_thousands(getattr(row, part)) for part in PARTS]
        table.add_row(row.label, *figures, row.digests["before"][:8], "✓" if row.balanced else "✗")
    _print(table)


@command.command("status")
@as_json_option
def status_command(as_json: bool) -> None:
    """Lượt đang chạy (nếu có), các kế hoạch và các lượt gần nhất."""
    from haicap.reorganisation.engine.runs import is_alive

    actor = operator()
    runs = queries.runs_of(actor)[:10]
    alive = is_alive()
    if as_json:
        plans = [row.as_dict() for row in queries.list_plans(actor)]
        _json({"running": alive, "plans": plans, "runs": [queries.run_facts(run) for run in runs]})
        return
    _say("Đang có một lượt chạy." if alive else "Không có lượt nào đang chạy.")
    _print_runs(runs)


def _print_runs(runs: Sequence[Run]) -> None:
    from haicap.reorganisation.models import RunState

    if not runs:
        _say("  Chưa có lượt chạy nào.")
        return
    table = _table("Các lượt chạy", "Bắt đầu", "Kế hoạch", "Loại", "Kết quả", "Giây", "Chỉ đọc (s)")
    for run in runs:
        table.add_row(
            f"{run.started_at.astimezone(clock.ZONE):%d/%m/%Y %H:%M}",
            run.plan.key,
            str(run.get_kind_display()),
            str(RunState(queries.state_of(run)).label),
            _seconds(run.total_s),
            _seconds(run.read_only_s),
        )
    _print(table)


# --- what waits for people
@command.command("undecided")
@click.option("--unit", default="", help="Chỉ của đơn vị cũ mang mã này.")
@click.option("--text", default="", help="Mã hồ sơ hoặc tên.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@as_json_option
def undecided_command(unit: str, text: str, limit: int, as_json: bool) -> None:
    """Việc chờ phân định: của đơn vị nào, bằng chứng, các nơi có thể nhận."""
    from haicap.reorganisation import undecided

    actor = operator()
    heaps = [undecided.heap_of(actor, unit)] if unit else undecided.heaps(actor)
    rows = undecided.page(actor, heaps, text=text, rows=limit).rows
    if as_json:
        _json([row.as_dict() for row in rows])
        return
    if not heaps:
        _say("Không còn việc nào chờ phân định.")
        return
    table = _table("Chờ phân định", "Đơn vị cũ", "Mã", "Số hồ sơ", "Đang tạm giữ", "Nơi có thể nhận")
    for heap in heaps:
        places = ", ".join(f"{each.title} ({each.code})" for each in heap.candidates)
        table.add_row(heap.title, heap.code, _thousands(heap.count), heap.agency, places)
    _print(table)
    table = _table("", "Hồ sơ", "Người nộp", "Đơn vị cũ", "Thôn", "Địa chỉ")
    for row in rows:
        table.add_row(row.item.code, row.item.label, row.heap.code, row.item.village, row.item.address)
    _print(table)


@command.command("decide")
@click.argument("codes", metavar="HỒ_SƠ…", nargs=-1)
@click.option("--unit", required=True, help="Mã đơn vị cũ bị chia.")
@click.option("--to", default="", help="Mã đơn vị nhận.")
@click.option(
    "--rule", "rules", multiple=True, metavar="THÔN=MÃ", help="Áp dụng quy tắc theo thôn, có thể lặp lại."
)
@click.option("--reason", default="", help="Lý do.")
@click.option("--dry-run", is_flag=True, help="Với --rule: chỉ đếm, không chuyển.")
@as_json_option
def decide_command(
    codes: tuple[str, ...],
    unit: str,
    to: str,
    rules: tuple[str, ...],
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Phân định hồ sơ theo mã về một đơn vị nhận, hoặc theo quy tắc thôn."""
    from haicap.reorganisation import decisions

    actor = operator()
    if rules:
        pairs = [_pair(rule) for rule in rules]
        if dry_run:
            found = decisions.preview_rules(actor, unit, pairs)
        else:
            found = decisions.apply_rules(actor, unit, pairs, reason=reason)
        if as_json:
            lines = [
                {"piece": each.piece, "to": each.target.code, "count": each.count} for each in found.lines
            ]
            _json(
                {
                    "placed": 0 if dry_run else found.count,
                    "would_place": found.count,
                    "rest": found.rest,
                    "lines": lines,
                }
            )
            return
        for line in found.lines:
            _say(f"{line.piece} → {line.target.title}: {_thousands(line.count)}")
        _say(f"Còn chờ phân định: {_thousands(found.rest)}")
        return
    placed = decisions.decide(actor, unit, _keys(actor, unit, codes), to, reason)
    if as_json:
        _json({"placed": placed.count, "gone": placed.gone, "to": to})
    else:
        _say(placed.sentence)


def _pair(rule: str) -> tuple[str, str]:
    text, equals, code = rule.rpartition("=")
    if not equals or not text.strip():
        raise BadInput(f"«{rule}» không phải quy tắc.", code="CLI-025", todo='Viết "Thôn Phú Sơn=20194".')
    return text.strip(), code.strip()


def _keys(actor: Actor, unit: str, codes: Sequence[str]) -> list[str]:
    """Rows' keys for the codes of dossiers. Raises BadInput (CLI-026) for one that does not wait there."""
    from haicap.reorganisation import undecided

    heap = undecided.heap_of(actor, unit)
    keys: list[str] = []
    for code in codes:
        rows = undecided.page(actor, [heap], text=code, rows=5).rows
        exact = [row.key for row in rows if row.item.code == code]
        if not exact:
            raise BadInput(
                f"Hồ sơ «{code}» không chờ phân định ở đơn vị {unit}.",
                code="CLI-026",
                kept="Chưa có gì được chuyển.",
                todo=f"Xem «haicap reorganise undecided --unit {unit}».",
            )
        keys += exact
    return keys


@command.command("waiting")
@click.option("--text", default="", help="Tìm theo tên.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@as_json_option
def waiting_command(text: str, limit: int, as_json: bool) -> None:
    """Người chờ phân công: lãnh đạo của cơ quan đã kết thúc mà chưa giữ chức danh khác."""
    from haicap.reorganisation.waiting import waiting

    people, total = waiting(operator(), text, limit=limit)
    if as_json:
        rows = [
            {"id": str(p.person_id), "name": p.name, "title": p.title, "agency": p.agency} for p in people
        ]
        _json({"count": total, "people": rows})
        return
    table = _table(f"{_thousands(total)} người chờ phân công", "Họ tên", "Chức danh trước đây", "Cơ quan")
    for person in people:
        table.add_row(person.name, person.title, person.agency)
    _print(table)


# --- how it is shown
def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(title=title or None, title_justify="left", show_edge=False, pad_edge=False)
    table.add_column(first)
    numeric = {*PARTS.values(), "Số hồ sơ", "Giây", "Chỉ đọc (s)", "Đã trả lại", "Giữ nguyên"}
    for column in columns:
        table.add_column(column, justify="right" if column in numeric else "left")
    return table


def _print(table: Table) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:  # a log or a file: no line may be broken
        console = Console(highlight=False, width=200)
    console.print(table)


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}".replace(".", ",")
