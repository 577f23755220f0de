"""Permission sets of another partition than the Identity Center that a run is told of."""

from collections.abc import Mapping
from pathlib import Path

from cone_sidecar.cone_config import named
from cone_sidecar.errors import ConfigurationError
from cone_sidecar.identity_center.partitions import PartitionResolver


async def partition_notes(
    counts: Mapping[str, int],
    region: str,
    tenant: str,
    cache_directory: Path,
    environment: Mapping[str, str],
) -> list[str]:
    """Return a line for each partition that Identity Center in ``region`` doesn't reach.

    Args:
        counts: How many permission sets the run is about, by partition.
        region: Where its Identity Center is.
        tenant: The profile of the original's config file that it is about.
        cache_directory: Where is kept which partition a region is of.
        environment: What botocore is started with.
    """
    try:
        (own,) = await PartitionResolver(cache_directory, environment).names(region)
    except ConfigurationError:
        # Of a region that botocore is too old for, nothing is known.
        return []
    return [
        f"WARNING  {_sets(count)} in {partition}, where no Identity Center of {region} reaches. "
        + _remedy(partition, own, tenant)
        for partition, count in sorted(counts.items())
        if partition != own
    ]


def _remedy(partition: str, own: str, tenant: str) -> str:
    if named(tenant):
        return f"Leave out what isn't this one's: cone aws setup -p {tenant} --only {own}"
    return (
        f"Give it a name and settings of its own: cone login <tenant> -p {partition}, then "
        f"cone aws setup -p {partition} --sso-url <url> --sso-region <region> --only {partition} --update"
    )


def _sets(count: int) -> str:
    return "1 permission set is" if count == 1 else f"{count} permission sets are"
