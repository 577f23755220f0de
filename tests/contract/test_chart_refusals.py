"""What the charts refuse, and how they say what to do instead."""

import pytest

from cone_cli.container_environment import UNWANTED
from fakes.chart_rendering import examine, needs_helm, values_of

SERVED = "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy"
CLAIM = {"state": {"existingClaim": "sign-in"}}
NO_SECRET = {"existingSecret": {"name": ""}}
NO_TENANT = {"workloadIdentity": {"clientId": "report-20002"}}
TOKEN = {"token": {"existingSecret": {"name": "x"}}}

pytestmark = needs_helm


def changed(name, **sections):
    """Return an example's values with some of them replaced; a mapping is merged in."""
    values = values_of(name)
    for section, content in sections.items():
        merge(values, section, content)
    return values


def merge(values, key, content):
    """Replace a value, or those below it."""
    if not isinstance(content, dict):
        values[key] = content
        return
    for name, each in content.items():
        merge(values.setdefault(key, {}), name, each)


def cone(name="defaults", **section):
    """Return an example's values with some of the sidecar's replaced."""
    return changed(name, cone=section)


def app_env(name):
    """Return values of an app that brings a variable."""
    return changed("defaults", app={"env": [{"name": name, "value": "x"}]})


# Values, and what is said of them.
REFUSED = {
    # What only the user knows is asked for by name.
    "no profile": (cone(profile=""), "profile is needed"),
    "no start URL": (cone(identityCenter={"startUrl": ""}), "identityCenter.startUrl is needed"),
    "nobody": (cone(conductorone=NO_SECRET), "conductorone.existingSecret.name or"),
    "two at once": (
        cone(conductorone={"workloadIdentity": {"clientId": "x@acme.conductor.one/wfe"}}),
        "conductorone.existingSecret and conductorone.workloadIdentity are both set: keep one",
    ),
    "a trust of no tenant": (
        cone("job", conductorone=NO_TENANT),
        "/conductorone/workloadIdentity/clientId",
    ),
    "nothing to install": ({}, "nothing to install: name an image in app.image, or"),
    # What can't work, or not safely.
    "one profile twice": (
        cone(moreProfiles=["production-admin"]),
        "moreProfiles: production-admin is the pod's profile already",
    ),
    "one port twice": (cone(managementPort=9911), "port and managementPort are the same"),
    "a variable of the chart's": (
        app_env("AWS_REGION"),
        "app.env: AWS_REGION is set for the sidecar: use profile, region",
    ),
    "two writers": (
        changed("defaults", cone=CLAIM, app={"replicas": 2}),
        "cone.state.existingClaim is for one pod",
    ),
    "metrics on loopback": (
        changed("defaults", podMonitor={"enabled": True}),
        "podMonitor.enabled needs cone.metrics.enabled",
    ),
    "metrics on loopback, for many": (
        changed("admission", podMonitor={"enabled": True}),
        "podMonitor.enabled needs cone.metrics.enabled",
    ),
    "a network policy for nobody": (
        changed("admission", networkPolicy={"enabled": True}),
        "networkPolicy.enabled is for the app in app.image",
    ),
    "events by anybody": (
        cone(podEvents={"enabled": True}),
        "podEvents.enabled needs a service account",
    ),
    "a claim for many": (cone("admission", **CLAIM), "the admission policy serves many"),
    "a token for many": (cone("admission", **TOKEN), "cone.token.existingSecret opens every"),
    "several profiles for a label": (
        cone("admission", moreProfiles=["dev"]),
        "cone.moreProfiles is for charts",
    ),
    "a listener for everybody": (
        cone(env=[{"name": "CONE_LISTEN", "value": "0.0.0.0:9911"}]),
        "env: CONE_LISTEN is set already",
    ),
    # A section or a list that null takes away is missed by its name.
    "no section": (changed("defaults", podMonitor=None), "missing property 'podMonitor'"),
    "no list": (changed("defaults", app={"podLabels": None}), "missing property 'podLabels'"),
    "no section of the library": (cone(token=None), "missing property 'token'"),
    "no Secret at all": (
        cone("job", conductorone={"existingSecret": None}),
        "missing property 'existingSecret'",
    ),
    # The schemas of both charts name unknown keys and wrong kinds.
    "an unknown key": (changed("defaults", app={"imag": "x"}), "imag"),
    "an unknown key of the library": (cone(profil="x"), "profil"),
    "no profile's name": (cone(profile="with space"), "/profile"),
    "no digest": (cone(image={"digest": "sha256:abc"}), "/image/digest"),
    "a token for the world to write": (cone(token={"fileMode": "0666"}), "/token/fileMode"),
    "neither yes nor no": (cone(native="yes"), "/native"),
    "no number": (changed("defaults", app={"replicas": "two"}), "/app/replicas"),
    "no such workload": (changed("defaults", app={"kind": "CronJob"}), "/app/kind"),
} | {
    # Other credentials of an app's own are told before it runs with them.
    name: (app_env(name), f"app.env: {name} would win over the sidecar")
    for name in UNWANTED
}


@pytest.fixture(scope="module", name="reasons")
def _reasons():
    """Give why each is refused."""
    common = {"chart": "charts/cone-sidecar", "kubernetes": "1.36", "apis": [SERVED]}
    reports = examine(*(common | {"values": values} for values, _ in REFUSED.values()))
    return {name: report.get("refused") for name, report in zip(REFUSED, reports, strict=True)}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_and_the_reason_told(reasons, name):
    """Nothing is rendered, and the message names the value and what to do."""
    assert reasons[name], "it was rendered"
    assert REFUSED[name][1] in reasons[name]


@pytest.mark.parametrize(
    ("example", "version", "message"),
    [
        ("job", "1.28", "app.kind Job needs Kubernetes 1.29 or newer"),
        ("admission", "1.31", "this cluster serves no MutatingAdmissionPolicy"),
        ("admission", "1.31", f"--api-versions {SERVED}"),
    ],
)
def test_an_old_cluster_is_told_what_it_lacks(example, version, message):
    """A Job that would never end, and a policy that nobody would carry out, need a newer one."""
    request = {"chart": "charts/cone-sidecar", "kubernetes": version}
    assert message in examine(request | {"values": values_of(example)})[0]["refused"]


@pytest.mark.parametrize("native", [True, False])
def test_the_kind_of_sidecar_can_be_said(native):
    """Whatever the cluster says of itself: feature gates differ."""
    common = {"chart": "charts/cone-sidecar", "values": cone(native=native)}
    for report in examine(*(common | {"kubernetes": each} for each in ("1.28", "1.29"))):
        assert ("initContainers" in report["files"]["app/deployment.yaml"]) is native
