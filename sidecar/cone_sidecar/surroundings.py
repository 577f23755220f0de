"""What the flights of all profiles share."""

from dataclasses import dataclass

from cone_sidecar.access_request import Justify, stated_justification
from cone_sidecar.clock import Clock
from cone_sidecar.cooldown import DEFAULT_COOLDOWN, Cooldown
from cone_sidecar.domain.ports import Connections, CredentialStore, Events


@dataclass(slots=True)
class Surroundings:
    """The adapters, and how flights behave. ``strict`` serves nothing that ConductorOne hasn't confirmed.

    ``cooldown`` and ``strict`` may change while flights are under way.
    """

    connections: Connections
    store: CredentialStore
    clock: Clock
    events: Events
    cooldown: Cooldown = DEFAULT_COOLDOWN
    justify: Justify = stated_justification
    strict: bool = False
