"""What the cut-over did: the ledger as a table in the terminal."""

from __future__ import annotations

from rich.table import Table

from haicap.cli.setup.display import Display
from haicap.reorganisation.models import LedgerRow, Run, RunKind, RunState

PARTS = {
    "before": "Trước",
    "carried": "Chuyển",
    "frozen": "Đóng băng",
    "closed": "Đóng",
    "undecided": "Chờ phân định",
    "after": "Sau",
}


def show(display: Display) -> None:
    """Print the ledger of the last cut-over that stands; nothing when there is none."""
    run = Run.objects.filter(kind=RunKind.CUT_OVER, state=RunState.DONE).order_by("-started_at").first()
    if run is None:
        return
    table = Table(title="Bảng đối soát", title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("Loại", no_wrap=True)
    for title in PARTS.values():
        table.add_column(title, justify="right")
    table.add_column("Cân")
    for row in LedgerRow.objects.filter(run=run).order_by("position"):
        figures = [f"{getattr(row, part):,}".replace(",", ".") for part in PARTS]
        table.add_row(row.label, *figures, "✓" if row.balanced else "✗")
    display.console.print()
    display.console.print(table)
    if run.read_only_s is not None:
        seconds = f"{run.read_only_s:.2f}".replace(".", ",")
        display.say(f"  Thời khắc chỉ đọc: {seconds} s")
