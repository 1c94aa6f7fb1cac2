"""`haicap reorganise`: every command, its JSON, its exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from haicap.cli.reorganise import command
from haicap.kernel import clock
from haicap.kernel.errors import HaicapError
from haicap.reorganisation.models import Plan, Run
from haicap.reorganisation.plan.write import write_plan
from haicap.reorganisation.tests.factories import AFTER, World, cut, danang_plan, fingerprint, ready, save

KEY = "2025-07-01/48"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def answer(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exception is None, result.exception
    return json.loads(result.stdout)


def refusal(*arguments: str) -> HaicapError:
    result = run(*arguments)
    assert isinstance(result.exception, HaicapError), result.output
    return result.exception


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ke-hoach.yaml"
    path.write_text(write_plan(danang_plan()), encoding="utf-8")
    return path


def test_save_check_rehearse_cutover_ledger_undo__in_order(world: World, file: Path) -> None:
    assert answer("save", str(file)) == {"key": KEY, "text": 1}
    assert answer("check", str(file))["passed"]
    assert Plan.objects.get().state == "draft"  # a file's check is not the plan's
    assert answer("check", KEY)["passed"]
    assert answer("rehearse", KEY)["kind"] == "rehearsal"
    assert [row["next"] for row in answer("list")] == ["cut_over"]
    done = answer("cutover", KEY)
    assert (done["kind"], done["state"]) == ("cut_over", "done")

    ledger = answer("ledger")
    assert isinstance(ledger, list)
    keys = {
        "system",
        "class",
        "label",
        "before",
        "carried",
        "frozen",
        "closed",
        "undecided",
        "after",
        "created",
    }
    assert all(keys | {"digests", "balanced"} <= line.keys() and line["balanced"] is True for line in ledger)
    assert answer("ledger", KEY, "--facts")["run"] == done["run"]
    assert "Hồ sơ thủ tục hành chính" in run("ledger").stdout
    assert answer("status")["running"] is False
    assert answer("show", KEY)["state"] == "done"
    with clock.at(AFTER):
        assert [row["village"] for row in answer("undecided", "--unit", "20197")] == ["Tổ 9"]
        code = world.dossier("undecided").code
        assert answer("decide", code, "--unit", "20197", "--to", "20200")["placed"] == 1
        assert answer("waiting")["count"] > 0
        undone = answer("undo", KEY, "--reason", "thử")
    assert {line["class"] for line in undone["classes"]} >= {"unit", "desk", "dossier"}
    assert answer("ledger", KEY, "--facts")["kind"] == "rehearsal"  # the cut-over no longer stands


def test_ledger__none_yet__says_what_to_do(world: World) -> None:
    assert refusal("ledger", "--json").code == "REO-034"


def test_check__plan_with_a_mistake__names_it_and_fails(world: World, tmp_path: Path) -> None:
    path = tmp_path / "sai.yaml"
    path.write_text(write_plan(danang_plan(divisions=())), encoding="utf-8")
    result = run("check", str(path), "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert not found["passed"]
    assert {"code", "message", "fix", "line", "warning"} <= found["problems"][0].keys()
    assert "→" in run("check", str(path)).stdout


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"\xff\xff", "REO-001"), (b"a: [", "REO-002"), (b"", "REO-002"), (b"a: 1", "REO-010")],
)
def test_check__broken_file__is_refused(world: World, tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "hong.yaml"
    path.write_bytes(content)
    assert refusal("check", str(path)).code == code


def test_commands__unknown_plan__say_so(world: World) -> None:
    for name in ("check", "show", "rehearse", "cutover", "ledger"):
        assert refusal(name, "khong-co").code == "REO-032", name
    assert refusal("undo", "khong-co", "--reason", "x").code == "REO-032"


def test_cutover__twice__is_refused(world: World) -> None:
    cut(danang_plan())
    assert refusal("cutover", KEY).code == "REO-041"
    assert refusal("check", KEY).code == "REO-041"


def test_plan__nothing_published_or_no_day__is_refused(world: World) -> None:
    assert refusal("plan", "--province", "48", "--effective", "hôm qua").code == "CLI-022"
    assert refusal("plan", "--province", "48", "--effective", "2020-01-01").code == "REO-030"


def test_staff__list_with_mistakes__saves_nothing(world: World, tmp_path: Path) -> None:
    row = save(danang_plan())
    path = tmp_path / "nhan-su.csv"
    path.write_text("mã đơn vị,cơ quan,chức danh,họ tên\n99999,ubnd,chu_tich,A\n", encoding="utf-8")
    result = run("staff", KEY, "--csv", str(path), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["problems"][0]["line"] == 2
    assert row.texts.count() == 1


def test_staff__written_edited_and_read__is_saved(world: World, tmp_path: Path) -> None:
    row = save(danang_plan())
    path = tmp_path / "nhan-su.csv"
    assert run("staff", KEY, "--out", str(path)).exit_code == 0
    from haicap.registry.models import Person

    person = Person.objects.first()
    with path.open("a", encoding="utf-8") as file:
        file.write(f"20194,Hải Châu,Ủy ban nhân dân,,Chủ tịch,{person.full_name},{person.pk}\r\n")
    assert answer("staff", KEY, "--csv", str(path), "--dry-run")["rows"] == 1
    assert row.texts.count() == 1
    assert answer("staff", KEY, "--csv", str(path))["saved"]
    assert row.texts.count() == 2


@pytest.mark.slow
def test_rehearse__on_a_copy__leaves_everything_and_no_copy(world: World) -> None:
    import psycopg
    from psycopg.conninfo import make_conninfo

    from haicap.kernel.database import current

    ready(danang_plan())
    was = fingerprint()
    done = answer("rehearse", KEY, "--clone")
    assert done["state"] == "done"
    assert all(line["balanced"] for line in done["classes"])
    assert Run.objects.get().report["clone"]
    assert fingerprint() == was
    with psycopg.connect(make_conninfo(current.url(), dbname="postgres")) as server:
        left = server.execute(
            "SELECT count(*) FROM pg_database WHERE datname LIKE %s", ["test%rehearsal"]
        ).fetchone()
    assert left == (0,)


@pytest.mark.slow
def test_rehearse__on_a_copy_of_an_unchecked_plan__tells_the_copys_error(world: World) -> None:
    save(danang_plan())
    assert refusal("rehearse", KEY, "--clone").code == "REO-042"
    assert Run.objects.get().state == "failed"
