"""Uploads that are written to disk as they arrive, and their downloads.

Shown here: `@stream_request_body`, threads for what blocks, and a `StaticFileHandler` at a route of
its own that decides on headers and content type.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from pathlib import Path
from typing import IO, Any

from tornado.web import HTTPError, StaticFileHandler, authenticated, stream_request_body

from board.handlers.base import BaseHandler, JsonHandler, SecurityHeaders


class UploadPageHandler(BaseHandler):
    @authenticated
    def get(self) -> None:
        self.render("upload.html", limit=self.settings["upload_limit"])


@stream_request_body
class UploadHandler(JsonHandler):
    """`PUT /upload/NAME` with the file as the body.

    Tornado runs prepare() when the headers are there, data_received() for each piece of the body
    and put() when it is complete. There are no body arguments, so the XSRF token must come in the
    header X-XSRFToken.
    """

    def initialize(self) -> None:
        self.directory: Path = self.settings["uploads"]
        self.limit: int = self.settings["upload_limit"]
        self.size = 0
        self.digest = hashlib.sha256()
        self.part: IO[bytes] | None = None
        self.writing = self.gone = False

    async def prepare(self) -> None:
        await super().prepare()
        if self.request.method != "PUT":
            raise HTTPError(405)
        if self.user is None:
            raise HTTPError(403)
        # Answering now spares an honest client the whole transfer. Tornado has checked that the
        # length is a number, or will answer 400 for what is not.
        length = self.request.headers.get("Content-Length", "0")
        if length.isascii() and length.isdigit() and (len(length) > 18 or int(length) > self.limit):
            raise HTTPError(413)

    async def data_received(self, chunk: bytes) -> None:
        self.size += len(chunk)
        # A chunked body has no length beforehand. The rest of one that is too long is dropped
        # here, up to the server's max_body_size, so that the client gets to read the answer.
        if self.size <= self.limit:
            self.digest.update(chunk)
            # Awaiting the write holds back the next piece: a fast client waits for the disk.
            self.writing = True
            await asyncio.to_thread(self.write_part, chunk)
            self.writing = False
            if self.gone:
                self.drop_part()

    async def put(self, name: str) -> None:
        if self.size > self.limit:
            raise HTTPError(413)
        if self.part is None:
            raise HTTPError(422, "The file is empty.")
        # Named after its content, a file never changes, and sending it twice changes nothing.
        stored = f"{self.digest.hexdigest()[:16]}-{name}"
        await asyncio.to_thread(self.keep_part, self.part, stored)
        url = self.reverse_url("file", stored)
        self.set_status(201)
        self.set_header("Location", url)
        self.write({"url": url, "size": self.size, "sha256": self.digest.hexdigest()})

    def write_part(self, chunk: bytes) -> None:
        if self.part is None:
            self.directory.mkdir(parents=True, exist_ok=True)
            self.part = tempfile.NamedTemporaryFile(  # noqa: SIM115
                dir=self.directory, suffix=".part", delete=False
            )
        self.part.write(chunk)

    def keep_part(self, part: IO[bytes], stored: str) -> None:
        part.close()
        # Renaming is atomic: nobody can download half a file.
        Path(part.name).replace(self.directory / stored)
        self.part = None

    def drop_part(self) -> None:
        if self.part is not None:
            self.part.close()
            Path(self.part.name).unlink(missing_ok=True)
            self.part = None

    def on_finish(self) -> None:
        """Runs when the answer is out, whatever it is."""
        self.drop_part()

    def on_connection_close(self) -> None:
        self.gone = True
        if not self.writing:  # else the thread has the file
            self.drop_part()


class DownloadHandler(SecurityHeaders, StaticFileHandler):
    """Files from strangers: offered for saving, never shown as a page of this site."""

    def initialize(self, path: str = "", *args: Any, **kwargs: Any) -> None:
        super().initialize(path or str(self.settings["uploads"]), *args, **kwargs)

    def get_content_type(self) -> str:
        return "application/octet-stream"

    def set_extra_headers(self, path: str) -> None:
        self.set_header("Content-Disposition", "attachment")
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
