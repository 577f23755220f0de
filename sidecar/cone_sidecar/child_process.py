"""Modules that run in a short-lived process of their own, so that what they import doesn't stay with us."""

import asyncio
import os
import sys
from collections.abc import Mapping

LIMIT_S = 20.0


class ChildFailed(Exception):
    """The child ended with another exit code than 0, or took too long."""


async def run_module(
    module: str,
    *arguments: str,
    data: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Run ``module`` with ``data`` on its stdin, which no process list shows; returns its output.

    Raises:
        ChildFailed: It gave none.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=dict(os.environ if environment is None else environment),
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            output, _ = await child.communicate(data)
    except TimeoutError:
        raise ChildFailed from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise ChildFailed
    return output
