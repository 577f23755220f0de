"""The chart with an app and its sidecar, judged by Helm itself and by the schemas of Kubernetes."""

import re

import pytest
import yaml

from cone_sidecar.clock import SystemClock
from cone_sidecar.conductorone.host import client_id_host
from cone_sidecar.simulator.subject_token import check_subject_token
from fakes.chart_rendering import (
    CASES,
    ROOT,
    by_name,
    cases,
    documents,
    environment,
    examine,
    needs_helm,
    pod_of,
    rendered,
    values_of,
)
from fakes.subject_token import subject_token

NAMES = sorted(cases())
REWRITE = ".venv-charts/bin/python tests/contract/clients/helm_chart.py {}"
NOTES = "NOTES.txt"
# How often the kubelet looks at a pod's volumes, with its jitter.
KUBELET_SYNC_S = 90

pytestmark = needs_helm


@pytest.fixture(scope="module", name="reports")
def _reports():
    """Give what Helm and the schemas say about each case."""
    return dict(zip(NAMES, examine(*(cases()[name] for name in NAMES)), strict=True))


def golden(name, files):
    """Return what a case is to render, and what it renders."""
    into = cases()[name].get("into")
    if into:
        return {path: (ROOT / into / path).read_text() for path in files}, files
    shown = [f"# {path}\n{text}" for path, text in files.items() if path != NOTES]
    return (CASES.parent / f"{name}.yaml").read_text(), "---\n".join(shown)


@pytest.mark.parametrize("name", NAMES)
def test_helm_and_the_schemas_take_it(reports, name):
    """Strict lint finds nothing, and that version of Kubernetes knows every field."""
    assert reports[name]["lint"] == []
    assert reports[name]["invalid"] == []


@pytest.mark.parametrize("name", NAMES)
def test_it_renders_what_was_reviewed(reports, name):
    """The manifest is the golden file; a change to it is seen in review."""
    expected, seen = golden(name, reports[name]["files"])
    assert seen == expected, REWRITE.format(name)


def test_the_sidecar_is_a_native_one(reports):
    """It starts before the app, is waited for by its own healthcheck, and never makes a pod unready."""
    for name in ("app-1.29", "job-1.33"):
        path = "app/job.yaml" if name.startswith("job") else "app/deployment.yaml"
        sidecar = pod_of(reports[name], path)["initContainers"][0]
        assert sidecar["restartPolicy"] == "Always"
        assert sidecar["startupProbe"]["exec"]["command"] == ["cone", "healthcheck"]
        assert "readinessProbe" not in sidecar


def test_an_old_cluster_gets_a_second_container(reports):
    """Before 1.29 there is no init container that would never end; the sidecar is the first container."""
    spec = pod_of(reports["app-1.28"])
    assert "initContainers" not in spec
    assert [each["name"] for each in spec["containers"]] == ["cone", "app"]
    assert "restartPolicy" not in spec["containers"][0]


