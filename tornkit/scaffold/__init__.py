"""`tornkit new`: a project from the templates in this package, written whole or not at all."""
