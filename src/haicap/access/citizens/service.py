"""Citizens: from what VNeID says to an account and a record; never to an official's account."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from haicap.access.citizens.claims import Claims
from haicap.access.citizens.errors import CitizenLocked, ConsentMissing, NumberTaken
from haicap.access.models import Account, AccountKind, Citizen, Consent, ConsentPurpose
from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.contract import number_subject
from haicap.kernel.ids import new_id
from haicap.kernel.text import fold

#: of the words to which a person agrees; another version is asked for again
CONSENT_VERSION = "2026-11"
METHOD_VNEID = "vneid"
_KEPT = ("tech_id", "account_type", "full_name", "personal_number", "birth_date")


def find_citizen(claims: Claims) -> Citizen | None:
    """The citizen of this VNeID account. Raises NumberTaken (ACC-504) and CitizenLocked (ACC-505)."""
    found = (
        Citizen.objects.select_related("account")
        .filter(issuer=claims.issuer, subject=claims.subject, erased_at__isnull=True)
        .first()
    )
    other = Citizen.objects.filter(personal_number=claims.personal_number)
    if (other.exclude(pk=found.pk) if found is not None else other).exists():
        raise _taken()
    if found is not None and not found.account.is_active:
        raise CitizenLocked(
            _("Tài khoản của bạn đang bị khóa."),
            kept=_("Dữ liệu và hồ sơ của bạn vẫn còn nguyên."),
            todo=_("Liên hệ bộ phận một cửa nơi bạn ở để biết lý do và mở lại."),
        )
    return found


def consents_enough(account: Account) -> bool:
    """Whether the owner agreed to the present words about having an account, and did not withdraw."""
    return Consent.objects.filter(
        account=account,
        purpose=ConsentPurpose.ACCOUNT,
        version=CONSENT_VERSION,
        withdrawn_at__isnull=True,
    ).exists()


def register_citizen(claims: Claims, purposes: Collection[str]) -> Account:
    """Ghi nhận người dân lần đầu: account, record and consents in one transaction.

    Raises ConsentMissing (ACC-506), NumberTaken (ACC-504); nothing is written then.
    """
    _check_consent(purposes)
    account = Account(id=new_id(), kind=AccountKind.CITIZEN)
    account.username = f"cd.{account.pk.hex}"
    account.set_unusable_password()
    citizen = Citizen(
        account=account,
        issuer=claims.issuer,
        subject=claims.subject,
        fold=fold(claims.full_name),
        **{name: getattr(claims, name) for name in _KEPT},
    )
    actor = Actor(label=claims.full_name, account_id=account.pk)
    try:
        with journal.act(actor, "access.register_citizen") as act:
            account.save(force_insert=True)
            citizen.save(force_insert=True)
            act.changed("access.citizen", citizen.pk, None, _told(journal.values(citizen)))
            _give(act, account, purposes)
    except IntegrityError as error:
        raise _taken() from error
    return account


def refresh_citizen(citizen: Citizen, claims: Claims) -> bool:
    """Cập nhật theo VNeID: keep what the provider says now; whether anything differed. Journalled.

    A personal number may change by law (sex or year of birth put right); it must be nobody else's:
    NumberTaken (ACC-504).
    """
    said = {name: getattr(claims, name) for name in _KEPT}
    before, after = journal.difference({name: getattr(citizen, name) for name in _KEPT}, said)
    if not after:
        return False
    try:
        with journal.act(citizen.account.as_actor(), "access.refresh_citizen") as act:
            for name, value in after.items():
                setattr(citizen, name, value)
            citizen.fold = fold(citizen.full_name)
            citizen.claims_at = clock.now()
            citizen.save()
            act.changed("access.citizen", citizen.pk, _told(before), _told(after))
    except IntegrityError as error:
        raise _taken() from error
    return True


def agree(account: Account, purposes: Collection[str]) -> None:
    """Đồng ý lại: consents of somebody who is known already. Raises ConsentMissing (ACC-506)."""
    _check_consent(purposes)
    with journal.act(account.as_actor(), "access.give_consent") as act:
        _give(act, account, purposes)


def _check_consent(purposes: Collection[str]) -> None:
    if ConsentPurpose.ACCOUNT not in purposes:
        raise ConsentMissing(
            _("Bạn chưa đồng ý cho dùng thông tin VNeID để đăng nhập."),
            kept=_("Chưa có thông tin nào của bạn được lưu."),
            todo=_(
                "Đánh dấu đồng ý mục đích này để có tài khoản, hoặc chọn «Không đồng ý» để thoát; "
                "tra cứu và nộp hồ sơ trực tiếp không cần tài khoản."
            ),
            where=ConsentPurpose.ACCOUNT,
        )


def _give(act: journal.Act, account: Account, purposes: Collection[str]) -> None:
    """One row a purpose; a standing one of older words ends."""
    now = clock.now()
    for purpose in ConsentPurpose:
        if purpose not in purposes:
            continue
        standing = Consent.objects.filter(account=account, purpose=purpose, withdrawn_at__isnull=True).first()
        if standing is not None and standing.version == CONSENT_VERSION:
            continue
        if standing is not None:
            Consent.objects.filter(pk=standing.pk).update(withdrawn_at=now)
            act.changed("access.consent", standing.pk, {"withdrawn_at": None}, {"withdrawn_at": now})
        given = Consent.objects.create(
            account=account, purpose=purpose, version=CONSENT_VERSION, method=METHOD_VNEID, given_at=now
        )
        act.changed("access.consent", given.pk, None, journal.values(given))


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """What the journal keeps for ever: the number only as its digest, the date of birth not at all."""
    told = {name: value for name, value in values.items() if name not in ("fold", "birth_date")}
    if told.get("personal_number"):
        told["personal_number"] = number_subject(told["personal_number"])
    if "birth_date" in values:
        told["birth_date_known"] = values["birth_date"] is not None
    return told


def _taken() -> NumberTaken:
    return NumberTaken(
        _("Số định danh cá nhân này đã gắn với một tài khoản VNeID khác trong hệ thống."),
        kept=_("Chưa có gì thay đổi."),
        todo=_("Mang căn cước đến bộ phận một cửa để được đối chiếu và gắn lại."),
    )
