"""What the server is to be: signals, files, how one generation of workers follows another, the end.

No event loop but `tornkit.serve.loop`, no Tornado, no user code. `supervisor` is the process;
`succession` replaces one generation of workers by the next.
"""
