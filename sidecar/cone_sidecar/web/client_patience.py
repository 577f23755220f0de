"""How long each AWS SDK waits for an answer, told by its headers (sdk-contract §1.5 and §2.3)."""

from cone_sidecar.patience import Patience

# Less than the second after which JavaScript v2, C++, Ruby, Java and PHP give up.
UNKNOWN_S = 0.9
BOTOCORE_S = 1.8
RUST_S = 4.5
LONGEST_S = 30.0

# The start of a User-Agent, and the seconds that its client is known to wait.
KNOWN_CLIENTS = (
    (b"python-urllib3/", BOTOCORE_S),
    (b"Python/", BOTOCORE_S),
    (b"Go-http-client/", LONGEST_S),
    (b"aws-sdk-go/", LONGEST_S),
    # Go's first version, under the program's own name.
    (b"rclone/", LONGEST_S),
    (b"aws-sdk-crt/", LONGEST_S),
    (b"object_store/", LONGEST_S),
)


def patience_of(user_agent: bytes, accept: bytes, longest_s: float = LONGEST_S) -> Patience:
    """Return how long the client that sent these headers may be kept waiting."""
    if not user_agent:
        # Rust names what it accepts and not itself; JavaScript does neither, and retries.
        return Patience(min(RUST_S if accept else UNKNOWN_S, longest_s))
    for start, seconds in KNOWN_CLIENTS:
        if user_agent.startswith(start):
            return Patience(min(seconds, longest_s))
    return Patience(min(UNKNOWN_S, longest_s))
