"""The command itself: help, errors for people and for programs, nothing loaded in vain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import psycopg
import pytest
from django.db import OperationalError, ProgrammingError

from haicap.cli import main as command
from haicap.cli import words
from haicap.cli.failures import as_haicap_error
from haicap.kernel.errors import Conflict

SOURCES = str(Path(command.__file__).parents[2])


def run(arguments: Sequence[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        command.main(list(arguments))
    return int(ended.value.code or 0)


@click.command()
@click.option("--json", "as_json", is_flag=True)
def refuses(as_json: bool) -> None:
    """A command that refuses."""
    raise Conflict("Không làm được.", code="CLI-999", kept="Còn nguyên.", todo="Thử lại.", where="dòng 7")


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command.Commands, "get_command", lambda self, context, name: refuses)


def test_help__lists_every_command_in_vietnamese(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert "Cách dùng: haicap" in shown
    for name in ("database", "demo", "serve", "up"):
        assert f"  {name} " in shown
    assert "hỏng" not in shown


def test_help__of_everything__loads_no_django() -> None:
    program = (
        "import sys; from haicap.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'django', 'psycopg', 'rich'} & set(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": SOURCES}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, stdout=subprocess.DEVNULL)


def test_no_arguments__show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "database" in "".join(capsys.readouterr())


def test_version__is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("haicap 0.")


def test_every_command__can_be_loaded_and_has_help() -> None:
    group = command.cli
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert isinstance(found, click.Command), name
        assert found.help, name


def test_every_reading_command__knows_json() -> None:
    """Commands that say they read, by name, have `--json`."""
    group = command.cli
    context = click.Context(group)
    reading = {
        "status",
        "show",
        "list",
        "count",
        "search",
        "history",
        "successions",
        "ledger",
        "verify",
        "codes",
    }
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        for inner_name, inner in getattr(found, "commands", {}).items():
            if inner_name in reading:
                names = [option for parameter in inner.params for option in parameter.opts]
                assert "--json" in names, f"{name} {inner_name}"


def test_unknown_command__is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nothing-of-the-kind"]) == 2
    assert "Không có lệnh" in capsys.readouterr().err


def test_error__for_people__says_code_kept_and_what_to_do(
    refusing: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["any"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    for part in ("CLI-999", "Không làm được.", "dòng 7", "Còn nguyên.", "Thử lại."):
        assert part in said.err


def test_error__for_programs__is_json(refusing: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["any", "--json"]) == 1
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["code"], error["where"], error["kept"]) == ("CLI-999", "dòng 7", "Còn nguyên.")


def test_broken_command__leaves_the_others_alone(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("def command(:\n")
    assert command._short_help(broken) == "(lệnh này đang hỏng)"
    plain = tmp_path / "plain.py"
    plain.write_text("VALUE = 1\n")
    assert command._short_help(plain) is None
    documented = tmp_path / "documented.py"
    documented.write_text('def cli():\n    """Một dòng.\n\n    Dòng khác."""\n')
    assert command._short_help(documented) == "Một dòng."


def test_words__of_click__are_still_where_we_put_ours() -> None:
    words.speak_vietnamese()
    assert click.exceptions._("Missing argument") == "Thiếu tham số"  # type: ignore[attr-defined]
    assert click.formatting._("Usage:") == "Cách dùng:"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (psycopg.errors.DiskFull("no space"), "CLI-003"),
        (psycopg.errors.UndefinedTable('relation "x" does not exist'), "CLI-002"),
        (psycopg.OperationalError("connection refused"), "CLI-001"),
    ],
)
def test_failures__of_the_database__are_readable(cause: Exception, code: str) -> None:
    wrapped = OperationalError("wrapped") if code != "CLI-002" else ProgrammingError("wrapped")
    wrapped.__cause__ = cause
    for error in (cause, wrapped):
        found = as_haicap_error(error)
        assert found is not None
        assert found.code == code
        assert found.todo


def test_failures__that_are_defects__stay_what_they_are() -> None:
    assert as_haicap_error(KeyError("x")) is None
