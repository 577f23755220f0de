"""The library chart in a chart of somebody else's: three includes, and a dependency by its path."""

import shutil
import subprocess

import pytest
import yaml

from fakes.chart_rendering import PYTHON, ROOT, by_name, environment, examine, needs_helm, pod_of

APP = '"cone-sidecar.app"'
SHOP = ROOT / "examples" / "kubernetes" / "shop"
BUILD = "import helm_python, sys; helm_python.dependency_build(sys.argv[1])"
PACK = "import helm_python, sys; print(helm_python.Chart.load(sys.argv[1]).save(sys.argv[2]))"

pytestmark = needs_helm


@pytest.fixture(scope="module", name="report")
def _report():
    """Give the example rendered with its own values."""
    return examine({"chart": "examples/kubernetes/shop", "kubernetes": "1.37"})[0]


def test_it_takes_three_includes(report):
    """The example's templates have the sidecar, the app's fields and the volumes in one include each."""
    template = (SHOP / "templates" / "deployment.yaml").read_text()
    names = [line.split('"')[1] for line in template.splitlines() if "include" in line]
    assert names == [
        "cone-sidecar.container",
        "cone-sidecar.app",
        "cone-sidecar.volumes",
    ]
    assert report["lint"] == []
    assert report["invalid"] == []


def test_two_workloads_have_a_profile_each(report):
    """The same values with another profile are another workload's."""
    shop, job = (pod_of(report, path) for path in ("deployment.yaml", "job.yaml"))
    for spec, profile in ((shop, "production-admin"), (job, "production-readonly")):
        told = environment(spec["initContainers"][0])
        assert told["CONE_PROFILE_TOKEN_FILE"] == f"{profile}=/run/cone-app/token"
        variables = environment(spec["containers"][0])
        assert variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"].endswith(f"/{profile}")


def test_the_library_s_schema_holds_for_who_uses_it():
    """A mistaken value below the alias is refused by name."""
    request = {"chart": "examples/kubernetes/shop", "kubernetes": "1.37"}
    refused = examine(request | {"values": {"cone": {"prefech": True}}})[0]["refused"]
    assert "prefech" in refused


def test_it_can_be_taken_by_its_path(tmp_path):
    """Helm itself builds the dependency from a file:// repository, and renders the same."""
    shutil.copytree(ROOT / "charts" / "cone-sidecar-lib", tmp_path / "charts" / "cone-sidecar-lib")
    chart = tmp_path / "examples" / "kubernetes" / "shop"
    shutil.copytree(SHOP, chart, ignore=shutil.ignore_patterns("charts"))
    subprocess.run([PYTHON, "-c", BUILD, chart], check=True, timeout=60, capture_output=True)
    assert [path.name for path in (chart / "charts").iterdir()] == ["cone-sidecar-lib-0.1.0.tgz"]
    built, ours = examine(
        {"chart": str(chart), "kubernetes": "1.37"},
        {"chart": "examples/kubernetes/shop", "kubernetes": "1.37"},
    )
    assert built["files"] == ours["files"]


