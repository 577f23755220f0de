"""The original's ``~/.conductorone/config.yaml``: who we are, and the saved AWS settings (reference §1.3).

The file is changed in its text, so that comments, keys and values that we know nothing of survive as they
were written.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from cone_sidecar.ascii_text import ascii_text
from cone_sidecar.atomic_file import PRIVATE_FILE, write_atomically
from cone_sidecar.domain.profile import DEFAULT_TENANT
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.file_lock import LockHeld, file_lock
from cone_sidecar.secret import Secret
from cone_sidecar.warm_file import cone_config_path
from cone_sidecar.yaml_edit import MAPPING, changed_yaml
from cone_sidecar.yaml_mapping import NULL, NotYaml, yaml_mapping

FILE_NAME = "config.yaml"
DEFAULT_REGION = "us-east-1"
LOCK_TIMEOUT_S = 10
STRING = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class SavedClient:
    """The login of one profile; what isn't there is empty.

    ``api_endpoint`` is for a tenant that isn't at the host its client id names; the original reads none here.
    """

    client_id: str
    client_secret: Secret = field(repr=False)
    api_endpoint: str = ""


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """What ``cone aws setup`` remembers. ``sso_url`` is empty before its first run.

    ``profile_template`` is empty where nobody chose one.
    """

    sso_url: str = ""
    sso_region: str = DEFAULT_REGION
    region: str = DEFAULT_REGION
    profile_template: str = ""


class ConeConfig:
    """Look up and save; what wasn't asked to change stays, flags and variables never get in."""

    def __init__(self, path: Path, root: yaml.MappingNode) -> None:
        self.path = path
        self._root = root

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "ConeConfig":
        """Read the file; a missing one is empty.

        Raises:
            ConfigurationError: It can't be read, or is no YAML mapping.
        """
        path = Path(cone_config_path(environment))
        return cls(path, _mapping(path, _bytes(path)))

    @property
    def default_profile(self) -> str:
        """Return the top-level ``profile``, empty where there is none."""
        return _text(_child(self._root, ["profile"]))

    def aws_settings(self, profile: str = "") -> AwsSettings:
        """Return the AWS settings saved for ``profile``, else those for all; regions with their default."""
        keys = self._own_settings(profile)
        return AwsSettings(
            sso_url=_text(_child(self._root, [*keys, "aws_sso_start_url"])),
            sso_region=_text(_child(self._root, [*keys, "aws_sso_region"])) or DEFAULT_REGION,
            region=_text(_child(self._root, [*keys, "aws_default_region"])) or DEFAULT_REGION,
            profile_template=_text(_child(self._root, [*keys, "aws_profile_template"])),
        )

    def settings_for(self, start_url: str, profile: str) -> AwsSettings:
        """Return what is saved for ``profile``, except another Identity Center's region.

        ``start_url`` is what ``profile`` is to have; empty where it stays as it is.
        """
        saved = self.aws_settings(profile)
        wanted = replace(saved, sso_url=start_url or saved.sso_url)
        first = self.owns(wanted, profile) and not self.has_own_settings(profile)
        return replace(saved, sso_region=DEFAULT_REGION) if first else saved

    def has_own_settings(self, profile: str) -> bool:
        """Tell whether ``profile`` has AWS settings of its own: another Identity Center than all others."""
        return bool(self._own_settings(profile))

    def own_start_url(self, profile: str) -> str:
        """Return the start URL of ``profile``'s settings where it has saved them itself, else empty."""
        own = self.has_own_settings(profile) or self._saved_for_all(profile)
        return self.aws_settings(profile).sso_url if own else ""

    def owns(self, settings: AwsSettings, profile: str) -> bool:
        """Tell whether ``settings``, once they are saved, are ``profile``'s own."""
        return bool(self._keys_of(settings, profile))

    def _keys_of(self, settings: AwsSettings, profile: str) -> list[str]:
        """Return the keys above where ``settings`` are saved: one's own where others have another URL."""
        shared = _text(_child(self._root, ["aws_sso_start_url"]))
        if shared and shared != settings.sso_url and not self._saved_for_all(profile):
            return ["profiles", *_levels(profile)]
        return self._own_settings(profile)

    def _saved_for_all(self, profile: str) -> bool:
        """Tell whether the settings for all are those of ``profile``, which may change their URL."""
        whose = _text(_child(self._root, ["aws_sso_owner"])) or DEFAULT_TENANT
        return whose.lower() == (profile or DEFAULT_TENANT).lower()

    def _own_settings(self, profile: str) -> list[str]:
        """Return the keys above the profile's own AWS settings, none where it has none."""
        keys = ["profiles", *_levels(profile)]
        own = bool(profile) and _text(_child(self._root, [*keys, "aws_sso_start_url"]))
        return keys if own else []

    def texts(self, keys: Iterable[str]) -> dict[str, str]:
        """Return what stands under top-level ``keys``; what isn't there is empty."""
        return {key: _text(_child(self._root, [key])) for key in keys}

    def client(self, profile: str) -> SavedClient | None:
        """Return what is saved for ``profile``, None where nothing is.

        Names are looked up in lower case, and a dot in one is a level of the file.
        """
        found = _child(self._root, ["profiles", *_levels(profile)])
        client_id, secret = _text(_child(found, ["client-id"])), _child(found, ["client-secret"])
        if not client_id and not _text(secret):
            return None
        endpoint = _text(_child(found, ["api-endpoint"]))
        return SavedClient(client_id, Secret(_text(secret)), endpoint)

    def save_client(self, profile: str, client_id: str, client_secret: Secret) -> Path:
        """Save a login under ``profile``; returns the file's path.

        Raises:
            ConfigurationError: The file can't be read or written. It is as it was.
        """
        with self._changing() as root:
            node = _descend(root, ["profiles", *_levels(profile)], self.path)
            _put(node, "client-id", client_id)
            _put(node, "client-secret", client_secret.reveal())
        return self.path

    def save_aws_settings(self, settings: AwsSettings, profile: str = "") -> None:
        """Save what ``cone aws setup`` was told; raises as :meth:`save_client` does.

        They are for all profiles, as with the original, unless those have another Identity Center: then
        they are ``profile``'s own.
        """
        with self._changing() as root:
            self._root = root
            if named(profile) and not _text(_child(root, ["aws_sso_start_url"])):
                _put(root, "aws_sso_owner", profile)
            node = _descend(root, self._keys_of(settings, profile), self.path)
            _put(node, "aws_sso_start_url", settings.sso_url)
            _put(node, "aws_sso_region", settings.sso_region)
            _put(node, "aws_default_region", settings.region)
            if settings.profile_template:
                _put(node, "aws_profile_template", settings.profile_template)

    @contextmanager
    def _changing(self) -> Iterator[yaml.MappingNode]:
        """Read again under a lock, hand out the tree to change, and write it."""
        lock_path = self.path.with_name(f".{FILE_NAME}.lock")
        try:
            with file_lock(lock_path, limit_s=LOCK_TIMEOUT_S):
                data = _bytes(self.path)
                root = _mapping(self.path, data)
                yield root
                if (after := changed_yaml(data, root)) != data:
                    write_atomically(self.path, after, mode=PRIVATE_FILE)
                self._root = root
        except LockHeld as error:
            raise ConfigurationError(
                f"another process holds the lock of {ascii_text(str(self.path))}",
                hint=f"retry; if nothing else is running, delete {lock_path}",
            ) from error
        except OSError as error:
            raise _unusable(self.path, "written", error) from error


