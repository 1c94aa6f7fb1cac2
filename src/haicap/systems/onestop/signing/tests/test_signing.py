"""Certificates and signatures: what holds is proven by poppler's pdfsig and by pyHanko's own validator."""

from __future__ import annotations

import io
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pytest_django import Settings

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.models import JournalEntry
from haicap.registry.models import Person
from haicap.systems.onestop import policy
from haicap.systems.onestop.models import KeyStore, SigningCertificate
from haicap.systems.onestop.signing import inspection, keys, pdf, queries, service
from haicap.systems.onestop.signing.appearance import Look
from haicap.systems.onestop.signing.errors import (
    BadCertificate,
    BadRevocationList,
    CertificateKnown,
    CertificateNotFound,
    CertificateOfAnother,
    CertificateOutOfDate,
    CertificateRevoked,
    KeyAway,
    NotAPdf,
    PdfActive,
    PdfEncrypted,
    PdfLocked,
    PdfTooLarge,
    SigningNotAllowed,
    TimeStampAway,
    WrongPassphrase,
)
from haicap.systems.onestop.signing.probes import CertificatesLast
from haicap.systems.onestop.signing.tests.factories import (
    PASSPHRASE,
    Authority,
    authority,
    changed_pdf,
    encrypted_pdf,
    plain_pdf,
    red_png,
    rsa_key,
)
from haicap.systems.onestop.tests.factories import NOW, Town, administrator, end_agency, official

AGENCY_NAME = "Ủy ban nhân dân xã Hòa Phú"
SOFTHSM = next((path for path in (Path("/usr/lib/softhsm/libsofthsm2.so"),) if path.exists()), None)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    keys.forget()
    yield
    keys.forget()


@pytest.fixture
def roots(tmp_path: Path, settings: Settings) -> Path:
    """A folder with the authority's root, that signatures are traced to."""
    folder = tmp_path / "roots"
    folder.mkdir()
    (folder / "ca.pem").write_bytes(authority().pem())
    settings.SIGNING_ROOTS = str(folder)
    return folder


def seal_of(town: Town, **more: Any) -> SigningCertificate:
    """The seal of the first commune."""
    content = authority().pkcs12(AGENCY_NAME, organisation=AGENCY_NAME, **more)
    return service.add_certificate(official(town.commune), town.commune.agency.id, content, PASSPHRASE)


def signer_at(town: Town) -> tuple[Actor, SigningCertificate]:
    """The chairman of the first commune with the own certificate."""
    with clock.shifted(timedelta(0)):
        from haicap.kernel import journal
        from haicap.kernel.actor import SYSTEM

        with journal.act(SYSTEM, "test.person") as act:
            person = Person.objects.create(
                family_name="Phan", given_name="Như", full_name="Phan Như", fold="phan nhu", sort_key=b"n"
            )
            act.changed("registry.person", person.pk, None, {})
    base = official(town.commune)
    actor = Actor(
        label="Phan Như", person_id=person.pk, agency_ids=base.agency_ids, permissions=base.permissions
    )
    content = authority().pkcs12("Phan Như", key=rsa_key(), organisation=AGENCY_NAME)
    row = service.add_certificate(
        actor, town.commune.agency.id, content, PASSPHRASE, person_id=person.pk, image=red_png()
    )
    return actor, row


def pdfsig(content: bytes, path: Path) -> str:
    """What poppler says of a file's signatures."""
    path.write_bytes(content)
    done = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True)
    return done.stdout


# --- certificates


def test_certificate__pkcs12__is_kept_locked_without_its_passphrase(town: Town) -> None:
    content = authority().pkcs12(AGENCY_NAME)
    row = service.add_certificate(official(town.commune), town.commune.agency.id, content, PASSPHRASE)
    assert row.store == KeyStore.PKCS12
    kept = bytes(SigningCertificate.objects.get(pk=row.pk).box or b"")
    assert content not in kept
    assert not kept.startswith(b"\x30")
    entry = JournalEntry.objects.get(action="onestop.add_certificate")
    assert PASSPHRASE not in str(entry.after)
    with pytest.raises(CertificateKnown, match="ONE-425"):
        service.add_certificate(official(town.commune), town.commune.agency.id, content, PASSPHRASE)