def test_containers_of_one_pod_have_a_token_each(tmp_path):
    """A second container with another profile mounts that one's token, and not the first one's."""
    chart = tmp_path / "shop"
    shutil.copytree(SHOP, chart)
    template = chart / "templates" / "deployment.yaml"
    text = template.read_text()
    first = text.index("        - name: shop\n")
    container = text[first : text.index("      volumes:")]
    second = container.replace("- name: shop", "- name: second").replace("$cone", "$second")
    template.write_text(
        '{{- $second := dict "root" $ "values" .Values.cone "profile" "dev" }}\n'
        + text[:first]
        + second
        + text[first:]
    )
    request = {"chart": str(chart), "kubernetes": "1.37"}
    found, lacking = examine(request | {"values": {"cone": {"moreProfiles": ["dev"]}}}, request)
    assert found["invalid"] == []
    assert "moreProfiles lacks dev" in lacking["refused"]
    spec = pod_of(found, "deployment.yaml")
    told = environment(spec["initContainers"][0])["CONE_PROFILE_TOKEN_FILE"]
    mounted = {
        each["name"]: each["mountPath"] for each in spec["initContainers"][0]["volumeMounts"]
    }
    files = dict(pair.split("=") for pair in told.split(","))
    for name, profile in (("shop", "production-admin"), ("second", "dev")):
        container = by_name(spec["containers"])[name]
        (mount,) = container["volumeMounts"]
        assert mount["mountPath"] == "/run/cone-app"
        assert files[profile] == f"{mounted[mount['name']]}/token"
        uri = environment(container)["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        assert uri.endswith(f"/credentials/{profile}")
    assert len({*mounted.values()}) == len(mounted)


def test_each_profile_of_a_pod_is_asked_for_when_it_starts():
    """With prefetch no container waits until it first calls AWS, whichever profile it has."""
    values = {"moreProfiles": ["dev"], "prefetch": True}
    request = {
        "chart": "examples/kubernetes/shop",
        "kubernetes": "1.37",
        "values": {"cone": values},
    }
    sidecar = pod_of(examine(request)[0], "deployment.yaml")["initContainers"][0]
    assert environment(sidecar)["CONE_PREFETCH"] == "production-admin,dev"


def test_what_a_container_has_of_its_own_stays(tmp_path):
    """Variables and mounts go in beside ours, a reference to one of ours behind it; what wins is refused."""
    chart = tmp_path / "shop"
    shutil.copytree(SHOP, chart)
    template = chart / "templates" / "deployment.yaml"
    own = 'dict "root" $ "values" .Values.cone "env" .Values.env "volumeMounts" .Values.mounts'
    template.write_text(template.read_text().replace('"cone-sidecar.app" $cone', f"{APP} ({own})"))
    request = {"chart": str(chart), "kubernetes": "1.37"}
    env = [{"name": "BUCKET", "value": "logs-$(AWS_REGION)"}]
    mounts = [{"name": "cache", "mountPath": "/cache"}]
    found, winning, twice = examine(
        request | {"values": {"env": env, "mounts": mounts}},
        request | {"values": {"env": [{"name": "AWS_PROFILE", "value": "x"}]}},
        request | {"values": {"env": [{"name": "AWS_REGION", "value": "x"}]}},
    )
    assert found["invalid"] == []
    container = pod_of(found, "deployment.yaml")["containers"][0]
    names = [each["name"] for each in container["env"]]
    assert names.index("AWS_REGION") < names.index("BUCKET")
    assert [each["name"] for each in container["volumeMounts"]] == ["cone-token", "cache"]
    assert "env: AWS_PROFILE would win over the sidecar: take it out" in winning["refused"]
    assert "env: AWS_REGION is set for the sidecar: use profile, region" in twice["refused"]


def test_the_chart_can_be_packed(tmp_path):
    """An archive of the chart holds the library, and renders the same."""
    request = {"values": "charts/cone-sidecar/ci/defaults-values.yaml", "kubernetes": "1.37"}
    packed = subprocess.run(
        [PYTHON, "-c", PACK, ROOT / "charts" / "cone-sidecar", tmp_path],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    ).stdout.strip()
    archive, ours = examine(request | {"chart": packed}, request | {"chart": "charts/cone-sidecar"})
    assert archive["files"] == ours["files"]


def test_the_sidecar_s_volumes_are_its_own(report):
    """Of what is mounted, the app sees its token and nothing else."""
    spec = pod_of(report, "deployment.yaml")
    volumes = set(by_name(spec["volumes"]))
    assert set(by_name(spec["initContainers"][0]["volumeMounts"])) == volumes
    assert set(by_name(spec["containers"][0]["volumeMounts"])) == {"cone-token"}


def test_a_second_container_where_the_other_kind_is_unknown(tmp_path):
    """The template for classic containers prints on old clusters, and nothing on new ones."""
    chart = tmp_path / "shop"
    shutil.copytree(SHOP, chart, symlinks=False)
    template = chart / "templates" / "deployment.yaml"
    text = template.read_text()
    include = '{{- include "cone-sidecar.classicContainer" $cone | nindent 8 }}'
    template.write_text(
        text.replace(
            "containers:\n        - name", f"containers:\n        {include}\n        - name"
        )
    )
    (chart / "templates" / "job.yaml").unlink()
    old, new = examine(*({"chart": str(chart), "kubernetes": each} for each in ("1.28", "1.29")))
    assert old["invalid"] == new["invalid"] == []
    specs = [
        yaml.safe_load(report["files"]["deployment.yaml"])["spec"]["template"]["spec"]
        for report in (old, new)
    ]
    names = [[each["name"] for each in spec["containers"]] for spec in specs]
    assert names == [["cone", "shop"], ["shop"]]
    assert not specs[0]["initContainers"]
