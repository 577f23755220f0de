"""Which versions of Debian's packages are installed."""

import functools
import re
import subprocess

# [epoch:]upstream[+what Debian took out][-revision], of an installed package.
INSTALLED = re.compile(r"installed (?:\d+:)?([^-+]+)")


@functools.cache
def version(package):
    """Return the upstream version of an installed package, empty where it isn't installed."""
    query = ["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Version}", package]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError:
        return ""
    found = INSTALLED.match(done.stdout)
    return found[1] if found else ""


def missing(package):
    """Say why a program of ``package`` can't run here, empty where it can."""
    return "" if version(package) else f"{package} is not here: apt-get install {package}"
