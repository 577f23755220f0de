"""Whether clients can send what the token file holds (sdk-contract §1.4, §6 rules 3 to 5)."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cone_cli.container_environment import TOKEN, TOKEN_FILE
from cone_cli.doctor.finding import Finding, Level
from cone_sidecar.authorization_token import ALPHABET
from cone_sidecar.secret import Secret

# A token takes 43 characters; what is this long is none.
LONGEST = 16_384
OTHERS = stat.S_IRWXO
# Values are not shown: whoever mistook the one variable for the other has the token in it.
NAMED = f'"${TOKEN_FILE}"'
WITHOUT_LINE_BREAK = (
    f"(umask 077; tr -d '\\r\\n' < {NAMED} > {NAMED}.new) && mv {NAMED}.new {NAMED}"
)


@dataclass(frozen=True, slots=True)
class TokenFile:
    """What was found in the file, and what is to be said of it."""

    content: Secret
    findings: list[Finding]


def check_token_file(environment: Mapping[str, str]) -> TokenFile:
    """Look at the file that the environment names; where it names none, there is nothing to say."""
    named = environment.get(TOKEN_FILE, "")
    if not named:
        return TokenFile(Secret(""), [])
    try:
        path = Path(named)
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return TokenFile(Secret(""), [_unreadable("not a regular file")])
        with path.open("rb") as file:
            content = file.read(LONGEST).decode("ascii", "replace")
    except OSError as error:
        return TokenFile(Secret(""), [_unreadable((error.strerror or "not readable").lower())])
    except ValueError:
        return TokenFile(Secret(""), [_unreadable("not a path")])
    findings = [
        *_content(content),
        *_mode(found, os.geteuid()),
        *_same(content, environment.get(TOKEN, "")),
    ]
    good = Finding("token-file", Level.OK, f"{TOKEN_FILE} can be read, and holds a token")
    return TokenFile(Secret(content), findings or [good])


def _unreadable(reason: str) -> Finding:
    return Finding(
        "token-file",
        Level.FAIL,
        f"the file that {TOKEN_FILE} names can't be read ({reason}): awscrt hangs, C++ goes on "
        "unsigned, others fail",
        f"mount the sidecar's token file and name it, or unset {TOKEN_FILE}",
    )


def _content(content: str) -> list[Finding]:
    if ALPHABET.fullmatch(content):
        return []
    if not content.strip():
        return [
            Finding(
                "token-file",
                Level.FAIL,
                f"the file that {TOKEN_FILE} names is empty",
                "name the file that cone serve prints as its token file",
            )
        ]
    if ALPHABET.fullmatch(content.rstrip("\r\n")):
        return [
            Finding(
                "token-file-newline",
                Level.FAIL,
                "the token file ends with a line break: boto3, the AWS CLI, Go, Rust, object_store and "
                "awscrt fail on it, JavaScript v2 dies",
                WITHOUT_LINE_BREAK,
            )
        ]
    return [
        Finding(
            "token-file-alphabet",
            Level.FAIL,
            "the token file holds other characters than A-Z a-z 0-9 . _ ~ + / = -",
            "name the file that cone serve prints as its token file",
        )
    ]


def _mode(found: os.stat_result, user: int) -> list[Finding]:
    mode = stat.S_IMODE(found.st_mode)
    if not mode & OTHERS:
        return []
    what = f"every user may use the token file: its mode is {mode:04o}"
    if found.st_uid != user and mode & OTHERS == stat.S_IROTH:
        # As containers share it: whoever mounts the volume may ask, and this user by nothing else.
        fix = (
            "where that is too many: CONE_TOKEN_FILE_MODE and CONE_TOKEN_FILE_GROUP of the sidecar"
        )
        return [Finding("token-file-mode", Level.INFO, what, fix)]
    return [Finding("token-file-mode", Level.WARN, what, f"chmod o= {NAMED}")]


def _same(content: str, token: str) -> list[Finding]:
    if not token or token.strip() == content.strip():
        return []
    return [
        Finding(
            "token-differs",
            Level.FAIL,
            f"{TOKEN} and the token file hold different tokens: JavaScript v2 and Java v2 send the "
            "one, most others the other",
            f'export {TOKEN}="$(cat {NAMED})"',
        )
    ]
