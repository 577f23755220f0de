"""The Dockerfiles, judged by hadolint."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HADOLINT = ROOT / ".venv-image" / "bin" / "hadolint"
FOREIGN = ("node_modules", ".venv")

pytestmark = pytest.mark.skipif(
    not HADOLINT.exists(), reason="no Dockerfile is judged: make .venv-image/.ready was not run"
)


def dockerfiles():
    """Find each Dockerfile of the project."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("Dockerfile*"))
    return sorted(
        path for path in found if not any(part.startswith(FOREIGN) for part in path.parts)
    )


@pytest.mark.parametrize("path", dockerfiles(), ids=str)
def test_it_keeps_the_rules(path):
    """Hadolint finds nothing that isn't left out by name, with a reason."""
    done = subprocess.run(
        [HADOLINT, "--no-color", path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")