@pytest.mark.parametrize("name", ["app-1.28", "app-1.29", "everything-1.37"])
def test_the_restricted_standard_is_kept(reports, name):
    """No root, no privilege to gain, no capability, the runtime's seccomp profile, no token of the API."""
    spec = pod_of(reports[name])
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    containers = by_name([*spec.get("initContainers", []), *spec["containers"]])
    for container in containers.values():
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    # The library's own part keeps it in whatever pod it stands.
    assert containers["cone"]["securityContext"]["readOnlyRootFilesystem"] is True
    assert containers["cone"]["securityContext"]["runAsNonRoot"] is True
    assert containers["cone"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_the_app_gets_its_profile_s_token_alone(reports):
    """It lies in memory, where the app may read it; the one that opens every profile is out of reach."""
    spec = pod_of(reports["app-1.29"])
    sidecar = spec["initContainers"][0]
    assert by_name(spec["volumes"])["cone-token"]["emptyDir"]["medium"] == "Memory"
    assert spec["containers"][0]["volumeMounts"] == [
        {"name": "cone-token", "mountPath": "/run/cone-app", "readOnly": True}
    ]
    told = environment(sidecar)
    assert told["CONE_PROFILE_TOKEN_FILE"] == "production-admin=/run/cone-app/token"
    assert told["CONE_TOKEN_FILE_MODE"] == "0440"
    # The image's own setting is taken back: the token is then kept in the sidecar's state.
    assert told["CONE_TOKEN_FILE"] == ""


def test_the_app_is_led_to_the_sidecar_alone(reports):
    """Its variables name the sidecar, and close the ways to keys, metadata and proxies."""
    assert environment(pod_of(reports["app-1.29"])["containers"][0]) == {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9911/credentials/production-admin",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/run/cone-app/token",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def test_a_token_out_of_a_secret_reaches_the_app_as_variable_too(reports):
    """For older SDKs, which know no file."""
    spec = pod_of(reports["everything-1.37"])
    assert environment(spec["containers"][0])["AWS_CONTAINER_AUTHORIZATION_TOKEN"] == (
        "app-token/token"
    )
    told = environment(spec["initContainers"][0])
    assert told["CONE_AUTHORIZATION_TOKEN_FILE"] == "/run/cone-master/token"
    assert by_name(spec["volumes"])["cone-master"]["secret"]["secretName"] == "app-token"


def test_the_client_reaches_the_sidecar_as_files(reports):
    """Neither id nor secret is in the manifest, in a variable, or in the app's container."""
    spec = pod_of(reports["everything-1.37"])
    told = environment(spec["initContainers"][0])
    assert told["CONE_CLIENT_ID_FILE"] == "/run/cone-client/client-id"
    assert told["CONE_CLIENT_SECRET_FILE"] == "/run/cone-client/client-secret"
    assert "cone-client" not in by_name(spec["containers"][0]["volumeMounts"])
    assert by_name(spec["volumes"])["cone-client"]["secret"]["items"] == [
        {"key": "id", "path": "client-id"},
        {"key": "secret", "path": "client-secret"},
    ]


def test_a_workload_s_token_is_renewed_by_the_kubelet(reports):
    """Its audience is the tenant's domain, only the sidecar has it, and there is no client secret."""
    spec = pod_of(reports["job-1.33"], "app/job.yaml")
    told = environment(spec["initContainers"][0])
    assert told["CONDUCTORONE_CLIENT_ID"] == "report-20002@acme.conductor.one/wfe"
    assert told["CONDUCTORONE_OIDC_TOKEN_FILE"] == "/run/cone-identity/token"
    assert "CONE_CLIENT_SECRET_FILE" not in told
    source = by_name(spec["volumes"])["cone-identity"]["projected"]["sources"][0]
    assert source["serviceAccountToken"] == {
        "path": "token",
        "audience": "acme.conductor.one",
        "expirationSeconds": 600,
    }
    assert "cone-identity" not in by_name(spec["containers"][0]["volumeMounts"])


def test_a_workload_s_token_is_never_too_old(reports):
    """The tenant takes it even when the kubelet is about to renew it, at four fifths, and a sync late."""
    spec = pod_of(reports["job-1.33"], "app/job.yaml")
    asked = by_name(spec["volumes"])["cone-identity"]["projected"]["sources"][0]
    life = asked["serviceAccountToken"]["expirationSeconds"]
    age = life * 4 // 5 + KUBELET_SYNC_S
    token = subject_token(asked["serviceAccountToken"]["audience"], age=age, expires_in=life - age)
    domain = environment(spec["initContainers"][0])["CONDUCTORONE_CLIENT_ID"]
    audiences = frozenset({client_id_host(domain).name})
    check_subject_token(token, audiences, SystemClock().now().timestamp())


@pytest.mark.parametrize(
    ("identity", "audience"),
    [
        ({"clientId": "a-1@acme.conductor.one:8443/wfe"}, "acme.conductor.one"),
        ({"clientId": "a-1@acme.conductor.one/wfe", "audience": "other.example"}, "other.example"),
    ],
)
def test_a_workload_s_token_is_for_the_tenant(identity, audience):
    """Its audience is the domain inside the client id, unless it is said."""
    values = values_of("job")
    values["cone"]["conductorone"]["workloadIdentity"] = identity
    volumes = by_name(pod_of(rendered(values), "app/job.yaml")["volumes"])
    source = volumes["cone-identity"]["projected"]["sources"][0]["serviceAccountToken"]
    assert source["audience"] == audience


def test_events_need_no_more_than_to_be_written(reports):
    """The Role can create and patch events; the service account's token is the sidecar's alone."""
    report = reports["everything-1.37"]
    role, binding = yaml.safe_load_all(report["files"]["app/pod-events.yaml"])
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]}
    ]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "app", "namespace": "shops"}]
    spec = pod_of(report)
    told = environment(spec["initContainers"][0])
    assert told["CONE_POD_EVENTS"] == "true"
    assert (told["POD_NAME"], told["POD_NAMESPACE"], told["POD_UID"]) == (
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
    )
    place = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert by_name(spec["initContainers"][0]["volumeMounts"])["cone-api"]["mountPath"] == place
    assert "cone-api" not in by_name(spec["containers"][0]["volumeMounts"])


def test_a_kept_sign_in_has_one_writer(reports):
    """With a claim, the old pod ends before the new one starts; in the test's pod there is no claim."""
    report = reports["everything-1.37"]
    deployment, test = (
        yaml.safe_load(report["files"][path])
        for path in ("app/deployment.yaml", "tests/profile-is-known.yaml")
    )
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert "emptyDir" in by_name(test["spec"]["volumes"])["cone-state"]


