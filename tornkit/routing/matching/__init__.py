"""Search for the route that a request reaches, what answers, and why not the others."""
