"""The `haicap` command: finds the command modules beside it, and prints errors for people."""

from __future__ import annotations

import ast
import json
import os
import pkgutil
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from haicap import __version__
from haicap.cli import words

COMMAND_NAMES = ("command", "cli")
FOLDER = Path(__file__).parent


class Commands(click.Group):
    """The command modules of this package, one command each, imported only when called.

    A command module has a click command or group named `command` (or `cli`); its name is the module's. What
    `haicap --help` says of it is the module's constant `HELP`, else the first line of its docstring, read
    from the source, so that the help of all commands costs no import.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, in alphabetical order."""
        return sorted(name for name, line in _short_helps().items() if line is not None)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of this name, with Django ready for it."""
        if _short_helps().get(name) is None:
            return None
        prepare_django()
        module = import_module(f"haicap.cli.{name.replace('-', '_')}")
        for attribute in COMMAND_NAMES:
            found = getattr(module, attribute, None)
            if isinstance(found, click.Command):
                return found
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands with one line each."""
        rows = [(name, _short_helps()[name] or "") for name in self.list_commands(ctx)]
        with formatter.section(words.translate("Commands")):
            formatter.write_dl(rows)


def prepare_django() -> None:
    """Load settings and applications once; no server is started by this."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "haicap.settings.base")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


def _short_helps() -> dict[str, str | None]:
    """Name of every module here → its line of help; None for modules that are no commands."""
    names = [module.name for module in pkgutil.iter_modules([str(FOLDER)])]
    return {name.replace("_", "-"): _short_help(FOLDER / f"{name}.py") for name in names if name != "main"}


def _short_help(source: Path) -> str | None:
    if not source.is_file():
        source = source.with_suffix("") / "__init__.py"
    try:
        tree = ast.parse(source.read_bytes())
    except SyntaxError:  # one broken command must not take the others away
        return "(lệnh này đang hỏng)"
    line: str | None = None
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id == "HELP" and isinstance(node.value, ast.Constant):
                return str(node.value.value)
        elif isinstance(node, ast.FunctionDef) and node.name in COMMAND_NAMES:
            line = (ast.get_docstring(node) or "").split("\n")[0]
    return line


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
@click.version_option(__version__, prog_name="haicap", message="%(prog)s %(version)s")
def cli() -> None:
    """haicap: hệ thống số của tỉnh và các xã, và việc sắp xếp đơn vị hành chính."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line; exit status 0, 1 for a HaicapError, 2 for wrong use, 130 when interrupted."""
    words.speak_vietnamese()
    given = sys.argv[1:] if arguments is None else arguments
    try:
        status = cli.main(given, prog_name="haicap", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as shown:
        shown.show()
        status = 0
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Đã dừng theo yêu cầu.", err=True)
        status = 130
    except BrokenPipeError:  # `haicap … | head`
        sys.stderr.close()
        status = 0
    except Exception as error:
        status = _report(error, as_json="--json" in given)
    sys.exit(status if isinstance(status, int) else 0)


def _report(error: Exception, *, as_json: bool) -> int:
    """Print an error of ours or of the database, for people or as JSON; others are defects, and raised."""
    from haicap.cli.failures import as_haicap_error

    known = as_haicap_error(error)
    if known is None:
        raise error
    if as_json:
        click.echo(json.dumps({"error": known.as_dict()}, ensure_ascii=False, default=str), err=True)
    else:
        _print_error(known)
    return 1


def _print_error(error: Any) -> None:
    click.secho(f"Lỗi [{error.code}]", fg="red", bold=True, err=True, nl=False)
    click.echo(f" {error.message}", err=True)
    for text in (error.where and f"Chỗ: {error.where}", error.kept, error.todo):
        if text:
            click.echo(f"  {text}", err=True)


if __name__ == "__main__":
    main()
