"""Text that others chose, kept from leaving its line or turning it around."""


def printable_text(text: str) -> str:
    """Return ``text`` with a question mark for whatever isn't printable: line breaks, escapes, bidi marks."""
    return "".join(c if c.isprintable() else "?" for c in text)
