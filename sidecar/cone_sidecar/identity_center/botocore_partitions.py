"""Print the partition of each region that is named, as a JSON object; run as a process of its own."""

import contextlib
import json
import sys

from botocore.exceptions import BotoCoreError
from botocore.session import Session


def main(regions: list[str]) -> int:
    """Print ``{"us-east-1": "aws", …}``, without the regions that botocore knows no partition of."""
    session, found = Session(), {}
    for region in regions:
        with contextlib.suppress(BotoCoreError):
            found[region] = session.get_partition_for_region(region)
    print(json.dumps(found))  # noqa: T201 -- its output
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
