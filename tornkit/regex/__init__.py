"""Analysis of regular expressions, without any routes; used by routing and engine alike.

- `tornkit.regex.patterns`: parts of a pattern, its beginning and end, examples of what it matches
- `tornkit.regex.automata`: a pattern as a language: alphabet, expressions, machines, search
- `tornkit.regex.backtracking`: catastrophic backtracking, and a string that proves it
"""
