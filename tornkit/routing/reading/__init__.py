"""A live application as plain data: the only part of `tornkit.routing` that imports Tornado."""
