"""The desktop's runtime: the shared node driven by asyncio, with store, TCP and operations."""
