"""Session tokens of the instance metadata service, version 2: handed out to whoever asks by PUT."""

import base64
import hashlib
import hmac
import secrets
import struct

from cone_sidecar.clock import Clock

SHORTEST_LIFE_S = 1
LONGEST_LIFE_S = 21600
MOST_DIGITS = len(str(LONGEST_LIFE_S))
# The C runtime's client has room for 64 characters. These are 56, as AWS's own.
LENGTH = 56
END = struct.Struct(">Q")
NONCE_BYTES = 10
SIGNED_BYTES = END.size + NONCE_BYTES
# Of HMAC-SHA256, cut as RFC 2104 §5 allows: what is left of 42 bytes, which are 56 characters.
SEAL_BYTES = 24


class ImdsTokens:
    """Issue tokens that carry their own end, and tell whether one is ours and still good.

    Nothing is kept of a token. A table would have a bound, and whoever asked for enough tokens would push
    out those of others. The key is this process's own: with it, all tokens end.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(hashlib.sha256().digest_size)

    def issue(self, life_s: int) -> str:
        """Return a token that is good for ``life_s`` seconds."""
        signed = END.pack(self._now_ms() + life_s * 1000) + secrets.token_bytes(NONCE_BYTES)
        return base64.urlsafe_b64encode(signed + self._seal(signed)).decode()

    def good(self, token: bytes) -> bool:
        """Tell whether ``token`` was issued here and hasn't ended; compared in constant time."""
        if len(token) != LENGTH:
            return False
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except ValueError:
            return False
        signed, seal = raw[:SIGNED_BYTES], raw[SIGNED_BYTES:]
        if not hmac.compare_digest(seal, self._seal(signed)):
            return False
        (ends_ms,) = END.unpack_from(signed)
        return self._now_ms() < int(ends_ms)

    def _seal(self, signed: bytes) -> bytes:
        return hmac.digest(self._key, signed, "sha256")[:SEAL_BYTES]

    def _now_ms(self) -> int:
        # The wall clock, since clients count by it too: neither side's tokens outlive a night's sleep.
        return int(self._clock.now().timestamp() * 1000)


def parse_life(value: bytes) -> int | None:
    """Return the seconds that a client wants its token to live, None where they aren't 1 to 21600."""
    if len(value) > MOST_DIGITS or not value.isdigit():
        return None
    life_s = int(value)
    return life_s if SHORTEST_LIFE_S <= life_s <= LONGEST_LIFE_S else None
