"""The main job as a list of steps: each is carried out once in a database, and remembered there.

A step is a function of the run (`Run`) and a meter; to add one, write it and put it into `DEMONSTRATION` or
`REAL` where it belongs. A step must be safe to repeat: it is called again when it was killed before it was
remembered.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from haicap.cli.demonstration import fill
from haicap.cli.models import SetupStep
from haicap.cli.setup.display import Display, Meter
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.errors import Conflict
from haicap.registry import country
from haicap.registry import service as registry
from haicap.registry.models import Deployment, Level
from haicap.reorganisation import service as reorganisation
from haicap.systems.onestop.catalogue import starter
from haicap.systems.onestop.routes import assigning
from haicap.systems.onestop.routes.library import load_library

EFFECTIVE_ON = date(2025, 7, 1)
FIRST_MORNING = datetime(2025, 7, 1, 7, 30, tzinfo=clock.ZONE)


class OtherUse(Conflict):
    """The database serves something else: real use, or another province's demonstration."""

    code = "CLI-006"


@dataclass(frozen=True, slots=True)
class Run:
    """Lần chạy: what `haicap up` was asked for."""

    province: str
    scale: float

    def plan_key(self) -> str:
        """The key of the published reorganisation of the province on 1/7/2025."""
        return next(
            found.key
            for found in country.load_published()
            if found.province_code == self.province and found.effective == EFFECTIVE_ON
        )


@dataclass(frozen=True, slots=True)
class Step:
    """Bước: its key in the database, its title for people, its work; the result goes into the record."""

    key: str
    title: str
    work: Callable[[Run, Meter], dict[str, Any] | None]


def carry_out(steps: tuple[Step, ...], run: Run, display: Display) -> None:
    """Carry out the steps that are not remembered yet, in order."""
    done = set(SetupStep.objects.values_list("key", flat=True))
    for step in steps:
        if step.key in done:
            display.done(step.title)
            continue
        began = time.monotonic()
        with display.step(step.title) as meter:
            details = step.work(run, meter) or {}
        SetupStep.objects.update_or_create(
            key=step.key,
            defaults={
                "finished_at": clock.now(),
                "seconds": round(time.monotonic() - began, 2),
                "details": details,
            },
        )


def refuse_other_use(*, demonstration: bool) -> None:
    """Raises OtherUse when the database serves real work and a demonstration is asked for, or the reverse."""
    deployment = Deployment.objects.filter(pk=1).first()
    if deployment is None or deployment.demonstration == demonstration:
        return
    if demonstration:
        raise OtherUse(
            _("Cơ sở dữ liệu này dùng thật; không đưa dữ liệu trình diễn vào."),
            kept=_("Không có gì thay đổi."),
            todo=_("Chạy «make up EMPTY=1», hoặc chọn cơ sở dữ liệu khác cho trình diễn."),
        )
    raise OtherUse(
        _("Cơ sở dữ liệu này chứa dữ liệu trình diễn; không dùng thật được."),
        kept=_("Không có gì thay đổi."),
        todo=_("Gỡ bằng «haicap demo remove», hoặc chọn cơ sở dữ liệu khác."),
    )


def _load_country(run: Run, meter: Meter) -> dict[str, Any]:
    return registry.load_base(SYSTEM, progress=meter.count).as_dict()


def _open_for_real(run: Run, meter: Meter) -> None:
    with journal.act(
        SYSTEM, "deployment.open", reason=_("Mở để dùng thật, không có dữ liệu trình diễn")
    ) as act:
        Deployment.objects.get_or_create(id=1, defaults={"demonstration": False})
        act.changed("registry.deployment", None, None, {"demonstration": False})


def _load_starter_catalogue(run: Run, meter: Meter) -> dict[str, Any]:
    return starter.load(SYSTEM)


def _announce_starter_catalogue(run: Run, meter: Meter) -> dict[str, Any]:
    """The demonstration's province does all of them, by a decision that says what it is; a real one decides itself."""
    return {**starter.load(SYSTEM), "announced": starter.announce_all(SYSTEM, "Quyết định trình diễn")}


def _load_routes(run: Run, meter: Meter) -> dict[str, Any]:
    return load_library(SYSTEM)


