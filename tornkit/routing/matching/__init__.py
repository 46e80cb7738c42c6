"""Which route a request reaches, what answers, and why not the others."""
