"""Checks that Tornado, and what a program has made of it, is what the engine stands in for."""
