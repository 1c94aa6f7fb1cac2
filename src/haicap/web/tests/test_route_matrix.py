"""Every address × every method × every title, at own and others' objects: who gets in is what the matrix says.

`routes.ROUTES` says what each method needs, `route_world` which object and which form it is asked with. What a title
should come to is computed from the need and from titles.csv × bundles.csv: who may must succeed (and leave an entry of
the journal behind), who may not gets 401, 403, 404 or the sign-in page, reads nobody's name and changes nothing.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.urls.resolvers import URLResolver

from haicap.access.titles import RULES
from haicap.kernel import clock
from haicap.kernel.contract import permissions
from haicap.kernel.models import JournalEntry
from haicap.registry.tests.places import NOW
from haicap.web.tests import route_world
from haicap.web.tests.route_world import MAKERS, Ask, Visitor, World
from haicap.web.tests.routes import METHODS, ROUTES, Row

WORDS = {"public", "no post", "signed in", "post", "holder", "token", "nobody"}
PLACES = {"", "all", "agency", "unit", "desk", "plan", "holder"}
#: who must have a second factor, and who need not
ONE_OF_EACH = ("quan_tri_tinh province *", "chuyen_vien * *")
SIGN_IN = ("/dang-nhap/", "/tai-khoan/lop-hai/")


def walk(resolver: URLResolver, spaces: tuple[str, ...] = ()) -> Iterator[tuple[str, URLPattern]]:
    """Every pattern below a resolver, with its full name."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield ":".join((*spaces, pattern.name or f"?{pattern.pattern}")), pattern
        else:
            yield from walk(pattern, (*spaces, pattern.namespace) if pattern.namespace else spaces)


