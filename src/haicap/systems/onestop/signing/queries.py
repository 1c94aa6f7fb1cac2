"""Certificates that an actor may see and use; everything starts from `visible_to`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.registry.models import Person
from haicap.systems.onestop import queries as onestop
from haicap.systems.onestop.models import SigningCertificate
from haicap.systems.onestop.signing.errors import CertificateNotFound

#: a certificate that ends so soon is warned of: renewing takes a provider some days
WARN_BEFORE = timedelta(days=45)
MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A certificate as a list shows it: whose it is by name, and how it stands."""

    certificate: SigningCertificate
    agency: str
    person: str
    state: str
    tone: str

    @property
    def usable(self) -> bool:
        """Whether one can sign with it today."""
        return self.tone in ("good", "waiting")


def visible_to(actor: Actor) -> QuerySet[SigningCertificate]:
    """Certificates of the actor's agencies, without their keys; all for who sees all."""
    found = SigningCertificate.objects.defer("box")
    if actor.sees_all:
        return found
    own = Q(agency_id__in=list(actor.agency_ids))
    if actor.person_id is not None:
        own |= Q(person_id=actor.person_id)
    return found.filter(own)


def certificate(actor: Actor, certificate_id: uuid.UUID) -> SigningCertificate:
    """One certificate that the actor may see. Raises CertificateNotFound (ONE-421)."""
    found = visible_to(actor).filter(pk=certificate_id).first()
    if found is None:
        raise CertificateNotFound(
            _("Không tìm thấy chứng thư này, hoặc chứng thư không thuộc cơ quan bạn."),
            todo=_("Hãy chọn trong danh sách chứng thư của cơ quan."),
        )
    return found


def lines(actor: Actor) -> list[Line]:
    """The certificates an actor may see, what ends first first. Three queries."""
    return _lines(visible_to(actor).order_by("revoked_at", "ends_at", "id")[:MOST_ROWS])


def usable(actor: Actor, *, seal: bool) -> list[Line]:
    """Certificates that the actor can sign with now: the own ones as a person, or the seals of the own agencies."""
    found = visible_to(actor).filter(agency_id__in=list(actor.agency_ids), person__isnull=seal)
    if not seal:
        found = found.filter(person_id=actor.person_id) if actor.person_id is not None else found.none()
    return [line for line in _lines(found.order_by("ends_at", "id")[:50]) if line.usable]


def expiring(until: datetime) -> QuerySet[SigningCertificate]:
    """Certificates in use that end before an instant: what a warning is about."""
    return SigningCertificate.objects.defer("box").filter(
        revoked_at__isnull=True, ends_at__gt=clock.now(), ends_at__lte=until
    )


def state_of(one: SigningCertificate, now: datetime) -> tuple[str, str]:
    """(words, tone): how a certificate stands."""
    if one.revoked_at is not None:
        return _("đã thu hồi"), "late"
    if one.ends_at <= now:
        return _("đã hết hạn"), "late"
    if one.begins_at > now:
        return _("chưa có hiệu lực"), "undecided"
    if one.ends_at - now <= WARN_BEFORE:
        return _("còn %(days)s ngày") % {"days": (one.ends_at - now).days}, "waiting"
    return _("còn hiệu lực"), "good"


def _lines(found: Iterable[SigningCertificate]) -> list[Line]:
    rows = list(found)
    agencies = onestop.agency_names({one.agency_id for one in rows}, clock.today())
    people: dict[object, str] = dict(
        Person.objects.filter(pk__in={one.person_id for one in rows if one.person_id}).values_list(
            "pk", "full_name"
        )
    )
    now = clock.now()
    return [
        Line(
            one,
            agencies.get(one.agency_id, ""),
            people.get(one.person_id, "") if one.person_id else "",
            *state_of(one, now),
        )
        for one in rows
    ]
