"""Search over everything: each provider asks its own app, which lets through only what the actor may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.errors import HaicapError
from haicap.registry import pages
from haicap.registry import people as registry_people
from haicap.systems.onestop import catalogue
from haicap.systems.onestop import queries as onestop


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found: what it is called, what it is, its page."""

    title: str
    note: str
    href: str


@dataclass(frozen=True, slots=True)
class Provider:
    """Nguồn tìm kiếm: a heading and the search itself."""

    key: str
    name: str | Promise
    find: Callable[[Actor, str, int], list[Hit]]


@dataclass(frozen=True, slots=True)
class Group:
    """What one provider found; `error` when it could not look."""

    key: str
    name: str
    hits: list[Hit]
    error: HaicapError | None = None


def _units(actor: Actor, text: str, limit: int) -> list[Hit]:
    hits = []
    for found in pages.found_units(text, clock.today(), limit):
        note = ", ".join(part for part in (found.hit.above, found.hit.version.code) if part)
        if found.now:
            now = ", ".join(one.title for one in found.now)
            note = _("%(note)s; nay là %(now)s") % {"note": note, "now": now}
        hits.append(Hit(found.hit.title, note, found.href))
    return hits


def _dossiers(actor: Actor, text: str, limit: int) -> list[Hit]:
    if not (actor.agency_ids or actor.sees_all):
        return []
    return [
        Hit(
            dossier.code,
            f"{dossier.applicant_name}, {dossier.get_status_display()}",
            _reverse("onestop:dossier", dossier.code),
        )
        for dossier in onestop.search(actor, text, limit)
    ]


def _procedures(actor: Actor, text: str, limit: int) -> list[Hit]:
    if not (actor.agency_ids or actor.sees_all):  # the page of the catalogue is for officials
        return []
    return [
        Hit(
            found.name[:160],
            f"{found.procedure.code}, {found.field.name}",
            _reverse("onestop:catalogue-procedure", str(found.procedure_id)),
        )
        for found in catalogue.find(text, limit=limit)
    ]


def _people(actor: Actor, text: str, limit: int) -> list[Hit]:
    return [
        Hit(found.name, f"{found.title}, {found.agency}", reverse("units:unit", args=[found.unit_code]))
        for found in registry_people.search(actor, text, limit)
    ]


def _reverse(view: str, *arguments: str) -> str:
    try:
        return reverse(view, args=arguments)
    except NoReverseMatch:
        return ""


#: a system adds its own provider here: one line
PROVIDERS: tuple[Provider, ...] = (
    Provider("don-vi", gettext_lazy("Đơn vị hành chính"), _units),
    Provider("ho-so", gettext_lazy("Hồ sơ"), _dossiers),
    Provider("thu-tuc", gettext_lazy("Thủ tục"), _procedures),
    Provider("nguoi", gettext_lazy("Cán bộ, công chức"), _people),
)


def search(actor: Actor, text: str, limit: int) -> list[Group]:
    """What each provider found, at most `limit` each; a provider that fails does not silence the others."""
    groups = []
    for provider in PROVIDERS:
        try:
            hits = provider.find(actor, text, limit) if text else []
            groups.append(Group(provider.key, str(provider.name), hits))
        except HaicapError as problem:
            groups.append(Group(provider.key, str(provider.name), [], problem))
    return groups
