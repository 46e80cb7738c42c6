"""Imports done before the fork: what each module read, and whether a worker may use it.

    warming           imports modules ahead; one that leaves a thread or the like behind is unsafe,
                      or, in process_settings, another timeout of all sockets
    import_recorder   records what each reads, as import_inputs: files, the folder, the locale;
                      with environment: variables, arguments: ``sys.argv``, streams, loggers,
                      tornado_options, code_names: of what it looks at in other modules
    exit_handlers     those that it sets, until it comes into sight
    interception      functions that are replaced meanwhile, to note how they are called
    warm_modules      keeps them out of sight, and gives them to the program that imports them
    hidden_modules    compares what each has read with what the program has made of it by then
    module_variables  likewise, the variables of other modules
    surroundings      state that all imports depend on
    userfiles         which loaded files are the user's; tornado_first: what Tornado brings along

A module that was refused by a worker is imported ahead no more: `tornkit.serve.nursery.candidates`.
"""
