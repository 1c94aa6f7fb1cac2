"""`haicap calendar` as it is called."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from haicap.cli.calendar import command
from haicap.kernel.calendar.errors import BadAmount, BadUnit

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("start", ["2026-02-13 15:30", "13/02/2026 15:30", "2026-02-13T08:30+00:00"])
def test_calendar__add__says_when(start: str) -> None:
    found = json.loads(run("add", start, "10", "days", "--json"))
    assert found["due_at"] == "2026-03-06T15:30:00+07:00"
    assert (found["unit"], found["working_hours"]) == ("working_days", 80)
    assert run("add", start, "10") == "thứ Sáu 06/03/2026 15:30\n"


def test_calendar__add__same_day_and_months() -> None:
    assert run("add", "2026-03-02 15:01", "0", "same-day") == "thứ Ba 03/03/2026 17:00\n"
    assert run("add", "2026-01-30 09:00", "1", "months") == "thứ Hai 02/03/2026 17:00\n"


def test_calendar__add__refuses_nonsense() -> None:
    with pytest.raises(BadUnit):
        run("add", "2026-03-02 15:01", "1", "fortnights")
    with pytest.raises(BadAmount):
        run("add", "--", "2026-03-02 15:01", "-1", "days")
    result = CliRunner().invoke(command, ["add", "ngày mai", "1", "days"])
    assert result.exit_code == 2
    assert "2026-02-13 15:30" in result.output


def test_calendar__between__hours_and_days() -> None:
    found = json.loads(run("between", "2026-02-13 15:30", "2026-03-06 15:30", "--json"))
    assert (found["working_hours"], found["working_days"]) == (80, 10)
    assert (
        run("between", "2026-03-02 07:30", "2026-03-02 11:30") == "4,00 giờ làm việc = 0,50 ngày làm việc\n"
    )


def test_calendar__show__lists_the_year() -> None:
    found = json.loads(run("show", "--year", "2026", "--json"))
    kinds = {line["day"]: line["kind"] for line in found["days"]}
    assert kinds["2026-01-02"] == "swapped_off"
    assert kinds["2026-01-10"] == "swapped_on"
    assert kinds["2026-11-24"] == "holiday"
    assert not found["provisional"]
    assert json.loads(run("show", "--year", "2030", "--json"))["provisional"]
    assert "thứ Bảy 10/01/2026  làm bù" in run("show", "--year", "2026")


def test_calendar__swap_load_confirm_withdraw__change_the_year() -> None:
    run("swap", "2026-04-29", "09/05/2026", "--provenance", "Thông báo 9")
    assert run("add", "2026-04-28 09:00", "1") == "thứ Hai 04/05/2026 09:00\n"
    run("withdraw", "2026-04-29", "--reason", "nhầm")
    assert run("add", "2026-04-28 09:00", "1") == "thứ Tư 29/04/2026 09:00\n"
    assert "dự kiến của năm 2028" in run("load", "2028")
    run("confirm", "2028", "--provenance", "Thông báo 10")
    assert not json.loads(run("show", "--year", "2028", "--json"))["provisional"]
