"""`make bench`: measures, prints a table, writes build/bench.json. Exit status 1 when a goal does not hold.

`python -m bench.run [--only NAME]… [--quick] [--keep]`. Without `DATABASE_URL` everything happens in an embedded
server of its own (build/bench), which is stopped at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "build" / "bench.json"
#: seconds after which a module is given up
TIMEOUT_S = 3600
#: what is measured, in this order: modules of this package with `rows(context)`
MODULES = (
    "registry",
    "kernel",
    "journal",
    "access",
    "sign_in",
    "papers",
    "counters",
    "province",
    "worklist",
    "national",
)


def main() -> int:
    """Measure, print, write."""
    arguments = _arguments()
    if "DATABASE_URL" not in os.environ:
        os.environ["HAICAP_DATA"] = str(ROOT / "build" / "bench")
    os.environ["DJANGO_SETTINGS_MODULE"] = "haicap.settings.base"
    import django

    django.setup()
    from bench.context import clean
    from haicap.kernel.database import current

    begun_by_us = current.is_embedded() and not current.cluster().is_ready()
    rows: list[dict[str, Any]] = []
    begin = time.monotonic()
    try:
        if not arguments.keep:
            clean()
        for name in arguments.only or MODULES:
            print(f"{name}:", flush=True)
            rows += _measured(name, quick=arguments.quick)
            if not arguments.quick:
                _write(rows, whole=not arguments.only)
    finally:
        if not arguments.keep:
            clean()
        if begun_by_us:
            current.cluster().stop()
    _print(rows, quick=arguments.quick, minutes=(time.monotonic() - begin) / 60)
    return 0 if all(row["holds"] for row in rows) else 1


def _measured(name: str, *, quick: bool) -> list[dict[str, Any]]:
    """The rows of one module, from a process of its own: nothing is remembered from another's database.

    A module that fails is a row that does not hold.
    """
    with tempfile.NamedTemporaryFile(suffix=".json") as told:
        command = [sys.executable, "-m", "bench.one", name, told.name, *(["--quick"] if quick else [])]
        done = subprocess.run(command, cwd=ROOT, timeout=TIMEOUT_S)
        if done.returncode == 0:
            found: list[dict[str, Any]] = json.loads(Path(told.name).read_text())
            return found
    return [
        {"name": f"{name}: failed", "value": done.returncode, "unit": "", "against": None, "ratio": None,
         "goal": "measured", "holds": False}
    ]  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Đo tốc độ.")
    parser.add_argument("--only", action="append", choices=MODULES, help="chỉ phần này (mặc định: tất cả)")
    parser.add_argument("--quick", action="store_true", help="lượng nhỏ, để thử phép đo; không ghi kết quả")
    parser.add_argument("--keep", action="store_true", help="giữ và dùng lại cơ sở dữ liệu đo")
    return parser.parse_args()


def _write(rows: list[dict[str, Any]], *, whole: bool) -> None:
    """Rows measured now replace those of the same name; the others stay, unless all is measured anew."""
    known: list[dict[str, Any]] = []
    if TARGET.is_file() and not whole:
        known = [
            old for old in json.loads(TARGET.read_text()) if old["name"] not in {row["name"] for row in rows}
        ]
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps([*known, *rows], ensure_ascii=False, indent=1) + "\n")


def _print(rows: list[dict[str, Any]], *, quick: bool, minutes: float) -> None:
    from rich.console import Console
    from rich.table import Table

    machine = f"{os.cpu_count()} CPU, {_memory_gb():.0f} GB, {platform.machine()}, Python {platform.python_version()}"
    table = Table(
        title="haicap bench" + (" (--quick: lượng nhỏ, không phải số đo)" if quick else ""),
        caption=f"{machine}; tải lúc xong {os.getloadavg()[0]:.1f}; {minutes:.0f} phút",
    )
    for title in ("", "giá trị", "đơn vị", "so với", "tỷ lệ", "mục tiêu", ""):
        table.add_column(title, justify="right" if title in ("giá trị", "so với", "tỷ lệ") else "left")
    for row in rows:
        table.add_row(
            row["name"],
            _number(row["value"]),
            row["unit"],
            _number(row["against"]),
            _number(row["ratio"]),
            row["goal"],
            "[green]đạt[/]" if row["holds"] else "[bold red]chưa[/]",
        )
    Console(width=None if sys.stdout.isatty() else 150).print(table)


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}".replace(",", ".") if abs(value) >= 100 else f"{value:.3g}".replace(".", ",")


if __name__ == "__main__":
    sys.exit(main())