def named(profile: str) -> bool:
    """Tell whether ``profile`` is another one than the default."""
    return bool(profile) and profile.lower() != DEFAULT_TENANT


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise _unusable(path, "read", error) from error


def _mapping(path: Path, data: bytes) -> yaml.MappingNode:
    try:
        return yaml_mapping(data) or yaml.MappingNode(MAPPING, [])
    except NotYaml as error:
        raise _malformed(path, error.line) from None


def _levels(profile: str) -> list[str]:
    return (profile or DEFAULT_TENANT).lower().split(".")


def _child(node: yaml.Node | None, keys: list[str]) -> yaml.Node | None:
    """Return the node under ``keys``, upper and lower case alike; a key of the file may hold dots."""
    if not keys:
        return node
    if not isinstance(node, yaml.MappingNode):
        return None
    for taken in range(len(keys), 0, -1):
        wanted = ".".join(keys[:taken])
        for key, value in reversed(node.value):
            if isinstance(key, yaml.ScalarNode) and key.value.lower() == wanted:
                found = _child(value, keys[taken:])
                if found is not None:
                    return found
    return None


def _text(node: yaml.Node | None) -> str:
    """Return a scalar's text; null and what isn't a scalar are empty."""
    if not isinstance(node, yaml.ScalarNode) or node.tag == NULL:
        return ""
    return str(node.value)


def _descend(node: yaml.MappingNode, keys: list[str], path: Path) -> yaml.MappingNode:
    """Return the mapping under ``keys`` for changing, made where there is none."""
    if not keys:
        return node
    for taken in range(len(keys), 0, -1):
        key = ".".join(keys[:taken])
        found = _child(node, [key])
        if isinstance(found, yaml.MappingNode):
            # A copy: where the file has an alias, the mapping that it stands for stays as it was.
            own = yaml.MappingNode(found.tag, list(found.value), flow_style=found.flow_style)
            _replace(node, key, own)
            return _descend(own, keys[taken:], path)
        if _text(found) or isinstance(found, yaml.SequenceNode):
            raise ConfigurationError(
                f"{ascii_text(key)} in {ascii_text(str(path))} is not a mapping",
                hint=f"correct it, or move {path} away and log in again",
            )
    made = yaml.MappingNode(MAPPING, [], flow_style=False)
    _replace(node, keys[0], made)
    return _descend(made, keys[1:], path)


def _put(node: yaml.MappingNode, key: str, text: str) -> None:
    _replace(node, key, yaml.ScalarNode(STRING, text))


def _replace(node: yaml.MappingNode, key: str, value: yaml.Node) -> None:
    for index, (name, _) in reversed(list(enumerate(node.value))):
        if isinstance(name, yaml.ScalarNode) and name.value.lower() == key:
            node.value[index] = (name, value)
            return
    node.value.append((yaml.ScalarNode(STRING, key), value))


def _malformed(path: Path, line: int) -> ConfigurationError:
    return ConfigurationError(
        f"{ascii_text(str(path))} is not valid YAML at line {line}",
        hint=f"correct line {line}, or move {path} away and run: cone login <tenant>",
    )


def _unusable(path: Path, verb: str, error: OSError) -> ConfigurationError:
    reason = (error.strerror or "failed").lower()
    return ConfigurationError(
        f"{ascii_text(str(path))} can't be {verb}: {reason}",
        hint=f"let user {os.geteuid()} use {path}, or set CONE_CONFIG_PATH to another directory",
    )
