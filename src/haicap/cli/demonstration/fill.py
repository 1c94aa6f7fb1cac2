"""Fills a province with a plausible working day, as of 16:00 on 30/6/2025: one transaction, COPY, journalled.

What is filled: every organ of the provinces, districts and communes that become one province on 1/7/2025,
with codes, desks, posts and sites; officials with their accounts (which nobody can sign in with); IT officers of
communes; dossiers with their steps. The same seed gives the same people and dossiers.
"""

from __future__ import annotations

import random
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import connection
from django.utils.translation import gettext as _

from haicap.access.demonstration import make_accounts
from haicap.cli.demonstration import dossiers, people, places, sites, volumes
from haicap.cli.demonstration.errors import (
    BadScale,
    LoadedTooLate,
    NoSuchProvince,
    NotForRealData,
    OtherDemonstration,
)
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.contract import digest_of
from haicap.kernel.database.copy import copy_rows
from haicap.kernel.ids import new_id
from haicap.kernel.text import fold
from haicap.registry import country
from haicap.registry import service as registry_service
from haicap.registry.establishment import EstablishReport, establish
from haicap.registry.models import Agency, AgencyKind, Deployment, DeskKind, Level, UnitVersion
from haicap.systems.onestop import deadlines
from haicap.systems.onestop.catalogue import EVERYDAY, Procedure

#: the day before the country had two tiers
BEFORE = date(2025, 6, 30)
#: what the clock of a demonstration shows when it begins: a Monday afternoon, hours before the cut-over
NOW = datetime(2025, 6, 30, 16, 0, tzinfo=clock.ZONE)
#: dossiers were received from the year's first working day on; desks are held since then
SINCE = date(2025, 1, 1)
DOSSIERS_AT_SCALE_1 = 60_000
LARGEST_SCALE = 100.0
SEED = 20250630

Progress = Callable[[str, int, int], None]

#: which organ of the province decides in a field: (kind, slot)
DEPARTMENT_OF_FIELD: dict[str, tuple[AgencyKind, str]] = {
    "ly-lich-tu-phap": (AgencyKind.POLICE, ""),
    "giay-phep-lai-xe": (AgencyKind.POLICE, ""),
    "duong-bo": (AgencyKind.DEPARTMENT, "Xây dựng"),
    "doanh-nghiep": (AgencyKind.DEPARTMENT, "Tài chính"),
    "viec-lam": (AgencyKind.DEPARTMENT, "Nội vụ"),
    "duoc-pham": (AgencyKind.DEPARTMENT, "Y tế"),
    "an-toan-thuc-pham": (AgencyKind.DEPARTMENT, "Y tế"),
    "moi-truong": (AgencyKind.DEPARTMENT, "Nông nghiệp và Môi trường"),
    "van-bang": (AgencyKind.DEPARTMENT, "Giáo dục và Đào tạo"),
}


@dataclass(slots=True)
class FillReport:
    """Kết quả nạp: numbers of rows by class, seconds by phase; `already`: the demonstration was there."""

    province_code: str
    already: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """JSON-ready values."""
        return {
            "province": self.province_code,
            "already": self.already,
            "counts": self.counts,
            "seconds": {name: round(value, 2) for name, value in self.seconds.items()},
        }


def fill(
    province_code: str = "48",
    scale: float = 1.0,
    seed: int = SEED,
    progress: Progress | None = None,
) -> FillReport:
    """Nạp dữ liệu trình diễn: see the module. A second call for the same province does nothing.

    Loads the country first where it is not loaded. The deployment's clock then shows 16:00 on 30/6/2025 and
    runs on. Raises NotForRealData, OtherDemonstration, NoSuchProvince, BadScale, LoadedTooLate; nothing is
    written then.
    """
    if not 0 < scale <= LARGEST_SCALE:
        raise BadScale(
            _("Cỡ dữ liệu phải lớn hơn 0 và không quá %(most)s.") % {"most": f"{LARGEST_SCALE:g}"},
            todo=_("Hãy dùng SCALE=1 cho khoảng 60.000 hồ sơ."),
        )
    old_provinces = _old_provinces(province_code)
    report = FillReport(province_code)
    if _already_filled(province_code):
        report.already = True
        return report
    with journal.act(
        SYSTEM, "demonstration.fill", reason=_("Dữ liệu trình diễn, không phải dữ liệu thật")
    ) as act:
        _turn_clock_back()
        work = _Fill(random.Random(f"{seed}/{province_code}/{scale:g}"), scale, report, progress)
        work.run(old_provinces)
        work.journal(act)
        Deployment.objects.update_or_create(
            id=1, defaults={"province_id": work.province_of[old_provinces[0]], "demonstration": True}
        )
        act.changed("registry.deployment", None, None, {"province": province_code, "demonstration": True})
        work.give_accounts()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return report


