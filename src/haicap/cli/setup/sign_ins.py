"""Who can sign in: the sign-ins of a demonstration as a table, or how a real deployment gets its first one."""

from __future__ import annotations

from rich.table import Table

from haicap.access.demonstration import SignIn, sign_ins
from haicap.cli.setup.display import Display
from haicap.registry.models import Deployment, Level, UnitVersion


def show(display: Display, *, renew: bool = False, site: str = "") -> None:
    """Print one sign-in for each title; passwords only where they were just made: they are kept nowhere."""
    found = sign_ins(renew=renew)
    new = any(one.password for one in found)
    display.console.print()
    display.console.print(_table(found, with_passwords=new))
    address = f"{site}/dang-nhap/" if site else "/dang-nhap/"
    display.say(f"  Đăng nhập tại {address}")
    if new:
        display.say("  Mật khẩu chỉ hiện một lần này; lần đăng nhập đầu tiên phải đổi.")
    else:
        display.say("  Mật khẩu đã hiện ở lần chạy đầu. Cấp mật khẩu mới: haicap demo sign-ins --new")
    if any(one.second_factor for one in found):
        display.say(
            "  ◆ bắt buộc xác thực lớp hai: trang đăng nhập hiện mã chữ để bật; mã sáu số lấy bằng"
            " «haicap demo code MÃ_CHỮ», những lần sau bằng «haicap demo code TÊN_ĐĂNG_NHẬP»"
            " (hoặc ứng dụng xác thực trên điện thoại)."
        )


def _table(found: list[SignIn], *, with_passwords: bool) -> Table:
    table = Table(
        title="Tài khoản trình diễn, mỗi chức danh một người",
        title_justify="left",
        show_edge=False,
        pad_edge=False,
    )
    for heading, fixed in (
        ("Chức danh", False),
        ("Người", False),
        ("Cơ quan", False),
        ("Tên đăng nhập", True),
    ):
        table.add_column(heading, no_wrap=fixed, overflow="fold")
    if with_passwords:
        table.add_column("Mật khẩu", no_wrap=True)
    for one in found:
        title = f"{one.title} ◆" if one.second_factor else one.title
        cells = [title, one.person, one.agency, one.username]
        table.add_row(*cells, *([one.password or "(đã cấp)"] if with_passwords else []))
    return table


def show_first_step(display: Display) -> None:
    """Print how a real deployment gets its first administrator; nothing where its province has been chosen."""
    if Deployment.objects.filter(province__isnull=False).exists():
        return
    example = (
        UnitVersion.objects.filter(level=Level.PROVINCE, recorded__upper_inf=True).order_by("code").first()
    )
    code = example.code if example is not None else "48"
    display.say("  Chưa ai đăng nhập được. Lập quản trị tỉnh đầu tiên bằng liên kết một lần:")
    display.say(f"    haicap first-admin --province {code} --name «Họ và tên»   (mã của tỉnh mình)")
