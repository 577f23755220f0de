"""A world beside which clients are as containers are beside a sidecar: in one network, at AWS's address."""

from clients.own_network import ADDRESS, own_network
from clients.refusal import scenario
from clients.world import World


class Beside:
    """A world in a network of its own; so is what :meth:`do` does."""

    def __init__(self, *options):
        self._options = options
        self._executor = own_network()
        self.world = World()

    def __enter__(self):
        self.do(self._open)
        return self

    def __exit__(self, *_):
        self.do(self.world.__exit__, None, None, None)
        self._executor.shutdown()

    def do(self, act, *arguments):
        """Return what ``act`` returns."""
        return self._executor.submit(act, *arguments).result()

    def _open(self):
        self.world.open(scenario(()), *self._options, listen=f"{ADDRESS}:80")
