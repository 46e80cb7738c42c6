"""WebSockets: Tornado's protocol, read and written straight at the socket.

installing.py   puts it where Tornado makes its own, if Tornado is as it is known
protocol.py     frames judged and handed to the handler, messages written
sending.py      the same frames to many WebSockets at once
intake.py       how bytes get from the socket to the task that the handler runs in
wakeup.py       where the handler's task waits for bytes, and is woken at once
write_futures.py   the futures that ``write_message`` gives
masking.py      takes the mask off
closing.py      closes a process's WebSockets when it drains; knows nothing of the above
"""

from tornkit.engine.websocket.installing import install, is_installed, uninstall, unknown

__all__ = ["install", "is_installed", "uninstall", "unknown"]
