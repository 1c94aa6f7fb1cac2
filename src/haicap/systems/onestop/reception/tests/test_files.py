"""Files: false kinds, 2 GB, bombs, breakage, viruses; what is refused leaves nothing behind."""

from __future__ import annotations

import io
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from django.test import Client

from haicap.kernel.actor import Actor
from haicap.kernel.models import StoredFile
from haicap.kernel.tests.waiting import until
from haicap.systems.onestop.reception import antivirus, files
from haicap.systems.onestop.reception.errors import FileInfected, FileRefused, ScannerSilent, TooManyFiles
from haicap.systems.onestop.reception.tests.test_pages import PNG, clerk_of
from haicap.systems.onestop.tests.factories import Town

Browse = Callable[[Actor], Client]
MEGABYTE = 1024 * 1024
# in two halves: a scanner on a developer's machine must not take this file away
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def a_pdf(body: bytes = b"") -> bytes:
    """The smallest whole PDF with one page; `body` stands in it as a comment."""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    ]
    made, places = b"%PDF-1.4\n%" + body + b"\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(made))
        made += b"%d 0 obj" % number + part + b"endobj\n"
    table = len(made)
    made += b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % table


def a_docx(document: bytes = b"<w:document/>", **more: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", document)
        for name, content in more.items():
            archive.writestr(f"word/{name}", content)
    return made.getvalue()


def a_png(width: int, height: int) -> bytes:
    """The header of a picture of this size, with next to nothing in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def take(content: bytes, name: str = "giay.pdf", **more: Any) -> StoredFile:
    return files.accept(io.BytesIO(content), name, **more)


@pytest.mark.parametrize(
    ("content", "kind"), [(a_pdf(), "application/pdf"), (PNG, "image/png"), (a_docx(), DOCX)]
)
def test_file__accept__good_ones_are_kept(db: None, content: bytes, kind: str) -> None:
    assert take(content).media_type == kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\0" + b"\0" * 200,  # a program called giay.pdf
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"PK\x05\x06" + b"\0" * 18,  # an archive that is no document
        a_pdf()[:-60],  # cut off
        b"%PDF-1.7\n" + b"x" * 500,
        a_png(60_000, 60_000),
        PNG[:-12],  # cut off
        a_docx(b"\0" * (60 * MEGABYTE)),
        a_docx()[:-30],
    ],
)
def test_file__accept__false_kinds_bombs_and_broken_ones_are_refused(db: None, content: bytes) -> None:
    with pytest.raises(FileRefused):
        take(content)
    assert not StoredFile.objects.exists()


def test_file__accept__bomb_that_lies_about_its_size_is_refused(db: None) -> None:
    honest = a_docx(b"\0" * (60 * MEGABYTE))
    lying = honest.replace(struct.pack("<I", 60 * MEGABYTE), struct.pack("<I", 100))
    assert lying != honest
    with pytest.raises(FileRefused):
        take(lying)


class Endless:
    """A stream without an end that counts what was read of it."""

    def __init__(self) -> None:
        self.read_bytes = 0

    def read(self, size: int = -1, /) -> bytes:
        self.read_bytes += size
        return b"%PDF-1.4" + b"\0" * (size - 8)


def test_file__accept__two_gigabytes_are_given_up_at_the_limit(db: None, settings: Any) -> None:
    settings.RECEPTION_FILE_MB = 2
    stream = Endless()
    with pytest.raises(TooManyFiles):
        files.accept(cast(BinaryIO, stream), "to.pdf")
    assert stream.read_bytes < 3 * MEGABYTE


def test_file__accept__files_of_a_dossier_together_are_limited(db: None, settings: Any) -> None:
    settings.RECEPTION_DOSSIER_MB = 1
    take(a_pdf(), taken_bytes=MEGABYTE // 2)
    with pytest.raises(TooManyFiles):
        take(a_pdf(b"x" * 1000), taken_bytes=MEGABYTE - 500)


class Upload:
    """A form with a file of two gigabytes, made while it is read."""

    HEAD = b'--x\r\nContent-Disposition: form-data; name="tep"; filename="to.pdf"\r\n\r\n'

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        head = self.HEAD if not self.given else b""
        self.given += len(head) or size
        return head or b"\0" * size

    def readline(self, size: int = -1) -> bytes:
        """As `read`: there are no lines in it."""
        return self.read(size)


@pytest.mark.parametrize("announced", [2 * 1024 * MEGABYTE, 1_500_000])
def test_upload__two_gigabytes__are_refused_while_they_come(
    town: Town, browse: Browse, settings: Any, announced: int
) -> None:
    settings.RECEPTION_DOSSIER_MB = 1
    body = Upload()
    answer = browse(clerk_of(town.commune)).generic(
        "POST",
        "/lam-viec/tiep-nhan/",
        **{
            "wsgi.input": body,
            "CONTENT_LENGTH": str(announced),
            "CONTENT_TYPE": "multipart/form-data; boundary=x",
        },
    )
    assert answer.status_code == 400
    assert "ONE-609" in answer.content.decode()
    assert body.given < 2 * MEGABYTE


# --- viruses
class Peer:
    """What clamd does with zPING and zINSTREAM, over a socket of its own: pieces with their length, then a verdict."""

    def __init__(self, path: Path, verdict: Callable[[bytes], bytes]) -> None:
        self.verdict = verdict
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self.server.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                command = b""
                while not command.endswith(b"\0"):
                    command += stream.read(1)
                answer = b"PONG" if command == b"zPING\0" else self.verdict(self._pieces(stream))
                connection.sendall(answer + b"\0")

    @staticmethod
    def _pieces(stream: Any) -> bytes:
        found = b""
        while size := struct.unpack("!L", stream.read(4))[0]:
            found += stream.read(size)
        return found


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short name: addresses of sockets have room for a hundred letters."""
    folder = tempfile.mkdtemp(prefix="hc")
    yield Path(folder)
    shutil.rmtree(folder)


@pytest.fixture
def peer(short: Path, settings: Any) -> Iterator[None]:
    """A scanner that knows one virus."""
    path = short / "clamd"
    made = Peer(path, lambda data: b"stream: Eicar-Test-Signature FOUND" if EICAR in data else b"stream: OK")
    settings.CLAMAV = str(path)
    yield
    made.server.close()


@pytest.fixture
def clamd(short: Path, settings: Any) -> Iterator[None]:
    """The real daemon, with a database that knows the test string only; skipped where it is not installed."""
    program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
    if program is None:
        pytest.skip("clamd is not installed (Debian: clamav-daemon)")
    (short / "test.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n")
    conf = short / "clamd.conf"
    conf.write_text(
        f"LocalSocket {short}/clamd\nDatabaseDirectory {short}\nForeground yes\nLogFile {short}/log\n"
        f"PidFile {short}/pid\nStreamMaxLength 3M\nMaxThreads 2\n"
    )
    with subprocess.Popen(
        [program, "-c", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        settings.CLAMAV = f"{short}/clamd"
        try:
            until(lambda: antivirus.answers() is True)
            yield
        finally:
            process.terminate()
            process.wait(20)


@pytest.mark.parametrize("scanner", ["peer", "clamd"])
def test_file__virus_test_string__is_refused(db: None, request: pytest.FixtureRequest, scanner: str) -> None:
    request.getfixturevalue(scanner)
    with pytest.raises(FileInfected, match="Eicar"):
        take(a_pdf(EICAR))
    assert not StoredFile.objects.exists()
    assert take(a_pdf(b"sach")).media_type == "application/pdf"


def test_file__beyond_what_clamd_takes__is_refused_unseen(db: None, clamd: None) -> None:
    with pytest.raises(ScannerSilent):
        take(a_pdf(b"x" * (5 * MEGABYTE)))
    assert not StoredFile.objects.exists()


def test_file__scanner_that_is_named_but_dead__nothing_is_taken(db: None, settings: Any, short: Path) -> None:
    settings.CLAMAV = str(short / "nobody")
    with pytest.raises(ScannerSilent) as refused:
        take(a_pdf())
    assert refused.value.http_status == 503
    assert antivirus.answers() is False
    assert not StoredFile.objects.exists()


def test_counter__no_scanner_named__says_so(town: Town, browse: Browse, settings: Any, peer: None) -> None:
    client = browse(clerk_of(town.commune))
    notice = "chưa đặt máy quét vi-rút"
    assert notice not in client.get("/lam-viec/tiep-nhan/").content.decode()
    settings.CLAMAV = ""
    assert notice in client.get("/lam-viec/tiep-nhan/").content.decode()
