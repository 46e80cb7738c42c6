"""Notes: the home page lists them, whoever has signed in adds some and deletes their own."""

from __future__ import annotations

from sqlalchemy import delete, select
from tornado.web import HTTPError, authenticated

from board.handlers.base import BaseHandler
from board.store.models import Note

LONGEST = 2000
NEWEST = 50


class NotesPage(BaseHandler):
    """Handler that shows the list."""

    async def show(self, *, text: str = "", problem: str = "") -> None:
        query = select(Note).order_by(Note.id.desc()).limit(NEWEST)
        async with self.store.session() as session:
            notes = list(await session.scalars(query))
        self.render("home.html", notes=notes, text=text, problem=problem, longest=LONGEST)


class HomeHandler(NotesPage):
    async def get(self) -> None:
        await self.show()


class NotesHandler(NotesPage):
    @authenticated
    async def post(self) -> None:
        user = self.signed_in_user
        text = self.get_body_argument("text", "").replace("\r\n", "\n")
        if not text or len(text) > LONGEST:
            self.set_status(422)
            await self.show(text=text, problem=f"A note has 1 to {LONGEST} characters.")
            return
        async with self.store.session() as session:
            session.add(Note(text=text, author_id=user.id))
            await session.commit()
        self.flash("Your note is there.")
        self.redirect(self.reverse_url("home"), status=303)


class DeleteNoteHandler(BaseHandler):
    @authenticated
    async def post(self, note_id: str) -> None:
        user = self.signed_in_user
        query = delete(Note).where(Note.id == int(note_id), Note.author_id == user.id)
        async with self.store.session() as session:
            found = await session.scalar(query.returning(Note.id))
            await session.commit()
        if found is None:
            raise HTTPError(404)
        self.flash("The note is gone.")
        self.redirect(self.reverse_url("home"), status=303)