PATTERNS = dict(walk(get_resolver()))


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One world for the whole module, in a transaction that is rolled back at its end."""
    with django_db_blocker.unblock(), clock.at(NOW), transaction.atomic():
        yield route_world.build()
        transaction.set_rollback(True)


# --- the table
def test_routes__every_one__is_in_the_table_and_no_other() -> None:
    missing = sorted(set(PATTERNS) - set(ROUTES))
    lines = "\n".join(f'    "{name}": row("<need of GET>", "<need of POST>"),' for name in missing)
    assert not missing, f"add to src/haicap/web/tests/routes.py, in ROUTES:\n{lines}"
    assert not set(ROUTES) - set(PATTERNS), "routes that are no more"


def test_routes__every_address_with_values__has_an_object() -> None:
    """But for those that succeed elsewhere: here they are asked for what does not exist."""
    bare = {name for name, pattern in PATTERNS.items() if pattern.pattern.regex.groupindex}
    bare -= {name for name, row in ROUTES.items() if row.elsewhere}
    assert not bare - set(MAKERS), "say in route_world.MAKERS which objects these are asked for"


def test_needs__every_one__is_a_word_or_a_permission_with_a_place() -> None:
    known = {*WORDS, *permissions()}
    for name, row in ROUTES.items():
        for need in [*row.methods.values(), row.shows]:
            for alternative in filter(None, need.split("|")):
                code, _at, place = alternative.partition("@")
                assert code in known, (name, alternative)
                assert place in PLACES, (name, alternative)


def test_elsewhere__every_one__is_a_file_of_tests() -> None:
    folder = Path(__file__).parents[3]
    assert not {
        row.elsewhere for row in ROUTES.values() if row.elsewhere and not (folder / row.elsewhere).is_file()
    }


def test_titles__every_row_of_the_table__is_walked(world: World) -> None:
    assert [visitor.rule for visitor in world.visitors if visitor.rule] == list(RULES)


# --- what ought to be
def holds(need: str, visitor: Visitor, ask: Ask) -> bool:
    """Whether one of the alternatives of a need holds for a visitor and an object."""
    return any(_holds(*alternative.partition("@")[::2], visitor, ask) for alternative in need.split("|"))


def has_any(need: str, visitor: Visitor) -> bool:
    """Whether the visitor has one of the permissions of a need, wherever; words count as had."""
    codes = {alternative.partition("@")[0] for alternative in need.split("|")}
    return bool(codes & WORDS) or (visitor.rule is not None and bool(codes & visitor.rule.permissions))


def _holds(code: str, place: str, visitor: Visitor, ask: Ask) -> bool:
    actor, account = visitor.actor, visitor.account
    own = account is not None and ask.holder == account.pk
    words = {
        "public": True,
        "no post": actor.post_id is None,
        "signed in": account is not None,
        "post": actor.post_id is not None,
        "holder": own,
        "token": False,
        "nobody": False,
    }
    granted = words.get(code, visitor.rule is not None and code in visitor.rule.permissions)
    reaches = {
        "": True,
        "all": actor.sees_all,
        "agency": actor.sees_all or ask.agency_id in actor.agency_ids,
        "unit": actor.sees_all or ask.unit_id in actor.unit_ids,
        "desk": ask.agency_id in actor.agency_ids,
        "plan": bool(ask.units & actor.unit_ids),
        "holder": own,
    }
    return granted and reaches[place]


# --- what is
def address_of(name: str, ask: Ask) -> str:
    """The address of a route; where nobody said of which object, of none that exists."""
    pattern = PATTERNS[name].pattern
    kinds = {key: type(one).__name__ for key, one in pattern.converters.items()}
    values = {"IntConverter": 1, "UUIDConverter": route_world.NOBODY}
    nothing = {key: values.get(kinds.get(key, ""), "khong-co") for key in pattern.regex.groupindex}
    return reverse(name, kwargs={**nothing, **ask.values}) + (f"?{ask.query}" if ask.query else "")


def send(client: Client, method: str, address: str, ask: Ask) -> tuple[HttpResponse, str, int]:
    """The answer, its text, and how many entries of the journal it wrote; all of it is taken back."""
    cookies = copy.deepcopy(client.cookies)
    with transaction.atomic():
        ask.before()
        before = 0 if method == "GET" else JournalEntry.objects.count()
        answer: Any = client.get(address) if method == "GET" else _write(client, method, address, ask)
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content
        written = 0 if method == "GET" else JournalEntry.objects.count() - before
        transaction.set_rollback(True)
    client.cookies = cookies
    return answer, text.decode(errors="replace"), written


def _write(client: Client, method: str, address: str, ask: Ask) -> Any:
    form = dict(ask.form)
    for value in form.values():
        if hasattr(value, "seek"):
            value.seek(0)
    if method == "POST":
        return client.post(address, form)
    return client.generic(method, address)


def problem(row: Row, method: str, visitor: Visitor, ask: Ask, came: tuple[HttpResponse, str, int]) -> str:
    """What is wrong with an answer; nothing where it is as the table says."""
    answer, text, written = came
    to = answer.headers.get("Location", "")
    turned_away = answer.status_code in (401, 403, 404) or (
        answer.status_code in (302, 303) and to.startswith(SIGN_IN) and visitor.account is None
    )
    if answer.status_code >= 500 and not (answer.status_code == 503 and row.elsewhere):
        return f"broke: {answer.status_code}"
    told = [secret for secret in ask.secrets if secret in text]
    if told and not holds(row.shows or row.methods[method], visitor, ask):
        return f"reads {told}"
    if row.methods[method] == "token":  # a protocol's own word for "you brought none"
        turned_away = turned_away or answer.status_code == 400
    if not holds(row.methods[method], visitor, ask):
        if not turned_away:
            return f"was not turned away: {answer.status_code} {to}"
        return f"changed something: {written} entries" if written else ""
    if row.elsewhere:
        return "was turned away" if answer.status_code in (401, 403) else ""
    if not 200 <= answer.status_code < 400 or (to.startswith(SIGN_IN) and row.methods[method] != "public"):
        return f"should have got in: {answer.status_code} {to} {_said(text)}"
    if method == "POST" and row.leaves == "journal" and not written:
        return f"should have left an entry of the journal: {answer.status_code} {to} {_said(text)}"
    return ""


def _said(text: str) -> str:
    """The errors on a page."""
    bare = re.sub(r"<[^>]+>", " ", text.partition("<h1")[2])
    return " ".join(bare.split())[:200]


def asked_by(world: World, row: Row, method: str) -> list[Visitor]:
    """Every title; a form that needs no permission (one's own password) is sent by one visitor of each kind."""
    codes = {
        alternative.partition("@")[0] for need in row.methods.values() for alternative in need.split("|")
    }
    if method == "GET" or codes - WORDS:
        return world.visitors
    return [visitor for visitor in world.visitors if visitor.rule is None or visitor.label in ONE_OF_EACH]


def cases(name: str, row: Row) -> list[bool]:
    """Own objects, and others' where the answer depends on whose it is."""
    depends = any("@" in need or "holder" in need for need in (*row.methods.values(), row.shows))
    return [True, False] if depends and name in MAKERS else [True]


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_route__every_title_every_method_own_and_other__as_the_matrix_says(world: World, name: str) -> None:
    row = ROUTES[name]
    wrong: list[str] = []
    granted = 0
    for visitor in world.visitors:
        for own in cases(name, row):
            ask = route_world.ask(world, name, visitor, own=own)
            address = address_of(name, ask)
            for method, need in row.methods.items():
                if visitor not in asked_by(world, row, method):
                    continue
                if method != "GET" and not own and not has_any(need, visitor):
                    continue  # refused at the own object, whatever the place
                came = send(visitor.client, method, address, ask)
                found = problem(row, method, visitor, ask, came)
                if found:
                    wrong.append(f"{method} {address} {'own' if own else 'other'}: {visitor.label} {found}")
                granted += method == "POST" and holds(row.methods[method], visitor, ask)
    assert not wrong, f"{row}\n" + "\n".join(wrong)
    need = row.methods.get("POST", "")
    assert granted or need in ("", "token", "nobody"), f"the table lets nobody POST to {name}"


def test_methods__without_a_row__are_not_allowed(world: World) -> None:
    """By who may most: a method that is not in the table is answered 405, so a new one does not escape it."""
    administrator, nobody = world.visitor("quan_tri_tinh province *"), world.visitor("anonymous")
    wrong = []
    for name, row in ROUTES.items():
        # who is signed in is led away from the pages of signing in before anything else is looked at
        visitor = nobody if "public" in row.methods.values() else administrator
        ask = route_world.ask(world, name, visitor, own=True)
        address = address_of(name, ask)
        for method in METHODS:
            if method in row.methods:
                continue
            answer, _text, written = send(visitor.client, method, address, ask)
            view = getattr(PATTERNS[name].callback, "view_class", None)
            offered = view is None or hasattr(view, method.lower())  # a library may lead away before it looks
            if written or (answer.status_code != 405 and offered):
                wrong.append(f"{method} {name}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
