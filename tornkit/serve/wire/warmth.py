"""Summary of the warm modules in a zygote, for other processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# numpy starts a thread for each core when it is imported, unless told otherwise, and no module
# that starts a thread may be warm. With one thread there is no pool, and pandas can be warm.
ONE_THREAD = dict.fromkeys(
    (
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)


@dataclass(frozen=True)
class Warmth:
    """Number of warm ``modules``, and those that are ``unsafe`` to be warm, with the reasons."""

    modules: int
    unsafe: Mapping[str, str]

    def culprits(self) -> dict[str, str]:
        """Packages that did something unsafe themselves, and what; not those that import them."""
        return {
            name.partition(".")[0]: reason
            for name, reason in self.unsafe.items()
            if not reason.startswith("imports ")
        }
