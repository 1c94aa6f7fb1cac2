"""Reading the catalogue: what a procedure is on a day, search in any spelling, lists for pages, figures.

What is published is public (QĐ 1383; Luật tiếp cận thông tin): nothing here asks who reads. Pages of the work desk do.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Replace
from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.text import clean, fold
from haicap.registry.models.base import BELIEVED, NOT_WITHDRAWN
from haicap.systems.onestop.errors import NoSuchProcedure
from haicap.systems.onestop.models import (
    CatalogueDefect,
    LimitUnit,
    Procedure,
    ProcedureField,
    ProcedureVersion,
    Publication,
    RouteChoice,
    TimeLimit,
)

OPEN = Q(settled_at__isnull=True, gone_at__isnull=True)
MOST_FOUND = 200
_CODE = re.compile(r"\d[\d. ]*\d|\d")


def no_such() -> NoSuchProcedure:
    """The error for what is not there."""
    return NoSuchProcedure(
        _("Không tìm thấy mục này trong danh mục thủ tục."), todo=_("Hãy tìm lại theo tên hoặc mã thủ tục.")
    )


def current(code_or_id: str | uuid.UUID, on: dt.date | None = None) -> ProcedureVersion | None:
    """Thủ tục ngày `on` (today): the version that is valid then, as believed now; None where there is none.

    A code means its first bearer (`twin` 0); the id of a procedure any of them.
    """
    day = on or clock.today()
    found = ProcedureVersion.objects.filter(BELIEVED, valid__contains=day).select_related(
        "procedure", "field"
    )
    if isinstance(code_or_id, uuid.UUID):
        return found.filter(procedure_id=code_or_id).first()
    return found.filter(procedure__code=clean(code_or_id)).order_by("procedure__twin").first()


def find(
    text: str, *, on: dt.date | None = None, level: str | None = None, limit: int = 20
) -> list[ProcedureVersion]:
    """Tìm thủ tục: by words in any spelling and order, by code or its digits; the likeliest first.

    What is published here comes before what is not, exact codes and short names before long ones. Where no name has
    all the words, the names most like them are given.
    """
    day = on or clock.today()
    folded = fold(text)[:200]
    most = max(1, min(limit, MOST_FOUND))
    if not folded:
        return []
    ids = _found_ids(folded, day, level, most)
    order = {id_: at for at, id_ in enumerate(ids)}
    versions = ProcedureVersion.objects.filter(id__in=ids).select_related("procedure", "field")
    return sorted(versions, key=lambda version: order[version.id])


_RANKED = """
    SELECT version.id
    FROM onestop_procedureversion version
    JOIN onestop_procedure procedure ON procedure.id = version.procedure_id
    WHERE upper_inf(version.recorded) AND version.valid @> %(day)s
      AND (%(level)s = '' OR %(level)s = ANY(version.levels))
      AND ({how})
    ORDER BY replace(procedure.code, '.', '') = %(digits)s DESC,
             EXISTS (SELECT 1 FROM onestop_publication announced WHERE announced.procedure_id = procedure.id
                     AND announced.withdrawn_at IS NULL AND announced.published
                     AND announced.begins_on <= %(day)s) DESC,
             word_similarity(%(text)s, version.fold) DESC, length(version.fold), procedure.code, procedure.twin
    LIMIT %(most)s
"""
_WORDS = """
    version.fold LIKE ALL (%(patterns)s)
    OR (%(digits)s <> '' AND replace(procedure.code, '.', '') LIKE '%%' || %(digits)s || '%%')
