"""Scenarios: which people, accounts, permission sets and policies a simulated tenant has."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from cone_sidecar.errors import ConfigurationError
from cone_sidecar.secret import Secret
from cone_sidecar.simulator.durations import duration_seconds
from cone_sidecar.simulator.scenario_consistency import inconsistencies
from cone_sidecar.simulator.scenario_values import (
    Bulk,
    Lags,
    Lifetimes,
    Scenario,
    ScenarioAccount,
    ScenarioPermissionSet,
    ScenarioUser,
)

# A policy's name, and the steps that it stands for; a list of names is their steps in a row.
POLICIES: Mapping[str, tuple[str, ...]] = {
    "auto": (),
    "machine": ("webhook",),
    "webhook": ("webhook",),
    "agent": ("agent",),
    "expression": ("expression",),
    "wait": ("wait",),
    "approval": ("approval",),
    "form": ("form",),
    "form_step": ("form_step",),
    "deny": ("deny",),
    "error": ("error",),
    "timeout": ("timeout",),
}
TENANT = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
ACCOUNT_ID = re.compile(r"[0-9]{12}")
# Reference §3.3; the first word of an entitlement's name is the permission set's.
ROLE_NAME = re.compile(r"[\w+=,.@-]{1,32}")
LONGEST_S = 100 * 365 * 86400

DEFAULT_SCENARIO = """\
tenant: acme
users:
  - {email: ada@example.com, name: Ada Lovelace}
  - {email: grace@example.com, name: Grace Hopper}
accounts:
  - {id: "100000000001", name: Production}
  - {id: "100000000002", name: Staging}
  - {id: "100000000003", name: Sandbox}
permission_sets:
  - {account: Production, name: Admin, policy: auto, max_duration: 8h}
  - {account: Production, name: ReadOnly, granted_to: [ada@example.com], grant_ends: 8h, max_duration: 8h}
  - {account: Production, name: Billing, policy: [machine, approval], max_duration: 4h}
  - {account: Staging, name: Admin, policy: approval, max_duration: 12h}
  - {account: Staging, name: PowerUser, policy: machine}
  - {account: Staging, name: ReadOnly, granted_to: [ada@example.com, grace@example.com]}
  - {account: Sandbox, name: Admin, policy: form}
  - {account: Sandbox, name: Deployer, policy: form_step}
  - {account: Sandbox, name: Auditor, policy: deny}
  - {account: Sandbox, name: Broken, policy: error}
  - {account: Sandbox, name: Stuck, policy: timeout}