def test_metrics_are_found_by_the_operator(reports):
    """The PodMonitor names a port that the sidecar has, and asks the listener of the pod's address."""
    report = reports["everything-1.37"]
    monitor = yaml.safe_load(report["files"]["app/pod-monitor.yaml"])
    sidecar = pod_of(report)["initContainers"][0]
    port = by_name(sidecar["ports"])[monitor["spec"]["podMetricsEndpoints"][0]["port"]]
    assert environment(sidecar)["CONE_MANAGEMENT_LISTEN"] == f"0.0.0.0:{port['containerPort']}"
    labels = yaml.safe_load(report["files"]["app/deployment.yaml"])["spec"]["template"]["metadata"]
    wanted = monitor["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= labels["labels"].items()


def test_the_network_policy_lets_out_what_is_needed(reports):
    """DNS, port 443, the API server for events, and what was added; nothing is said of who may come in."""
    policy = yaml.safe_load(reports["everything-1.37"]["files"]["app/network-policy.yaml"])["spec"]
    assert policy["policyTypes"] == ["Egress"]
    ports = {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert ports == {53, 443, 6443, 5432}


def test_the_network_policy_is_for_helm_s_test_too(reports):
    """Where nothing may go out otherwise, the test's pod asks ConductorOne as well."""
    files = reports["everything-1.37"]["files"]
    selector = yaml.safe_load(files["app/network-policy.yaml"])["spec"]["podSelector"]
    (names,) = selector["matchExpressions"]
    app = yaml.safe_load(files["app/deployment.yaml"])["spec"]["template"]
    for pod in (app, yaml.safe_load(files["tests/profile-is-known.yaml"])):
        labels = pod["metadata"]["labels"]
        assert selector["matchLabels"].items() <= labels.items()
        assert labels[names["key"]] in names["values"]


def test_large_numbers_and_names_of_digits_stay_what_they_are():
    """Helm's numbers are floats: a user of OpenShift's is no 1.00081e+09."""
    user = 1000810000
    values = values_of("defaults")
    values["app"] |= {"runAsUser": user, "fsGroup": user, "replicas": 1000000}
    values["app"]["serviceAccountName"] = "0123"
    report = rendered(values)
    assert report["invalid"] == []
    assert yaml.safe_load(report["files"]["app/deployment.yaml"])["spec"]["replicas"] == 1000000
    test = yaml.safe_load(report["files"]["tests/profile-is-known.yaml"])["spec"]
    for spec in (pod_of(report), test):
        context = spec["securityContext"]
        assert [context[name] for name in ("runAsUser", "runAsGroup", "fsGroup")] == [user] * 3
        assert spec["serviceAccountName"] == "0123"


def test_users_and_group_can_be_left_to_the_platform():
    """With null no number is said anywhere, neither for the pod nor for the sidecar."""
    values = values_of("defaults")
    values["app"] |= {"runAsUser": None, "fsGroup": None}
    values["cone"]["runAsUser"] = None
    files = rendered(values)["files"]
    said = files["app/deployment.yaml"] + files["tests/profile-is-known.yaml"]
    assert not re.search("runAsUser|runAsGroup|fsGroup:", said)


def test_nothing_is_installed_that_was_not_asked_for(reports):
    """An app alone is a Deployment and its test: no policy, no role, no custom resource."""
    kinds = [document["kind"] for document in documents(reports["app-1.29"])]
    assert kinds == ["Deployment", "Pod"]


def test_the_notes_say_what_comes_next(reports):
    """Where a person sees what waits for him, and what holds for these values alone."""
    notes = {name: report["files"].get(NOTES, "") for name, report in reports.items()}
    assert "logs deployment/shop-cone-sidecar --container cone" in notes["app-1.29"]
    assert "logs job/shop-cone-sidecar --container cone" in notes["job-1.33"]
    assert "helm --namespace shops test shop" in notes["app-1.29"]
    assert "kept in memory" in notes["app-1.29"]
    assert "kept in memory" not in notes["everything-1.37"]
    assert "The NetworkPolicy binds the app as well" in notes["everything-1.37"]
    assert "the app may start before it answers" in notes["app-1.28"]
    assert "cone-sidecar/injection=enabled" in notes["admission-1.36"]
    nowhere = "image cone-sidecar:0.1.0 is in no public registry"
    assert nowhere in notes["app-1.29"]
    assert nowhere in notes["admission-1.36"]
    assert nowhere not in notes["everything-1.37"]
    assert "the ClusterRole shop-cone-sidecar-events" in notes["admission-1.36"]


def test_a_test_that_would_never_end_is_not_rendered(reports):
    """Helm's test waits for a pod's end, which a classic sidecar prevents."""
    paths = {name: [*report["files"]] for name, report in reports.items()}
    assert "tests/profile-is-known.yaml" in paths["app-1.29"]
    assert "tests/profile-is-known.yaml" not in paths["app-1.28"]


def test_helm_s_test_leaves_its_log(reports):
    """Helm 3 reads it after it has deleted what a hook's policy says: the notes' --logs would find no pod."""
    test = yaml.safe_load(reports["app-1.29"]["files"]["tests/profile-is-known.yaml"])
    assert test["metadata"]["annotations"] == {
        "helm.sh/hook": "test",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }


def test_both_charts_and_the_program_have_one_version(reports):
    """The image's tag that the library takes by itself is the charts' appVersion."""
    charts = [
        yaml.safe_load((ROOT / "charts" / name / "Chart.yaml").read_text())
        for name in ("cone-sidecar", "cone-sidecar-lib")
    ]
    image = pod_of(reports["app-1.29"])["initContainers"][0]["image"]
    assert {f"cone-sidecar:{chart['appVersion']}" for chart in charts} == {image}
