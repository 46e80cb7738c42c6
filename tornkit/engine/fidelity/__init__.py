"""Whether Tornado, and what a program has made of it, is still what the engine stands in for."""
