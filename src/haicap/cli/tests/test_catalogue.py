"""`haicap catalogue` as it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from haicap.cli.catalogue import command
from haicap.systems.onestop.catalogue.tests.rows import file_of, row
from haicap.systems.onestop.errors import BadCatalogue
from haicap.systems.onestop.models import Procedure

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def file(tmp_path: Path) -> str:
    found = tmp_path / "dm.jsonl.gz"
    rows = (row("1.000656", "Đăng ký khai tử"), row("1.001193", "Đăng ký khai sinh", time=(1, "other")))
    found.write_bytes(file_of(*rows, packed=True).getvalue())
    return str(found)


def test_catalogue__import__dry_run_then_wait_then_apply(file: str) -> None:
    told = json.loads(run("import", file, "--dry-run", "--json"))
    assert (told["state"], told["counts"]["new"]) == ("dropped", 2)
    assert "Chưa áp dụng" in run("import", file, "--from", "01/07/2025")
    assert not Procedure.objects.exists()
    text = run("import", file, "--apply", "--from", "2025-07-01")
    assert "Đã áp dụng 2 thủ tục" in text
    assert "thời hạn không ghi đơn vị" in text
    told = json.loads(run("import", file, "--apply", "--json"))
    assert (told["state"], told["counts"]["unchanged"], told["report"]["written"]) == ("applied", 2, 0)
    assert CliRunner().invoke(command, ["import", file, "--apply", "--dry-run"]).exit_code == 2


def test_catalogue__import__no_catalogue__is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("xin chào")
    with pytest.raises(BadCatalogue):
        run("import", str(tmp_path / "x"))


def test_catalogue__starter_and_find() -> None:
    assert json.loads(run("starter", "--json"))["procedures"] > 40
    assert "Đã nạp 0" in run("starter")
    assert run("find", "khai sinh").startswith("1.001193")
    found = json.loads(run("find", "2000815", "--json"))["procedures"]
    assert [one["code"] for one in found] == ["2.000815"]
    assert "Không thấy" in run("find", "xyzzy")
