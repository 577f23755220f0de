"""The admission policy on pods: its CEL by Google's own runtime, what comes out by Kubernetes' schemas.

No API server takes part; docs/kubernetes.md says what that leaves unproved.
"""

import copy

import pytest

from fakes.chart_rendering import (
    admit,
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

POLICY = "admission-1.36"
MOUNT = {"name": "cone-token", "mountPath": "/run/cone-app", "readOnly": True}
FULL_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
THEIRS = [{"name": FULL_URI, "value": "http://169.254.170.23/v1/credentials"}]

pytestmark = needs_helm


def pod(containers=({},), *, annotations=None, **spec):
    """Return a pod that asks for the sidecar."""
    if annotations is None:
        annotations = {"cone-sidecar/profile": "production-admin"}
    named = [{"name": f"app{n}", "image": "app:1"} | each for n, each in enumerate(containers)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "shop",
            "labels": {"cone-sidecar/inject": "true"},
            "annotations": annotations,
        },
        "spec": {"containers": named} | spec,
    }


MIGRATION = {"name": "migrate", "image": "app:1", "env": [{"name": "A", "value": "$(AWS_REGION)"}]}
MESH = {"name": "istio-proxy", "image": "istio:1", "restartPolicy": "Always"}
DATA = {"name": "data", "configMap": {"name": "data", "defaultMode": 420}}
KEY = {"name": "db", "key": "password", "optional": False}
SECRET = {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": KEY}}
PODS = {
    "plain": pod(),
    "init containers": pod(initContainers=[MIGRATION]),
    "its own environment": pod([{"env": [{"name": "AWS_REGION", "value": "eu-west-1"}, SECRET]}]),
    "its own volumes": pod(
        [{"volumeMounts": [{"name": "data", "mountPath": "/data"}]}], volumes=[DATA]
    ),
    "two containers": pod([{}, {"env": []}]),
    "a job's": pod(restartPolicy="OnFailure"),
    "a mesh": pod(
        [{}, {"name": "linkerd-proxy"}],
        initContainers=[{"name": "istio-init", "image": "istio:1"}, MESH, MIGRATION],
    ),
    "one that has an address": pod([{"env": THEIRS}, {}]),
}


@pytest.fixture(scope="module", name="policies")
def _policies():
    """Give the policies, and what the library renders for an app with the same values."""
    return documents(examine(cases()[POLICY])[0])


@pytest.fixture(scope="module", name="outcomes")
def _outcomes(policies):
    """Give what becomes of each pod."""
    return dict(zip(PODS, admit(policies, [*PODS.values()]), strict=True))


@pytest.mark.parametrize("name", PODS)
def test_what_comes_out_is_a_valid_pod(outcomes, name):
    """Kubernetes knows every field, and neither refuses nor warns."""
    assert outcomes[name]["invalid"] is None
    assert outcomes[name]["denied"] == []
    assert outcomes[name]["warned"] == []


@pytest.mark.parametrize("name", PODS)
def test_the_sidecar_is_the_first_of_all(outcomes, name):
    """It runs before the pod's other init containers, which stay in their order."""
    before, after = PODS[name]["spec"], outcomes[name]["pod"]["spec"]
    names = [each["name"] for each in after["initContainers"]]
    assert names == ["cone", *(each["name"] for each in before.get("initContainers", []))]
    assert after["initContainers"][0]["restartPolicy"] == "Always"


@pytest.mark.parametrize("name", PODS)
def test_nothing_of_the_pod_is_lost(outcomes, name):
    """Containers, variables, mounts and volumes that it brought are there, as they were."""
    before, after = PODS[name]["spec"], outcomes[name]["pod"]["spec"]
    assert all(volume in after["volumes"] for volume in before.get("volumes", []))
    for kind in ("containers", "initContainers"):
        now = by_name(after[kind])
        for each in before.get(kind, []):
            for part in ("env", "volumeMounts"):
                assert all(item in now[each["name"]][part] for item in each.get(part, []))
            rest = {key: value for key, value in each.items() if key not in {"env", "volumeMounts"}}
            assert rest.items() <= now[each["name"]].items()


def test_it_injects_what_the_library_renders(outcomes):
    """Container and volumes are those of a chart with the same values, but for the token's mode."""
    values = values_of("admission") | {"app": {"image": "a:1", "serviceAccountName": "app"}}
    values["admission"]["enabled"] = False
    values["cone"] |= {"profile": "production-admin", "token": {"fileMode": "0444"}}
    spec = pod_of(rendered(values, "1.36"))
    injected = outcomes["plain"]["pod"]["spec"]
    assert injected["initContainers"] == spec["initContainers"]
    assert injected["volumes"] == spec["volumes"]
    assert injected["containers"][0]["env"] == spec["containers"][0]["env"]
    assert injected["containers"][0]["volumeMounts"] == spec["containers"][0]["volumeMounts"]


def test_each_app_container_is_led_to_the_sidecar(outcomes):
    """Init containers of the app as well; a variable that is there already stays, and is no hindrance."""
    two = outcomes["two containers"]["pod"]["spec"]["containers"]
    migration = outcomes["init containers"]["pod"]["spec"]["initContainers"][1]
    for container in (*two, migration):
        assert environment(container)[FULL_URI] == (
            "http://127.0.0.1:9911/credentials/production-admin"
        )
        assert MOUNT in container["volumeMounts"]
    own = outcomes["its own environment"]["pod"]["spec"]["containers"][0]
    assert environment(own)["AWS_REGION"] == "eu-west-1"
    # What refers to an earlier variable finds ours.
    names = [each["name"] for each in migration["env"]]
    assert names.index("AWS_REGION") < names.index("A")


@pytest.mark.parametrize(
    ("own", "twin"),
    [
        ("AWS_REGION", "AWS_DEFAULT_REGION"),
        ("AWS_DEFAULT_REGION", "AWS_REGION"),
        ("NO_PROXY", "no_proxy"),
        ("no_proxy", "NO_PROXY"),
    ],
)
def test_ours_don_t_win_over_the_pod_s_by_another_name(policies, own, twin):
    """SDKs differ in which of the two they prefer: of a pair, one of the pod's own stands alone."""
    asking = pod([{"env": [{"name": own, "value": "127.0.0.1,eu-west-1"}]}, {}])
    served, other = admit(policies, [asking])[0]["pod"]["spec"]["containers"]
    assert environment(served)[own] == "127.0.0.1,eu-west-1"
    assert twin not in environment(served)
    assert {own, twin} <= environment(other).keys()


@pytest.mark.parametrize(
    ("case", "kind", "name"),
    [
        ("a mesh", "initContainers", "istio-init"),
        ("a mesh", "initContainers", "istio-proxy"),
        ("a mesh", "containers", "linkerd-proxy"),
        ("one that has an address", "containers", "app0"),
    ],
)
def test_who_needs_no_credentials_gets_none(outcomes, case, kind, name):
    """A mesh's proxy, and a container with an address of its own, are left as they were."""
    before = by_name(PODS[case]["spec"][kind])[name]
    assert by_name(outcomes[case]["pod"]["spec"][kind])[name] == before


def test_profile_and_region_are_the_pod_s(policies):
    """Its annotations say which; the region is the chart's where there is none."""
    annotations = {"cone-sidecar/profile": "dev-read.only~1", "cone-sidecar/region": "eu-north-1"}
    outcome = admit(policies, [pod(annotations=annotations)])[0]
    spec = outcome["pod"]["spec"]
    told = environment(spec["initContainers"][0])
    assert told["CONE_PROFILE_TOKEN_FILE"] == "dev-read.only~1=/run/cone-app/token"
    variables = environment(spec["containers"][0])
    assert variables[FULL_URI] == "http://127.0.0.1:9911/credentials/dev-read.only~1"
    assert (variables["AWS_REGION"], variables["AWS_DEFAULT_REGION"]) == ("eu-north-1",) * 2


def test_a_second_time_changes_nothing(policies, outcomes):
    """Admission may look at a pod again: what is complete stays as it is."""
    again = [copy.deepcopy(outcome["pod"]) for outcome in outcomes.values()]
    for before, after in zip(again, admit(policies, again), strict=True):
        assert after["pod"] == before


def test_a_container_that_another_policy_added_is_served_too(policies, outcomes):
    """With reinvocationPolicy IfNeeded the policy comes again; it completes what is missing."""
    policy = next(each for each in policies if each["kind"] == "MutatingAdmissionPolicy")
    assert policy["spec"]["reinvocationPolicy"] == "IfNeeded"
    later = copy.deepcopy(outcomes["plain"]["pod"])
    later["spec"]["containers"].append({"name": "late", "image": "late:1"})
    spec = admit(policies, [later])[0]["pod"]["spec"]
    assert FULL_URI in environment(by_name(spec["containers"])["late"])
    assert [each["name"] for each in spec["initContainers"]] == ["cone"]


REFUSED = {
    "no profile": (pod(annotations={}), "needs the annotation cone-sidecar/profile"),
    "a blank": (pod(annotations={"cone-sidecar/profile": "a b"}), "needs the annotation"),
    "a path": (pod(annotations={"cone-sidecar/profile": "../x"}), "needs the annotation"),
    "too long": (pod(annotations={"cone-sidecar/profile": "x" * 129}), "needs the annotation"),
    "the node's network": (pod(hostNetwork=True), "hostNetwork would open the sidecar's port"),
    "another profile": (
        pod([{"env": [{"name": "AWS_PROFILE", "value": "x"}]}]),
        "container app0 has variables that win over the sidecar: take out AWS_PROFILE",
    ),
    "keys": (
        pod(initContainers=[MIGRATION | {"env": [{"name": "AWS_ACCESS_KEY_ID", "value": "x"}]}]),
        "container migrate has variables that win over the sidecar: take out AWS_ACCESS_KEY_ID",
    ),
    "Windows": (pod(os={"name": "windows"}), "the sidecar is for Linux"),
    "a node of Windows": (
        pod(nodeSelector={"kubernetes.io/os": "windows"}),
        "the sidecar is for Linux",
    ),
    "a namesake": (
        pod(initContainers=[MIGRATION | {"name": "cone"}]),
        "a container of the pod's own is called cone",
    ),
    "a namesake beside": (
        pod([{"name": "cone"}]),
        "a container of the pod's own is called cone",
    ),
    "a crowd": (pod([{}] * 65), "more than 64 containers are not looked at"),
}


@pytest.fixture(scope="module", name="refusals")
def _refusals(policies):
    """Give why each pod that couldn't work is refused."""
    outcomes = admit(policies, [asking for asking, _ in REFUSED.values()])
    return {name: outcome["denied"] for name, outcome in zip(REFUSED, outcomes, strict=True)}


@pytest.mark.parametrize("name", REFUSED)
def test_a_pod_that_could_not_work_is_refused(refusals, name):
    """The reason is said at once, to whoever makes the pod, and what to do; the first of several is shown."""
    assert REFUSED[name][1] in refusals[name][0]


def test_a_pod_that_was_not_mutated_is_refused(policies):
    """Where the one policy is missing, the other one keeps pods without credentials out."""
    alone = [each for each in policies if not each["kind"].startswith("Mutating")]
    denied = admit(alone, [pod()])[0]["denied"]
    assert denied == [
        "the sidecar was not put into this pod: look at the MutatingAdmissionPolicy"
        " shop-cone-sidecar-inject"
    ]


@pytest.mark.parametrize(
    ("asking", "message"),
    [
        (pod(shareProcessNamespace=True), "shareProcessNamespace lets containers"),
        (pod([{"env": [{"name": "NO_PROXY", "value": "x.example.com"}]}]), "NO_PROXY lacks"),
        (
            pod(initContainers=[MIGRATION | {"env": [{"name": "no_proxy", "value": "x"}]}]),
            "NO_PROXY lacks",
        ),
        (
            pod([{"env": [{"name": "AWS_SHARED_CREDENTIALS_FILE", "value": "/aws/keys"}]}]),
            "keys in there win over the sidecar",
        ),
    ],
)
def test_a_pod_that_is_less_safe_is_warned_about(policies, asking, message):
    """It is admitted; kubectl shows the warning."""
    outcome = admit(policies, [asking])[0]
    assert outcome["denied"] == []
    assert [each for each in outcome["warned"] if message in each]


@pytest.mark.parametrize("name", ["Windows", "a node of Windows", "a namesake beside"])
def test_a_pod_that_cannot_hold_it_is_left_as_it_is(policies, name):
    """Kubernetes would refuse the sidecar in it before anybody said why."""
    asking = REFUSED[name][0]
    assert admit(policies, [asking])[0]["pod"] == asking


def test_metrics_of_all_served_pods_are_found():
    """One PodMonitor picks them by their label, in every namespace, at a port that they get."""
    values = values_of("admission") | {"podMonitor": {"enabled": True}}
    values["cone"]["metrics"] = {"enabled": True}
    found = documents(examine(cases()[POLICY] | {"values": values})[0])
    (monitor,) = [each["spec"] for each in found if each["kind"] == "PodMonitor"]
    assert monitor["namespaceSelector"] == {"any": True}
    outcome = admit([each for each in found if each["kind"] != "PodMonitor"], [pod()])[0]
    assert outcome["invalid"] is None
    labels = outcome["pod"]["metadata"]["labels"]
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    names = [port["name"] for port in outcome["pod"]["spec"]["initContainers"][0]["ports"]]
    assert names == [monitor["podMetricsEndpoints"][0]["port"]]


def test_each_pod_s_service_account_can_be_its_client():
    """With a trust in place of a Secret the token is projected into the sidecar alone."""
    values = values_of("admission")
    trust = {"workloadIdentity": {"clientId": "report-20002@acme.conductor.one/wfe"}}
    values["cone"]["conductorone"] = trust
    request = cases()[POLICY] | {"values": values}
    outcome = admit(documents(examine(request)[0]), [pod()])[0]
    assert (outcome["invalid"], outcome["denied"]) == (None, [])
    spec = outcome["pod"]["spec"]
    source = by_name(spec["volumes"])["cone-identity"]["projected"]["sources"][0]
    assert source["serviceAccountToken"]["audience"] == "acme.conductor.one"
    assert "cone-identity" in by_name(spec["initContainers"][0]["volumeMounts"])
    assert spec["containers"][0]["volumeMounts"] == [MOUNT]


def test_numbers_in_resources_are_text_to_the_policy():
    """CEL takes no map of mixed kinds: a limit of 1 CPU beside one of 192Mi becomes text."""
    values = values_of("admission")
    values["cone"]["resources"] = {"limits": {"cpu": 1, "memory": "192Mi"}}
    request = cases()[POLICY] | {"values": values}
    outcome = admit(documents(examine(request)[0]), [pod()])[0]
    assert outcome["invalid"] is None
    sidecar = outcome["pod"]["spec"]["initContainers"][0]
    assert sidecar["resources"]["limits"] == {"cpu": "1", "memory": "192Mi"}


def test_only_pods_that_ask_are_touched(policies):
    """Namespace and pod both have to have a label, and only new pods are looked at."""
    for policy in policies:
        if policy["kind"] in {"MutatingAdmissionPolicy", "ValidatingAdmissionPolicy"}:
            assert policy["spec"]["matchConstraints"] == {
                "namespaceSelector": {"matchLabels": {"cone-sidecar/injection": "enabled"}},
                "objectSelector": {"matchLabels": {"cone-sidecar/inject": "true"}},
                "resourceRules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                    }
                ],
            }
    fails = {
        each["metadata"]["name"]: each["spec"]["failurePolicy"]
        for each in policies
        if each["kind"].endswith("Policy")
    }
    assert fails == {
        "shop-cone-sidecar-inject": "Fail",
        "shop-cone-sidecar-refuse": "Fail",
        "shop-cone-sidecar-warn": "Ignore",
    }


@pytest.mark.parametrize(
    ("case", "version"),
    [("admission-1.32", "v1alpha1"), ("admission-1.34", "v1beta1"), ("admission-1.36", "v1")],
)
def test_the_newest_version_that_is_served_is_used(case, version):
    """Alpha, beta or stable, as the cluster has it."""
    kinds = {each["kind"]: each["apiVersion"] for each in documents(examine(cases()[case])[0])}
    for kind in ("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"):
        assert kinds[kind] == f"admissionregistration.k8s.io/{version}"