def test_certificate__wrong_passphrase_or_file__refused(town: Town) -> None:
    actor, agency = official(town.commune), town.commune.agency.id
    with pytest.raises(WrongPassphrase, match="ONE-417"):
        service.add_certificate(actor, agency, authority().pkcs12("x"), "sai")
    for content in (b"", b"xin chao", b"\x30\x03\x02\x01\x05", b"\x30" * 100_000):
        with pytest.raises(BadCertificate, match="ONE-416"):
            service.add_certificate(actor, agency, content, PASSPHRASE)
    with pytest.raises(CertificateOutOfDate, match="ONE-418"):
        service.add_certificate(
            actor, agency, authority().pkcs12("x", ends=NOW - timedelta(days=1)), PASSPHRASE
        )


def test_certificate__others__neither_add_nor_see_it(town: Town) -> None:
    row = seal_of(town)
    stranger = official(town.neighbour)
    with pytest.raises(SigningNotAllowed, match="ONE-422"):
        service.add_certificate(stranger, town.commune.agency.id, authority().pkcs12("x"), PASSPHRASE)
    with pytest.raises(SigningNotAllowed):
        service.add_certificate(
            official(town.commune, may=(policy.SIGN,)),
            town.commune.agency.id,
            authority().pkcs12("x"),
            PASSPHRASE,
        )
    with pytest.raises(CertificateNotFound, match="ONE-421"):
        queries.certificate(stranger, row.pk)
    assert queries.lines(stranger) == []


def test_certificate__near_its_end__is_warned_of(town: Town) -> None:
    row = seal_of(town, ends=NOW + timedelta(days=20, hours=1))
    (line,) = queries.lines(official(town.commune))
    assert (line.state, line.tone, line.agency) == ("còn 20 ngày", "waiting", AGENCY_NAME)
    assert list(queries.expiring(NOW + queries.WARN_BEFORE)) == [row]
    assert CertificatesLast().ask().value == 1
    with clock.at(NOW + timedelta(days=21)):
        assert queries.lines(official(town.commune))[0].tone == "late"
        assert queries.usable(official(town.commune), seal=True) == []


# --- signing


def test_sign__person_then_seal__both_hold_by_pdfsig_and_by_pyhanko(
    town: Town, tmp_path: Path, roots: Path
) -> None:
    actor, own = signer_at(town)
    sealed_by = seal_of(town)
    agency = town.commune.agency.id
    once, _row = service.sign_pdf(actor, plain_pdf(), own.pk, PASSPHRASE, agency_id=agency)
    twice, _row = service.sign_pdf(actor, once, sealed_by.pk, PASSPHRASE, agency_id=agency)
    assert twice.startswith(once)
    told = pdfsig(twice, tmp_path / "signed.pdf")
    assert told.count("Signature Validation: Signature is Valid.") == 2
    assert "Phan Như" in told
    first, second = pdf.verify(twice)
    assert (first.who, first.intact, first.trusted, first.whole) == ("Phan Như", True, True, True)
    assert (second.who, second.intact, second.at) == (AGENCY_NAME, True, NOW)
    root = asn1.Certificate.load(authority().certificate.public_bytes(_der()))
    for embedded in PdfFileReader(io.BytesIO(twice)).embedded_regular_signatures:
        context = ValidationContext(trust_roots=[root], moment=NOW, allow_fetching=False)
        assert validate_pdf_signature(embedded, context).bottom_line


def _der() -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


def test_sign__changed_afterwards__is_seen(town: Town) -> None:
    signed, _row = service.sign_pdf(
        official(town.commune), plain_pdf(), seal_of(town).pk, PASSPHRASE, agency_id=town.commune.agency.id
    )
    broken = signed.replace(b"/MediaBox", b"/MediaBux", 1)
    (found,) = pdf.verify(broken) if broken != signed else pdf.verify(signed[:200] + b" " + signed[201:])
    assert not found.intact


