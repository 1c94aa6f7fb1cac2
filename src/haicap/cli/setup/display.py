"""Progress of long work: bars on a terminal, plain lines in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

QUARTERS = 4
LOG_WIDTH = 120


class Meter:
    """Thước tiến độ: told how far a step is, by whichever of the two forms the step knows."""

    def __init__(self, title: str) -> None:
        self.title = title

    def count(self, done: int, total: int) -> None:
        """`done` of `total` records or units."""

    def phase(self, label: str, done: int, total: int) -> None:
        """`done` of `total` phases; `label` names the one at work."""


class BarMeter(Meter):
    """A bar on a terminal."""

    def __init__(self, title: str, progress: Progress) -> None:
        super().__init__(title)
        self._progress = progress
        self._task = progress.add_task(title, total=None, note="")

    def count(self, done: int, total: int) -> None:
        """Move the bar; the figures stand beside it."""
        note = f"{done:,}/{total:,}".replace(",", ".")
        self._progress.update(self._task, completed=done, total=total, note=note)

    def phase(self, label: str, done: int, total: int) -> None:
        """Move the bar; the phase's name stands beside it."""
        self._progress.update(self._task, completed=done, total=total, note=label)


class LineMeter(Meter):
    """A line at each quarter and for each phase, for logs."""

    def __init__(self, title: str, console: Console) -> None:
        super().__init__(title)
        self._console = console
        self._shown: tuple[str, int] = ("", 0)

    def count(self, done: int, total: int) -> None:
        """Print at 25, 50 and 75 percent."""
        self._print("", done, total)

    def phase(self, label: str, done: int, total: int) -> None:
        """Print a new phase, and one that goes on at 25, 50 and 75 percent."""
        self._print(label, done, total)

    def _print(self, label: str, done: int, total: int) -> None:
        quarter = min(done * QUARTERS // total, QUARTERS - 1) if total else 0
        is_new = label != self._shown[0]
        if is_new or quarter > self._shown[1]:
            self._shown = (label, quarter)
            figures = f"{done:,}/{total:,}".replace(",", ".")
            self._console.print(f"    {figures} {label}".rstrip())


class Display:
    """Màn hình tiến độ of one run of the command."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        if not self.console.is_terminal:
            self.console.width = LOG_WIDTH

    @contextmanager
    def step(self, title: str) -> Iterator[Meter]:
        """Show a step at work, and at its end how long it took."""
        started = time.monotonic()
        if self.console.is_terminal:
            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=28),
                TextColumn("{task.fields[note]}", style="dim"),
                TimeElapsedColumn(),
            )
            with Progress(*columns, console=self.console, transient=True) as progress:
                yield BarMeter(title, progress)
        else:
            self.console.print(f"  … {title}")
            yield LineMeter(title, self.console)
        self.done(title, time.monotonic() - started)

    def done(self, title: str, seconds: float | None = None) -> None:
        """A line for a step that is done (now, or earlier when no time is given)."""
        took = (
            "[dim](đã xong từ trước)[/]" if seconds is None else f"[dim]{seconds:.1f} s[/]".replace(".", ",")
        )
        self.console.print(f"  [green]✓[/] {title} {took}")

    def say(self, text: str) -> None:
        """A line of its own."""
        self.console.print(text)
