"""Checks that Tornado, and what a program has made of it, is what the engine stands in for.

texts           whether a function of Tornado's has the text that the engine was written against
source_digests  digests of these texts, read once in a process
skipped         the table of all functions that engine and speedups do not call
replaced        whether a program has replaced one of them; then Tornado's own code serves
module_edits, class_versions, methods   how that is seen without looking at each, each time
"""
