"""Most of docs/finding-codes.md, made from the pages of `tornkit routes --explain`.

python -m tests.docs.finding_codes writes it below the text of the page, which is written by hand.
"""

from __future__ import annotations

from tests.docs.markdown import ROOT, with_made_part
from tornkit.routing.findings.codes import CODES, Code
from tornkit.routing.findings.explanations import explanation

PAGE = "docs/finding-codes.md"

_FAMILIES = {
    "TK1": "Names",
    "TK2": "Reachability",
    "TK3": "Reversal: names to URLs",
    "TK4": "Handlers",
    "TK5": "Patterns",
    "TK6": "Calls of `reverse_url`",
    "TK7": "Running time",
    "TK0": "What could not be decided",
}


def page() -> str:
    """The whole page."""
    parts = [_overview()]
    for beginning, title in _FAMILIES.items():
        parts.append(f"## {title}")
        parts.extend(_section(code) for code in _codes(beginning))
    return with_made_part(PAGE, "\n\n".join(parts))


def _codes(beginning: str) -> list[Code]:
    return [code for name, code in CODES.items() if name.startswith(beginning)]


def _overview() -> str:
    lines = ["| code | | what is wrong |", "|---|---|---|"]
    lines += [
        f"| [{code.code}](#{code.code.lower()}) | {code.severity.value} | {_title(code)} |"
        for beginning in _FAMILIES
        for code in _codes(beginning)
    ]
    return "\n".join(lines)


def _title(code: Code) -> str:
    return code.title if code.by_default else f"{code.title} (off unless it is selected)"


def _section(code: Code) -> str:
    markdown = explanation(code.code).markdown
    # A test of the explanations runs the examples, and their cures.
    blocks = markdown.replace("```python\n", "<!-- shown: tests/routing/findings -->\n```python\n")
    return f"### {code.code}\n\n**{code.severity.value}**: {_title(code)}\n\n{blocks}"


def main() -> None:
    """Write the page."""
    (ROOT / PAGE).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
