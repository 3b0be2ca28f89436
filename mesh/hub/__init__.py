"""The desktop's runtime: the same endpoint and peer, driven by asyncio."""
