"""Names that others chose, made fit for an error's one ASCII line."""

LONGEST = 90


def ascii_text(text: str) -> str:
    """Escape what isn't printable ASCII, and keep the end of what is too long (a path's telling part)."""
    escaped = ascii(text)[1:-1]
    return escaped if len(escaped) <= LONGEST else f"...{escaped[-LONGEST:]}"
