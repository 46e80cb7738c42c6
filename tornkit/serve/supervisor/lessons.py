"""Memory of what workers have found out about the user's code, for the generations that follow.

A file that was taken for an application may turn out to serve by itself, for example; its worker
says so and ends, and the next one is started otherwise.
"""

from __future__ import annotations

from tornkit.serve.config import ServeConfig, refused_for_programs
from tornkit.serve.failures import CONFUSED, MISNAMED, serves_by_itself
from tornkit.serve.reporter import Reporter
from tornkit.serve.wire.messages import Failed, Lesson


class LessonMemory:
    """Lessons that workers have reported about the user's code; ``known`` is the sum of them.

    ``label`` names to people what is served.
    """

    def __init__(self, config: ServeConfig, label: str, reporter: Reporter) -> None:
        self.known = Lesson()
        self._config = config
        self._label = label
        self._reporter = reporter
        self._has_served = False  # a generation that was started with what is known

    def learn(self, lesson: Lesson) -> Failed | None:
        """Add a lesson; return a failure if starting again with it can't help, else None."""
        learnt = self.known.and_also(lesson)
        self._has_served = False
        if learnt == self.known:
            return CONFUSED
        if lesson.serves != self.known.serves:
            refused = refused_for_programs(self._config.http, self._config.unix_socket)
            if refused:
                return serves_by_itself(self._label, refused)
            self._reporter.serves_by_itself(self._label)
        self.known = learnt
        return None

    def serves(self, lesson: Lesson) -> None:
        """Note that a generation serves that was started with ``lesson``."""
        self._has_served = lesson != Lesson()

    def unlearn(self, failure: Failed) -> bool:
        """Forget all lessons if a failure shows that the user's code is of another kind by now.

        What served as a program, and has no such name any more, is an application again.
        """
        if not self._has_served or failure.kind not in MISNAMED:
            return False
        self.known, self._has_served = Lesson(), False
        return True
