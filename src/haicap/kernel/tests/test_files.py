"""The file store, in a local folder and in a real S3 peer: whole or not at all, and never damaged bytes."""

from __future__ import annotations

import errno
import hashlib
import io
import logging
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from django.core.files.storage import storages
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from haicap.kernel import files
from haicap.kernel.files import places, store
from haicap.kernel.files.places import path_of
from haicap.kernel.models.files import StoredFile

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def use_folder(settings: Any, folder: Path) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "files": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder), "base_url": None},
        },
    }


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    """A server that speaks S3 over HTTP on the loopback."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    use_folder(settings, tmp_path)
    return tmp_path


def s3_client(endpoint: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="t", aws_secret_access_key="t"
    )


def use_bucket(settings: Any, endpoint: str, bucket: str) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "files": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": bucket,
                "endpoint_url": endpoint,
                "region_name": "us-east-1",
                "access_key": "t",
                "secret_key": "t",
                "file_overwrite": False,
            },
        },
    }


@pytest.fixture
def bucket(settings: Any, s3_endpoint: str) -> Iterator[str]:
    name = "haicap-files"
    client = s3_client(s3_endpoint)
    client.create_bucket(Bucket=name)
    use_bucket(settings, s3_endpoint, name)
    yield name
    for found in client.list_objects_v2(Bucket=name).get("Contents", []):
        client.delete_object(Bucket=name, Key=found["Key"])
    client.delete_bucket(Bucket=name)


@pytest.fixture(params=["folder", "bucket"])
def anywhere(request: pytest.FixtureRequest) -> str:
    """Each test with a local folder, and again with S3."""
    request.getfixturevalue(request.param)
    return str(request.param)


def kept() -> list[str]:
    """The names of everything in the storage, temporary files too."""
    storage = storages["files"]
    found = []

    def walk(path: str) -> None:
        folders, names = storage.listdir(path)
        found.extend(f"{path}/{name}".lstrip("/") for name in names)
        for one in folders:
            walk(f"{path}/{one}".lstrip("/"))

    walk("")
    return sorted(found)


# --- both places ---


def test_files__put__keeps_the_bytes_under_their_digest(anywhere: str) -> None:
    row = files.put(PDF, "application/pdf", "Quyết định số 5.pdf")
    row.refresh_from_db()
    assert row.digest == sha256(PDF)
    assert (row.size_bytes, row.media_type, row.name) == (len(PDF), "application/pdf", "Quyết định số 5.pdf")
    assert files.read(row.digest) == PDF
    assert files.get(row.digest) == row
    assert kept() == [path_of(row.digest)]


def test_files__put__stores_the_same_bytes_once(anywhere: str) -> None:
    first = files.put(PDF, name="a.pdf")
    again = files.put(io.BytesIO(PDF), name="b.pdf")
    assert again == first
    assert again.name == "a.pdf"
    assert StoredFile.objects.count() == 1
    assert kept() == [path_of(first.digest)]


def test_files__open__is_a_stream_from_the_beginning(anywhere: str) -> None:
    content = os.urandom(700_001)
    row = files.put(io.BytesIO(content))
    with files.open(row.digest) as stream:
        assert stream.read(10) == content[:10]
        assert stream.read() == content[10:]
        stream.seek(5)
        assert stream.read(5) == content[5:10]


def test_files__put__takes_nothing_and_much(anywhere: str) -> None:
    assert files.read(files.put(b"", name="rỗng.txt").digest) == b""
    big = b"0123456789abcdef" * (9 * 1024 * 1024 // 16)  # more than one part of a multipart upload
    row = files.put(io.BytesIO(big))
    assert row.size_bytes == len(big)
    assert files.verify(row.digest)


def _damage(digest: str) -> None:
    storage = storages["files"]
    storage.delete(path_of(digest))
    storage.save(path_of(digest), io.BytesIO(b"tampered"))


def test_files__open__gives_no_byte_of_a_damaged_file(anywhere: str) -> None:
    row = files.put(PDF)
    _damage(row.digest)
    with pytest.raises(files.FileDamaged, match="KRN-114"):
        files.open(row.digest)
    assert not files.verify(row.digest)


def test_files__put__again_replaces_damaged_bytes(anywhere: str) -> None:
    row = files.put(PDF)
    _damage(row.digest)
    assert files.put(PDF) == row
    assert files.read(row.digest) == PDF
    assert kept() == [path_of(row.digest)]


def test_files__put__again_replaces_damaged_bytes_of_the_same_size(anywhere: str) -> None:
    row = files.put(PDF)
    storage = storages["files"]
    storage.delete(path_of(row.digest))
    storage.save(path_of(row.digest), io.BytesIO(bytes(len(PDF))))
    files.put(PDF)
    assert files.read(row.digest) == PDF
    assert kept() == [path_of(row.digest)]


def test_files__put__again_brings_missing_bytes_back(anywhere: str) -> None:
    row = files.put(PDF)
    storages["files"].delete(path_of(row.digest))
    with pytest.raises(files.NoSuchFile, match="KRN-113"):
        files.open(row.digest)
    assert not files.verify(row.digest)
    files.put(PDF)
    assert files.read(row.digest) == PDF


@pytest.mark.parametrize("digest", ["", "0" * 64, "../../etc/passwd", "A" * 64, "a" * 65])
def test_files__open__knows_no_other_names(anywhere: str, digest: str) -> None:
    with pytest.raises(files.NoSuchFile):
        files.open(digest)
    with pytest.raises(files.NoSuchFile):
        files.get(digest)


def test_files__put__refuses_what_is_too_large_and_keeps_nothing(anywhere: str) -> None:
    class Endless:
        given = 0

        def read(self, size: int) -> bytes:
            self.given += size
            return b"x" * size

    stream = Endless()
    with pytest.raises(files.FileTooLarge, match="KRN-111") as refused:
        files.put(stream, name="to.bin", max_bytes=1_000_000)
    assert refused.value.details == {"max_bytes": 1_000_000}
    assert stream.given < 2_000_000, "reads no further than it must"
    assert kept() == []
    assert files.put(b"x" * 1_000, max_bytes=1_000).size_bytes == 1_000


def test_files__put__refuses_kinds_that_are_not_wanted(anywhere: str) -> None:
    with pytest.raises(files.FileKindRefused, match="KRN-112"):
        files.put(
            b"MZ\x90\0" + b"\0" * 60, "application/pdf", "giấy khai sinh.pdf", allowed={"application/pdf"}
        )
    assert kept() == []
    assert files.put(PDF, allowed={"application/pdf"}).media_type == "application/pdf"


def test_files__put__a_stream_that_breaks_keeps_nothing(anywhere: str) -> None:
    class Breaking:
        pieces = [b"%PDF-", OSError("connection reset")]

        def read(self, size: int) -> bytes:
            piece = self.pieces.pop(0)
            if isinstance(piece, OSError):
                raise piece
            return piece

    with pytest.raises(files.FileUnreadable, match="KRN-115"):
        files.put(Breaking())
    assert kept() == []
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize("wrong", [io.StringIO("văn bản"), None, 5, "văn bản"])
def test_files__put__refuses_what_gives_no_bytes(folder: Path, wrong: Any) -> None:
    with pytest.raises(files.FileUnreadable, match="KRN-115"):
        files.put(wrong)
    assert kept() == []


def test_files__row_rolled_back__leaves_bytes_that_serve_the_next(anywhere: str) -> None:
    with transaction.atomic():
        digest = files.put(PDF).digest
        transaction.set_rollback(True)
    assert not StoredFile.objects.exists()
    assert files.put(PDF).digest == digest
    assert files.read(digest) == PDF


def test_files__row__is_never_altered(folder: Path) -> None:
    row = files.put(PDF)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        StoredFile.objects.filter(digest=row.digest).update(media_type="text/html")
    with pytest.raises(DatabaseError, match="kernel_stored_file_digest"), transaction.atomic():
        StoredFile.objects.create(digest="X" * 64, size_bytes=1, media_type="x", name="")


# --- the local folder ---


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=2000), max_size=8))
def test_files__any_contents__come_back_as_they_were(folder: Path, contents: list[bytes]) -> None:
    rows = [files.put(content) for content in contents]
    assert [files.read(row.digest) for row in rows] == contents
    assert len({row.digest for row in rows}) == len(set(contents))


def test_files__full_disk__is_said_and_keeps_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(places.os, "fsync", full)
    with pytest.raises(files.StoreUnavailable, match="KRN-116"):
        files.put(PDF)
    monkeypatch.undo()
    assert kept() == []
    assert not StoredFile.objects.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_files__write_to_a_full_disk__is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("wb")  # noqa: SIM115 (closed by the store)
    monkeypatch.setattr(places.LocalPlace, "temporary", lambda self: full)
    monkeypatch.setattr(places.os, "unlink", lambda name: None)
    with pytest.raises(files.StoreUnavailable, match="KRN-116"):
        files.put(os.urandom(3_000_000))
    assert not StoredFile.objects.exists()


def test_files__folder_that_cannot_be_made__is_said(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    use_folder(settings, tmp_path / "file" / "files")
    with pytest.raises(files.StoreUnavailable, match="KRN-116"):
        files.put(PDF)


def test_files__bytes_reach_the_disk_before_their_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        places.os,
        "fsync",
        lambda fd: (steps.append("folder" if os.path.isdir(f"/proc/self/fd/{fd}") else "bytes"), fsync(fd)),
    )
    monkeypatch.setattr(places.os, "replace", lambda a, b: (steps.append("name"), replace(a, b)))
    files.put(PDF)
    assert steps[0] == "bytes"
    assert steps[-2:] == ["name", "folder"]


KILLED = """
import django, hashlib, sys
django.setup()
from pathlib import Path
from haicap.kernel.files.places import LocalPlace
place = LocalPlace(Path(sys.argv[1]))
number = 0
while True:
    content = number.to_bytes(8, "big") * 40_000
    temporary = place.temporary()
    for start in range(0, len(content), 32_000):
        temporary.write(content[start:start + 32_000])
    place.keep(temporary, hashlib.sha256(content).hexdigest())
    number += 1
    print(number, flush=True)
