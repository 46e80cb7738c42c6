"""Analysis of regular expressions, without any routes; used by routing and engine alike.

- `tornkit.regex.patterns`: what one says: its parts, its beginning, examples of what it matches
- `tornkit.regex.automata`: one as a language: alphabet, expressions, machines, search
- `tornkit.regex.backtracking`: catastrophic backtracking, and a string that proves it
"""
