"""`make bench`: runs every module here that has `rows(context)`, prints a table, writes build/bench.json.

`python -m bench.run [module…] [--quick] [--keep]`. Exit status 1 when a goal does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import pkgutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "build" / "bench.json"


def main() -> int:
    """Measure, print, write."""
    arguments = _arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "haicap.settings.base")
    import django

    django.setup()
    from bench.context import Context

    context = Context(quick=arguments.quick, keep=arguments.keep)
    rows: list[dict[str, Any]] = []
    for name in arguments.modules or _modules():
        module = import_module(f"bench.{name}")
        if hasattr(module, "rows"):
            print(f"{name}:", flush=True)
            rows += module.rows(context)
    if not arguments.quick:
        _write(rows)
    _print(rows)
    return 0 if all(row["holds"] for row in rows) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Đo tốc độ.")
    parser.add_argument("modules", nargs="*", help="chỉ những phần này (mặc định: tất cả)")
    parser.add_argument("--quick", action="store_true", help="lượng nhỏ, không ghi kết quả")
    parser.add_argument("--keep", action="store_true", help="giữ và dùng lại cơ sở dữ liệu đo")
    return parser.parse_args()


def _modules() -> list[str]:
    skipped = {"run", "context"}
    return sorted(
        found.name for found in pkgutil.iter_modules([str(ROOT / "bench")]) if found.name not in skipped
    )


def _write(rows: list[dict[str, Any]]) -> None:
    """Rows measured now replace those of the same name; the others stay."""
    known: list[dict[str, Any]] = []
    if TARGET.is_file():
        known = [
            old for old in json.loads(TARGET.read_text()) if old["name"] not in {row["name"] for row in rows}
        ]
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps([*known, *rows], ensure_ascii=False, indent=1) + "\n")


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="haicap bench")
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
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}".replace(",", ".") if abs(value) >= 100 else f"{value:.3g}".replace(".", ",")


if __name__ == "__main__":
    sys.exit(main())
