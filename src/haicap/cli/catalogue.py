"""`haicap catalogue`: the catalogue of procedures: import with a diff, starter catalogue, search."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.kernel.formats import integer
from haicap.systems.onestop import catalogue
from haicap.systems.onestop.catalogue import imports, starter
from haicap.systems.onestop.models import CatalogueImport, DefectKind, Fate

HELP = "Danh mục thủ tục: nhập danh mục quốc gia, nạp danh mục khởi đầu, tìm thủ tục."
#: changes shown of each kind
SHOWN = 10

_json = click.option("--json", "as_json", is_flag=True, help="In dạng JSON.")


@click.group(help=HELP)
def command() -> None:
    """The group."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--apply", "apply_it", is_flag=True, help="Áp dụng mọi thay đổi được chấp nhận sẵn.")
@click.option(
    "--dry-run", is_flag=True, help="Chỉ đọc, so sánh và báo cáo; không giữ lại gì (mặc định giữ để duyệt)."
)
@click.option(
    "--from", "begins_on", type=click.DateTime(["%Y-%m-%d", "%d/%m/%Y"]), help="Ngày bắt đầu hiệu lực."
)
@click.option(
    "--partial", is_flag=True, help="Tệp chỉ có một phần danh mục: thủ tục vắng mặt không hết hiệu lực."
)
@click.option("--source", default=imports.NATIONAL, show_default=True, help="Tên nguồn của danh mục.")
@_json
def import_file(
    file: Path,
    apply_it: bool,
    dry_run: bool,
    begins_on: datetime | None,
    partial: bool,
    source: str,
    as_json: bool,
) -> None:
    """Đọc FILE (JSONL hoặc JSONL.gz), so với danh mục; --apply thì áp dụng."""
    if apply_it and dry_run:
        raise click.UsageError(_("Chọn một trong --apply và --dry-run."))
    day = begins_on.date() if begins_on else clock.today()
    run = imports.begin(SYSTEM, file.name, begins_on=day, complete=not partial, source=source)
    with file.open("rb") as content:
        run = imports.read_file(run, content)
    if apply_it:
        run = imports.apply(SYSTEM, run.pk)
    told = _told(run)
    if dry_run:
        imports.drop(SYSTEM, run.pk)
        told["state"] = "dropped"
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _report(run, told)


def _told(run: CatalogueImport) -> dict[str, Any]:
    return {
        "id": str(run.pk),
        "file": run.file_name,
        "digest": run.digest,
        "state": run.state,
        "begins_on": run.begins_on.isoformat(),
        "counts": {fate: run.counts.get(fate, 0) for fate in Fate.values},
        "accepted": run.counts.get("accepted", 0),
        "flags": run.counts.get("flags", {}),
        "report": run.report,
    }


def _report(run: CatalogueImport, told: dict[str, Any]) -> None:
    click.echo(
        _("%(file)s: hiệu lực từ %(day)s") % {"file": run.file_name, "day": f"{run.begins_on:%d/%m/%Y}"}
    )
    for fate in Fate:
        click.echo(f"  {fate.label!s:<18}{integer(told['counts'][fate]):>8}")
    for fate in (Fate.CHANGED, Fate.ENDED, Fate.REFUSED):
        for row in imports.changes(run, fate)[:SHOWN]:
            fields = ", ".join(one["field"] for one in row.differences)
            click.echo(f"    {row.code}  {row.name[:80]}{f'  ({fields})' if fields else ''}")
    if told["flags"]:
        click.echo(_("Khiếm khuyết (số chỗ, số thủ tục):"))
    for kind, (places, procedures) in told["flags"].items():
        click.echo(f"  {DefectKind(kind).label!s:<48}{integer(places):>8}{integer(procedures):>8}")
    if told["state"] == "applied":
        click.echo(
            _("Đã áp dụng %(rows)s thủ tục trong %(seconds)s giây.")
            % {"rows": integer(run.report["written"] + run.report["ended"]), "seconds": run.report["seconds"]}
        )
    elif told["state"] == "ready":
        click.echo(_("Chưa áp dụng. Duyệt ở trang «Nhập danh mục», hoặc chạy lại với --apply."))
    else:
        click.echo(_("Chỉ xem thử; danh mục giữ nguyên."))


@command.command("starter")
@_json
def load_starter(as_json: bool) -> None:
    """Nạp danh mục khởi đầu của haicap; chạy lại không đổi gì."""
    report = starter.load(SYSTEM)
    if as_json:
        click.echo(json.dumps(report))
        return
    click.echo(
        _("Đã nạp %(new)d trong %(all)d thủ tục, %(competences)d dòng thẩm quyền.")
        % {"new": report["procedures"], "all": report["shipped"], "competences": report["competences"]}
    )


@command.command("find")
@click.argument("text")
@click.option(
    "--level", type=click.Choice(["commune", "province", "central"]), help="Chỉ thủ tục của cấp này."
)
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@_json
def find(text: str, level: str | None, limit: int, as_json: bool) -> None:
    """Tìm thủ tục theo tên (gõ kiểu gì cũng được) hoặc mã."""
    found = catalogue.find(text, level=level, limit=limit)
    if as_json:
        rows = [{"code": one.procedure.code, "name": one.name, "field": one.field.name} for one in found]
        click.echo(json.dumps({"procedures": rows}, ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{one.procedure.code:<10} {one.name}  ({one.field.name})")
    if not found:
        click.echo(_("Không thấy thủ tục nào."))
