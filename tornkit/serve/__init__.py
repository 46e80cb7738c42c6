"""The dev server: processes that serve, and one that supervises them; knows nothing of HTTP.

`run` puts a server together; each folder is one part of it. An arrow between folders points down
this list, and what goes up between processes is messages (`wire`), never imports.

    run            puts a server together from its configuration
    supervisor/    what the server is to be: signals, files, one generation after another, the end
    control        the socket by which `tornkit status` asks; supervisor/status.py answers
    zygote/        the process that holds warm imports and forks workers; processes that stand by
    worker/        the process that runs the user's code and serves
    terminal/      the lines that a worker logs; `breakpoint()` where it has no terminal
    blocking/      which line of the user's keeps a worker's loop from turning
    workforce/     the supervisor's side of its workers: start, talk to, watch, end
    nursery/       where the supervisor gets workers from: a fork, a standby process, an interpreter
    sockets/       listening sockets, bound once and handed to workers; systemd's
    reporter       what the supervisor tells the person
    failures, refusals, shortage   what went wrong, in words, and of which sort it is
    wire/          messages between the processes, what carries them, and how a process is started
    config         what the command line asked for
    local_tls      the certificate of `--tls`
    sources/       which state of the user's source files a process has loaded
    watching/      which files have changed
    warm_imports/  imports that are done before the fork, and whether they may be used
    loop/          the supervisor's event loop
    private_files, peers   files and sockets that only their user can reach
"""
