"""`haicap accounts`: preview, entering, entering again, listing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from haicap.cli.accounts import command
from haicap.kernel import clock
from haicap.registry.models import Person
from haicap.registry.tests.places import NOW, make_places

TEXT = "Họ và tên;Số định danh;Cơ quan;Chức danh\nTrần Thị Bình;048190000001;Đảng ủy phường Hải Châu;Chuyên viên\n"


@pytest.fixture
def list_file(db: None, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "ds.csv"
    path.write_text(TEXT, encoding="utf-16")
    with clock.at(NOW):
        make_places(people=True)
        yield path


def test_accounts_import__preview_apply_again__writes_once(list_file: Path) -> None:
    run = CliRunner()
    counts = []
    for flags in (["--json"], ["--json", "--apply"], ["--json", "--apply"]):
        done = run.invoke(command, ["import", str(list_file), "--add-posts", *flags])
        assert done.exit_code == 0, done.output
        counts.append(json.loads(done.output)["counts"])
    assert [each["people"] for each in counts] == [1, 1, 0]
    assert counts[2]["unchanged"] == 1
    assert Person.objects.filter(personal_number="048190000001").count() == 1
    listed = json.loads(run.invoke(command, ["list", "--json", "--text", "tran thi binh"]).output)
    assert [each["username"] for each in listed] == ["binh.tt"]
