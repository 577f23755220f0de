"""What a load client reads of an answer: whether it is whole, and whether it serves."""

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length: "


def whole(data: bytes) -> bool:
    """Tell whether ``data`` is an answer with all of its body."""
    head, separator, body = data.partition(END_OF_HEAD)
    if not separator:
        return False
    start = head.lower().index(LENGTH) + len(LENGTH)
    return len(body) >= int(head[start:].split(b"\r\n", 1)[0])


def served(data: bytes) -> bool:
    """Tell whether the answer's status is 200."""
    return b" 200 " in data[:14]
