"""What single sign-on promises through the outbox, and its daily tidying; imported by access's `tasks.py`."""

from __future__ import annotations

from haicap.access.oidc import backchannel, grants, sessions
from haicap.kernel import jobs, outbox
from haicap.kernel.outbox import Delivery

#: imported for its receivers: a session may end in any process
RECEIVERS = sessions


@outbox.handler(backchannel.TOPIC, timeout_s=25)
def tell_session_end(delivery: Delivery) -> None:
    """Tell an application that a session ended."""
    backchannel.deliver(delivery)


@jobs.periodic("41 3 * * *", name="access.forget_sign_ins")
def forget_sign_ins(timestamp: int) -> None:
    """Delete what is left of sign-ins at applications that ended long ago."""
    grants.forget_old()
