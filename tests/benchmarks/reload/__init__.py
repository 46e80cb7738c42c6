"""From saving a file to the first fresh response, and what a client suffers meanwhile."""
