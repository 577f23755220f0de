"""Where the command cone is, for the profiles that name it."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from cone_sidecar.aws_config.profile_section import credential_process
from cone_sidecar.errors import ConfigurationError


def cone_path(environment: Mapping[str, str]) -> str:
    """Return an absolute path of ``cone`` that every AWS SDK can run: the one that runs now, if it can.

    Raises:
        ConfigurationError: It is nowhere, or only under a path that would have to be quoted.
    """
    called = Path(sys.argv[0])
    candidates = [called.absolute()] if called.stem == "cone" and called.is_file() else []
    candidates.append(Path(sys.executable).absolute().with_name("cone"))
    if on_path := shutil.which("cone", path=environment.get("PATH")):
        candidates.append(Path(on_path).absolute())
    there = [str(candidate) for candidate in candidates if os.access(candidate, os.X_OK)]
    if not there:
        raise ConfigurationError(
            "the command cone is neither beside its Python nor on PATH",
            hint="install cone-sidecar so that cone is on PATH, then run: cone aws setup",
        )
    refused: ConfigurationError | None = None
    for path in there:
        try:
            credential_process(path, "profile")
        except ConfigurationError as error:
            refused = refused or error
        else:
            return path
    raise refused or ConfigurationError("cone has no path")
