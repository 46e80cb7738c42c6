"""A small message board that shows Tornado at work, one piece at a time.

Read ``routes.py`` first: it is the table of everything the board answers, and each line names the
class that does it. ``app.py`` puts the application together and explains its hosts, ``settings.py``
says what the environment may change. Below ``handlers/`` each file shows one concept: ``base.py``
(sign-in state, flashed messages, error pages), ``board.py`` (pages, forms, slashes), ``account.py``
(signed cookies), ``api.py`` (JSON), ``admin.py`` (a guarded host), ``chat.py`` (long polling and
WebSocket), ``upload.py`` (streamed bodies), ``feed.py`` (generator coroutines), ``status.py`` (the
HTTP client), ``static.py`` (static files) and ``plain.py`` (routing targets that are not handlers).
``store.py`` keeps the messages in SQLite and ``live.py`` tells all who read along of new ones, over
``tornkit.bus``: both work with any number of worker processes. ``tests/`` shows how all of it is
tested. ``tornkit serve`` in this folder runs the board; ``python -m sample_project``, one folder
up, runs it without, in one process.
"""
