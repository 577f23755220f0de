"""How the credentials listener is set up: texts of flags and variables, read once into values."""

import grp
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from cone_sidecar.authorization_token import PRIVATE, FileAccess, stated_token
from cone_sidecar.authorization_tokens import DEFAULT_GRACE
from cone_sidecar.duration import parse_duration
from cone_sidecar.errors import UsageError
from cone_sidecar.secret import Secret
from cone_sidecar.server import AUTO, LOOPBACK_ADDRESS, ListenAddress, parse_listen
from cone_sidecar.truth import parse_truth
from cone_sidecar.web.client_networks import Network, parse_networks

PREFIX = "CONE_"
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
DEFAULT_MANAGEMENT_LISTEN = "127.0.0.1:9912"
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


def endpoint_settings(flags: Mapping[str, str], environment: Mapping[str, str]) -> EndpointSettings:
    """Read the settings: a flag wins over its variable.

    Raises:
        UsageError: A value has no meaning, or two don't go together.
        ConfigurationError: The environment's token is none.
    """
    told = {name: flags.get(name) or environment.get(PREFIX + name.upper(), "") for name in NAMES}
    stated = environment.get(TOKEN_VARIABLE, "")
    settings = EndpointSettings(
        listen=tuple(parse_listen(text, option="--listen") for text in _words(told["listen"]))
        or (LOOPBACK_ADDRESS,),
        management_listen=parse_listen(
            told["management_listen"] or DEFAULT_MANAGEMENT_LISTEN, option="--management-listen"
        ),
        token=stated_token(stated, where=TOKEN_VARIABLE) if stated else Secret(""),
        token_file=_path(told["token_file"]),
        token_grace=_grace(told["token_grace"]),
        token_access=_access(told["token_file_mode"], told["token_file_group"]),
        profile_token_files=_placed(_words(told["profile_token_file"])),
        no_token=_without_token(told["no_token"]),
        default_profile=told["default_profile"],
        allow_clients=parse_networks(_words(told["allow_client"]), option="--allow-client"),
        allow_hosts=_hosts(_words(told["allow_host"])),
        tls_cert=_path(told["tls_cert"]),
        tls_key=_path(told["tls_key"]),
        imds_listen=(
            parse_listen(told["imds_listen"], option="--imds-listen")
            if told["imds_listen"]
            else None
        ),
        imds_profile=told["imds_profile"],
        audit=told["audit"] or "off",
    )
    _hold_together(settings)
    return settings


def _hold_together(settings: EndpointSettings) -> None:
    if settings.no_token and any(
        address is not AUTO and not address.of_aws for address in settings.listen
    ):
        raise UsageError(
            "--no-token is for a network of containers alone, where the sidecar is 169.254.170.2",
            hint="--listen 169.254.170.2:80, or leave out --no-token",
        )
    if settings.no_token and (settings.token or settings.profile_token_files):
        raise UsageError(
            "--no-token goes with no profile's token file, and with no token in the environment",
            hint="leave out --no-token, or what names a token",
        )
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise UsageError(
            "--tls-cert and --tls-key belong together", hint="--tls-cert cert.pem --tls-key key.pem"
        )
    if bool(settings.imds_listen) != bool(settings.imds_profile):
        raise UsageError(
            "--imds-listen and --imds-profile belong together",
            hint="--imds-listen 127.0.0.1:9913 --imds-profile <profile>",
        )
    if settings.imds_listen and not settings.imds_listen.private:
        raise UsageError(
            "--imds-listen is for this machine or a network of containers: IMDS knows no secret",
            hint="--imds-listen 169.254.169.254:80",
        )


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


def _without_token(text: str) -> bool:
    truth = parse_truth(text) if text else False
    if truth is None:
        raise UsageError(
            "CONE_NO_TOKEN is neither true nor false", hint="CONE_NO_TOKEN=true, or unset it"
        )
    return truth


def _hosts(words: list[str]) -> tuple[str, ...]:
    if not all(HOST.fullmatch(word) for word in words):
        raise UsageError(
            "--allow-host takes a host as it stands in URLs, perhaps with a port",
            hint="--allow-host cone.example.com",
        )
    return tuple(words)


def _path(text: str) -> Path | None:
    return Path(text).absolute() if text else None


def _grace(text: str) -> timedelta:
    if not text:
        return DEFAULT_GRACE
    if text in {"0", "0s"}:
        return timedelta()
    grace = parse_duration(text)
    if grace is None:
        raise UsageError(
            "--token-grace (CONE_TOKEN_GRACE) takes a duration", hint="--token-grace 15m"
        )
    return grace


def _access(mode: str, group: str) -> FileAccess | None:
    return FileAccess(_mode(mode), _group(group)) if mode or group else None


def _mode(text: str) -> int:
    if not text:
        return PRIVATE.mode
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
    if not text:
        return None
    if text.isascii() and text.isdigit() and int(text) <= LARGEST_GROUP:
        return int(text)
    try:
        return grp.getgrnam(text).gr_gid
    except KeyError:
        raise UsageError(
            "--token-file-group names no group here", hint="--token-file-group 1000"
        ) from None


def _placed(words: Iterable[str]) -> dict[str, Path]:
    placed = {}
    for word in words:
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