"""


@pytest.mark.parametrize("after", [1, 7, 20])
def test_files__killed_in_the_middle__every_file_is_whole(folder: Path, after: int) -> None:
    """A process that stores files without end is killed; what has a name has all its bytes."""
    writer = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert writer.stdout is not None
    for line in writer.stdout:
        if int(line) >= after:
            break
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    named = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "incoming"]
    assert len(named) >= after
    assert all(sha256(path.read_bytes()) == path.name for path in named)
    left = list((folder / "incoming").glob("*"))
    assert files.sweep() == 0, "a file that may still be written is left alone"
    for one in left:
        os.utime(one, (0, 0))
    assert files.sweep() == len(left)


def test_files__same_bytes_at_once__are_one_whole_file(folder: Path) -> None:
    content = os.urandom(2_000_000)
    where = places.LocalPlace(folder)
    failures: list[BaseException] = []

    def keep() -> None:
        try:
            temporary = where.temporary()
            temporary.write(content)
            where.keep(temporary, sha256(content))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=keep) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert kept() == [path_of(sha256(content))]
    assert files.verify(sha256(content))


# --- S3 ---


def test_files__s3_that_does_not_answer__is_said(settings: Any) -> None:
    use_bucket(settings, "http://127.0.0.1:9", "nowhere")
    settings.STORAGES["files"]["OPTIONS"]["client_config"] = Config(
        retries={"max_attempts": 0}, connect_timeout=1
    )
    with pytest.raises(files.StoreUnavailable, match="KRN-116"):
        files.put(PDF)
    with pytest.raises(files.StoreUnavailable, match="KRN-116"):
        files.open(sha256(PDF))
    assert not StoredFile.objects.exists()


def test_files__s3_same_bytes_stored_meanwhile__leave_one_object(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process is first between the question and the sending."""
    row = files.put(PDF)
    with monkeypatch.context() as patched:
        patched.setattr(places.RemotePlace, "size", lambda self, digest: None)
        files.put(PDF)
    assert kept() == [path_of(row.digest)]
    assert files.read(row.digest) == PDF