def _old_provinces(code: str) -> list[str]:
    """The provinces of 30/6/2025 that become the province `code` the day after; its namesake first."""
    found = [
        one
        for one in country.load_published()
        if one.province_code == code and one.effective == BEFORE + timedelta(days=1)
    ]
    if not found:
        raise NoSuchProvince(
            _("Không có tỉnh, thành phố nào mang mã %(code)s từ 1/7/2025.") % {"code": code},
            todo=_("Hãy dùng một trong 34 mã, ví dụ 48 (Đà Nẵng), 38 (Thanh Hóa)."),
        )
    before = {
        part.code
        for formation in found[0].formations
        if formation.level == Level.PROVINCE
        for part in formation.predecessors
    } or {code}
    return sorted(before, key=lambda old: (old != code, old))


def _already_filled(province_code: str) -> bool:
    """Whether this very demonstration is here; raises where the database is somebody else's."""
    deployment = Deployment.objects.filter(pk=1).first()
    if deployment is None or deployment.province_id is None:
        if Agency.objects.exists():
            raise NotForRealData(
                _("Cơ sở dữ liệu đã có cơ quan; không nạp dữ liệu trình diễn lên trên."),
                kept=_("Dữ liệu đang có được giữ nguyên."),
                todo=_("Hãy dùng một cơ sở dữ liệu trống."),
            )
        return False
    if not deployment.demonstration:
        raise NotForRealData(
            _("Cơ sở dữ liệu này phục vụ một tỉnh thật; không nạp dữ liệu trình diễn."),
            kept=_("Dữ liệu đang có được giữ nguyên."),
            todo=_("Hãy dùng một cơ sở dữ liệu khác cho trình diễn."),
        )
    codes = UnitVersion.objects.filter(unit_id=deployment.province_id).values_list("code", flat=True)
    if province_code not in set(codes):
        raise OtherDemonstration(
            _("Cơ sở dữ liệu đang trình diễn một tỉnh khác."),
            kept=_("Dữ liệu trình diễn đang có được giữ nguyên."),
            todo=_("Hãy gỡ bằng «haicap demo remove», rồi nạp lại."),
        )
    return True


