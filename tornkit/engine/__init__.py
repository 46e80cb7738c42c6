"""HTTP: a server in place of Tornado's, which serves the same handlers faster; knows no processes.

server         `HTTPServer`; loops: the event loop below it
link, connection   one socket's bytes; its requests, one after another
grammar, headers   a request's head, if it is written as nearly all are
delivery       a request's way to its delegate; request, lazily: what handlers see of it
exchange       one request and its response; aftermath: where its connection has closed
stream_view    the connection as ``request.connection.stream``
draining       the end of a process's connections; open_ended, closed_streams: of long ones
host, sender   protocols by which the lower of these know the higher
privates       names that Tornado does not promise
transport/     what is ready, unread, unsent; the outbox for bytes that the socket did not take
routers/       finds what Tornado's routers find, without asking each rule
speedups/      faster bodies of Tornado's methods
websocket/     Tornado's WebSocket protocol, straight at the socket
fidelity/      whether Tornado, and what a program has made of it, is still as known
"""
