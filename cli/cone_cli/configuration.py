"""All that ``cone serve`` is told, by flags, variables and its file: read as a whole, refused as a whole."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cone_cli.asked_with import asked_with
from cone_cli.preferences import log_level
from cone_cli.start_url import check_instance
from cone_sidecar.cone_config import ConeConfig
from cone_sidecar.domain.profile import RequestTerms
from cone_sidecar.endpoint_settings import EndpointSettings, endpoint_settings
from cone_sidecar.problems import Problems
from cone_sidecar.request_terms import KEYS, default_terms, read_terms
from cone_sidecar.secret_files import FILE_VARIABLES, SecretFiles
from cone_sidecar.settings import SidecarSettings, sidecar_settings
from cone_sidecar.sidecar_file import SidecarFile, read_sidecar_file

DEFAULT_FILE = Path("/etc/cone/sidecar.yaml")
FILE_VARIABLE = "CONE_SIDECAR_CONFIG"
# Read at each exchange, and replaced each hour: no news.
REPLACED_ALL_THE_TIME = "CONDUCTORONE_OIDC_TOKEN_FILE"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the sidecar is told, every value found good.

    ``environment`` has the variables, and where they say nothing, what the file says.
    """

    environment: Mapping[str, str] = field(repr=False)
    settings: SidecarSettings
    endpoint: EndpointSettings
    terms: RequestTerms
    log_level: str
    file: Path | None
    outvoted: tuple[str, ...] = ()
    """Variables that the file speaks for, and that are set to something else."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the files whose change is news."""
        named = [
            Path(path)
            for variable in FILE_VARIABLES.values()
            if variable != REPLACED_ALL_THE_TIME and (path := self.environment.get(variable))
        ]
        return (self.file or DEFAULT_FILE, *named)


class ConfigurationReader:
    """Read what ``cone serve`` is told now: its flags and variables stay, its files may change."""

    def __init__(
        self,
        args: argparse.Namespace,
        flags: Mapping[str, str],
        environment: Mapping[str, str],
        default_file: Path = DEFAULT_FILE,
    ) -> None:
        self._args = args
        self._flags = flags
        self._variables = dict(environment)
        self._asked_with = dict(environment) | asked_with(args)
        self._default_file = default_file

    def read(self) -> Configuration:
        """Read all of it.

        Raises:
            UsageError: A value has no meaning, a key isn't known, or two don't go together.
            ConfigurationError: A file can't be used.
            ExceptionGroup: More than one of these.
        """
        problems = Problems()
        path = self._path()
        whole = read_sidecar_file(path, problems) if path else SidecarFile(self._default_file)
        file = whole.below(self._asked_with)
        environment = dict(file.texts) | {
            name: text for name, text in self._variables.items() if text
        }
        if tenant_profile := getattr(self._args, "tenant_profile", ""):
            environment["CONE_PROFILE"] = tenant_profile
        places = file.places()
        settings, endpoint, level = SidecarSettings(), None, ""
        with problems.noted():
            settings = sidecar_settings(self._flags, environment, places)
        with problems.noted():
            endpoint = endpoint_settings(self._flags, environment, places)
        with problems.noted(places.get("CONE_LOG_LEVEL", "")):
            level = log_level(self._args, environment)
        check_instance(environment, places, problems)
        self._check_secrets(environment, places, problems)
        terms = _terms(environment, places, problems)
        problems.raise_all()
        assert endpoint is not None  # noqa: S101 -- what keeps it from being read was raised
        outvoted = tuple(
            name for name in whole.texts if environment.get(name) not in {None, whole.texts[name]}
        )
        return Configuration(environment, settings, endpoint, terms, level, path, outvoted)

    def _path(self) -> Path | None:
        named = getattr(self._args, "config", None) or self._variables.get(FILE_VARIABLE)
        if named:
            return Path(named).absolute()
        return self._default_file if os.path.lexists(self._default_file) else None

    def _check_secrets(
        self, environment: Mapping[str, str], places: Mapping[str, str], problems: Problems
    ) -> None:
        for variable, names_file in FILE_VARIABLES.items():
            # The endpoint has read its own.
            if variable != "CONE_AUTHORIZATION_TOKEN":
                with problems.noted(places.get(names_file, "")):
                    SecretFiles().told(environment, variable)


def _terms(
    environment: Mapping[str, str], places: Mapping[str, str], problems: Problems
) -> RequestTerms:
    """Return what is true for every profile that doesn't say otherwise."""
    usual, before = RequestTerms(), len(problems.errors)
    for key in KEYS:
        variable = key.upper()
        with problems.noted():
            where = places.get(variable, "the environment")
            read_terms({key: environment.get(variable, "")}, usual, where=where)
    if len(problems.errors) == before:
        with problems.noted():
            return default_terms(environment, ConeConfig.load(environment).texts(KEYS))
    return usual
