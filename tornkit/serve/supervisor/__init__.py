"""Supervision of the server: signals, files, one generation of workers after another, the end.

No event loop but `tornkit.serve.loop`, no Tornado, no user code. `supervisor` is the process;
`succession` replaces one generation of workers by the next, `cut_over` decides when the next one
accepts, and `status` puts together the answer to `tornkit status`.
"""
