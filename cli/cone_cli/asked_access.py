"""Access to one profile for a command of a person: obtained first, and told of on the way."""

import argparse
import os
from dataclasses import replace

from cone_cli.access_options import WaitOptions, terms_from
from cone_cli.caller_patience import caller_patience
from cone_cli.composition import AccessSettings, access_settings
from cone_cli.narration import Narrator
from cone_cli.terminal import Teletype
from cone_sidecar.aws_config.profiles import find_profile
from cone_sidecar.broker import AccessBroker
from cone_sidecar.domain.access import Transition
from cone_sidecar.domain.ports import HeldCredentials
from cone_sidecar.domain.profile import Profile
from cone_sidecar.errors import ConeError


class AskedAccess:
    """Obtain a profile's credentials as ``cone aws credentials`` does, in the same words.

    ``exit_code`` tells how it ended once there are none.

    Raises:
        ConeError: The profile or the settings can't be read.
    """

    def __init__(self, args: argparse.Namespace, wait: WaitOptions) -> None:
        self.settings = access_settings(os.environ)
        self.profile = asked_profile(args, self.settings)
        self.exit_code = 0
        self._wait = wait
        self._teletype = Teletype()
        self._narrator: Narrator | None = Narrator(
            self._teletype, waiting_for=self.profile if wait.for_people else None
        )

    def hear(self, event: Transition) -> None:
        """Put an event into words, for as long as the command waits for its credentials."""
        if self._narrator:
            self._narrator.hear(event)

    async def obtain(self, broker: AccessBroker) -> HeldCredentials | None:
        """Return the credentials, None once it was said why there are none."""
        narrator, self.exit_code = self._narrator, 0
        patience = caller_patience(self._wait, self._teletype)
        try:
            held = await broker.obtain(self.profile, patience)
        except ConeError as error:
            if narrator:
                narrator.conclude(self.profile.name, error)
            self.exit_code = error.exit_code
            return None
        # What happens from now on is the child's matter: the terminal belongs to it.
        self._narrator = None
        return held


def asked_profile(args: argparse.Namespace, settings: AccessSettings) -> Profile:
    """Return the profile that a command names, to be asked for as its options say.

    Raises:
        ConeError: There is none of this name, it lacks a key, or an option has no meaning.
    """
    profile = find_profile(args.aws_profile, os.environ, settings.terms)
    terms = terms_from(args, profile.terms)
    if args.no_request:
        terms = replace(terms, auto_request=False)
    return replace(profile, terms=terms)
