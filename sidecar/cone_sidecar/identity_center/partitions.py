"""AWS's partitions: which one a region belongs to, and where each of them signs people in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cone_sidecar.atomic_file import write_atomically
from cone_sidecar.child_process import ChildFailed, run_module
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.printable_text import printable_text

BOTOCORE_PARTITIONS = "cone_sidecar.identity_center.botocore_partitions"
CACHE_NAME = "partitions.json"


@dataclass(frozen=True, slots=True)
class Partition:
    """Where a partition signs people in to its console, and the console's host."""

    sign_in: str
    console: str


# IAM User Guide, "Enable custom identity broker access to the AWS console", and its like of each
# partition; EUSC has regional sign-in alone.
PARTITIONS = {
    "aws": Partition("https://signin.aws.amazon.com", "console.aws.amazon.com"),
    "aws-us-gov": Partition("https://signin.amazonaws-us-gov.com", "console.amazonaws-us-gov.com"),
    "aws-cn": Partition("https://signin.amazonaws.cn", "console.amazonaws.cn"),
    "aws-eusc": Partition("https://{region}.signin.amazonaws-eusc.eu", "console.amazonaws-eusc.eu"),
}


class PartitionResolver:
    """Find the partition of regions, as botocore knows them; what was found is kept in a file."""

    def __init__(self, cache_directory: Path, environment: Mapping[str, str]) -> None:
        self._path = cache_directory / CACHE_NAME
        self._environment = environment

    async def names(self, *regions: str) -> list[str]:
        """Return the partition of each region.

        Raises:
            ConfigurationError: There is no such region.
        """
        known = _kept(self._path)
        if not known.keys() >= set(regions):
            known |= await self._ask_botocore(regions)
            self._keep(known)
        return [known[region] for region in regions]

    async def _ask_botocore(self, regions: tuple[str, ...]) -> dict[str, str]:
        try:
            output = await run_module(BOTOCORE_PARTITIONS, *regions, environment=self._environment)
        except ChildFailed:
            output = b""
        found = _read(output)
        if unknown := [region for region in regions if region not in found]:
            raise ConfigurationError(
                f"AWS has no region {' or '.join(map(printable_text, unknown))}",
                hint="--region us-east-1, or the name of another one",
            )
        return found

    def _keep(self, known: dict[str, str]) -> None:
        try:
            write_atomically(self._path, json.dumps(known).encode())
        except OSError:
            # A cache that can't be written only costs time.
            return


def _kept(path: Path) -> dict[str, str]:
    try:
        return _read(path.read_bytes())
    except OSError:
        return {}


def _read(data: bytes) -> dict[str, str]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
