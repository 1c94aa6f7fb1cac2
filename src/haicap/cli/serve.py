"""`haicap serve`: the web server and the worker, until Ctrl-C."""

from __future__ import annotations

import click

from haicap.cli.setup import services, static_files
from haicap.cli.setup.display import Display

HELP = "Mở máy chủ web và tiến trình nền trên cơ sở dữ liệu đang dùng."


@click.command(help=HELP)
@click.option("--host", default="127.0.0.1", show_default=True, help="Địa chỉ lắng nghe.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Cổng.")
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Số tiến trình web."
)
def command(host: str, port: int, workers: int) -> None:
    """The command."""
    display = Display()
    services.require_free_port(host, port)
    static_files.collect()
    services.serve(host, port, workers, display.say)
