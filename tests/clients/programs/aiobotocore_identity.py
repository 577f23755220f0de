"""aiobotocore: print who STS says we are."""

import asyncio

from aiobotocore.session import get_session
from repeated import repeat

session = get_session()


async def client():
    """Return a client that lives as long as the program."""
    return await session.create_client("sts", region_name="us-east-1").__aenter__()


with asyncio.Runner() as runner:
    sts = runner.run(client())
    repeat(lambda: runner.run(sts.get_caller_identity())["Arn"])
    runner.run(sts.close())