def test_sign__key__stays_loaded_but_a_wrong_passphrase_never_passes(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, actor, agency = seal_of(town), official(town.commune), town.commune.agency.id
    opened: list[int] = []
    read = keys.read_pkcs12

    def counted(content: bytes, passphrase: str) -> Any:
        opened.append(1)
        return read(content, passphrase)

    monkeypatch.setattr(keys, "read_pkcs12", counted)
    for _number in range(3):
        service.sign_pdf(actor, plain_pdf(), row.pk, PASSPHRASE, agency_id=agency)
    assert len(opened) == 1
    with pytest.raises(WrongPassphrase, match="ONE-417"):
        service.sign_pdf(actor, plain_pdf(), row.pk, "khác", agency_id=agency)


def test_sign__expired_revoked_or_of_another__refused(town: Town) -> None:
    actor, own = signer_at(town)
    seal = seal_of(town)
    agency, here = town.commune.agency.id, official(town.commune)

    def sign(who: Actor, row: SigningCertificate, for_agency: Any = agency) -> None:
        service.sign_pdf(who, plain_pdf(), row.pk, PASSPHRASE, agency_id=for_agency)

    with pytest.raises(CertificateOfAnother, match="ONE-420"):
        sign(here, own)
    both = official(town.commune, town.neighbour)
    with pytest.raises(CertificateOfAnother):
        sign(both, seal, town.neighbour.agency.id)
    with pytest.raises(SigningNotAllowed):
        sign(official(town.commune, may=(policy.SIGN,)), seal)
    with clock.at(NOW + timedelta(days=900)), pytest.raises(CertificateOutOfDate, match="ONE-418"):
        sign(actor, own)
    service.revoke_certificate(here, seal.pk, "Mất thiết bị")
    with pytest.raises(CertificateRevoked, match="ONE-419"):
        sign(here, seal)


def test_certificate__agency_that_ended__takes_no_new_one(town: Town) -> None:
    with clock.shifted(timedelta(days=40)):
        end_agency(town.commune, [town.neighbour], date(2026, 4, 1))
        with pytest.raises(CertificateOfAnother, match="ONE-420"):
            seal_of(town)


def test_revocations__list_of_the_provider__withdraws_and_a_made_up_one_does_not(town: Town) -> None:
    row = seal_of(town)
    admin = Actor(label="Tỉnh", sees_all=True, permissions=frozenset({policy.CERTIFICATES}))
    assert service.read_revocations(admin, authority().revocations(12345)) == 0
    with pytest.raises(BadRevocationList, match="ONE-426"):
        service.read_revocations(admin, Authority().revocations(int(row.serial, 16)))
    with pytest.raises(BadRevocationList):
        service.read_revocations(admin, b"khong phai")
    assert service.read_revocations(admin, authority().revocations(int(row.serial, 16))) == 1
    assert SigningCertificate.objects.get(pk=row.pk).revoked_at is not None
    with pytest.raises(SigningNotAllowed):
        service.read_revocations(administrator(), authority().revocations())


def test_sign__shown__seal_stands_left_and_covers_a_third(town: Town, tmp_path: Path) -> None:
    actor, own = signer_at(town)
    seal = seal_of(town)
    agency = town.commune.agency.id
    once, _row = service.sign_pdf(actor, plain_pdf(), own.pk, PASSPHRASE, agency_id=agency)
    twice, _row = service.sign_pdf(actor, once, seal.pk, PASSPHRASE, agency_id=agency)
    boxes = [
        [float(side) for side in one.sig_field["/Rect"]]
        for one in PdfFileReader(io.BytesIO(twice)).embedded_regular_signatures
    ]
    person, agency_box = boxes
    assert agency_box[0] < person[0]
    assert agency_box[2] - person[0] == pytest.approx((person[2] - person[0]) / 3, abs=2)
    (tmp_path / "seen.pdf").write_bytes(twice)
    words = subprocess.run(
        ["pdftotext", str(tmp_path / "seen.pdf"), "-"], capture_output=True, text=True
    ).stdout
    assert "2026-03-02T09:00:00+07:00" in words
    copy, _row = service.sign_pdf(actor, plain_pdf(), seal.pk, PASSPHRASE, agency_id=agency, look=Look.COPY)
    rect = PdfFileReader(io.BytesIO(copy)).embedded_regular_signatures[0].sig_field["/Rect"]
    assert float(rect[1]) > 780


# --- bad input


def _with(key: str, value: Any) -> Callable[[Any], None]:
    def change(writer: Any) -> None:
        writer.root[generic.NameObject(key)] = value
        writer.update_root()

    return change


def _dictionary(**entries: Any) -> generic.DictionaryObject:
    return generic.DictionaryObject({generic.NameObject(f"/{key}"): value for key, value in entries.items()})


SCRIPT = _dictionary(S=generic.NameObject("/JavaScript"), JS=generic.TextStringObject("app.alert(1)"))
ATTACHED = _dictionary(EmbeddedFiles=_dictionary(Names=generic.ArrayObject()))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (lambda: b"", NotAPdf),
        (lambda: b"MZ\x90 not a pdf", NotAPdf),
        (lambda: b"%PDF-1.7\nxin chao", NotAPdf),
        (lambda: plain_pdf()[:400], NotAPdf),
        (encrypted_pdf, PdfEncrypted),
        (lambda: changed_pdf(plain_pdf(), _with("/OpenAction", SCRIPT)), PdfActive),
        (lambda: changed_pdf(plain_pdf(), _with("/Names", ATTACHED)), PdfActive),
        (lambda: b"%PDF-1.7\n" + b"0" * (inspection.MOST_BYTES + 1), PdfTooLarge),
    ],
)
def test_inspect__bad_file__is_named(content: Callable[[], bytes], error: type[Exception]) -> None:
    with pytest.raises(error):
        inspection.inspect(content())


