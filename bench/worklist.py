"""The worklist of an official: 50 rows among a million dossiers, of a country that has been carried over."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import nation, national
from bench.context import PREFIX, Context, row
from bench.load import rate
from haicap.access.tests.accounts import sign_in
from haicap.cli.setup import services, static_files
from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.database import current
from haicap.registry.models import Deployment
from haicap.reorganisation.engine import cut, runs
from haicap.reorganisation.models import RunKind

PATH = "/lam-viec/ho-so/"
WORKERS = 2
PORTS = (8971, 8972)
READY_S = 60
#: the one page of 50 rows, compressed, is never smaller
LEAST_BYTES = 3000

# People who receive dossiers, by how many are in flight at their agency.
_OFFICIALS = """
    WITH held AS MATERIALIZED (
        SELECT DISTINCT ON (desk_id) desk_id, agency_id FROM registry_holding ORDER BY desk_id, begins_at DESC
    ), loaded AS MATERIALIZED (
        SELECT held.agency_id, count(*) AS dossiers FROM onestop_dossier JOIN held USING (desk_id)
        WHERE status IN (1, 2, 4, 5, 6, 8, 9) GROUP BY 1
    )
    SELECT DISTINCT ON (loaded.agency_id) appointment.id, loaded.dossiers
    FROM loaded JOIN held USING (agency_id)
    JOIN registry_post post ON post.desk_id = held.desk_id AND post.title_id = 'cong_chuc_mot_cua'
    JOIN registry_appointment appointment ON appointment.post_id = post.id
    WHERE loaded.dossiers BETWEEN %s AND %s
    ORDER BY loaded.agency_id LIMIT 20
"""


# A few hundred holders of free chairs at counters: the quick fill has too few people to reach the communes.
_RECEIVERS = """
    WITH free AS (
        SELECT post.id AS post_id, kernel_new_id() AS person_id FROM registry_post post
        WHERE post.title_id = 'cong_chuc_mot_cua'
          AND NOT EXISTS (SELECT FROM registry_appointment ap WHERE ap.post_id = post.id)
        ORDER BY post.id LIMIT 2000
    ), hired AS (
        INSERT INTO registry_person (id, family_name, middle_name, given_name, full_name, fold, sort_key,
                                     personal_number, email, phone)
        SELECT person_id, 'Nguyễn', 'Văn', 'Một Cửa', 'Nguyễn Văn Một Cửa', 'nguyen van mot cua', '', '', '', ''
        FROM free RETURNING id
    )
    INSERT INTO registry_appointment (id, person_id, post_id, valid, decision)
    SELECT kernel_new_id(), hired.id, free.post_id, daterange('2024-01-01', NULL), ''
    FROM free JOIN hired ON hired.id = free.person_id
