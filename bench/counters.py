"""Boards of fifty halls that ask every three seconds: what they cost a core, and a thin line."""

from __future__ import annotations

import time
import uuid
from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench.context import Context, row

BOARDS = 50
#: as board.js asks
PERIOD_S = 3.0


def rows(context: Context) -> list[dict[str, Any]]:
    """In one process through all middleware, without a network: most answers say that nothing changed."""
    with context.database("counters"):
        desks = _halls()
        client = Client(REMOTE_ADDR="127.0.0.1", HTTP_HOST="127.0.0.1", HTTP_ACCEPT_ENCODING="gzip")
        addresses = [reverse("onestop:board-now", args=[desk]) for desk in desks]
        tags = {address: client.get(address)["ETag"] for address in addresses}
        rounds = 2 if context.quick else 20
        unchanged = _ask(client, addresses, tags, rounds)
        changed = _ask(client, addresses, {}, rounds)
        with CaptureQueriesContext(connection) as captured:
            same: Any = client.get(addresses[0], headers={"if-none-match": tags[addresses[0]]})
    share = BOARDS / PERIOD_S * unchanged
    size = _bytes(same)
    context.say(f"board: {unchanged * 1000:.2f} ms unchanged ({len(captured)} queries, {size} bytes)")
    context.say(f"board: {changed * 1000:.2f} ms changed")
    return [
        row(
            f"boards: {BOARDS} asking every {PERIOD_S:.0f} s, share of a core", share * 100, "%",
            against=changed * 1000, ratio=unchanged / changed, goal="≤ 10 % of a core", holds=share <= 0.10,
        ),
        row("boards: an answer that nothing changed", size, "bytes", goal="≤ 1,000 bytes", holds=size <= 1000),
    ]  # fmt: skip


def _ask(client: Client, addresses: list[str], tags: dict[str, str], rounds: int) -> float:
    """Seconds of this process a request, of the middle round; the database server's part is not in it."""
    took = []
    for _round in range(rounds):
        begin = time.process_time()
        for address in addresses:
            answer: Any = client.get(address, headers={"if-none-match": tags.get(address, "")})
            assert answer.status_code == (304 if tags else 200), answer.status_code
        took.append((time.process_time() - begin) / len(addresses))
    return sorted(took)[len(took) // 2]


def _bytes(answer: HttpResponse) -> int:
    """What goes over the line for an answer, without TCP and TLS."""
    head = sum(len(name) + len(value) + 4 for name, value in answer.items())
    return head + len(answer.content) + len("HTTP/1.1 304 Not Modified\r\n\r\n")


def _halls() -> list[uuid.UUID]:
    """Fifty communes with three counters each; thirty people have come today, some are at a counter."""
    from haicap.kernel import clock, journal
    from haicap.kernel.actor import SYSTEM
    from haicap.registry.models import Kind, Level
    from haicap.systems.onestop.counters import service
    from haicap.systems.onestop.models import Ticket, TicketState
    from haicap.systems.onestop.tests.factories import make_office

    with journal.act(SYSTEM, "bench.halls") as act:
        province = make_office(Level.PROVINCE, Kind.TINH, "Quảng Hòa", "91", "H91")
        offices = [
            make_office(
                Level.COMMUNE, Kind.XA, f"Xã số {number}", f"911{number:02}", f"H91.{number}", province.unit
            )
            for number in range(BOARDS)
        ]
        act.changed("bench.halls", None, None, {"halls": BOARDS})
    for office in offices:
        counters = [service.set_up_counter(SYSTEM, office.desk.id, number) for number in (1, 2, 3)]
        tickets = [service.draw_ticket(office.desk.id) for _person in range(30)]
        now = clock.now()
        for ticket in tickets[:15]:
            ticket.state, ticket.counter, ticket.called_at, ticket.ended_at = (
                TicketState.DONE,
                counters[0],
                now,
                now,
            )
        for ticket, counter in zip(tickets[15:18], counters, strict=True):
            ticket.state, ticket.counter, ticket.called_at, ticket.calls = TicketState.CALLED, counter, now, 1
        Ticket.objects.bulk_update(tickets[:18], ["state", "counter", "called_at", "ended_at", "calls"])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE onestop_ticket")
    return [office.desk.id for office in offices]
