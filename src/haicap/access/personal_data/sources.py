"""What access itself holds about people: accounts, citizens, sign-ins, devices, looks, consents, requests."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from allauth.usersessions.models import UserSession
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from haicap.access.models import (
    Account,
    AccountKind,
    Citizen,
    Consent,
    DataRequest,
    KnownDevice,
    Reading,
    SignInEvent,
)
from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.contract import DataSubject, Holding, PersonalDataSource
from haicap.kernel.models import JournalEntry

CHUNK = 500
EVIDENCE = _("Bằng chứng về việc xử lý dữ liệu cá nhân, phải xuất trình được khi kiểm tra")
LAW_91 = _("Luật Bảo vệ dữ liệu cá nhân số 91/2025/QH15; Nghị định 356/2025/NĐ-CP")
SECURITY = _("Nhật ký an toàn hệ thống thông tin, chỉ thêm không sửa")
DECREE_85 = _("Nghị định 85/2016/NĐ-CP")
ERASED_NAME = "Người dân đã yêu cầu xóa dữ liệu"


class AccountSource(PersonalDataSource):
    """The account itself: locked when a citizen's data are erased, kept while an official serves."""

    system, record, label = "access", "account", _("Tài khoản")

    def collect(self, subject: DataSubject) -> Iterator[Mapping[str, Any]]:
        """User name, kind, official e-mail, dates; never the password's hash."""
        for account in Account.objects.filter(pk=subject.account_id):
            told = journal.values(account)
            yield {name: value for name, value in told.items() if name != "password"}

    def decide(self, subject: DataSubject) -> list[Holding]:
        """An official's stays."""
        account = Account.objects.get(pk=subject.account_id)
        if account.kind == AccountKind.OFFICIAL:
            return [
                Holding(
                    self.label,
                    1,
                    _("Tài khoản công vụ cần cho việc thi hành nhiệm vụ"),
                    _("Luật Cán bộ, công chức số 80/2025/QH15"),
                )
            ]
        return [Holding(self.label, int(account.is_active))]

    def erase(self, actor: Actor, subject: DataSubject) -> int:
        """Lock a citizen's account; its sessions end."""
        account = Account.objects.get(pk=subject.account_id)
        if account.kind == AccountKind.OFFICIAL:
            return 0
        for session in UserSession.objects.filter(user=account):
            session.end()
        account.is_active = False
        account.save()
        return 1


class CitizenSource(PersonalDataSource):
    """What VNeID said: made anonymous, the row stays so that records that point to it stay whole."""

    system, record, label = "access", "citizen", _("Thông tin người dân từ VNeID")

    def collect(self, subject: DataSubject) -> Iterator[Mapping[str, Any]]:
        """The citizen's record."""
        for citizen in Citizen.objects.filter(account_id=subject.account_id):
            told = journal.values(citizen)
            yield {name: value for name, value in told.items() if name != "fold"}

    def decide(self, subject: DataSubject) -> list[Holding]:
        """Nothing of it must be kept."""
        held = Citizen.objects.filter(account_id=subject.account_id, erased_at__isnull=True).count()
        return [Holding(self.label, held)]

    def erase(self, actor: Actor, subject: DataSubject) -> int:
        """No name, number, date of birth nor link to VNeID any more."""
        citizen = Citizen.objects.filter(account_id=subject.account_id, erased_at__isnull=True).first()
        if citizen is None:
            return 0
        citizen.subject = f"erased:{citizen.pk}"
        citizen.tech_id = citizen.account_type = citizen.personal_number = citizen.phone = ""
        citizen.full_name, citizen.fold, citizen.birth_date = ERASED_NAME, "", None
        citizen.erased_at = clock.now()
        with journal.act(actor, "access.erase_citizen") as act:
            citizen.save()
            act.changed("access.citizen", citizen.pk, {"erased_at": None}, {"erased_at": citizen.erased_at})
        return 1


class DeviceSource(PersonalDataSource):
    """Browsers that signed in before."""

    system, record, label = "access", "device", _("Thiết bị đã đăng nhập")

    def collect(self, subject: DataSubject) -> Iterator[Mapping[str, Any]]:
        """Names of browsers and when they were seen."""
        rows = KnownDevice.objects.filter(account_id=subject.account_id).order_by("first_seen_at")
        yield from rows.values("label", "first_seen_at", "last_seen_at").iterator(CHUNK)

    def decide(self, subject: DataSubject) -> list[Holding]:
        """They may go."""
        return [Holding(self.label, KnownDevice.objects.filter(account_id=subject.account_id).count())]

    def erase(self, actor: Actor, subject: DataSubject) -> int:
        """Delete them."""
        return KnownDevice.objects.filter(account_id=subject.account_id).delete()[0]


