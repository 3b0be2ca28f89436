"""Closes asyncio's listening sockets, TCP or Unix, without losing connections."""

import asyncio


async def stop_listening(server: asyncio.Server) -> None:
    """Accept no more connections and close the listening sockets.

    Those accepted already still get a connection, which the caller has to end. asyncio itself
    loses, unclosed, an accepted socket whose server is closed before the connection is made.
    """
    loop = asyncio.get_running_loop()
    for listener in server.sockets:
        loop.remove_reader(listener.fileno())
    await asyncio.sleep(0)
    server.close()
