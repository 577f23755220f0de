"""Print one line on how the sidecar at 127.0.0.1 stands: for whoever attaches to the dev container.

It needs nothing but Python, ends with 0 within seconds, and shows no
secret: link and code of a sign-in are none.
"""

import json
import time
from http.client import HTTPConnection, HTTPException
from typing import Any

HOST, PORT = "127.0.0.1", 9912
# A sidecar that starts together with the container needs a moment.
LIMIT_S = 3.0
PAUSE_S = 0.2
SILENT = f"the sidecar doesn't answer at {HOST}:{PORT} yet; ask again, or look at its log"


def main() -> None:
    """Ask until there is an answer or the time is up; print what it comes to."""
    deadline = time.monotonic() + LIMIT_S
    line = SILENT
    while (left := deadline - time.monotonic()) > 0:
        try:
            line = summary(asked(left))
            break
        except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError):
            time.sleep(min(PAUSE_S, left))
    # Names come from elsewhere; a terminal takes them for commands.
    print("cone:", "".join(each if each.isprintable() else "?" for each in line))


def asked(limit_s: float) -> dict[str, Any]:
    """Return the answer of ``/status``."""
    connection = HTTPConnection(HOST, PORT, timeout=limit_s)
    try:
        connection.request("GET", "/status")
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return answer


def summary(status: dict[str, Any]) -> str:
    """Return what a person has to know, and to do."""
    if error := status.get("error"):
        return "; ".join(filter(None, (error["message"], error.get("hint"))))
    profiles = status["profiles"]
    ready = [name for name, view in profiles.items() if view.get("served")]
    named = f" ({', '.join(ready)})" if ready else ""
    parts = [f"{len(ready)} of {len(profiles)} profiles ready{named}"]
    # One sign-in serves many profiles.
    parts += dict.fromkeys(filter(None, map(sign_in, profiles.values())))
    parts += filter(None, (approval(name, view) for name, view in profiles.items()))
    return "; ".join(parts)


def sign_in(view: dict[str, Any]) -> str:
    """Return how to sign in, empty where nobody has to."""
    if not view.get("sign_in_url"):
        return ""
    return f"sign in to AWS at {view['sign_in_url']} and compare the code {view.get('user_code')}"


def approval(name: str, view: dict[str, Any]) -> str:
    """Return which request waits for a person, empty where none does."""
    if view.get("state") not in {"awaiting approval", "awaiting repair", "form required"}:
        return ""
    return f"{name}: {view['state']} {view.get('task_url') or view.get('task') or ''}".rstrip()


if __name__ == "__main__":
    main()
