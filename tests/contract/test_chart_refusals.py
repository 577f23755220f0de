"""What the charts refuse, and how they say what to do instead."""

import pytest

from cone_cli.container_environment import UNWANTED
from fakes.chart_rendering import needs_helm, refused, rendered, values_of

SERVED = "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy"

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


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"profile": ""}, "profile is needed"),
        ({"identityCenter": {"startUrl": ""}}, "identityCenter.startUrl is needed"),
        ({"conductorone": {"existingSecret": {"name": ""}}}, "conductorone.existingSecret.name or"),
        ({"conductorone": {"workloadIdentity": {"clientId": "x"}}}, "keep one of them"),
        ({"managementPort": 9911}, "port and managementPort are the same"),
    ],
)
def test_what_is_needed_is_asked_for(section, message):
    """A value that only the user knows is asked for by name."""
    assert message in refused(changed("defaults", cone=section))


def test_a_workload_s_token_needs_an_audience():
    """A token for anybody would be taken by anybody."""
    message = refused(changed("job", cone={"conductorone": {"workloadIdentity": {"audience": ""}}}))
    assert "conductorone.workloadIdentity.audience is needed" in message


@pytest.mark.parametrize("name", UNWANTED)
def test_what_would_win_over_the_sidecar_is_refused(name):
    """An app that brings other credentials of its own is told so, before it runs with them."""
    values = changed("defaults", app={"env": [{"name": name, "value": "x"}]})
    assert f"app.env: {name} would win over the sidecar" in refused(values)


def test_what_is_set_for_the_sidecar_is_not_set_twice():
    """The value that is meant for it is named."""
    values = changed("defaults", app={"env": [{"name": "AWS_REGION", "value": "eu-west-1"}]})
    assert "app.env: AWS_REGION is set for the sidecar: use profile, region" in refused(values)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"app": {"imag": "x"}}, "imag"),
        ({"cone": {"profil": "x"}}, "profil"),
        ({"cone": {"profile": "with space"}}, "/profile"),
        ({"cone": {"image": {"digest": "sha256:abc"}}}, "/image/digest"),
        ({"cone": {"token": {"fileMode": "0666"}}}, "/token/fileMode"),
        ({"cone": {"native": "yes"}}, "/native"),
        ({"app": {"replicas": "two"}}, "/app/replicas"),
        ({"app": {"kind": "CronJob"}}, "/app/kind"),
    ],
)
def test_mistaken_values_are_named(sections, message):
    """The schemas of both charts refuse unknown keys and wrong kinds, and say where."""
    assert message in refused(changed("defaults", **sections))


def test_kept_sign_ins_are_not_shared():
    """Several pods on one claim are refused, whoever would make them."""
    claim = {"state": {"existingClaim": "sign-in"}}
    message = refused(changed("defaults", cone=claim, app={"replicas": 2}))
    assert "cone.state.existingClaim is for one pod" in message
    assert "the admission policy serves many" in refused(
        changed("admission", cone=claim), "1.36", SERVED
    )


def test_a_job_on_an_old_cluster_is_refused():
    """Beside a container that goes on running it would never end."""
    assert "needs Kubernetes 1.29 or newer" in refused(values_of("job"), "1.28")


def test_metrics_on_loopback_are_not_monitored():
    """A PodMonitor that could reach nothing is refused."""
    message = refused(changed("defaults", podMonitor={"enabled": True}))
    assert "podMonitor.enabled needs cone.metrics.enabled" in message


def test_events_need_an_account_of_the_app_s_own():
    """The namespace's default service account gets no rights."""
    message = refused(changed("defaults", cone={"podEvents": {"enabled": True}}))
    assert "podEvents.enabled needs a service account" in message


def test_one_token_for_all_is_not_injected():
    """Whoever is served by the policy gets his profile's token, not everybody's."""
    values = changed("admission", cone={"token": {"existingSecret": {"name": "x"}}})
    assert "cone.token.existingSecret opens every profile" in refused(values, "1.36", SERVED)


def test_a_pod_that_is_labelled_gets_one_profile():
    """Several are for charts, whose containers say which."""
    values = changed("admission", cone={"moreProfiles": ["dev"]})
    assert "cone.moreProfiles is for charts" in refused(values, "1.36", SERVED)


def test_a_cluster_without_such_policies_is_told():
    """The message says since when there are any, and what helm template needs."""
    message = refused(values_of("admission"), "1.31")
    assert "this cluster serves no MutatingAdmissionPolicy" in message
    assert f"--api-versions {SERVED}" in message


def test_nothing_to_install_is_said():
    """Without an app and without the policy there would be nothing."""
    assert "nothing to install" in refused({})


@pytest.mark.parametrize("native", [True, False])
def test_the_kind_of_sidecar_can_be_said(native):
    """Whatever the cluster says of itself: feature gates differ."""
    report = rendered(changed("defaults", cone={"native": native}), "1.29" if native else "1.28")
    assert ("initContainers" in report["files"]["app/deployment.yaml"]) is native
    other = rendered(changed("defaults", cone={"native": native}), "1.28" if native else "1.29")
    assert ("initContainers" in other["files"]["app/deployment.yaml"]) is native
