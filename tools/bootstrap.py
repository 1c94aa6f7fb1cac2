"""Make the project folder ready to run: .venv with pinned packages, the command, front-end files.

Only Python's own library is used. Everything lands in the project folder. What was done is stamped with a
hash of its input, so that a second call ends at once.

    tools/bootstrap run            what `make up` needs
    tools/bootstrap run test lint  and what tests and checks need
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "haicap-stamps"
CACHE = ROOT / "build" / "cache"
REQUIREMENTS = {
    "run": ["runtime", "build"],
    "test": ["test"],
    "lint": ["lint"],
    "data": ["data"],
    "bench": ["bench"],
}
INSTALLER = "installer"
COMMAND = """#!{python}
import sys
from haicap.cli.main import main
sys.exit(main())
"""


class Failed(Exception):
    """Cannot go on; the text says why and what to do."""


def main(purposes: list[str]) -> int:
    """Bring everything up to date for these purposes; 0 when ready."""
    started = time.monotonic()
    os.chdir(ROOT)
    try:
        make_venv()
        worked = install([name for purpose in purposes for name in REQUIREMENTS[purpose]])
        write_command()
        if "test" in purposes:
            worked |= system_packages()
        build_assets()
    except Failed as problem:
        print(f"\nKhông chuẩn bị được: {problem}", file=sys.stderr)
        return 1
    if worked:
        say(f"Đã chuẩn bị xong sau {time.monotonic() - started:.0f} giây.")
    return 0


def say(text: str) -> None:
    """One line of progress."""
    print(f"▸ {text}", flush=True)


# -- the virtual environment ---------------------------------------------------------------------------


def make_venv() -> None:
    """.venv with pip, by whatever way this machine offers."""
    if has_pip_and_version():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    say(f"Tạo môi trường Python {sys.version_info.major}.{sys.version_info.minor} trong .venv")
    for way in (by_venv, by_virtualenv, by_uv, by_system_package):
        if way() and has_pip_and_version():
            return
        shutil.rmtree(VENV, ignore_errors=True)
    raise Failed(
        "máy này thiếu cả venv lẫn pip của Python, và không có quyền cài thêm.\n"
        "Nhờ người quản trị chạy: apt-get install python3-venv   rồi chạy lại."
    )


def has_pip_and_version() -> bool:
    """Whether .venv is whole, and of a Python new enough (it may be another than the one running this)."""
    check = "import importlib.util as u, sys; sys.exit(sys.version_info < (3, 11) or not u.find_spec('pip'))"
    return works([str(PYTHON), "-I", "-c", check])


def by_venv() -> bool:
    """The usual way."""
    return works([base_python(), "-m", "venv", str(VENV)])


def by_virtualenv() -> bool:
    """virtualenv brings its own pip: the machine's, or one fetched by the machine's pip."""
    if works([base_python(), "-m", "virtualenv", str(VENV)]):
        return True
    tool = CACHE / "virtualenv"
    fetched = works([base_python(), "-m", "pip", "install", "--quiet", "--target", str(tool), "virtualenv"])
    environment = {**os.environ, "PYTHONPATH": str(tool)}
    return fetched and works([base_python(), "-m", "virtualenv", str(VENV)], environment)


def by_uv() -> bool:
    """uv, where the machine has it."""
    uv = shutil.which("uv")
    return bool(uv) and works([str(uv), "venv", "--seed", "--python", base_python(), str(VENV)])


def by_system_package() -> bool:
    """Debian splits venv off: install it, as root or by sudo without a password."""
    return install_system_packages(["python3-venv"]) and by_venv()


def base_python() -> str:
    """The Python this runs on, or the one it was made from when it runs from a virtual environment."""
    if sys.prefix == sys.base_prefix:
        return sys.executable
    return str(Path(sys.base_prefix) / "bin" / f"python{sysconfig.get_python_version()}")


# -- Python packages -----------------------------------------------------------------------------------


def install(names: list[str]) -> bool:
    """Install the pinned packages of requirements/<name>.txt that are not stamped yet; whether any were."""
    missing = [name for name in dict.fromkeys(names) if not is_stamped(name)]
    if not missing:
        return False
    say(f"Cài các gói Python đã ghim: {', '.join(missing)}")
    if not (install_by_uv(missing) or install_by_pip(missing)):
        raise Failed(
            "không tải được các gói Python. Kiểm tra mạng (hoặc cấu hình pip: chỉ mục, proxy), rồi chạy lại."
        )
    for name in missing:
        stamp(name)
    return True


def install_by_uv(names: list[str]) -> bool:
    """The quick way; False when uv cannot be had or cannot reach the packages."""
    if not is_stamped(INSTALLER):
        if not run_pip([INSTALLER], quiet=True):
            return False
        stamp(INSTALLER)
    uv = str(VENV / "bin" / "uv")
    environment = {"UV_CACHE_DIR": str(CACHE / "uv"), **pip_settings_for_uv(), **os.environ}
    command = [uv, "pip", "install", "--quiet", "--require-hashes", "--python", str(PYTHON), *files(names)]
    return subprocess.run(command, env=environment, check=False).returncode == 0


def install_by_pip(names: list[str]) -> bool:
    """The way that works wherever pip works."""
    say("uv không dùng được; dùng pip (chậm hơn)")
    return run_pip(names, quiet=False)


def run_pip(names: list[str], *, quiet: bool) -> bool:
    """pip install with hashes; False when it fails."""
    environment = {"PIP_CACHE_DIR": str(CACHE / "pip"), "PIP_DISABLE_PIP_VERSION_CHECK": "1", **os.environ}
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes", *files(names)]
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, env=environment, stderr=output, check=False).returncode == 0


def pip_settings_for_uv() -> dict[str, str]:
    """uv does not read pip's configuration: hand over where packages come from."""
    names = {
        "index-url": "UV_DEFAULT_INDEX",
        "extra-index-url": "UV_INDEX",
        "find-links": "UV_FIND_LINKS",
        "cert": "SSL_CERT_FILE",
        "trusted-host": "UV_INSECURE_HOST",
    }
    listed = subprocess.run(
        [str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    found = {}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        setting = names.get(key.rpartition(".")[2])
        if setting:
            found[setting] = " ".join(value.strip().strip("'\"").replace("\\n", " ").split())
    if "UV_FIND_LINKS" in found:
        found["UV_FIND_LINKS"] = found["UV_FIND_LINKS"].replace(" ", ",")
    return found


def files(names: list[str]) -> list[str]:
    """The requirement files as arguments."""
    return [part for name in names for part in ("-r", f"requirements/{name}.txt")]


def write_command() -> None:
    """.venv/bin/haicap, and the sources on Python's path."""
    purelib = Path(output([str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]))
    write_if_changed(purelib / "haicap.pth", f"{ROOT / 'src'}\n")
    command = VENV / "bin" / "haicap"
    write_if_changed(command, COMMAND.format(python=PYTHON))
    command.chmod(0o755)


# -- front-end files and the system's packages ---------------------------------------------------------


def build_assets() -> None:
    """Stylesheet, scripts and typeface; without them pages are plain but whole."""
    if not (ROOT / "src" / "haicap" / "web" / "assets.py").is_file():
        return
    environment = {"npm_config_cache": str(CACHE / "npm"), "PYTHONDONTWRITEBYTECODE": "1", **os.environ}
    done = subprocess.run(
        [str(PYTHON), "-m", "haicap.web.assets"], env=environment, stdout=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        raise Failed("không dựng được phần giao diện (xem trên).")


def system_packages() -> bool:
    """What tests need from Debian (requirements/debian.txt); a test that misses something says so."""
    lines = (ROOT / "requirements" / "debian.txt").read_text().splitlines()
    wanted = [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]
    if not shutil.which("dpkg-query"):
        return False
    missing = [name for name in wanted if not is_installed(name)]
    if not missing:
        return False
    say(f"Cài gói hệ thống cho kiểm thử: {', '.join(missing)}")
    if not install_system_packages(missing):
        print(
            f"  Không cài được (cần quyền root hoặc sudo). Chạy: sudo apt-get install {' '.join(missing)}\n"
            "  Các kiểm thử cần tới chúng sẽ được bỏ qua và nêu tên.",
            file=sys.stderr,
        )
        return False
    return True


def is_installed(package: str) -> bool:
    """Whether Debian's package is installed."""
    return output(["dpkg-query", "-W", "-f", "${db:Status-Status}", package]) == "installed"


def install_system_packages(names: list[str]) -> bool:
    """apt-get install as root, or by sudo where it asks no password."""
    if not shutil.which("apt-get"):
        return False
    if os.geteuid() == 0:
        prefix = []
    elif works(["sudo", "-n", "true"]):
        prefix = ["sudo", "-n"]
    else:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = [*prefix, "apt-get", "install", "-y", "-q", "--no-install-recommends", *names]
    return works(command, environment) or (
        works([*prefix, "apt-get", "update", "-q"], environment) and works(command, environment)
    )


# -- small parts ---------------------------------------------------------------------------------------


def stamp_text(name: str) -> str:
    """Hash of what decides the outcome: the pinned list and the Python it is installed for."""
    return hashlib.sha256((ROOT / "requirements" / f"{name}.txt").read_bytes()).hexdigest()


def is_stamped(name: str) -> bool:
    """Whether this list was installed as it is now."""
    try:
        return (STAMPS / name).read_text() == stamp_text(name)
    except OSError:
        return False


def stamp(name: str) -> None:
    """Remember that this list is installed."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(stamp_text(name))


def works(command: list[str], environment: dict[str, str] | None = None) -> bool:
    """Whether the command exists and ends well; what it says is not shown."""
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def output(command: list[str]) -> str:
    """What the command prints, stripped; nothing when it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def write_if_changed(path: Path, text: str) -> None:
    """Write the file unless it says this already."""
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["run"]))