class KeptSource(PersonalDataSource):
    """Records that stay as long as the law asks for them, told as they are, the oldest first."""

    at: ClassVar[str] = "at"
    told: ClassVar[tuple[str, ...]]
    reason: ClassVar[str | Promise] = EVIDENCE
    legal_basis: ClassVar[str | Promise] = LAW_91

    @abstractmethod
    def rows(self, subject: DataSubject) -> QuerySet[Any]:
        """The records about the subject."""

    def collect(self, subject: DataSubject) -> Iterator[Mapping[str, Any]]:
        """What `told` names, of every record."""
        yield from self.rows(subject).order_by(self.at, "id").values(*self.told).iterator(CHUNK)

    def decide(self, subject: DataSubject) -> list[Holding]:
        """All are kept."""
        return [Holding(self.label, self.rows(subject).count(), self.reason, self.legal_basis)]


class SignInSource(KeptSource):
    """The sign-in log: a security log stays."""

    system, record, label = "access", "sign_in", _("Nhật ký đăng nhập")
    told = ("at", "outcome", "method", "ip", "user_agent")
    reason, legal_basis = SECURITY, DECREE_85

    def rows(self, subject: DataSubject) -> QuerySet[SignInEvent]:
        """By account."""
        return SignInEvent.objects.filter(account_id=subject.account_id)


class ReadingSource(KeptSource):
    """Who looked at the person's data: proof of what was done with them."""

    system, record, label = "access", "reading", _("Lượt xem dữ liệu của người này")
    told = ("at", "actor_label", "system", "record", "purpose", "note")

    def rows(self, subject: DataSubject) -> QuerySet[Reading]:
        """By every name that looks are noted under."""
        return Reading.objects.filter(subject__in=subject.keys)


class ConsentSource(KeptSource):
    """What the person agreed to and withdrew: proof that there was consent."""

    system, record, label = "access", "consent", _("Sự đồng ý")
    at, told = "given_at", ("purpose", "version", "method", "given_at", "withdrawn_at")

    def rows(self, subject: DataSubject) -> QuerySet[Consent]:
        """By account."""
        return Consent.objects.filter(account_id=subject.account_id)

    def erase(self, actor: Actor, subject: DataSubject) -> int:
        """The rows stay; every consent that stands ends."""
        now = clock.now()
        standing = list(self.rows(subject).filter(withdrawn_at__isnull=True))
        if not standing:
            return 0
        with journal.act(actor, "access.withdraw_consent") as act:
            for consent in standing:
                Consent.objects.filter(pk=consent.pk).update(withdrawn_at=now)
                act.changed("access.consent", consent.pk, {"withdrawn_at": None}, {"withdrawn_at": now})
        return len(standing)


class RequestSource(KeptSource):
    """What the person asked about the own data, and what was decided: proof that it was answered."""

    system, record, label = "access", "data_request", _("Yêu cầu về dữ liệu cá nhân")
    at, told = "asked_at", ("kind", "text", "asked_at", "decision", "decided_at", "reason", "legal_basis")

    def rows(self, subject: DataSubject) -> QuerySet[DataRequest]:
        """By account."""
        return DataRequest.objects.filter(account_id=subject.account_id)


class JournalSource(KeptSource):
    """Entries of the journal about the account and the citizen's record: sealed, one taken out would be damage."""

    system, record, label = "kernel", "journal", _("Nhật ký thay đổi tài khoản")
    told = ("at", "action", "actor_label", "record", "before", "after")
    reason, legal_basis = SECURITY, DECREE_85

    def rows(self, subject: DataSubject) -> QuerySet[JournalEntry]:
        """By the records' ids."""
        ids = [each for each in (subject.account_id, subject.citizen_id) if each is not None]
        return JournalEntry.objects.filter(record_id__in=ids)


PERSONAL_DATA: tuple[type[PersonalDataSource], ...] = (
    AccountSource,
    CitizenSource,
    DeviceSource,
    SignInSource,
    ReadingSource,
    ConsentSource,
    RequestSource,
    JournalSource,
)
