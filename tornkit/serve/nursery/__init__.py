"""Sources of worker processes, on the supervisor's side: forks, standby processes, interpreters."""
