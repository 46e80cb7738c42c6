"""The messages: texts of 100 bytes, each with its number."""


def text(number: int) -> str:
    """MESSAGE-0000007 and what fills it up."""
    return f"MESSAGE-{number:07d} ".ljust(100, ".")