def _assign_routes(run: Run, meter: Meter) -> dict[str, Any]:
    """The demonstration's procedures take the routes that the library proposes; in real use people decide."""
    load_library(SYSTEM)
    given = 0
    for level in (Level.COMMUNE, Level.PROVINCE):
        selection = assigning.Selection(level=level)
        if assigning.preview(SYSTEM, selection, route=None).changing:
            given += assigning.assign(SYSTEM, selection, route=None).count
    return {"procedures": given}


FILL_PHASES = {
    "country": "nạp cả nước",
    "agencies": "lập cơ quan, bàn xử lý",
    "officials": "bổ nhiệm cán bộ, xếp trụ sở",
    "dossiers": "hồ sơ",
    "accounts": "tài khoản",
}


def _fill_province(run: Run, meter: Meter) -> dict[str, Any]:
    def tell(phase: str, done: int, total: int) -> None:
        meter.phase(FILL_PHASES.get(phase, phase), done, total)

    return dict(fill(run.province, run.scale, progress=tell).as_dict())


def _plan(run: Run, meter: Meter) -> dict[str, Any]:
    values, text = reorganisation.propose_plan(SYSTEM, run.province, EFFECTIVE_ON)
    plan = reorganisation.save_plan(SYSTEM, text, "haicap up")
    report = reorganisation.check_plan(SYSTEM, plan)
    return {"key": plan.key, "units": len(values.units), "problems": len(report.problems)}


def _rehearse(run: Run, meter: Meter) -> dict[str, Any]:
    plan = reorganisation.plan_by_key(run.plan_key())
    outcome = reorganisation.rehearse(SYSTEM, plan, meter.phase)
    return {"balanced": outcome.balanced, "seconds": outcome.total_s, "read_only_s": outcome.read_only_s}


def _cut_over(run: Run, meter: Meter) -> dict[str, Any] | None:
    plan = reorganisation.plan_by_key(run.plan_key())
    if reorganisation.last_cut_over(plan):  # done, but killed before it was remembered here
        return None
    outcome = reorganisation.cut_over(SYSTEM, plan, meter.phase)
    return {"balanced": outcome.balanced, "seconds": outcome.total_s, "read_only_s": outcome.read_only_s}


def _first_morning(run: Run, meter: Meter) -> None:
    """The demonstration's clock: half past seven on the first working day of the new communes."""
    real = clock.now() - clock.deployment_shift()
    clock.set_deployment_shift(FIRST_MORNING - real)


def _later_events(run: Run, meter: Meter) -> dict[str, Any]:
    """Every published reorganisation that is not in the registry yet: other provinces, later years."""
    published = country.load_published()
    for number, one in enumerate(published, start=1):
        registry.apply_published(SYSTEM, one)
        meter.count(number, len(published))
    return {"reorganisations": len(published)}


_COUNTRY = Step("country", "Nạp cả nước tại ngày 30/6/2025", _load_country)
_CATALOGUE = Step("starter-catalogue", "Nạp danh mục thủ tục khởi đầu", _load_starter_catalogue)
_ANNOUNCED = Step(
    "starter-catalogue", "Nạp và công bố danh mục thủ tục khởi đầu", _announce_starter_catalogue
)
_ROUTES = Step("standard-routes", "Nạp thư viện quy trình chuẩn", _load_routes)
_LATER = Step("later-events", "Áp dụng các lần sắp xếp đã công bố trên cả nước", _later_events)

REAL: tuple[Step, ...] = (
    _COUNTRY,
    Step("real", "Mở để dùng thật", _open_for_real),
    _CATALOGUE,
    _ROUTES,
    _LATER,
)
DEMONSTRATION: tuple[Step, ...] = (
    # the country is loaded by this step too, by the clock of the demonstration
    Step("fill", "Nạp cả nước và một ngày làm việc của tỉnh trình diễn", _fill_province),
    _ANNOUNCED,
    Step("plan", "Lập và kiểm tra kế hoạch sắp xếp", _plan),
    Step("rehearse", "Diễn tập chuyển đổi", _rehearse),
    Step("cut-over", "Chuyển đổi sang chính quyền hai cấp", _cut_over),
    Step("first-morning", "Chỉnh đồng hồ trình diễn sang sáng 01/7/2025", _first_morning),
    # by the demonstration's clock: a route published tomorrow would not be chosen today
    Step("routes", "Nạp quy trình chuẩn và gán cho thủ tục", _assign_routes),
    _LATER,
)
