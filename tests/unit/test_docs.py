"""The documents say what the program does: help texts, errors, variables, the map, links."""

import argparse
import ast
import importlib
import pkgutil
import re
import tomllib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import cone_cli
import cone_sidecar
from cone_cli.dispatch import INTERRUPTED, build_parser
from cone_cli.endpoint_tokens import TOKEN_FILE_NAME
from cone_sidecar.endpoint_settings import NAMES as ENDPOINT_NAMES
from cone_sidecar.errors import ConeError
from cone_sidecar.request_terms import KEYS
from cone_sidecar.settings import NAMES
from cone_sidecar.told_settings import PREFIX

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
CODE = sorted(path for top in ("sidecar", "cli") for path in (ROOT / top).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

FINDING = re.compile(r'Finding\(\s*"([a-z-]+)"')
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HELP = re.compile(r"^## (cone.*?)\n\n```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
FIRST_CELL = re.compile(r"^\| (`.+?) \|", re.MULTILINE)
NAME = re.compile(r"`([^`]+)`")
ERROR_ROW = re.compile(r"^\| `(\w+)` \| (\d{3}) \| (\d+) \| `(\w+)` \|", re.MULTILINE)
EXIT_ROW = re.compile(r"^\| (\d+) \|", re.MULTILINE)
VARIABLE = re.compile(r"(?:CONE|CONDUCTORONE|AWS)_[A-Z_]+")
MODULE = re.compile(r"[\w/]+\.py\b|\b\w+/")
SHORT_AND_LONG = re.compile(r"(-\w) (\S+), (--[\w-]+) \2(?=\s|$)")


def page(name):
    """Read a page of docs/."""
    return (DOCS / name).read_text()


def prose(text):
    """Leave out the fenced blocks."""
    return FENCED.sub("", text)


def section(text, heading):
    """Return what stands under a second-level heading."""
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def same_help(text):
    """Forget what differs between versions of argparse: line breaks, and how options are joined."""
    return SHORT_AND_LONG.sub(r"\1, \3 \2", " ".join(text.split()))


def parsers(parser):
    """Yield a parser and those of its commands."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from parsers(child)


def errors_of(kind):
    """Yield all classes below an error."""
    for child in kind.__subclasses__():
        yield child
        yield from errors_of(child)


def strings(path):
    """Yield the string constants of a module."""
    for node in ast.walk(ast.parse(path.read_text(), path.name)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def slug(heading):
    """Name a heading as GitHub's links do."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


@pytest.fixture(name="error_tree", scope="module")
def _error_tree():
    """Import everything, so that every subclass is known; returns those of the program."""
    for package in (cone_sidecar, cone_cli):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    tops = ("cone_sidecar.", "cone_cli.")
    return [error for error in errors_of(ConeError) if error.__module__.startswith(tops)]


def test_help_of_each_command_is_documented(monkeypatch):
    """docs/commands.md holds what each command prints for --help, and no other command."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    said = {parser.prog: same_help(parser.format_help()) for parser in parsers(build_parser())}
    documented = {prog: same_help(text) for prog, text in HELP.findall(page("commands.md"))}
    assert documented == said


def test_each_error_is_documented(error_tree):
    """docs/errors.md has each class of the tree with its code, status and exit code, and no other."""
    documented = sorted(
        (name, code, int(status), int(exit_code))
        for code, status, exit_code, name in ERROR_ROW.findall(page("errors.md"))
    )
    known = [(kind.__name__, kind.code, kind.http_status, kind.exit_code) for kind in error_tree]
    assert documented == sorted(known)


def test_the_error_tree_is_drawn_as_it_is():
    """The drawing in errors.py names each of its classes with its code, status and exit code."""
    module = importlib.import_module("cone_sidecar.errors")
    drawn = re.findall(
        r"── (\w+) +(\w+) +(\d{3}) +(\d+)(?: |$)", module.__doc__ or "", re.MULTILINE
    )
    kinds = [kind for kind in errors_of(ConeError) if kind.__module__ == module.__name__]
    # The two that only group others are drawn without.
    answered = [kind for kind in kinds if kind.__name__ not in {"AccessError", "UpstreamError"}]
    assert sorted((name, code, int(status), int(end)) for name, code, status, end in drawn) == (
        sorted((kind.__name__, kind.code, kind.http_status, kind.exit_code) for kind in answered)
    )


def test_exit_codes_of_the_readme(error_tree):
    """The README explains each exit code that there is, and no other."""
    explained = EXIT_ROW.findall(section((ROOT / "README.md").read_text(), "Exit codes"))
    there_are = {0, INTERRUPTED} | {kind.exit_code for kind in error_tree}
    assert [int(code) for code in explained] == sorted(there_are)


def test_each_environment_variable_is_documented():
    """docs/configuration.md names each variable that the code speaks of."""
    spoken_of = {
        text for path in CODE for text in strings(path) if VARIABLE.fullmatch(text) is not None
    }
    named = set(NAME.findall(section(prose(page("configuration.md")), "Environment variables")))
    assert sorted(spoken_of - named) == []


def test_each_documented_variable_is_known_to_the_code():
    """No variable is promised, in configuration.md or in the README, that the code doesn't know."""
    code = "".join(path.read_text() for path in CODE)
    code += " ".join(
        [*map(str.upper, KEYS), *(PREFIX + name.upper() for name in (*NAMES, *ENDPOINT_NAMES))]
    )
    # httpx reads these by itself.
    proxies = {"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"}
    for text in (page("configuration.md"), (ROOT / "README.md").read_text()):
        cells = FIRST_CELL.findall(section(text, "Environment variables"))
        promised = {name for cell in cells for name in NAME.findall(cell)}
        assert promised
        assert {name for name in promised - proxies if name not in code} == set()


def test_keys_of_a_profile_are_documented():
    """docs/configuration.md names each cone_* key that is read or written."""
    module = ROOT / "sidecar" / "cone_sidecar" / "aws_config" / "profile_section.py"
    keys = {text for text in strings(module) if re.fullmatch(r"cone_[a-z_]+", text)} | set(KEYS)
    named = set(NAME.findall(section(prose(page("configuration.md")), "The AWS config file")))
    assert {name for name in named if name.startswith("cone_")} == keys


def test_flags_of_serve_are_documented():
    """docs/configuration.md has each flag of cone serve that is its own."""
    serve = next(parser for parser in parsers(build_parser()) if parser.prog == "cone serve")
    general = {option for action in build_parser()._actions for option in action.option_strings}
    flags = {option for action in serve._actions for option in action.option_strings} - general
    text = section(page("configuration.md"), "`cone serve`").partition("\n### ")[0]
    named = {name.split()[0] for cell in FIRST_CELL.findall(text) for name in NAME.findall(cell)}
    assert named == flags
    assert TOKEN_FILE_NAME in text


def test_each_check_of_the_doctor_is_documented():
    """docs/troubleshooting.md has each finding that cone aws doctor can make, and no other."""
    made = set()
    for path in CODE:
        if path.parent.name == "doctor" or path.name == "aws_doctor.py":
            made |= set(FINDING.findall(path.read_text()))
    # Made of a part that is given, or given as a whole.
    made |= {f"{uri}-{part}" for uri in ("full-uri", "relative-uri") for part in ("path", "query")}
    made |= {"default-profile", "state-directory", "sign-in-directory"}
    servers = ("conductorone", "identity-center")
    made |= {f"{server}-{part}" for server in servers for part in ("dns", "tls", "http")}
    text = section(page("troubleshooting.md"), "What doctor finds")
    named = {name for cell in FIRST_CELL.findall(text) for name in re.findall(r"`([a-z-]+)`", cell)}
    assert named == made


def test_the_map_shows_each_module():
    """docs/architecture.md's map names each module, the simulator's package as a whole, and no other."""
    drawn = FENCED.findall(section(page("architecture.md"), "The map"))[0]
    named = {name.rstrip("/") for name in MODULE.findall(drawn)}
    there_are = {
        path.parent.name if path.name == "__init__.py" else path.name
        for path in CODE
        if path.parent.name != "simulator" or path.name == "__init__.py"
    }
    assert sorted(there_are - named) == []
    modules = {name for name in named if name.endswith(".py")}
    assert sorted(modules - there_are) == []


def test_layers_are_drawn_as_they_are_checked():
    """docs/architecture.md draws the layers of import-linter's contract, line by line."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(c["layers"] for c in settings["contracts"] if "containers" in c)
    assert "\n".join(f"      {layer}" for layer in layers) in page("architecture.md")


def test_modules_named_in_the_text_exist():
    """A file that docs/architecture.md sends its reader to is there."""
    text = prose(page("architecture.md"))
    named = {name for name in NAME.findall(text) if re.fullmatch(r"[\w/]+\.py", name)}
    paths = [path.as_posix() for path in CODE]
    missing = {name for name in named if not any(path.endswith(f"/{name}") for path in paths)}
    assert named
    assert missing == set()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_relative_links_resolve(path):
    """Each link to a file of the project has one at its end, and its anchor a heading."""
    broken = []
    for link in LINK.findall(prose(path.read_text())):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        inside = target.is_relative_to(ROOT) and target.exists()
        if inside and parts.fragment:
            headings = HEADING.findall(prose(target.read_text()))
            inside = parts.fragment in map(slug, headings)
        if not inside:
            broken.append(link)
    assert broken == []


def test_each_page_can_be_reached_from_the_readme():
    """The README links to each page of docs/."""
    links = LINK.findall((ROOT / "README.md").read_text())
    assert {f"docs/{path.name}" for path in DOCS.glob("*.md")} <= {
        link.partition("#")[0] for link in links
    }


def test_each_test_says_what_it_proves():
    """Each test function has a docstring."""
    silent = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in TESTS
        for node in ast.walk(ast.parse(path.read_text(), path.name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []
