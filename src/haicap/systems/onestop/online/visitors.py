"""Who is at the citizens' door, and what of theirs they may open."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from django.http import HttpRequest
from django.utils.translation import gettext as _

from haicap.access.models import Account, Citizen, Consent, ConsentPurpose
from haicap.access.requests import acting
from haicap.access.sign_in import throttle
from haicap.access.sign_in.address import client_address, place_of
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.contract import number_subject
from haicap.kernel.text import clean
from haicap.systems.onestop.models import Dossier, DossierDetail, OnlineDraft
from haicap.systems.onestop.numbering import CODE_FORM
from haicap.systems.onestop.online import links
from haicap.systems.onestop.online.errors import DraftNotFound, TooManyLookups

#: wrong codes and links in a row from one place before it must wait
FREE_LOOKUPS = 30
#: drafts begun in a row from one place before it must wait
FREE_BEGINNINGS = 60


@dataclass(frozen=True, slots=True)
class Visitor:
    """Người dân ở cửa: signed in (`citizen`) or not; `place` is where the request comes from."""

    actor: Actor
    citizen: Citizen | None = None
    place: str = ""

    @property
    def for_themselves(self) -> Actor:
        """Who acts on an own dossier: the applicant, with the right to just that.

        The use-cases ask officials' permissions; that the dossier is the visitor's own is checked before.
        """
        return replace(SYSTEM, label=str(_("Người nộp hồ sơ")), account_id=self.actor.account_id)

    def agreed_to(self, purpose: ConsentPurpose) -> bool:
        """Whether the citizen's consent to this purpose stands."""
        return (
            self.citizen is not None
            and Consent.objects.filter(
                account_id=self.citizen.account_id, purpose=purpose, withdrawn_at__isnull=True
            ).exists()
        )


@dataclass(frozen=True, slots=True)
class Own:
    """Hồ sơ của chính mình: the dossier, and the key under which its owner opened it."""

    dossier: Dossier
    detail: DossierDetail | None
    key: str


def visitor_of(request: HttpRequest) -> Visitor:
    """Who asks."""
    account = request.user
    citizen = getattr(account, "citizen", None) if isinstance(account, Account) else None
    return Visitor(acting(request).actor, citizen, place_of(client_address(request)))


def key_for(draft: OnlineDraft) -> str:
    """What the address of a draft says: a citizen's own id, or a secret."""
    return str(draft.pk) if draft.citizen_id is not None else links.key_of(draft.pk)


def draft_of(visitor: Visitor, key: str) -> OnlineDraft:
    """The visitor's draft. Raises DraftNotFound (ONE-801), TooManyLookups (ONE-810)."""
    counted = _guess(visitor)
    found = _draft(visitor, key)
    if found is None:
        raise _not_found()
    throttle.give_back(counted)
    return found


def own_dossier(visitor: Visitor, key: str) -> Own:
    """The visitor's dossier by its code (signed in) or by the secret link that it was handed in with.

    Raises DraftNotFound (ONE-801), TooManyLookups (ONE-810).
    """
    counted = _guess(visitor)
    dossier = _by_code(visitor, key) if CODE_FORM.match(clean(key).upper()) else _by_draft(visitor, key)
    if dossier is None:
        raise _not_found()
    throttle.give_back(counted)
    return Own(dossier, DossierDetail.objects.filter(pk=dossier.pk).first(), key)


def check_beginnings(visitor: Visitor) -> None:
    """Raises TooManyLookups (ONE-810) where one place begins drafts as a machine would."""
    if not throttle.take([throttle.counter("onestop.begin", visitor.place, free=FREE_BEGINNINGS)]):
        raise _too_many()


def guessing(place: str) -> list[throttle.Counter]:
    """An attempt to look something up by a code; give it back (`throttle.give_back`) where it was right.

    Raises TooManyLookups (ONE-810).
    """
    counted = [throttle.counter("onestop.lookup", place, free=FREE_LOOKUPS)]
    if not throttle.take(counted):
        raise _too_many()
    return counted


def _guess(visitor: Visitor) -> list[throttle.Counter]:
    return guessing(visitor.place)


def _draft(visitor: Visitor, key: str) -> OnlineDraft | None:
    drafts = OnlineDraft.objects.select_related(
        "procedure_version__procedure", "procedure_version__field", "citizen", "dossier"
    )
    secret = links.draft_id_of(key)
    if secret is not None:
        return drafts.filter(pk=secret, citizen__isnull=True).first()
    try:
        own = uuid.UUID(key)
    except ValueError:
        return None
    if visitor.citizen is None:
        return None
    return drafts.filter(pk=own, citizen=visitor.citizen).first()


def _by_draft(visitor: Visitor, key: str) -> Dossier | None:
    draft = _draft(visitor, key)
    return draft.dossier if draft is not None else None


def _by_code(visitor: Visitor, code: str) -> Dossier | None:
    dossier = Dossier.objects.filter(code=clean(code).upper()).first()
    if dossier is None or visitor.citizen is None:
        return None
    return dossier if is_of(dossier, visitor.citizen) else None


def is_of(dossier: Dossier, citizen: Citizen) -> bool:
    """Whether a dossier is this citizen's: handed in signed in, or under the own number."""
    number = citizen.personal_number
    if number and dossier.applicant_subject == number_subject(number):
        return True
    return DossierDetail.objects.filter(pk=dossier.pk, citizen=citizen).exists()


def _not_found() -> DraftNotFound:
    return DraftNotFound(
        _("Không mở được trang này: liên kết không đúng, đã hết hạn, hoặc là của người khác."),
        todo=_(
            "Hãy mở đúng liên kết đã lưu, hoặc đăng nhập bằng VNeID. Tra cứu theo mã hồ sơ thì không cần đăng nhập."
        ),
    )


def _too_many() -> TooManyLookups:
    return TooManyLookups(
        _("Có quá nhiều lần thử từ nơi này."),
        kept=_("Không có gì thay đổi."),
        todo=_("Hãy đợi vài phút rồi thử lại với đúng mã hoặc liên kết."),
    )
