"""Dev containers, without one: the feature, the example, their page and their line of status agree."""

import importlib.util
import json
import os
import re
import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

ROOT = Path(__file__).parents[2]
FEATURE = ROOT / "features" / "cone-sidecar"
EXAMPLE = ROOT / "examples" / "devcontainer-compose" / ".devcontainer"
PAGE = ROOT / "docs" / "devcontainers.md"
SHELLCHECK = ROOT / ".venv-shellcheck" / "bin" / "shellcheck"
NOBODY = 65534
COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)


def metadata():
    """Read the feature's description."""
    return json.loads((FEATURE / "devcontainer-feature.json").read_text())


def example():
    """Read the example's devcontainer.json, which may hold comments."""
    return json.loads(COMMENT.sub("", (EXAMPLE / "devcontainer.json").read_text()))


def table(name):
    """Return the rows of a table of the page, without its head."""
    text = PAGE.read_text().partition(f"<!-- {name}: begin -->")[2].partition("<!-- ")[0]
    rows = [line.strip("| ").split(" |") for line in text.strip().splitlines()[2:]]
    return [[cell.strip(" `") for cell in row] for row in rows]


@pytest.fixture(name="status")
def _status():
    """Load the script of the line of status."""
    spec = importlib.util.spec_from_file_location("dev_container_status", FEATURE / "status.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(name="sidecar")
def _sidecar(status, monkeypatch):
    """Give a listener that answers what a test puts into it, where the script asks."""
    answers = {}

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answers.get(self.path, "").encode())

        def log_message(self, *_):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answering)
    monkeypatch.setattr(status, "PORT", server.server_port)
    monkeypatch.setattr(status, "LIMIT_S", 0.3)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_page_has_each_option():
    """docs/devcontainers.md lists the feature's options with default and description, and no other."""
    options = metadata()["options"]
    told = {
        name: [
            "true" if option["default"] is True else option["default"],
            option["description"],
        ]
        for name, option in options.items()
    }
    assert {row[0]: row[1:] for row in table("options")} == told


def test_the_page_has_each_variable():
    """It lists the variables that the feature sets, too."""
    assert {row[0]: row[1] for row in table("environment")} == metadata()["containerEnv"]


def test_install_reads_each_option():
    """No option is offered that install.sh doesn't look at."""
    text = (FEATURE / "install.sh").read_text()
    assert [name for name in metadata()["options"] if "${" + name.upper() not in text] == []


def test_no_token_is_in_the_environment():
    """Neither way hands a secret to containerEnv or remoteEnv, which every inspection shows."""
    named = {**metadata()["containerEnv"], **example()["containerEnv"], **example()["remoteEnv"]}
    assert [name for name in named if re.search("(SECRET|TOKEN)$", name)] == []
    assert example()["secrets"].keys() == {"CONE_CLIENT_ID", "CONE_CLIENT_SECRET"}


def test_the_status_is_forwarded_and_credentials_are_not():
    """The example forwards the management port alone, and lets no tool forward the other by itself."""
    told = example()
    assert told["forwardPorts"] == [9912]
    assert told["portsAttributes"]["9911"]["onAutoForward"] == "ignore"
    assert told["shutdownAction"] == "stopCompose"


def test_the_example_carries_the_feature_s_status_script():
    """Both ways print the same line."""
    assert (EXAMPLE / "status.py").read_bytes() == (FEATURE / "status.py").read_bytes()


def test_scripts_of_the_feature_are_plain_shell():
    """They are POSIX sh, executable, and shellcheck has nothing to say."""
    scripts = [*FEATURE.glob("*.sh"), *(FEATURE / "bin").iterdir()]
    assert all(script.read_text().startswith("#!/bin/sh\n") for script in scripts)
    assert all(script.stat().st_mode & 0o111 for script in scripts)
    if not SHELLCHECK.exists():
        pytest.skip("NOT RUN: make .venv-shellcheck/.ready")
    done = subprocess.run([SHELLCHECK, *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_install_refuses_whoever_is_not_root():
    """Without rights it changes nothing, and says what to do."""
    done = subprocess.run(
        ["sh"],
        input=(FEATURE / "install.sh").read_text(),
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **({"user": NOBODY} if os.geteuid() == 0 else {}),
    )
    assert done.returncode == 1
    assert done.stderr.startswith("cone-sidecar: error: it has to be installed as root\n")
    assert "cone-sidecar: hint: " in done.stderr


def view(state, **more):
    """Return a profile as /status shows it."""
    return {"state": state, **more}


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ({"profiles": {}}, "0 of 0 profiles ready"),
        (
            {"profiles": {"dev": view("ready", served=True), "prod": view("unknown")}},
            "1 of 2 profiles ready (dev)",
        ),
        (
            {
                "profiles": {
                    name: view("sign-in required", sign_in_url="https://a/d", user_code="AB-CD")
                    for name in ("dev", "prod")
                }
            },
            "0 of 2 profiles ready; sign in to AWS at https://a/d and compare the code AB-CD",
        ),
        (
            {"profiles": {"prod": view("awaiting approval", task="7", task_url="https://c/7")}},
            "0 of 1 profiles ready; prod: awaiting approval https://c/7",
        ),
        (
            {
                "profiles": {},
                "error": {"message": "nobody is logged in", "hint": "cone login acme"},
            },
            "nobody is logged in; cone login acme",
        ),
        ({"profiles": {"a\x1b[2J": view("ready", served=True)}}, "1 of 1 profiles ready (a?[2J)"),
    ],
)
def test_the_line_of_status(status, sidecar, capsys, answer, line):
    """It says what is ready and what a person has to do, once each, in printable characters."""
    sidecar["/status"] = json.dumps(answer)
    status.main()
    assert capsys.readouterr().out == f"cone: {line}\n"


@pytest.mark.parametrize("answer", ["", "<html>", "[]", '{"error": "refused"}', '{"profiles": 3}'])
def test_an_answer_that_is_none_is_one_line(status, sidecar, capsys, answer):
    """Whatever answers at that port, the script ends well and within its time."""
    sidecar["/status"] = answer
    status.main()
    assert capsys.readouterr().out.startswith("cone: the sidecar doesn't answer at 127.0.0.1:")