def test_inspect__tables_that_unpack_to_gigabytes__refused() -> None:
    import zlib

    bomb = zlib.compress(b"0" * (inspection.MOST_UNPACKED + 10), 9)
    head = b"%%PDF-1.7\n1 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n" % len(
        bomb
    )
    with pytest.raises(PdfTooLarge, match="ONE-414"):
        inspection.inspect(head + bomb + b"\nendstream\nendobj\n")


def test_sign__three_hundred_pages__works(town: Town, tmp_path: Path) -> None:
    content = plain_pdf(300)
    signed, _row = service.sign_pdf(
        official(town.commune), content, seal_of(town).pk, PASSPHRASE, agency_id=town.commune.agency.id
    )
    assert inspection.inspect(signed) == inspection.Inspected(300, 1)
    assert "Signature is Valid" in pdfsig(signed, tmp_path / "long.pdf")


def test_sign__file_locked_by_an_earlier_signature__refused_and_unchanged(town: Town) -> None:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import MDPPerm
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

    key = ec.generate_private_key(ec.SECP256R1())
    certificate = authority().issue("Người khác", key.public_key()).public_bytes(_der())
    metadata = PdfSignatureMetadata(field_name="Khoa", certify=True, docmdp_permissions=MDPPerm.NO_CHANGES)
    writer = IncrementalPdfFileWriter(io.BytesIO(plain_pdf()))
    locked = PdfSigner(metadata, keys.KeptSigner(key, certificate, ())).sign_pdf(writer).getvalue()
    with pytest.raises(PdfLocked, match="ONE-415"):
        service.sign_pdf(
            official(town.commune), locked, seal_of(town).pk, PASSPHRASE, agency_id=town.commune.agency.id
        )


# --- other places for keys, time stamps


def test_folder__key_outside_the_database__signs(town: Town, tmp_path: Path, settings: Settings) -> None:
    settings.SIGNING_KEYS = str(tmp_path)
    (tmp_path / "xa.p12").write_bytes(authority().pkcs12(AGENCY_NAME))
    actor, agency = official(town.commune), town.commune.agency.id
    row = service.add_certificate_in_folder(actor, agency, "xa.p12", PASSPHRASE)
    assert row.box is None
    signed, _row = service.sign_pdf(actor, plain_pdf(), row.pk, PASSPHRASE, agency_id=agency)
    assert pdf.verify(signed)[0].intact
    keys.forget()
    (tmp_path / "xa.p12").unlink()
    for name in ("xa.p12", "../secret-key", "/etc/passwd"):
        with pytest.raises(KeyAway, match="ONE-423"):
            keys.read_from_folder(name)
    with pytest.raises(KeyAway):
        service.sign_pdf(actor, plain_pdf(), row.pk, PASSPHRASE, agency_id=agency)


@pytest.fixture
def token(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """A security module in software with a key and its certificate, PIN 4321."""
    if SOFTHSM is None or shutil.which("softhsm2-util") is None:
        pytest.skip("softhsm2 is not installed (requirements/debian.txt)")
    (tmp_path / "tokens").mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    settings.SIGNING_PKCS11 = str(SOFTHSM)
    command = [
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        "xa",
        "--pin",
        "4321",
        "--so-pin",
        "8765",
    ]
    subprocess.run(command, check=True, capture_output=True)
    from haicap.systems.onestop.signing.tests.token import fill

    fill(str(SOFTHSM), "xa", "4321", "dau", rsa_key(), authority().issue(AGENCY_NAME, rsa_key().public_key()))
    return "xa"


def test_token__key_never_leaves_it__signs_and_another_pin_is_refused(
    town: Town, token: str, tmp_path: Path
) -> None:
    actor, agency = official(town.commune), town.commune.agency.id
    with pytest.raises(WrongPassphrase, match="ONE-417"):
        service.add_certificate_on_token(actor, agency, token, "dau", "0000")
    with pytest.raises(BadCertificate):
        service.add_certificate_on_token(actor, agency, token, "khong-co", "4321")
    row = service.add_certificate_on_token(actor, agency, token, "dau", "4321")
    assert row.place == "xa/dau"
    for _number in range(2):
        signed, _row = service.sign_pdf(actor, plain_pdf(), row.pk, "4321", agency_id=agency)
    assert "Signature is Valid" in pdfsig(signed, tmp_path / "token.pdf")
    with pytest.raises(WrongPassphrase):
        service.sign_pdf(actor, plain_pdf(), row.pk, "9999", agency_id=agency)
    with pytest.raises(KeyAway):
        keys.token_session("khac", "4321")


@pytest.fixture
def stamping(settings: Settings) -> Iterator[HTTPServer]:
    """A time stamp authority (RFC 3161) on the loopback."""
    from asn1crypto import keys as asn1_keys
    from asn1crypto import tsp
    from cryptography.hazmat.primitives import serialization
    from pyhanko.sign.timestamps import DummyTimeStamper

    certificate = authority().issue("TSA thử", rsa_key().public_key(), time_stamping=True)
    private = rsa_key().private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    stamper = DummyTimeStamper(
        tsa_cert=asn1.Certificate.load(certificate.public_bytes(_der())),
        tsa_key=asn1_keys.PrivateKeyInfo.load(private),
        fixed_dt=NOW + timedelta(seconds=3),
    )

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            told = stamper.request_tsa_response(asked).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_what: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.SIGNING_TSA = f"http://127.0.0.1:{server.server_port}/"
    yield server
    server.shutdown()
    server.server_close()


def test_sign__with_a_time_stamp_authority__bears_its_time(
    town: Town, stamping: HTTPServer, roots: Path
) -> None:
    actor, agency, row = official(town.commune), town.commune.agency.id, seal_of(town)
    signed, _row = service.sign_pdf(actor, plain_pdf(), row.pk, PASSPHRASE, agency_id=agency)
    (found,) = pdf.verify(signed)
    assert found.stamped
    assert found.at == NOW + timedelta(seconds=3)


def test_sign__time_stamp_authority_away__nothing_is_signed(town: Town, settings: Settings) -> None:
    settings.SIGNING_TSA = "http://127.0.0.1:9/"
    with pytest.raises(TimeStampAway, match="ONE-424"):
        service.sign_pdf(
            official(town.commune),
            plain_pdf(),
            seal_of(town).pk,
            PASSPHRASE,
            agency_id=town.commune.agency.id,
        )
