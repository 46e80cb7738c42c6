"""What the measured applications say, each the same. Imported by all of them, and by the check."""

GREETING = "Hello, world"

# No quotes in it: Tornado and MarkupSafe escape these by different, equally long-winded names.
ITEMS = tuple(
    (f"Item {number} <{number * 7}>", f"{number * 19 % 23} & more") for number in range(20)
)

USER = "Ada"
SECRET = "a fixed secret, so that any process knows a cookie of any other"