# --- what a file is ---


def _archive(*names: str, mimetype: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


OOXML = "application/vnd.openxmlformats-officedocument"


@pytest.mark.parametrize(
    ("content", "claimed", "found"),
    [
        (PDF, "", "application/pdf"),
        (PDF, "text/plain", "application/pdf"),
        (PNG, "image/jpeg", "image/png"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 20, "", "image/jpeg"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "", "image/webp"),
        (b"MZ\x90\0" + b"\0" * 60, "application/pdf", "application/vnd.microsoft.portable-executable"),
        (_archive("[Content_Types].xml", "word/a.xml"), "text/plain", f"{OOXML}.wordprocessingml.document"),
        (_archive("[Content_Types].xml", "xl/workbook.xml"), "", f"{OOXML}.spreadsheetml.sheet"),
        (
            _archive("content.xml", mimetype="application/vnd.oasis.opendocument.text"),
            "",
            "application/vnd.oasis.opendocument.text",
        ),
        (_archive("a.txt"), "", "application/zip"),
        (b"PK\x03\x04broken", "", "application/zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "application/msword", "application/msword"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "application/pdf", "application/x-ole-storage"),
        (b'<?xml version="1.0"?><edXML/>', "", "application/xml"),
        (b"<edXML/>", "application/xml", "application/xml"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "", "image/svg+xml"),
        (b"  <!DOCTYPE html><html>", "text/plain", "text/html"),
        (b"<script>alert(1)</script>", "image/png", "text/html"),
        ("họ tên;năm sinh\n".encode(), "text/csv; charset=utf-8", "text/csv"),
        ("họ tên;năm sinh\n".encode(), "application/pdf", "text/plain"),
        ("họ tên".encode("utf-16"), "", "text/plain"),
        (("ệ" * 3000).encode(), "", "text/plain"),  # the look ends in the middle of a letter
        (b"\x00\x01\x02", "text/plain", "application/octet-stream"),
        (b"", "", "application/octet-stream"),
        (b"\x30\x82\x01\x0a", "application/pkcs7-signature", "application/pkcs7-signature"),
    ],
)  # fmt: skip
def test_files__media_type__is_looked_at(folder: Path, content: bytes, claimed: str, found: str) -> None:
    assert files.put(content, claimed).media_type == found


def test_files__limit__comes_from_the_settings(folder: Path, settings: Any) -> None:
    settings.FILES_MAX_BYTES = 10
    with pytest.raises(files.FileTooLarge):
        files.put(b"12345678901")
    assert store.MAX_BYTES == 200 * 1024 * 1024