def _turn_clock_back() -> None:
    """Let the deployment's clock show 16:00 on 30/6/2025; raises where the country was loaded later."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM registry_unitversion WHERE lower(recorded) > %s)", [NOW])
        (too_late,) = cursor.fetchone()
    if too_late:
        raise LoadedTooLate(
            _("Đất nước đã được nạp theo đồng hồ thật, sau thời điểm trình diễn 16:00 ngày 30/6/2025."),
            kept=_("Dữ liệu đang có được giữ nguyên."),
            todo=_("Hãy nạp trình diễn vào cơ sở dữ liệu trống: lệnh này tự nạp cả đất nước."),
        )
    real = clock.now() - clock.deployment_shift()
    clock.set_deployment_shift(NOW - real)


@dataclass(slots=True)
class _Office:
    """An agency that receives: its code, and how many dossiers it gets."""

    agency: uuid.UUID
    code_id: uuid.UUID
    code: str


class _Fill:
    """One filling: gathers what there is, makes rows, writes them."""

    def __init__(
        self, rng: random.Random, scale: float, report: FillReport, progress: Progress | None
    ) -> None:
        self.rng = rng
        self.scale = scale
        self.report = report
        self._progress = progress or (lambda phase, done, total: None)
        self._since = time.monotonic()
        self.units: dict[uuid.UUID, sites.Unit] = {}
        self.places: list[places.Place] = []
        self.province_of: dict[str, uuid.UUID] = {}
        self.established: EstablishReport | None = None
        self._desks: dict[tuple[uuid.UUID, uuid.UUID | None, str], uuid.UUID] = {}
        self._new_desks: list[tuple[object, ...]] = []
        self._new_holdings: list[tuple[object, ...]] = []

    def run(self, old_provinces: Sequence[str]) -> None:
        """All of it, in the caller's transaction."""
        self._phase("country", lambda: self._gather(old_provinces))
        self._phase("agencies", self._establish)
        self._phase("officials", self._people_and_sites)
        self._phase("dossiers", self._dossiers)

    def give_accounts(self) -> None:
        """An account for everybody with a post, once the deployment is said to be a demonstration."""

        def make() -> None:
            self.report.counts["access.account"] = make_accounts()

        self._phase("accounts", make)

    def journal(self, act: journal.Act) -> None:
        """One entry a class, with count and digest of ids."""
        for record, table in (
            ("registry.person", "registry_person"),
            ("registry.appointment", "registry_appointment"),
            ("registry.focal_point", "registry_focalpoint"),
            ("registry.site", "registry_site"),
            ("registry.desk", "registry_desk"),
            ("registry.holding", "registry_holding"),
            ("onestop.dossier", "onestop_dossier"),
            ("onestop.step", "onestop_dossierstep"),
        ):
            digest = digest_of(f"SELECT id FROM {table}")
            self.report.counts[record] = digest.count
            act.changed(record, None, None, {"table": table, "all": digest})

    def _phase(self, name: str, work: Callable[[], None]) -> None:
        began = time.monotonic()
        self._progress(name, 0, 1)
        work()
        self.report.seconds[name] = time.monotonic() - began
        self._progress(name, 1, 1)

    def _gather(self, old_provinces: Sequence[str]) -> None:
        """The country where it is missing, then the units of the old provinces."""
        registry_service.load_base(SYSTEM)
        on = BEFORE
        rows = list(
            UnitVersion.objects.filter(
                recorded__upper_inf=True,
                valid__contains=on,
                province__versions__code__in=old_provinces,
                province__versions__recorded__upper_inf=True,
                province__versions__valid__contains=on,
            )
            .order_by("code")
            .distinct()
        )
        by_unit = {row.unit_id: row for row in rows}
        divided = _divided_codes()
        for row in rows:
            point = (row.latitude, row.longitude)
            self.units[row.unit_id] = sites.Unit(row.unit_id, row.level, row.kind, row.name, point)
            if row.level == Level.PROVINCE:
                self.province_of[row.code] = row.unit_id
        for row in rows:
            if row.level != Level.COMMUNE or row.parent_id is None:
                continue
            self.places.append(
                places.Place(
                    unit_id=row.unit_id,
                    code=row.code,
                    kind=row.kind,
                    name=row.name,
                    district_id=row.parent_id,
                    district=by_unit[row.parent_id].title,
                    province=by_unit[row.province_id].title,
                    latitude=row.latitude,
                    longitude=row.longitude,
                    divided=row.code in divided,
                    villages=places.villages_of(row.kind, self.rng),
                )
            )
        self.report.counts["registry.unit"] = len(rows)

    def _establish(self) -> None:
        self.established = establish(self.units, BEFORE, SYSTEM)
        agencies = list(self.established.by_place.values())
        with connection.cursor() as cursor:
            # Agencies enter the registry with the base state; their desks were held before it, since dossiers
            # received in the first half of the year lie on them.
            cursor.execute(
                "UPDATE registry_holding SET begins_at = %s WHERE agency_id = ANY (%s)",
                [datetime.combine(SINCE, datetime.min.time(), tzinfo=clock.ZONE), agencies],
            )
            cursor.execute(
                "SELECT founder_id, id FROM registry_desk"
                " WHERE kind = %s AND place_id IS NULL AND field = ''",
                [DeskKind.WORK],
            )
            self._desks = {(founder, None, ""): desk for founder, desk in cursor.fetchall()}
        self.report.counts["registry.agency"] = self.established.agencies
        self.report.counts["registry.post"] = self.established.posts

    def _people_and_sites(self) -> None:
        established = self._report()
        officials = people.appoint(established.posts_by_title, NOW, self.rng)
        communes = [place.unit_id for place in self.places]
        people.name_it_officers(officials, established.by_place, communes, NOW, self.rng)
        rows, uses = sites.settle(self.units, established.by_place, BEFORE, NOW, self.rng)
        copy_rows("registry_person", people.PERSON_COLUMNS, officials.people)
        copy_rows("registry_appointment", people.APPOINTMENT_COLUMNS, officials.appointments)
        copy_rows("registry_focalpoint", people.FOCAL_COLUMNS, officials.focal_points)
        copy_rows("registry_site", sites.SITE_COLUMNS, rows)
        copy_rows("registry_siteuse", sites.USE_COLUMNS, uses)
        self._officials = officials

    def _dossiers(self) -> None:
        total = round(DOSSIERS_AT_SCALE_1 * self.scale)
        made = 0

        def done(more: int) -> None:
            nonlocal made
            made += more
            self._progress("dossiers", made, total)

        maker = dossiers.Maker(self.rng, dossiers.Days(_working_days(), NOW), _appointments())
        harvest = maker.harvest(self._counters(total), done)
        copy_rows("registry_desk", ("id", "founder_id", "kind", "place_id", "field"), self._new_desks)
        copy_rows(
            "registry_holding", ("id", "desk_id", "begins_at", "agency_id", "interim"), self._new_holdings
        )
        copy_rows("onestop_dossier", dossiers.DOSSIER_COLUMNS, harvest.dossiers)
        copy_rows("onestop_dossierstep", dossiers.STEP_COLUMNS, harvest.steps)
        numbers = ((code, day, last) for (code, day), last in harvest.numbers.items())
        copy_rows("onestop_dossiernumber", ("code_id", "day", "last"), numbers)

    def _counters(self, total: int) -> Iterator[dossiers.Counter]:
        """Every counter of the province with its share of the dossiers."""
        at_communes, at_districts, at_province = volumes.apportion(total, volumes.SHARES)
        codes = _codes_now()
        weights = self._commune_weights()
        yield from self._commune_counters(volumes.apportion(at_communes, weights), codes)
        yield from self._district_counters(at_districts, weights, codes)
        yield from self._province_counters(at_province, weights, codes)

    def _commune_weights(self) -> list[float]:
        """A year's dossiers of every commune: known figures, else drawn from their shape."""
        known = volumes.known_communes()
        return [
            known.get((fold(place.title), fold(place.district))) or volumes.drawn(place.kind, self.rng)
            for place in self.places
        ]

    def _commune_counters(
        self, numbers: Sequence[int], codes: dict[uuid.UUID, tuple[uuid.UUID, str]]
    ) -> Iterator[dossiers.Counter]:
        procedures = tuple(one for one in EVERYDAY if one.level == Level.COMMUNE)
        for place, count in zip(self.places, numbers, strict=True):
            agency = self._agency(place.unit_id, AgencyKind.COMMITTEE)
            yield self._counter(agency, codes, procedures, [place], [1.0], count, desk_by=())

    def _district_counters(
        self, total: int, weights: Sequence[float], codes: dict[uuid.UUID, tuple[uuid.UUID, str]]
    ) -> Iterator[dossiers.Counter]:
        procedures = tuple(one for one in EVERYDAY if one.level == Level.DISTRICT)
        members: dict[uuid.UUID, list[tuple[places.Place, float]]] = defaultdict(list)
        for place, weight in zip(self.places, weights, strict=True):
            members[place.district_id].append((place, weight))
        known = volumes.known_districts()
        shares = [
            known.get(fold(communes[0][0].district)) or volumes.drawn_for_district(self.rng)
            for communes in members.values()
        ]
        for (district, communes), count in zip(
            members.items(), volumes.apportion(total, shares), strict=True
        ):
            agency = self._agency(district, AgencyKind.COMMITTEE)
            office = self._agency(district, AgencyKind.OFFICE)
            ones, theirs = zip(*communes, strict=True)
            yield self._counter(
                agency, codes, procedures, ones, theirs, count, desk_by=("place", "field"), staffed_by=office
            )

    def _province_counters(
        self, total: int, weights: Sequence[float], codes: dict[uuid.UUID, tuple[uuid.UUID, str]]
    ) -> Iterator[dossiers.Counter]:
        procedures = tuple(one for one in EVERYDAY if one.level == Level.PROVINCE)
        members: dict[str, list[tuple[places.Place, float]]] = defaultdict(list)
        for place, weight in zip(self.places, weights, strict=True):
            members[place.province].append((place, weight))
        by_title = {
            f"{unit.spoken[0].upper()}{unit.spoken[1:]}": unit.unit_id
            for unit in self.units.values()
            if unit.level == Level.PROVINCE
        }
        shares = [sum(weight for _place, weight in communes) for communes in members.values()]
        for (title, communes), count in zip(members.items(), volumes.apportion(total, shares), strict=True):
            province = by_title[title]
            centre = self._agency(province, AgencyKind.SERVICE_CENTRE)
            decides = {name: self._agency(province, *organ) for name, organ in DEPARTMENT_OF_FIELD.items()}
            ones, theirs = zip(*communes, strict=True)
            yield self._counter(
                centre, codes, procedures, ones, theirs, count, desk_by=("field",), decides=decides
            )

    def _counter(
        self,
        agency: uuid.UUID,
        codes: dict[uuid.UUID, tuple[uuid.UUID, str]],
        procedures: tuple[Procedure, ...],
        ones: Sequence[places.Place],
        weights: Sequence[float],
        count: int,
        *,
        desk_by: tuple[str, ...],
        staffed_by: uuid.UUID | None = None,
        decides: dict[str, uuid.UUID] | None = None,
    ) -> dossiers.Counter:
        code_id, code = codes[agency]
        staff = staffed_by or agency
        names = self._officials.names
        receivers = names[staff, "cong_chuc_mot_cua"] or names[staff, "chuyen_vien"]
        officials = names[staff, "chuyen_vien"] or receivers

        def competent_of(name: str) -> uuid.UUID:
            return (decides or {}).get(name, agency)

        def desk_of(place: uuid.UUID | None, name: str) -> uuid.UUID:
            return self._desk(
                competent_of(name),
                place if "place" in desk_by else None,
                name if "field" in desk_by else "",
            )

        return dossiers.Counter(
            receiving=agency,
            code_id=code_id,
            code=code,
            competent_of=competent_of,
            desk_of=desk_of,
            procedures=procedures,
            places=tuple(ones),
            weights=tuple(weights),
            count=count,
            receivers=tuple(receivers) or ("Bộ phận một cửa",),
            officials=tuple(officials) or ("Công chức chuyên môn",),
        )

    def _desk(self, founder: uuid.UUID, place: uuid.UUID | None, name: str) -> uuid.UUID:
        key = (founder, place, name)
        desk = self._desks.get(key)
        if desk is None:
            desk = self._desks[key] = new_id()
            self._new_desks.append((desk, founder, DeskKind.WORK.value, place, name))
            begins_at = datetime.combine(SINCE, datetime.min.time(), tzinfo=clock.ZONE)
            self._new_holdings.append((new_id(), desk, begins_at, founder, False))
        return desk

    def _agency(self, unit: uuid.UUID, kind: AgencyKind, slot: str = "") -> uuid.UUID:
        return self._report().by_place[unit, kind.value, slot]

    def _report(self) -> EstablishReport:
        assert self.established is not None
        return self.established


def _divided_codes() -> frozenset[str]:
    """Codes of the communes of 30/6/2025 that go in part to somebody on 1/7/2025."""
    return frozenset(
        part.code
        for one in country.load_published()
        if one.effective == BEFORE + timedelta(days=1)
        for formation in one.formations
        if formation.level == Level.COMMUNE
        for part in formation.predecessors
        if part.part
    )


def _codes_now() -> dict[uuid.UUID, tuple[uuid.UUID, str]]:
    """Agency → (id, text) of the code it bears."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT holding.agency_id, code.id, code.code FROM registry_codeholding holding"
            " JOIN registry_agencycode code ON code.id = holding.code_id WHERE holding.withdrawn_at IS NULL"
        )
        return {agency: (code_id, code) for agency, code_id, code in cursor.fetchall()}


def _working_days() -> list[date]:
    """The working days from the beginning of the year to the demonstration's day."""
    calendar = deadlines.working_calendar()
    days = (SINCE + timedelta(days=number) for number in range((BEFORE - SINCE).days + 1))
    return [day for day in days if calendar.is_working_day(day)]


def _appointments() -> Callable[[datetime, int], datetime]:
    return deadlines.appointment