"""
_ALIKE = "%(text)s <%% version.fold"


def _found_ids(folded: str, day: dt.date, level: str | None, most: int) -> list[uuid.UUID]:
    digits = re.sub(r"\D", "", folded) if _CODE.fullmatch(folded) else ""
    words = [word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in folded.split()]
    values: dict[str, Any] = {
        "day": day,
        "level": level or "",
        "digits": digits,
        "text": folded,
        "patterns": [f"%{word}%" for word in words[:20]],
        "most": most,
    }
    with connection.cursor() as cursor:
        for how in (_WORDS, _ALIKE):
            cursor.execute(_RANKED.format(how=how), values)
            ids = [row[0] for row in cursor.fetchall()]
            if ids or digits:
                return ids
    return []


# --- lists for pages
@dataclass(frozen=True, slots=True)
class Narrowed:
    """How a list of procedures is narrowed; nothing set: all."""

    text: str = ""
    field: str = ""
    level: str = ""
    issued_by: str = ""
    state: str = ""

    def __bool__(self) -> bool:
        return any((self.text, self.field, self.level, self.issued_by, self.state))


#: what a list may be narrowed to: announced here, not announced, with something to settle, ready for reception
PUBLISHED, UNPUBLISHED, DEFECTIVE, GRAVELY = "cong-bo", "chua-cong-bo", "can-xu-ly", "chua-ro-han"


def procedures(narrowed: Narrowed, on: dt.date | None = None) -> QuerySet[ProcedureVersion]:
    """The procedures of a day for a page: each with `published` and `grave` (its time limit is not known)."""
    day = on or clock.today()
    limits = TimeLimit.objects.filter(version=OuterRef("pk"))
    found = (
        ProcedureVersion.objects.filter(BELIEVED, valid__contains=day)
        .select_related("procedure", "field")
        .annotate(
            published=Subquery(
                Publication.objects.filter(NOT_WITHDRAWN, procedure=OuterRef("procedure"), begins_on__lte=day)
                .order_by("-begins_on")
                .values("published")[:1]
            ),
            grave=Exists(limits.filter(unit=LimitUnit.UNKNOWN)) | ~Exists(limits),
        )
        .order_by("fold", "procedure__code", "procedure__twin")
    )
    if narrowed.field:
        found = found.filter(field_id=narrowed.field)
    if narrowed.level:
        found = found.filter(levels__contains=[narrowed.level])
    if narrowed.issued_by:
        found = found.filter(issued_by=narrowed.issued_by)
    if narrowed.state:
        found = found.filter(_of_state(narrowed.state))
    return _with_text(found, narrowed.text)


def _of_state(state: str) -> Q:
    defects = CatalogueDefect.objects.filter(OPEN, procedure=OuterRef("procedure"))
    states = {
        PUBLISHED: Q(published=True),
        UNPUBLISHED: Q(published__isnull=True) | Q(published=False),
        DEFECTIVE: Q(Exists(defects)),
        GRAVELY: Q(grave=True),
    }
    return states.get(state, Q())


def _with_text(found: QuerySet[ProcedureVersion], text: str) -> QuerySet[ProcedureVersion]:
    folded = fold(text)[:200]
    if _CODE.fullmatch(folded):
        digits = re.sub(r"\D", "", folded)
        code = Replace("procedure__code", Value("."), Value(""))  # without its point, as people type it
        return found.annotate(digits=code).filter(digits__contains=digits)
    for word in folded.split()[:20]:
        found = found.filter(fold__contains=word)
    return found


def fields(on: dt.date | None = None) -> list[tuple[str, str, int]]:
    """The fields that have procedures on a day: code, name, how many."""
    day = on or clock.today()
    rows = (
        ProcedureVersion.objects.filter(BELIEVED, valid__contains=day)
        .values_list("field_id", "field__name")
        .annotate(many=Count("id"))
        .order_by("field__fold")
    )
    return list(rows[:1_000])


def field_names() -> dict[str, str]:
    """All fields by code."""
    return dict(ProcedureField.objects.values_list("code", "name"))


def issuers(on: dt.date | None = None) -> list[str]:
    """The ministries that published procedures of a day."""
    day = on or clock.today()
    rows = ProcedureVersion.objects.filter(BELIEVED, valid__contains=day).exclude(issued_by="")
    return list(rows.values_list("issued_by", flat=True).distinct().order_by("issued_by")[:200])


def versions_of(procedure_id: uuid.UUID) -> list[ProcedureVersion]:
    """Every version of a procedure: those believed now first, newest days first, then those believed once."""
    found = ProcedureVersion.objects.filter(procedure_id=procedure_id, recorded__isempty=False)
    found = found.select_related("procedure", "field")
    return sorted(
        found[:500],
        key=lambda one: (one.recorded.upper is None, one.valid.lower or dt.date.min, one.recorded.lower),
        reverse=True,
    )


def defects_of(procedure_id: uuid.UUID) -> list[CatalogueDefect]:
    """What is odd about a procedure: open ones first."""
    found = CatalogueDefect.objects.filter(procedure_id=procedure_id)
    return sorted(
        found[:500], key=lambda one: (one.settled_at is not None, one.gone_at is not None, one.kind)
    )


def defects(
    kind: str = "", field: str = "", text: str = "", *, settled: bool = False
) -> QuerySet[CatalogueDefect]:
    """Defects for a page, with the procedure's present `name` and `field_code`; to be paged by the caller."""
    present = ProcedureVersion.objects.filter(
        BELIEVED, procedure=OuterRef("procedure"), valid__contains=clock.today()
    )
    narrowed = Q(settled_at__isnull=False) if settled else OPEN
    found = (
        CatalogueDefect.objects.filter(narrowed)
        .select_related("procedure")
        .annotate(
            name=Subquery(present.values("name")[:1]),
            fold=Subquery(present.values("fold")[:1]),
            field_code=Subquery(present.values("field_id")[:1]),
        )
        .order_by("procedure__code", "procedure__twin", "kind", "id")
    )
    if kind:
        found = found.filter(kind=kind)
    if field:
        found = found.filter(field_code=field)
    for word in fold(text)[:200].split()[:20]:
        found = found.filter(Q(fold__contains=word) | Q(procedure__code__contains=word.replace(" ", ".")))
    return found.order_by("-settled_at", "id") if settled else found


