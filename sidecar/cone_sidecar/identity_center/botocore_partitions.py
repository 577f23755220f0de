"""Print the partition of each region that is named, as a JSON object; run as a process of its own."""

import json
import sys

from botocore.exceptions import BotoCoreError
from botocore.session import Session


def main(regions: list[str]) -> int:
    """Print ``{"us-east-1": "aws", …}``; returns 1 where botocore knows no partition of one."""
    session = Session()
    try:
        found = {region: session.get_partition_for_region(region) for region in regions}
    except BotoCoreError:
        return 1
    print(json.dumps(found))  # noqa: T201 -- its output
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
