"""The supervisor's side of its workers: their states, their start, their health, their end."""
