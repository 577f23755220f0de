"""How the credentials listener is set up: texts of flags and variables, read once into values."""

import grp
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from cone_sidecar.authorization_token import PRIVATE, FileAccess, stated_token
from cone_sidecar.authorization_tokens import DEFAULT_GRACE
from cone_sidecar.duration import parse_duration
from cone_sidecar.errors import UsageError
from cone_sidecar.secret import Secret
from cone_sidecar.secret_files import FILE_VARIABLES, SecretFiles, file_of
from cone_sidecar.server import AUTO, LOOPBACK_ADDRESS, ListenAddress, parse_listen
from cone_sidecar.told_settings import NOWHERE, ToldSettings
from cone_sidecar.web.client_networks import Network, parse_networks

NAMES = (
    "listen",
    "management_listen",
    "token_file",
    "token_grace",
    "token_file_mode",
    "token_file_group",
    "profile_token_file",
    "no_token",
    "default_profile",
    "allow_client",
    "allow_host",
    "tls_cert",
    "tls_key",
    "imds_listen",
    "imds_profile",
    "audit",
)
TOKEN_VARIABLE = "CONE_AUTHORIZATION_TOKEN"  # noqa: S105 -- a variable's name
DEFAULT_MANAGEMENT_LISTEN = ListenAddress("127.0.0.1", 9912)
HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
OCTAL = 8
LARGEST_MODE = 0o777
# The one above stands for "as it is" (chown(2)).
LARGEST_GROUP = 2**32 - 2


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """Where ``cone serve`` listens, and who gets in; what each is for: docs/configuration.md."""

    listen: tuple[ListenAddress, ...]
    management_listen: ListenAddress
    token: Secret = field(default_factory=lambda: Secret(""))
    token_stated_in: str = ""
    """The file that states the token, where one does: what it holds now is the token now."""
    token_file: Path | None = None
    token_grace: timedelta = DEFAULT_GRACE
    token_access: FileAccess | None = None
    profile_token_files: Mapping[str, Path] = field(default_factory=dict)
    no_token: bool = False
    default_profile: str = ""
    allow_clients: tuple[Network, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    imds_listen: ListenAddress | None = None
    imds_profile: str = ""
    audit: str = "off"

    @property
    def named_profiles(self) -> tuple[str, ...]:
        """Return the profiles that the settings speak of."""
        named = (self.default_profile, self.imds_profile, *self.profile_token_files)
        return tuple(dict.fromkeys(name for name in named if name))


def endpoint_settings(
    flags: Mapping[str, str],
    environment: Mapping[str, str],
    places: Mapping[str, str] = NOWHERE,
) -> EndpointSettings:
    """Read the settings: a flag wins over its variable.

    Args:
        flags: Texts by the names of settings.
        environment: Texts by variables.
        places: For variables that a file speaks for, where it does.

    Raises:
        UsageError: A value has no meaning, or two don't go together.
        ConfigurationError: The environment's token is none.
        ExceptionGroup: More than one of these.
    """
    told = ToldSettings(flags, environment, places)
    token, token_file = _stated_token(told, environment)
    mode = told.value("token_file_mode", _mode, None)
    group = told.value("token_file_group", _group, None)
    settings = EndpointSettings(
        listen=told.value("listen", _addresses, (LOOPBACK_ADDRESS,)),
        management_listen=told.value(
            "management_listen", _address("--management-listen"), DEFAULT_MANAGEMENT_LISTEN
        ),
        token=token,
        token_stated_in=token_file,
        token_file=told.value("token_file", _path, None),
        token_grace=told.value("token_grace", _grace, DEFAULT_GRACE),
        token_access=_access(mode, group),
        profile_token_files=told.value("profile_token_file", _placed, {}),
        no_token=told.switch("no_token"),
        default_profile=told.value("default_profile", str, ""),
        allow_clients=told.value("allow_client", _networks, ()),
        allow_hosts=told.value("allow_host", _hosts, ()),
        tls_cert=told.value("tls_cert", _path, None),
        tls_key=told.value("tls_key", _path, None),
        imds_listen=told.value("imds_listen", _address("--imds-listen"), None),
        imds_profile=told.value("imds_profile", str, ""),
        audit=told.value("audit", str, "off"),
    )
    _hold_together(settings, told)
    told.problems.raise_all()
    return settings


def _stated_token(told: ToldSettings, environment: Mapping[str, str]) -> tuple[Secret, str]:
    """Return the token that variable or file state, and the file."""
    variable = FILE_VARIABLES[TOKEN_VARIABLE]
    with told.problems.noted(told.place(variable)):
        path = file_of(environment, TOKEN_VARIABLE)
        stated = SecretFiles().told(environment, TOKEN_VARIABLE).reveal()
        if stated:
            where = f"{path} ({variable})" if path else TOKEN_VARIABLE
            return stated_token(stated, where=where), path
    return Secret(""), ""


def _hold_together(settings: EndpointSettings, told: ToldSettings) -> None:
    told.refuse(
        UsageError(
            "--no-token is for a network of containers alone, where the sidecar is 169.254.170.2",
            hint="--listen 169.254.170.2:80, or leave out --no-token",
        ),
        "listen",
        when=settings.no_token
        and any(address is not AUTO and not address.of_aws for address in settings.listen),
    )
    told.refuse(
        UsageError(
            "--no-token goes with no profile's token file, and with no token in the environment",
            hint="leave out --no-token, or what names a token",
        ),
        when=settings.no_token and bool(settings.token or settings.profile_token_files),
    )
    told.refuse(
        UsageError(
            "--tls-cert and --tls-key belong together", hint="--tls-cert cert.pem --tls-key key.pem"
        ),
        when=(settings.tls_cert is None) != (settings.tls_key is None),
    )
    told.refuse(
        UsageError(
            "--imds-listen and --imds-profile belong together",
            hint="--imds-listen 127.0.0.1:9913 --imds-profile <profile>",
        ),
        "imds_listen",
        when=bool(settings.imds_listen) != bool(settings.imds_profile),
    )
    told.refuse(
        UsageError(
            "--imds-listen is for this machine or a network of containers: IMDS knows no secret",
            hint="--imds-listen 169.254.169.254:80",
        ),
        when=settings.imds_listen is not None and not settings.imds_listen.private,
    )


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


def _addresses(text: str) -> tuple[ListenAddress, ...]:
    found = tuple(parse_listen(word, option="--listen") for word in _words(text))
    return found or (LOOPBACK_ADDRESS,)


def _address(option: str) -> Callable[[str], ListenAddress]:
    return partial(parse_listen, option=option)


def _networks(text: str) -> tuple[Network, ...]:
    # None of them would mean all.
    return parse_networks(_words(text) or [""], option="--allow-client")


def _hosts(text: str) -> tuple[str, ...]:
    words = _words(text)
    if not all(HOST.fullmatch(word) for word in words):
        raise UsageError(
            "--allow-host takes a host as it stands in URLs, perhaps with a port",
            hint="--allow-host cone.example.com",
        )
    return tuple(words)


def _path(text: str) -> Path | None:
    return Path(text).absolute()


def _grace(text: str) -> timedelta:
    if text in {"0", "0s"}:
        return timedelta()
    grace = parse_duration(text)
    if grace is None:
        raise UsageError(
            "--token-grace (CONE_TOKEN_GRACE) takes a duration", hint="--token-grace 15m"
        )
    return grace


def _access(mode: int | None, group: int | None) -> FileAccess | None:
    told = mode is not None or group is not None
    return FileAccess(PRIVATE.mode if mode is None else mode, group) if told else None


def _mode(text: str) -> int | None:
    try:
        mode = int(text, OCTAL)
    except ValueError:
        mode = -1
    # Whoever runs the sidecar has to read it again; others never write it.
    if not 0 <= mode <= LARGEST_MODE or not mode & 0o400 or mode & 0o022:
        raise UsageError(
            "--token-file-mode takes the octal mode of a file that its owner reads and nobody else writes",
            hint="--token-file-mode 0440",
        )
    return mode


def _group(text: str) -> int | None:
    if text.isascii() and text.isdigit() and int(text) <= LARGEST_GROUP:
        return int(text)
    try:
        return grp.getgrnam(text).gr_gid
    except KeyError:
        raise UsageError(
            "--token-file-group names no group here", hint="--token-file-group 1000"
        ) from None


def _placed(text: str) -> dict[str, Path]:
    placed: dict[str, Path] = {}
    for word in _words(text):
        # Both may hold an equals sign: what a path begins with tells where it does.
        at = word.find("=/") if "=/" in word else word.find("=")
        profile, equals, path = word[:at], at > 0, word[at + 1 :]
        if not profile or not equals or not path or profile in placed:
            raise UsageError(
                "--profile-token-file takes a profile and a file, and each profile once",
                hint="--profile-token-file production-admin=/run/prod/token",
            )
        placed[profile] = Path(path).absolute()
    return placed
