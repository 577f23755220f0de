"""docs/kubernetes.md says what the charts do: its values, names, snippets and messages are theirs."""

import re

import pytest
import yaml

from fakes.chart_rendering import CASES, ROOT, cases, examine, needs_helm

PAGE = (ROOT / "docs" / "kubernetes.md").read_text()
LIBRARY = ROOT / "charts" / "cone-sidecar-lib"
CHART = ROOT / "charts" / "cone-sidecar"
SHOP = ROOT / "examples" / "kubernetes" / "shop"
TEMPLATES = "".join(
    path.read_text() for chart in (LIBRARY, CHART) for path in (chart / "templates").rglob("*.*")
)
# An include stands at the start of a value, and so is no YAML before it is rendered.
SNIPPET = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
SERVED = "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy"
GOLDEN = "".join(path.read_text() for path in CASES.parent.glob("*-*.yaml"))


def values(chart):
    """Return a chart's default values."""
    return yaml.safe_load((chart / "values.yaml").read_text())


def known(name):
    """Say whether a dotted name is a value of one of the charts; below ``cone`` are the library's."""
    parts = name.split(".")
    trees = [values(LIBRARY), values(CHART)]
    if parts[0] == "cone":
        trees, parts = [values(LIBRARY)], parts[1:]
    return any(inside(tree, parts) for tree in trees)


def inside(tree, parts):
    """Say whether a path leads to something in nested mappings."""
    for part in parts:
        if not isinstance(tree, dict) or part not in tree:
            return False
        tree = tree[part]
    return True


def test_each_value_that_is_named_is_there():
    """Every dotted name that begins like one of the charts' values leads to one."""
    tops = {*values(LIBRARY), *values(CHART)}
    said = {code.split("=")[0].split(":")[0] for code in CODE.findall(PAGE)}
    named = {name for name in said if name.split(".")[0] in tops and name != "cone"}
    named |= set(re.findall(r"--set (\S+?)=", PAGE))
    assert len(named) > 15
    assert {name for name in named if not known(name)} == set()


def test_values_that_are_shown_are_taken():
    """Each snippet of values is a part of what the charts know."""
    shown = [yaml.safe_load(text) for text in SNIPPET.findall(PAGE) if text.startswith("cone:\n")]
    assert len(shown) == 3
    for snippet in shown:
        assert inside_all(values(LIBRARY), snippet["cone"])


def inside_all(tree, part):
    """Say whether every key of ``part`` is in ``tree``, at every depth."""
    return not isinstance(part, dict) or all(
        key in tree and inside_all(tree[key], value) for key, value in part.items()
    )


@needs_helm
def test_each_install_that_is_shown_is_taken():
    """Helm renders what the page's commands would install, on a cluster that serves the policy."""
    commands = re.findall(r"helm install \S+ (\S+) ((?:[^\n]*\\\n)*[^\n]*)", PAGE)
    assert len(commands) == 2
    for chart, options in commands:
        values = {}
        for name, value in re.findall(r"--set (\S+?)=(\S+)", options):
            *path, last = name.split(".")
            tree = values
            for part in path:
                tree = tree.setdefault(part, {})
            tree[last] = yaml.safe_load(value)
        request = {"chart": chart, "values": values, "kubernetes": "1.36", "apis": [SERVED]}
        assert examine(request)[0].get("invalid") == []


def test_templates_that_are_shown_are_the_example_s():
    """Line by line, what is shown of a template, of Chart.yaml and of its values stands in the example."""
    example = "".join(path.read_text() for path in SHOP.rglob("*.yaml") if path.is_file())
    lines = {line.strip() for line in example.splitlines()}
    shown = [
        line.strip()
        for text in SNIPPET.findall(PAGE)
        if "include" in text or "$cone" in text or text.startswith("dependencies:")
        for line in text.splitlines()
        if "classicContainer" not in line
    ]
    assert len(shown) > 12
    assert [line for line in shown if line not in lines] == []


def test_each_template_that_is_named_is_defined():
    """An include that the page speaks of is one of the library's."""
    defined = set(re.findall(r'define "(cone-sidecar\.\w+)"', TEMPLATES))
    named = {name for code in CODE.findall(PAGE) for name in re.findall(r"cone-sidecar\.\w+", code)}
    named |= set(re.findall(r'include "(cone-sidecar\.\w+)"', PAGE))
    assert len(named) > 4
    assert named <= defined


def test_labels_and_annotations_are_the_policy_s():
    """Those that the page speaks of are those that the policies look at, and no others."""
    said = set(re.findall(r"cone-sidecar/[a-z]+\b(?!-)(?!\.)", without_links(PAGE)))
    looked_at = set(
        re.findall(r"cone-sidecar/[a-z]+", (CASES.parent / "admission-1.36.yaml").read_text())
    )
    assert said == looked_at


def without_links(text):
    """Leave out where links lead, and paths of charts."""
    return re.sub(r"\]\([^)]*\)|charts/cone-sidecar\S*", "", text)


def test_messages_are_those_that_are_seen():
    """Each message in the table of faults is one that the charts have."""
    table = PAGE.partition("## When it doesn't work\n")[2].partition("\n\n`helm test`")[0]
    messages = [
        code for code in re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE) if code != "helm test"
    ]
    assert len(messages) == 4
    sources = " ".join(TEMPLATES.split())
    assert [message for message in messages if message not in sources] == []


def test_variables_and_volumes_are_those_of_a_pod():
    """Names of ours that stand in code are in what is rendered."""
    names = {code for code in CODE.findall(PAGE) if re.fullmatch(r"CONE_[A-Z_]+|cone-[a-z]+", code)}
    assert {"CONE_PROFILE_TOKEN_FILE", "cone-state", "cone-token"} <= names
    assert {name for name in names if name not in GOLDEN} == set()


def test_the_secret_has_the_keys_that_are_looked_for():
    """What the page has people make is what the library mounts."""
    secret = values(LIBRARY)["conductorone"]["existingSecret"]
    made = re.findall(r"--from-(?:literal|file)=([\w-]+)=", PAGE)
    assert made == [secret["clientIdKey"], secret["clientSecretKey"]]


@pytest.mark.parametrize("quantity", ["requests", "limits"])
def test_memory_is_what_the_page_says(quantity):
    """64 MiB requested, 192 allowed."""
    memory = values(LIBRARY)["resources"][quantity]["memory"]
    verb = {"requests": "requested", "limits": "allowed"}[quantity]
    assert re.search(rf"{memory.removesuffix('Mi')} MiB (are )?{verb}", PAGE)


def test_versions_are_those_that_were_looked_at():
    """The versions of Kubernetes in the last section are those of the golden files."""
    looked_at = sorted({case["kubernetes"] for case in cases().values()})
    said = re.search(r"Kubernetes ((?:1\.\d\d, )+1\.\d\d and 1\.\d\d)\.", " ".join(PAGE.split()))
    assert sorted(re.findall(r"1\.\d\d", said[1])) == looked_at
