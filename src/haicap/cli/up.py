"""`haicap up`: the main job: database, country, province, cut-over, and serving it all."""

from __future__ import annotations

import signal
from types import FrameType

import click

from haicap.cli.setup.display import Display
from haicap.kernel.database import current, embedded

HELP = "Việc chính: chuẩn bị cơ sở dữ liệu, nạp cả nước, chuyển đổi một tỉnh, rồi phục vụ."
REAL_DATABASE = "haicap"
DEMONSTRATION_DATABASE = "haicap_demo"


@click.command(help=HELP)
@click.option("--province", default="48", show_default=True, help="Mã tỉnh (từ 1/7/2025) để trình diễn.")
@click.option("--scale", default=1.0, show_default=True, type=float, help="Cỡ dữ liệu trình diễn.")
@click.option("--empty", is_flag=True, help="Dùng thật: chỉ nạp cả nước, không có dữ liệu trình diễn.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Địa chỉ lắng nghe.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Cổng.")
@click.option(
    "--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Số tiến trình web."
)
@click.option("--no-serve", is_flag=True, help="Chỉ chuẩn bị, không phục vụ.")
def command(
    province: str, scale: float, empty: bool, host: str, port: int, workers: int, no_serve: bool
) -> None:
    """The command."""
    from haicap.cli.setup import services, static_files

    display = Display()
    signal.signal(signal.SIGTERM, _interrupt)  # also a polite kill passes by `finally`
    if not no_serve:
        services.require_free_port(host, port)
    started_here = _start_database(REAL_DATABASE if empty else DEMONSTRATION_DATABASE, display)
    try:
        _prepare(province, scale, empty, display, site=f"http://{host}:{port}")
        if no_serve:
            return
        static_files.collect()
        services.serve(host, port, workers, display.say)
    finally:
        if started_here:
            _stop_database(display)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _start_database(name: str, display: Display) -> bool:
    """Turn to this database; whether the embedded server was started by us (then we stop it, too)."""
    if not current.is_embedded():
        display.say(f"[bold]haicap[/] trên máy chủ cơ sở dữ liệu được cấp (DATABASE_URL): «{current.name()}»")
        return False
    current.use(name)
    cluster = current.cluster()
    started = cluster.start()
    embedded.ensure_database(cluster, name)
    display.say(f"[bold]haicap[/] trên cơ sở dữ liệu nhúng «{name}» trong {cluster.data_folder}")
    return started


def _stop_database(display: Display) -> None:
    from django.db import connections

    connections.close_all()
    current.cluster().stop()
    display.say("  Đã dừng cơ sở dữ liệu nhúng.")


def _prepare(province: str, scale: float, empty: bool, display: Display, site: str) -> None:
    from haicap.cli.setup import migration, sign_ins, steps, summary

    migration.migrate(display)
    steps.refuse_other_use(demonstration=not empty)
    steps.carry_out(steps.REAL if empty else steps.DEMONSTRATION, steps.Run(province, scale), display)
    if current.is_embedded():
        current.remember(current.name())
    if empty:
        sign_ins.show_first_step(display)
    else:
        summary.show(display)
        sign_ins.show(display, site=site)
