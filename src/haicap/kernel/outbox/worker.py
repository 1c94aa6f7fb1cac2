"""Delivering inside a worker: each attempt in a thread of its own, cut off when its time is over."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import threading
import uuid
from collections.abc import Callable
from typing import Any

from django.db import connection

from haicap.kernel.outbox import delivery
from haicap.kernel.outbox.delivery import Claim, attempt, keep_failure, take
from haicap.kernel.outbox.handlers import handler_of

logger = logging.getLogger(__name__)

#: for a topic whose handler this worker does not know
DEFAULT_TIMEOUT_S = 30


class TimeIsOver(BaseException):
    """Hết thời gian: raised inside a handler that took too long; no Exception, so that none swallows it."""


class Attempt:
    """One attempt in a thread of its own, with a database connection of its own."""

    def __init__(self, message_id: uuid.UUID, timeout_s: float) -> None:
        self.message_id = message_id
        self.timeout_s = timeout_s
        self.claim: Claim | None = None
        self._backend_pid: int | None = None
        self._thread_id: int | None = None
        self._cut_off = False

    def run(self) -> None:
        """The body of the thread."""
        try:
            connection.ensure_connection()
            self._backend_pid = connection.connection.info.backend_pid
            self._thread_id = threading.get_ident()
            self.claim = take(self.message_id)
            if self.claim is not None:
                attempt(self.claim, statement_timeout_s=self.timeout_s)
        except BaseException:
            if not self._cut_off:
                raise
        finally:
            self._thread_id = None
            connection.close()

    def cut_off(self) -> None:
        """Fail the attempt and make sure that it can do nothing any more. Runs in another thread.

        The message is taken away from it, its database connection ended (so that it cannot commit), and an
        exception raised in it. A thread that hangs in the network nevertheless stays until the process ends.
        """
        self._cut_off = True
        try:
            if self.claim is not None:
                error = TimeoutError(f"took more than {self.timeout_s:g} s")
                keep_failure(self.claim, error, handler_of(self.claim.delivery.topic))
            if self._backend_pid is not None:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_terminate_backend(%s)", [self._backend_pid])
            thread_id = self._thread_id
            if thread_id is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread_id), ctypes.py_object(TimeIsOver)
                )
        finally:
            connection.close()


async def sweep() -> None:
    """`delivery.sweep` beside an event loop."""

    def work() -> None:
        try:
            delivery.sweep()
        finally:
            connection.close()

    await in_thread(work)


async def deliver_in_time(message_id: uuid.UUID, topic: str) -> None:
    """Deliver one message; after its handler's time the attempt is cut off and counts as failed."""
    handler = handler_of(topic)
    attempt_ = Attempt(message_id, handler.timeout_s if handler else DEFAULT_TIMEOUT_S)
    running = in_thread(attempt_.run)
    try:
        await asyncio.wait_for(asyncio.shield(running), attempt_.timeout_s)
    except TimeoutError:
        logger.warning("delivery of %s took more than %g s", message_id, attempt_.timeout_s)
        running.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        await in_thread(attempt_.cut_off)


def in_thread(work: Callable[[], Any]) -> asyncio.Future[Any]:
    """Run `work` in a daemon thread, which never keeps the process from ending; a future of its result."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[Any] = loop.create_future()

    def settle(value: Any, error: BaseException | None) -> None:
        if result.cancelled():
            return
        if error is None:
            result.set_result(value)
        else:
            result.set_exception(error if isinstance(error, Exception) else RuntimeError(repr(error)))

    def run() -> None:
        value, error = None, None
        try:
            value = work()
        except BaseException as raised:
            error = raised
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, value, error)

    threading.Thread(target=run, daemon=True, name=getattr(work, "__qualname__", "job")).start()
    return result
