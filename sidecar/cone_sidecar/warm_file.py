"""The warm file: a printed credential document, its freshness, and the lock of those who renew it.

Shared by the warm path of ``cone aws credentials`` and the store. Only modules that the interpreter has
loaded or built in anyway are imported: this is run by every call of every SDK.
"""

import os
import time
import zlib
from collections.abc import Iterator, Mapping

FORMAT = "cone-sidecar 1"
# Whatever of the environment changes what the answer is, or whom it is for.
VARIABLES = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "CONDUCTORONE_ACCESS_TOKEN_FILE",
    "CONDUCTORONE_CLIENT_ID",
    "CONDUCTORONE_CLIENT_ID_FILE",
    "CONDUCTORONE_CLIENT_SECRET_FILE",
    "CONDUCTORONE_OIDC_TOKEN_FILE",
    "CONDUCTORONE_SERVER_URL",
    "CONE_API_ENDPOINT",
    "CONE_CLIENT_ID",
    "CONE_CLIENT_ID_FILE",
    "CONE_CLIENT_SECRET_FILE",
    "CONE_CONFIG_PATH",
    "CONE_STRICT",
)
SECRET_VARIABLES = (
    "CONDUCTORONE_ACCESS_TOKEN",
    "CONDUCTORONE_CLIENT_SECRET",
    "CONDUCTORONE_OIDC_TOKEN",
    "CONE_CLIENT_SECRET",
)
# Files whose content says who is meant. A workload's OIDC token is replaced each hour, and means the same.
IDENTITY_FILES = (
    "CONDUCTORONE_ACCESS_TOKEN_FILE",
    "CONDUCTORONE_CLIENT_ID_FILE",
    "CONDUCTORONE_CLIENT_SECRET_FILE",
    "CONE_CLIENT_ID_FILE",
    "CONE_CLIENT_SECRET_FILE",
)
LONGEST_NAME = 100
# What says that it is warm for longer was written by a clock that has been set back since.
LONGEST_WARM_S = 15 * 60.0
FIRST_PAUSE_S = 0.01
LONGEST_PAUSE_S = 0.05
PAUSE_GROWTH = 1.5
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def state_directory(environment: Mapping[str, str]) -> str:
    """Return where caches lie: ``$XDG_CACHE_HOME/cone-sidecar``, else ``~/.cache/cone-sidecar``."""
    base = environment.get("XDG_CACHE_HOME") or os.path.join(_home(environment), ".cache")
    return os.path.join(base, "cone-sidecar")


