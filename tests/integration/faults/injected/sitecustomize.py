"""Run by every interpreter that finds this folder on PYTHONPATH: makes chosen calls fail.

Put there by `tests.integration.faults`, for a real `tornkit serve` and all that it starts. Modules
of tornkit are rewritten as they are imported (`fault_sites.rewrite`); which call is to fail, and
how, stands in a file that all processes have in memory (`Order`), so that a server which runs can
be given one fault after another. tornkit itself knows nothing of it.
"""

from __future__ import annotations

import os

if "FAULTS_FOLDER" in os.environ:
    import fault_injection

    fault_injection.install(os.environ["FAULTS_FOLDER"], os.environ["FAULTS_COMPILED"])