"""


def rows(context: Context) -> list[dict[str, Any]]:
    """Queries, time in the process, and rate through the web server."""
    count = 60_000 if context.quick else 1_000_000
    national.fill(context)
    with context.database("worklist", like=national.filled(context, count)):
        _appoint_receivers()
        _carry_over()
        least, most = (1, 49) if context.quick else (60, 2000)
        busy = _officials(least, most)
        few = _officials(1, 49) or busy
        context.say(f"{len(busy)} officials of {count} dossiers; the first has {busy[0][1]} in flight")
        found = [_queries(busy[0][0], few[-1][0])]
        found += [_in_process(context, [appointment for appointment, _count in busy])]
        found += [_served(context, busy[0][0])]
    return found


def _appoint_receivers() -> None:
    with journal.act(SYSTEM, "bench.appoint_receivers") as act, connection.cursor() as cursor:
        cursor.execute(_RECEIVERS)
        act.changed("appointment", None, None, {"count": cursor.rowcount})


def _carry_over() -> None:
    """1/7/2025: the communes' desks come together at their successors, as in life; a demonstration from then on."""
    values = nation.national_plan()
    plan = nation.stored_plan(values)
    with runs.running(plan.pk, RunKind.CUT_OVER, SYSTEM.label, 1, cut.STEPS) as watch:
        cut.perform(plan, values, watch, SYSTEM, keep=True)
    with journal.act(SYSTEM, "bench.demonstration") as act:
        Deployment.objects.update_or_create(id=1, defaults={"demonstration": True})
        act.changed("registry.deployment", None, None, {"demonstration": True})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _officials(least: int, most: int) -> list[tuple[uuid.UUID, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_OFFICIALS, [least, most])
        return list(cursor.fetchall())


def _client(appointment: uuid.UUID) -> Client:
    client = Client(REMOTE_ADDR="127.0.0.1", HTTP_HOST="127.0.0.1", HTTP_ACCEPT_ENCODING="gzip")
    sign_in(client, appointment)
    return client


def _cookie(appointment: uuid.UUID) -> str:
    """A session as the sign-in makes it."""
    return str(_client(appointment).cookies[settings.SESSION_COOKIE_NAME].value)


def _queries(busy: uuid.UUID, few: uuid.UUID) -> dict[str, Any]:
    def count(appointment: uuid.UUID) -> int:
        client = _client(appointment)
        client.get(PATH)
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(PATH)
        assert answer.status_code == 200, answer.status_code
        return len(captured)

    many, little = count(busy), count(few)
    return row(
        "worklist: queries of a page of 50 rows, against one of few", many, "queries",
        against=little, ratio=many / little, goal="constant (± the undated tail)", holds=abs(many - little) <= 1,
    )  # fmt: skip


def _in_process(context: Context, officials: list[uuid.UUID]) -> dict[str, Any]:
    """p99 of the whole page, middleware and template included, over several officials in turn."""
    clients = [_client(appointment) for appointment in officials]
    for client in clients:
        client.get(PATH)
    took = []
    for number in range(40 if context.quick else 600):
        client = clients[number % len(clients)]
        begin = time.perf_counter()
        client.get(PATH)
        took.append(time.perf_counter() - begin)
    took.sort()
    p99 = took[int(len(took) * 0.99)] * 1000
    context.say(f"worklist in the process: median {took[len(took) // 2] * 1000:.1f} ms, p99 {p99:.1f} ms")
    return row("worklist: page in the process, p99", p99, "ms", goal="< 60 ms", holds=p99 < 60)


def _served(context: Context, official: uuid.UUID) -> dict[str, Any]:
    """Rate through granian against a bare page on the same server, in turns."""
    static_files.collect()
    cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={_cookie(official)}", "Accept-Encoding": "gzip"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM onestop_dossier LIMIT 1")
        bare_path = f"/?id={cursor.fetchone()[0]}"
    connection.close()
    seconds, turns = (1.0, 2) if context.quick else (4.0, 5)
    pages, bares = [], []
    with (
        _server("haicap.web.wsgi:application", PORTS[0]),
        _server("bench.bare.wsgi:application", PORTS[1]),
    ):
        rate(PORTS[0], PATH, 1.0, cookie, LEAST_BYTES)
        rate(PORTS[1], bare_path, 1.0, {}, 50)
        for _turn in range(turns):
            pages.append(rate(PORTS[0], PATH, seconds, cookie, LEAST_BYTES))
            bares.append(rate(PORTS[1], bare_path, seconds, {}, 50))
    page, bare = sorted(pages)[turns // 2], sorted(bares)[turns // 2]
    return row(
        "worklist: pages through the web server", page, "1/s",
        against=bare, ratio=page / bare, goal="≥ 0.12 of a bare page", holds=page / bare >= 0.12,
    )  # fmt: skip


@contextmanager
def _server(application: str, port: int) -> Iterator[None]:
    """granian as `haicap serve` runs it, with another application; stopped at the end."""
    service = services.web_server("127.0.0.1", port, WORKERS)
    command = [*service.command[:-1], application]
    environment = {**service.environment, "HAICAP_DATABASE": PREFIX + "worklist"}
    if "DATABASE_URL" in os.environ:
        environment["DATABASE_URL"] = current.url_of(settings.DATABASES["default"])
    services.require_free_port("127.0.0.1", port)
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    try:
        _wait(port)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int) -> None:
    """Until the server answers anything at all."""
    until = time.monotonic() + READY_S
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