"""

SECTIONS = ("tenant", "users", "accounts", "permission_sets", "bulk", "lags", "lifetimes")
USER_KEYS = ("email", "name", "app_users", "client_id", "client_secret")
ACCOUNT_KEYS = ("id", "name", "email", "partition")
PERMISSION_SET_KEYS = (
    "account",
    "name",
    "policy",
    "granted_to",
    "grant_ends",
    "max_duration",
    "requestable",
    "emergency",
    "description",
    "alias",
    "other_connectors",
    "lags",
)
BULK_KEYS = ("accounts", "permission_sets")
LAG_KEYS = ("latency", "policy_step", "provisioning", "grant_visibility", "propagation")
# The delay of every answer is nobody's own.
OWN_LAG_KEYS = LAG_KEYS[1:]
LIFETIME_KEYS = ("access_token", "refresh_token", "role_credentials")


def load_scenario(path: Path | None = None) -> Scenario:
    """Read a scenario, or the built-in one.

    Raises:
        ConfigurationError: It can't be read or has mistakes; all of them are told together.
    """
    where = str(path) if path else "the built-in scenario"
    try:
        text = path.read_text(encoding="utf-8") if path else DEFAULT_SCENARIO
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the scenario {where} can't be read", hint="cone simulator --scenario FILE"
        ) from error
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise ConfigurationError(
            f"the scenario {where} is no YAML{line}", hint="see docs/simulator.md"
        ) from error
    reader = _Reader()
    scenario = reader.scenario({} if content is None else content)
    if reader.problems:
        raise ConfigurationError(
            f"the scenario {where} has mistakes: {'; '.join(reader.problems)}",
            hint="see docs/simulator.md",
        )
    return scenario


class _Reader:
    """Read a scenario's parts and collect what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def scenario(self, content: object) -> Scenario:
        top = self._mapping(content, "the scenario", SECTIONS)
        accounts = tuple(
            self._account(item, f"accounts[{index}]")
            for index, item in enumerate(self._list(top, "accounts"))
        )
        users = tuple(
            self._user(item, f"users[{index}]")
            for index, item in enumerate(self._list(top, "users"))
        )
        lags = self._lags(top, "lags", LAG_KEYS, Lags())
        sets = tuple(
            self._permission_set(item, f"permission_sets[{index}]", lags)
            for index, item in enumerate(self._list(top, "permission_sets"))
        )
        bulk = self._mapping(top.get("bulk") or {}, "bulk", BULK_KEYS)
        lives = self._mapping(top.get("lifetimes") or {}, "lifetimes", LIFETIME_KEYS)
        scenario = Scenario(
            tenant=self._tenant(top),
            users=users or (ScenarioUser("ada@example.com", "Ada Lovelace"),),
            accounts=accounts,
            permission_sets=sets,
            bulk=Bulk(**{key: self._count(bulk, key, "bulk", 0) for key in BULK_KEYS}),
            lags=lags,
            lifetimes=Lifetimes(**self._durations(lives, "lifetimes")),
        )
        for problem in inconsistencies(scenario):
            self._wrong(problem)
        return scenario

    def _tenant(self, values: Mapping[str, Any]) -> str:
        tenant = self._text(values, "tenant", "the scenario") or "acme"
        if not TENANT.fullmatch(tenant):
            self._wrong("tenant is lower-case letters, digits and hyphens")
        return tenant

    def _user(self, item: object, where: str) -> ScenarioUser:
        values = self._mapping(item, where, USER_KEYS)
        return ScenarioUser(
            email=self._required(values, "email", where),
            name=self._text(values, "name", where),
            app_users=self._count(values, "app_users", where, 1),
            client_id=self._text(values, "client_id", where),
            client_secret=Secret(self._text(values, "client_secret", where)),
        )

    def _account(self, item: object, where: str) -> ScenarioAccount:
        values = self._mapping(item, where, ACCOUNT_KEYS)
        account_id = values.get("id")
        # A bare number loses its leading zeros in YAML: ids are texts.
        if not isinstance(account_id, str) or not ACCOUNT_ID.fullmatch(account_id):
            self._wrong(f"{where}: id is twelve digits in quotes")
            account_id = ""
        return ScenarioAccount(
            account_id,
            self._required(values, "name", where),
            *(self._text(values, key, where) for key in ACCOUNT_KEYS[2:]),
        )

    def _permission_set(self, item: object, where: str, lags: Lags) -> ScenarioPermissionSet:
        values = self._mapping(item, where, PERMISSION_SET_KEYS)
        return ScenarioPermissionSet(
            account=self._required(values, "account", where),
            name=self._role_name(values, where),
            steps=self._steps(values.get("policy", "auto"), where),
            granted_to=tuple(str(email) for email in self._list(values, "granted_to")),
            grant_ends=self._optional_duration(values, "grant_ends", where),
            max_duration=self._optional_duration(values, "max_duration", where),
            requestable=self._flag(values, "requestable", where, default=True),
            emergency=self._flag(values, "emergency", where, default=False),
            description=self._text(values, "description", where),
            alias=self._text(values, "alias", where),
            other_connectors=tuple(str(each) for each in self._list(values, "other_connectors")),
            lags=self._lags(values, f"{where}: lags", OWN_LAG_KEYS, lags),
        )

    def _lags(
        self, values: Mapping[str, Any], where: str, keys: tuple[str, ...], base: Lags
    ) -> Lags:
        own = self._mapping(values.get("lags") or {}, where, keys)
        return replace(base, **self._durations(own, where))

    def _role_name(self, values: Mapping[str, Any], where: str) -> str:
        name = self._required(values, "name", where)
        if name and not ROLE_NAME.fullmatch(name):
            self._wrong(f"{where}: name is 1 to 32 letters, digits or any of _+=,.@-")
        return name

    def _steps(self, policy: object, where: str) -> tuple[str, ...]:
        names = policy if isinstance(policy, list) else [policy]
        steps: list[str] = []
        for name in names:
            if not isinstance(name, str) or name not in POLICIES:
                self._wrong(f"{where}: {_unknown('policy', name, POLICIES)}")
            else:
                steps += POLICIES[name]
        return tuple(steps)

    def _durations(self, values: Mapping[str, Any], where: str) -> dict[str, float]:
        return {
            key: found
            for key in values
            if (found := self._optional_duration(values, key, where)) is not None
        }

    def _optional_duration(self, values: Mapping[str, Any], key: str, where: str) -> float | None:
        value = values.get(key)
        if value is None:
            return None
        try:
            duration = duration_seconds(str(value))
        except ValueError:
            self._wrong(f"{where}: {key} is a duration such as 500ms, 1.5s, 10m, 8h or 90d")
            return None
        if duration > LONGEST_S:
            self._wrong(f"{where}: {key} is longer than a hundred years")
            return None
        return duration

    def _count(self, values: Mapping[str, Any], key: str, where: str, least: int) -> int:
        value = values.get(key, least)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self._wrong(f"{where}: {key} is a number" + (f", at least {least}" if least else ""))
        return least

    def _flag(self, values: Mapping[str, Any], key: str, where: str, *, default: bool) -> bool:
        value = values.get(key, default)
        if not isinstance(value, bool):
            self._wrong(f"{where}: {key} is true or false")
            return default
        return value

    def _required(self, values: Mapping[str, Any], key: str, where: str) -> str:
        text = self._text(values, key, where)
        if not text and f"{where}: {key} is a text" not in self.problems:
            self._wrong(f"{where}: {key} is needed")
        return text

    def _text(self, values: Mapping[str, Any], key: str, where: str) -> str:
        value = values.get(key, "")
        if not isinstance(value, str):
            self._wrong(f"{where}: {key} is a text")
            return ""
        return value

    def _list(self, values: Mapping[str, Any], key: str) -> list[Any]:
        value = values.get(key) or []
        if not isinstance(value, list):
            self._wrong(f"{key} is a list")
            return []
        return value

    def _mapping(self, value: object, where: str, keys: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._wrong(f"{where} is a mapping")
            return {}
        for key in value:
            if key not in keys:
                self._wrong(f"{where}: {_unknown('key', key, keys)}")
        return {str(key): item for key, item in value.items() if key in keys}

    def _wrong(self, problem: str) -> None:
        self.problems.append(problem)


def _unknown(what: str, name: object, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    near = difflib.get_close_matches(str(name), list(known), n=1)
    meant = f", did you mean {near[0]!r}?" if near else f", there are {', '.join(known)}"
    return f"unknown {what} {str(name)!r}{meant}"
