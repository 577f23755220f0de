"""Yes and no, as people and other programs write them in files and variables."""

TRUTH = {"true": True, "t": True, "yes": True, "on": True, "1": True}
TRUTH |= {"false": False, "f": False, "no": False, "off": False, "0": False}


def parse_truth(text: str) -> bool | None:
    """Return what ``text`` says; None where it says neither."""
    return TRUTH.get(text.strip().lower())