def defect_counts() -> dict[str, int]:
    """Open defects by kind."""
    rows = (
        CatalogueDefect.objects.filter(OPEN).values_list("kind").annotate(many=Count("id")).order_by("-many")
    )
    return dict(rows)


# --- what the province announces
def is_published(procedure_id: uuid.UUID, on: dt.date | None = None) -> bool:
    """Whether the province does this procedure on a day, by its own announcement."""
    found = Publication.objects.filter(
        NOT_WITHDRAWN, procedure_id=procedure_id, begins_on__lte=on or clock.today()
    )
    return bool(found.order_by("-begins_on").values_list("published", flat=True).first())


def announcements(procedure_id: uuid.UUID) -> list[Publication]:
    """What was announced of a procedure: newest first."""
    return list(
        Publication.objects.filter(NOT_WITHDRAWN, procedure_id=procedure_id).order_by("-begins_on")[:100]
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """Một quyết định công bố: what one act announced."""

    batch: uuid.UUID
    decision: str
    begins_on: dt.date
    published: bool
    recorded_at: dt.datetime
    made_by: str
    procedures: int


def latest_batches(limit: int = 20) -> list[Batch]:
    """The announcements that stand, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT batch, min(decision), min(begins_on), bool_and(published), min(recorded_at), min(made_by), count(*)"
            " FROM onestop_publication WHERE withdrawn_at IS NULL GROUP BY batch ORDER BY 5 DESC, 1 LIMIT %s",
            [limit],
        )
        return [Batch(*row) for row in cursor.fetchall()]


# --- readiness
@dataclass(frozen=True, slots=True)
class Configured:
    """How far the catalogue is set up for a level: of `published` procedures so many are `configured`.

    Configured: a route is chosen, the time limit is known, and it is said who is competent.
    """

    published: int
    with_route: int
    with_limit: int
    with_competence: int
    configured: int


_CONFIGURED = """
    WITH announced AS (
        SELECT DISTINCT ON (procedure_id) procedure_id, published FROM onestop_publication
        WHERE withdrawn_at IS NULL AND begins_on <= %(day)s
        ORDER BY procedure_id, begins_on DESC
    ), stands AS (
        SELECT version.id, version.procedure_id FROM onestop_procedureversion version
        JOIN announced ON announced.procedure_id = version.procedure_id AND announced.published
        WHERE upper_inf(version.recorded) AND version.valid @> %(day)s
          AND (%(level)s = ANY(version.levels) OR EXISTS (
              SELECT 1 FROM onestop_competence competence WHERE competence.procedure_id = version.procedure_id
              AND upper_inf(competence.recorded) AND competence.valid @> %(day)s AND competence.level = %(level)s))
    ), said AS (
        SELECT (
            SELECT choice.route_id IS NOT NULL FROM onestop_routechoice choice
            WHERE choice.procedure_id = stands.procedure_id AND choice.level = %(level)s
              AND choice.withdrawn_at IS NULL AND choice.begins_on <= %(day)s
            ORDER BY choice.begins_on DESC LIMIT 1
        ) IS TRUE AS route,
        EXISTS (SELECT 1 FROM onestop_timelimit l WHERE l.version_id = stands.id)
            AND NOT EXISTS (SELECT 1 FROM onestop_timelimit l WHERE l.version_id = stands.id AND l.unit = 'unknown')
            AS limit_known,
        EXISTS (
            SELECT 1 FROM onestop_competence competence WHERE competence.procedure_id = stands.procedure_id
            AND upper_inf(competence.recorded) AND competence.valid @> %(day)s AND competence.level = %(level)s
        ) AS competence
        FROM stands
    )
    SELECT count(*), count(*) FILTER (WHERE route), count(*) FILTER (WHERE limit_known),
           count(*) FILTER (WHERE competence), count(*) FILTER (WHERE route AND limit_known AND competence)
    FROM said
"""


def configured(level: str, on: dt.date | None = None) -> Configured:
    """Thủ tục đã công bố và đã cấu hình (n of m) at a level on a day: for the readiness board."""
    with connection.cursor() as cursor:
        cursor.execute(_CONFIGURED, {"day": on or clock.today(), "level": level})
        return Configured(*cursor.fetchone())


def procedure_by(code: str, twin: int = 0) -> Procedure | None:
    """The procedure of a code, in whatever state; None where there never was one."""
    return Procedure.objects.filter(code=clean(code), twin=twin).first()


def routes_chosen(procedure_id: uuid.UUID) -> list[RouteChoice]:
    """Which routes a procedure takes, level by level: newest first."""
    found = RouteChoice.objects.filter(NOT_WITHDRAWN, procedure_id=procedure_id).select_related("route")
    return list(found.order_by("level", "-begins_on")[:50])