class WarmEntry:
    """Where one profile's document lies, and what it has to be of to be the answer here."""

    __slots__ = ("_lock", "key", "stem")

    def __init__(self, profile: str, environment: Mapping[str, str], tenant: str = "") -> None:
        """Name the entry of ``profile`` asked for with ``environment`` as tenant profile ``tenant``."""
        self._lock = -1
        stable = "\x1f".join([profile, *_asked_with(environment, tenant)]).replace("\n", "\x1e")
        name = "".join(c if c in PLAIN else "_" for c in profile)[:LONGEST_NAME]
        name = f"{name}-{_crc(stable):08x}"
        self.stem = os.path.join(state_directory(environment), name)
        # A changed config file may have changed the profile: its stamp belongs to the key.
        stamps = [
            file_stamp(aws_config_path(environment)),
            file_stamp(cone_config_path(environment)),
        ]
        stamps += [file_stamp(path) for name in IDENTITY_FILES if (path := environment.get(name))]
        self.key = "\x1f".join([stable, *stamps])

    @property
    def credentials_path(self) -> str:
        """Return the file that holds the document."""
        return self.stem + ".credentials"

    @property
    def outcome_path(self) -> str:
        """Return the file in which a leader that failed leaves its followers word."""
        return self.stem + ".outcome"

    @property
    def granted_path(self) -> str:
        """Return the file that remembers what ConductorOne said of the grant."""
        return self.stem + ".granted"

    def grant_details(self) -> str:
        """Return what is remembered of the grant, empty where nothing is."""
        found = _read(self.granted_path, self.key)
        return found[1].partition("\n")[2] if found else ""

    def warm_document(self) -> str | None:
        """Return the document to print, None where there is none that may still be served."""
        found = _read(self.credentials_path, self.key)
        if found is None or not 0 < float(found[0]) - time.time() <= LONGEST_WARM_S:
            return None
        return found[1].partition("\n")[0]

    def kept(self) -> str | None:
        """Return document and details, one line each, however old."""
        found = _read(self.credentials_path, self.key)
        return found[1] if found else None

    def content(self, serve_until: float, document: str, details: str) -> str:
        """Return the file's text; ``serve_until`` is in epoch seconds."""
        return f"{FORMAT}\n{serve_until:.3f}\n{self.key}\n{document}\n{details}\n"

    def outcome_content(self, exit_code: int, text: str, lasts_s: float) -> str:
        """Return the text of the outcome file; for ``lasts_s`` from now it is the answer to anybody."""
        return f"{FORMAT}\n{time.time():.3f}\n{self.key}\n{exit_code} {lasts_s:.0f}\n{text}"

    def outcome(self, arrived: float) -> tuple[int, str] | None:
        """Return exit code and text of a leader that failed, None where that is no answer.

        It is to whoever waited for it, having ``arrived`` before, in epoch seconds; or while it lasts.
        """
        found = _read(self.outcome_path, self.key)
        if found is None:
            return None
        head, _, text = found[1].partition("\n")
        code, _, lasts = head.partition(" ")
        if not (code.isdigit() and lasts.isdigit()):
            return None
        # A stamp of the future is of a clock that was set back; rounding alone makes it no future.
        ended, now = float(found[0]), time.time() + 1
        return (int(code), text) if max(arrived, ended) - int(lasts) <= ended <= now else None

    def contend(self, limit_s: float) -> Iterator[bool]:
        """Try to become the leader, for ``limit_s`` seconds; yields after each try whether we are.

        We are until this process ends, or :meth:`step_down`. What the leader writes is there before it
        ends: whoever looks for it between two tries needn't wait for its turn with the lock.
        """
        import fcntl

        directory = os.path.dirname(self.stem)
        try:
            os.makedirs(directory, mode=0o700, exist_ok=True)
            descriptor = os.open(self.stem + ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            # Without a place for a lock everybody leads: slower, and still right.
            yield True
            return
        pause, ends = FIRST_PAUSE_S, time.monotonic() + limit_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
            else:
                self._lock = descriptor
                yield True
                return
            if time.monotonic() >= ends:
                os.close(descriptor)
                return
            time.sleep(pause)
            pause = min(pause * PAUSE_GROWTH, LONGEST_PAUSE_S)

    def step_down(self) -> None:
        """Let another process lead: this one waits for people."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def discard(self) -> None:
        """Delete the lock: there is no such profile, and nothing to renew."""
        try:
            os.unlink(self.stem + ".lock")
        except OSError:
            return


def setting(environment: Mapping[str, str], tenant: str = "") -> str:
    """Return a digest of what tells whose answers, and from where, a process gives."""
    parts = [*_asked_with(environment, tenant), cone_config_path(environment)]
    return f"{_crc(chr(31).join(parts)):08x}"


def aws_config_path(environment: Mapping[str, str]) -> str:
    """Return the path of the AWS config file that holds the profiles.

    ``cone aws env`` hides it from SDKs by ``AWS_CONFIG_FILE=/dev/null``, and leaves us word where it is.
    """
    named = environment.get("CONE_AWS_CONFIG_FILE") or environment.get("AWS_CONFIG_FILE")
    if named:
        return _home(environment) + named[1:] if named.startswith("~/") else named
    return os.path.join(_home(environment), ".aws", "config")


def cone_config_path(environment: Mapping[str, str]) -> str:
    """Return the path of the original's config file; ``$CONE_CONFIG_PATH`` names its directory."""
    directory = environment.get("CONE_CONFIG_PATH") or os.path.join(
        _home(environment), ".conductorone"
    )
    return os.path.join(directory, "config.yaml")


def _asked_with(environment: Mapping[str, str], tenant: str) -> list[str]:
    """Return what of the environment tells one answer from another, no secret as it is."""
    # In a shell that `cone aws env` prepared, the file goes by another variable and is the same.
    parts = [tenant or environment.get("CONE_PROFILE", ""), aws_config_path(environment)]
    parts += [environment.get(name, "") for name in VARIABLES]
    parts += [f"{_crc(environment.get(name, '')):08x}" for name in SECRET_VARIABLES]
    return parts


def _crc(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogateescape"))


def _home(environment: Mapping[str, str]) -> str:
    return environment.get("HOME") or os.path.expanduser("~")


def file_stamp(path: str) -> str:
    """Return what changes when the file does; the same for any that isn't there."""
    try:
        found = os.stat(path)
    except OSError:
        return "-"
    return f"{found.st_mtime_ns}.{found.st_size}.{found.st_ino}"


def _read(path: str, key: str) -> tuple[str, str] | None:
    """Return stamp and rest of a file of ours; None where it is another's, damaged or not private."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            found = os.fstat(descriptor)
            if found.st_mode & 0o077 or found.st_uid != os.getuid():
                return None
            text = os.read(descriptor, 1 << 20).decode("utf-8", "surrogateescape")
        finally:
            os.close(descriptor)
    except OSError:
        return None
    lines = text.split("\n", 3)
    if len(lines) != 4 or lines[0] != FORMAT or lines[2] != key:  # noqa: PLR2004 -- as written above
        return None
    try:
        float(lines[1])
    except ValueError:
        return None
    return lines[1], lines[3]
