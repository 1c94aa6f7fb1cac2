"""Errors of people, posts, accounts, delegations and their import (ACC-2xx)."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, NotAllowed, NotFound


class NoSuchPerson(NotFound):
    """ACC-201: there is no such person, post or delegation, or it lies outside what the actor looks after."""

    code = "ACC-201"


class NotAdministrator(NotAllowed):
    """ACC-202: the hat worn does not look after people, accounts or delegations."""

    code = "ACC-202"


class TitleNotGiven(NotAllowed):
    """ACC-203: an administrator of this level may not give (or end) this title."""

    code = "ACC-203"


class NotToOneself(NotAllowed):
    """ACC-204: nobody gives itself a post, locks itself out or delegates to itself."""

    code = "ACC-204"


class PostTaken(Conflict):
    """ACC-205: every post of this title is held at that time."""

    code = "ACC-205"


class BadPerson(BadInput):
    """ACC-206: a name, number, address or telephone cannot be used; `where` names the field."""

    code = "ACC-206"


class NumberTaken(Conflict):
    """ACC-207: the personal number is another person's."""

    code = "ACC-207"


class EmailTaken(Conflict):
    """ACC-208: the official e-mail is another account's."""

    code = "ACC-208"


class WorksElsewhere(NotAllowed):
    """ACC-209: this person also holds what the actor may not give: the province's administrator looks after it."""

    code = "ACC-209"


class BadDelegation(BadInput):
    """ACC-210: the time, the reason or the delegate cannot be used."""

    code = "ACC-210"


class NotDelegable(NotAllowed):
    """ACC-211: this title is not delegated, or the post is not the actor's to delegate."""

    code = "ACC-211"


class BadList(BadInput):
    """ACC-212: the list lacks columns or rows."""

    code = "ACC-212"


class BadAppointment(BadInput):
    """ACC-214: the day or the place of an appointment cannot be used."""

    code = "ACC-214"


class RowsRefused(Conflict):
    """ACC-215: some rows cannot be used, and all or nothing was asked for."""

    code = "ACC-215"


class ListMoved(Conflict):
    """ACC-216: what the preview said no longer holds, or the list was entered already."""

    code = "ACC-216"


class LinksUnavailable(Conflict):
    """ACC-217: no account of these needs a link."""

    code = "ACC-217"


class PostHeld(Conflict):
    """ACC-218: somebody holds the post on the day on which it would close, or later."""

    code = "ACC-218"


class PostNotOpen(Conflict):
    """ACC-219: the post is closed already; or it is asked to open again and is not closed, or may not be."""

    code = "ACC-219"
