"""oxipipe for asyncio: the same names, to be awaited.

    import asyncio
    from oxipipe.asyncio import Redis

    async def main():
        async with Redis("localhost", 6379) as r:
            await r.set("greeting", "hello")
            print(await r.get("greeting"))

    asyncio.run(main())

See `Redis` and `Pipeline`; the exceptions are those of `oxipipe`.
"""

from oxipipe.asyncio.client import Redis, StrictRedis, from_url
from oxipipe.asyncio.pipeline import Pipeline

__all__ = ["Pipeline", "Redis", "StrictRedis", "from_url"]
