"""How long whoever runs a command waits for access."""

from cone_cli.access_options import WaitOptions
from cone_cli.terminal import Teletype
from cone_sidecar.domain.access import WAITS_FOR_A_PERSON, Phase
from cone_sidecar.patience import ONCE_REQUESTED, Patience


def caller_patience(wait: WaitOptions, teletype: Teletype) -> Patience:
    """Return how long to wait, in seconds, and what to be told of instead."""
    if wait.not_at_all:
        return Patience(wait.limit_s, ONCE_REQUESTED)
    if wait.for_people:
        return Patience(wait.limit_s, frozenset())
    # With a terminal, a person is there to sign in; without one, the link is all that can be done.
    others = {Phase.SIGN_IN_REQUIRED} if teletype.there else set[Phase]()
    return Patience(wait.limit_s, WAITS_FOR_A_PERSON - others)
