"""Frames and descriptors through a real pair of sockets, cut and glued as a stream may."""

from __future__ import annotations

import array
import errno
import os
import selectors
import socket
import struct
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.serve.limits import descriptors_left
from tornkit.serve.wire import channel as channel_module
from tornkit.serve.wire.channel import MAX_DESCRIPTORS, MAX_MESSAGE, Channel, ChannelClosed
from tornkit.serve.wire.encoding import encode
from tornkit.serve.wire.messages import (
    Adopt,
    Claim,
    Closed,
    Drain,
    Go,
    Grant,
    Handover,
    Message,
    Ready,
)

# The time limit is what ends a `receive` that waits for ever: a socket with a timeout of its own
# would take no notice of MSG_DONTWAIT.
pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(10)]

BIG = Ready(files=tuple(f"/project/{number:06}.py" for number in range(60_000)))


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a stream."""
    one, other = socket.socketpair()
    with one, other:
        yield one, other


@pytest.fixture
def channels(sockets: tuple[socket.socket, socket.socket]) -> Iterator[tuple[Channel, Channel]]:
    """The supervisor's end, which does not block, and a worker's, which does."""
    sockets[0].setblocking(False)
    ours, theirs = Channel(sockets[0]), Channel(sockets[1])
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def receiver(
    sockets: tuple[socket.socket, socket.socket],
) -> Iterator[tuple[socket.socket, Channel]]:
    """A bare socket to write bytes into, and the channel that makes messages of them."""
    channel = Channel(sockets[1])
    yield sockets[0], channel
    channel.close()


def frame_of(message: Message, descriptors: int = 0) -> bytes:
    body = encode(message)
    return struct.pack("!IB", len(body), descriptors) + body


def send_with(sock: socket.socket, data: bytes, descriptors: Sequence[int]) -> None:
    rights = array.array("i", descriptors)
    sent = sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    assert sent == len(data)


def inode(descriptor: int) -> int:
    return os.fstat(descriptor).st_ino


@pytest.fixture
def files() -> Iterator[list[int]]:
    """Five descriptors that can be told apart."""
    pipes = [os.pipe() for _ in range(5)]
    for _, write in pipes:
        os.close(write)
    yield [read for read, _ in pipes]
    for read, _ in pipes:
        os.close(read)


# ---- frames ----


def test_a_message_each_way(channels: tuple[Channel, Channel]) -> None:
    ours, theirs = channels
    theirs.send(Claim(port=80))
    assert ours.receive_ready() == [(Claim(port=80), [])]
    ours.send(Grant())
    assert theirs.receive() == (Grant(), [])


def test_nothing_there_is_an_empty_list(channels: tuple[Channel, Channel]) -> None:
    assert channels[0].receive_ready() == []
    assert channels[1].receive_ready() == []  # although its socket blocks


def test_a_frame_cut_at_every_byte(receiver: tuple[socket.socket, Channel]) -> None:
    sock, channel = receiver
    message = Drain(1.5, True)
    frame = frame_of(message)
    for cut in range(1, len(frame)):
        sock.sendall(frame[:cut])
        assert channel.receive_ready() == []
        sock.sendall(frame[cut:])
        assert channel.receive_ready() == [(message, [])]


def test_a_frame_that_comes_byte_by_byte(receiver: tuple[socket.socket, Channel]) -> None:
    sock, channel = receiver
    frame = frame_of(Ready(files=("/a.py",)))
    for index in range(len(frame) - 1):
        sock.sendall(frame[index : index + 1])
        assert channel.receive_ready() == []
    sock.sendall(frame[-1:])
    assert channel.receive() == (Ready(files=("/a.py",)), [])


def test_several_frames_glued(receiver: tuple[socket.socket, Channel]) -> None:
    sock, channel = receiver
    sent: list[Message] = [Claim(port=1), Ready(), Closed(), Handover(b"x")]
    tail = frame_of(Go())
    sock.sendall(b"".join(frame_of(message) for message in sent) + tail[:3])
    assert [message for message, _ in channel.receive_ready()] == sent
    sock.sendall(tail[3:])
    assert channel.receive() == (Go(), [])


def test_receive_takes_one_of_several(receiver: tuple[socket.socket, Channel]) -> None:
    sock, channel = receiver
    sock.sendall(frame_of(Go()) + frame_of(Closed()))
    assert channel.receive() == (Go(), [])
    assert channel.receive() == (Closed(), [])


def test_what_receive_left_is_ready(receiver: tuple[socket.socket, Channel]) -> None:
    sock, channel = receiver
    sock.sendall(frame_of(Go()) + frame_of(Closed()))
    assert channel.receive() == (Go(), [])
    assert channel.receive_ready() == [(Closed(), [])]


# ---- descriptors ----


def test_descriptors_come_with_their_frame(
    channels: tuple[Channel, Channel], files: list[int]
) -> None:
    ours, theirs = channels
    ours.send(Go())
    ours.send(Grant(), files[:2])
    ours.send(Go())
    ours.send(Grant(), files[2:3])
    ours.send(Adopt(b"GET"), files[3:])
    received = theirs.receive_ready()
    assert [message for message, _ in received] == [Go(), Grant(), Go(), Grant(), Adopt(b"GET")]
    assert [[inode(each) for each in descriptors] for _, descriptors in received] == [
        [],
        [inode(each) for each in files[:2]],
        [],
        [inode(files[2])],
        [inode(each) for each in files[3:]],
    ]
    for _, descriptors in received:
        for descriptor in descriptors:
            assert not os.get_inheritable(descriptor)
            os.close(descriptor)


def test_descriptors_of_a_frame_cut_at_every_byte(
    receiver: tuple[socket.socket, Channel], files: list[int]
) -> None:
    sock, channel = receiver
    frame = frame_of(Grant(), 2)
    for cut in range(1, len(frame)):
        send_with(sock, frame[:cut], files[:2])
        assert channel.receive_ready() == []
        sock.sendall(frame[cut:])
        [(message, descriptors)] = channel.receive_ready()
        assert message == Grant()
        assert [inode(each) for each in descriptors] == [inode(each) for each in files[:2]]
        for descriptor in descriptors:
            os.close(descriptor)


def test_the_most_descriptors(channels: tuple[Channel, Channel], files: list[int]) -> None:
    ours, theirs = channels
    ours.send(Grant(), [files[0]] * MAX_DESCRIPTORS)
    _, descriptors = theirs.receive()
    assert len(descriptors) == MAX_DESCRIPTORS
    for descriptor in descriptors:
        os.close(descriptor)


def test_the_sender_keeps_its_own(channels: tuple[Channel, Channel]) -> None:
    ours, theirs = channels
    one, other = socket.socketpair()
    with one, other:
        ours.send(Adopt(b""), [one.fileno()])
        _, [descriptor] = theirs.receive()
        with socket.socket(fileno=descriptor) as copy:
            copy.sendall(b"through the copy")
            assert other.recv(99) == b"through the copy"
        one.sendall(b"through the own")
        assert other.recv(99) == b"through the own"


def test_the_sender_may_close_before_it_is_sent(channels: tuple[Channel, Channel]) -> None:
    ours, theirs = channels
    ours.send(BIG)
    assert ours.wants_write
    one, other = socket.socketpair()
    with other:
        ours.send(Adopt(b""), [one.fileno()])
        one.close()
        received = drained(ours, theirs, 2)
        with socket.socket(fileno=received[1][1][0]) as copy:
            copy.sendall(b"still there")
            assert other.recv(99) == b"still there"


# ---- a full socket ----


def drained(ours: Channel, theirs: Channel, count: int) -> list[tuple[Message, list[int]]]:
    """What ``theirs`` receives while ``ours`` flushes, as the supervisor's loop does."""
    received: list[tuple[Message, list[int]]] = []
    with selectors.DefaultSelector() as selector:
        selector.register(ours, selectors.EVENT_WRITE)
        selector.register(theirs, selectors.EVENT_READ)
        while len(received) < count:
            events = selector.select(10)
            assert events, "stuck"
            for key, _ in events:
                if key.fileobj is theirs:
                    received += theirs.receive_ready()
                else:
                    ours.flush()
                    if not ours.wants_write:
                        selector.unregister(ours)
    return received


def test_big_frames_wait_for_room(channels: tuple[Channel, Channel], files: list[int]) -> None:
    ours, theirs = channels
    ours.send(BIG)
    waits = ours.wants_write
    assert waits
    ours.send(Grant(), files[:1])
    ours.send(BIG)
    ours.send(Grant(), files[1:3])
    received = drained(ours, theirs, 4)
    assert not ours.wants_write
    assert [message for message, _ in received] == [BIG, Grant(), BIG, Grant()]
    assert [[inode(each) for each in descriptors] for _, descriptors in received] == [
        [],
        [inode(files[0])],
        [],
        [inode(each) for each in files[1:3]],
    ]
    for _, descriptors in received:
        for descriptor in descriptors:
            os.close(descriptor)


def test_descriptors_go_once_though_their_frame_goes_in_parts(
    channels: tuple[Channel, Channel], files: list[int]
) -> None:
    ours, theirs = channels
    message = Adopt(bytes(2_000_000))
    ours.send(message, files[:1])
    assert ours.wants_write
    [(received, descriptors)] = drained(ours, theirs, 1)
    assert received == message
    assert [inode(each) for each in descriptors] == [inode(files[0])]
    os.close(descriptors[0])


def test_a_small_frame_leaves_nothing_to_flush(channels: tuple[Channel, Channel]) -> None:
    channels[0].send(Go())
    assert not channels[0].wants_write
    channels[0].flush()
    assert channels[1].receive_ready() == [(Go(), [])]


def test_a_blocking_end_sends_a_big_frame_whole(channels: tuple[Channel, Channel]) -> None:
    ours, theirs = channels
    received: list[tuple[Message, list[int]]] = []

    def receive() -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(ours, selectors.EVENT_READ)
            while not received and selector.select(10):
                received.extend(ours.receive_ready())

    thread = threading.Thread(target=receive)
    thread.start()
    theirs.send(BIG)
    assert not theirs.wants_write
    thread.join(10)
    assert received == [(BIG, [])]


# ---- the peer's death ----


def test_unread_messages_come_before_the_end(
    channels: tuple[Channel, Channel], files: list[int]
) -> None:
    ours, theirs = channels
    theirs.send(Ready())
    theirs.send(Handover(b"x"), files[:1])
    theirs.close()
    received = ours.receive_ready()
    assert [message for message, _ in received] == [Ready(), Handover(b"x")]
    assert inode(received[1][1][0]) == inode(files[0])
    os.close(received[1][1][0])
    with pytest.raises(ChannelClosed):
        ours.receive_ready()


def test_receive_sees_the_end_too(channels: tuple[Channel, Channel]) -> None:
    ours, theirs = channels
    ours.send(Go())
    ours.close()
    assert theirs.receive() == (Go(), [])
    with pytest.raises(ChannelClosed):
        theirs.receive()


def test_half_a_message_is_none(receiver: tuple[socket.socket, Channel]) -> None:
    sock, channel = receiver
    sock.sendall(frame_of(Go())[:-1])
    sock.close()
    with pytest.raises(ChannelClosed):
        channel.receive_ready()


def test_sending_to_the_dead(channels: tuple[Channel, Channel], files: list[int]) -> None:
    ours, theirs = channels
    theirs.close()
    with pytest.raises(ChannelClosed):
        ours.send(Grant(), files)
    with pytest.raises(ChannelClosed):
        ours.flush()


def test_a_peer_that_dies_with_our_messages_unread(channels: tuple[Channel, Channel]) -> None:
    ours, theirs = channels
    ours.send(Go())
    theirs.send(Closed())
    theirs.close()  # unread input makes the kernel say ECONNRESET where it would say end of file
    assert ours.receive_ready() == [(Closed(), [])]
    with pytest.raises(ChannelClosed):
        ours.receive_ready()


# ---- a broken peer ----


def test_too_long_a_frame(receiver: tuple[socket.socket, Channel]) -> None:
    sock, channel = receiver
    sock.sendall(struct.pack("!IB", MAX_MESSAGE + 1, 0))
    with pytest.raises(ChannelClosed, match="no message"):
        channel.receive_ready()


def test_the_longest_frame_is_waited_for(receiver: tuple[socket.socket, Channel]) -> None:
    sock, channel = receiver
    sock.sendall(struct.pack("!IB", MAX_MESSAGE, 0))
    assert channel.receive_ready() == []


def test_too_many_descriptors(receiver: tuple[socket.socket, Channel]) -> None:
    sock, channel = receiver
    sock.sendall(struct.pack("!IB", 2, MAX_DESCRIPTORS + 1) + b"{}")
    with pytest.raises(ChannelClosed, match="no message"):
        channel.receive_ready()


def test_descriptors_that_never_came(
    receiver: tuple[socket.socket, Channel], files: list[int]
) -> None:
    sock, channel = receiver
    send_with(sock, frame_of(Grant(), 2), files[:1])
    with pytest.raises(ChannelClosed, match="descriptors"):
        channel.receive_ready()


def test_not_a_message(receiver: tuple[socket.socket, Channel]) -> None:
    sock, channel = receiver
    sock.sendall(struct.pack("!IB", 4, 0) + b"oops")
    with pytest.raises(ValueError):  # noqa: PT011 - json's own text
        channel.receive_ready()


def test_descriptors_before_nonsense_are_not_kept(
    receiver: tuple[socket.socket, Channel], files: list[int]
) -> None:
    sock, channel = receiver
    send_with(sock, frame_of(Grant(), 2), files[:2])
    sock.sendall(struct.pack("!IB", 4, 0) + b"oops")
    with pytest.raises(ValueError):  # noqa: PT011 - json's own text
        channel.receive_ready()
    # The fixture `no_leaks` counts what is still open.


# ---- a process at its limits ----


def test_sending_descriptors_takes_none(
    channels: tuple[Channel, Channel], files: list[int]
) -> None:
    ours, theirs = channels
    with descriptors_left(0):
        ours.send(Grant(), files[:2])
    ((_, received),) = theirs.receive_ready()
    assert [inode(each) for each in received] == [inode(each) for each in files[:2]]
    for descriptor in received:
        os.close(descriptor)


def test_one_that_would_have_to_wait_says_so(
    channels: tuple[Channel, Channel], files: list[int]
) -> None:
    ours, theirs = channels
    ours.send(BIG)
    with descriptors_left(1), pytest.raises(OSError, match="Too many open files"):
        ours.send(Grant(), files[:2])
    received = [theirs.receive_ready()]
    while ours.wants_write:
        ours.flush()
        received.append(theirs.receive_ready())
    assert [message for part in received for message, _ in part] == [BIG]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel gives none of them")
@pytest.mark.parametrize("room", [0, 1])
def test_what_there_is_no_room_for_is_missing_from_its_message_alone(
    channels: tuple[Channel, Channel], files: list[int], room: int
) -> None:
    ours, theirs = channels
    ours.send(Adopt(b"one"), files[:1])
    ours.send(Grant(), files[1:3])
    ours.send(Go())
    with descriptors_left(room):
        received: list[tuple[Message, list[int]]] = []
        while len(received) < 3:
            received += theirs.receive_ready()
    ours.send(Adopt(b"two"), files[3:4])
    received += theirs.receive_ready()
    assert [message for message, _ in received] == [Adopt(b"one"), Grant(), Go(), Adopt(b"two")]
    kept = [[inode(each) for each in descriptors] for _, descriptors in received]
    first = [inode(files[0])] if room else []
    assert kept == [first, [], [], [inode(files[3])]]
    for _, descriptors in received:
        for descriptor in descriptors:
            os.close(descriptor)


def test_few_descriptors_are_taken_at_once(
    channels: tuple[Channel, Channel], files: list[int]
) -> None:
    """A process near its limit passes on more connections than it could hold."""
    ours, theirs = channels
    for _ in range(20):
        ours.send(Handover(b""), files[:1])
    handed = 0
    with descriptors_left(channel_module._AT_ONCE):
        while messages := theirs.receive_ready():
            for _, (descriptor,) in messages:
                os.close(descriptor)
                handed += 1
    assert handed == 20


class Refusing:
    """A socket of which the system refuses some calls."""

    def __init__(self, sock: socket.socket, *numbers: int) -> None:
        self._sock = sock
        self._numbers = list(numbers)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def _refuse(self) -> None:
        if self._numbers:
            number = self._numbers.pop(0)
            raise OSError(number, os.strerror(number))

    def send(self, *arguments: Any) -> Any:
        self._refuse()
        return self._sock.send(*arguments)

    def sendmsg(self, *arguments: Any) -> Any:
        self._refuse()
        return self._sock.sendmsg(*arguments)

    def recvmsg(self, *arguments: Any) -> Any:
        self._refuse()
        return self._sock.recvmsg(*arguments)


@pytest.mark.parametrize("number", [errno.ENOBUFS, errno.ENOMEM, errno.ETOOMANYREFS, errno.EAGAIN])
def test_what_the_system_refuses_for_now_is_tried_again(
    channels: tuple[Channel, Channel], files: list[int], number: int
) -> None:
    ours, theirs = channels
    ours._sock = Refusing(ours._sock, number, number)  # type: ignore[assignment]
    theirs._sock = Refusing(theirs._sock, number, number)  # type: ignore[assignment]
    theirs.send(Handover(b"x"), files[:1])  # blocks: it is tried until it goes
    ours.send(Go())
    while ours.wants_write:
        ours.flush()
    received: list[tuple[Message, list[int]]] = []
    while not received:
        received = ours.receive_ready()
    assert received[0][0] == Handover(b"x")
    os.close(received[0][1][0])
    assert theirs.receive() == (Go(), [])


def test_what_the_system_goes_on_refusing_is_no_channel(
    channels: tuple[Channel, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_module, "_PAUSE", 0.0)
    _, theirs = channels
    theirs._sock = Refusing(theirs._sock, *[errno.ENOMEM] * 1000)  # type: ignore[assignment]
    with pytest.raises(ChannelClosed):
        theirs.send(Go())


# ---- close ----


def test_close_closes_what_nobody_took(channels: tuple[Channel, Channel], files: list[int]) -> None:
    """Sent to us without the rest of its frame, and queued by us behind a full socket."""
    ours, theirs = channels
    frame = frame_of(Handover(b"x"), 3)
    sender = socket.socket(fileno=os.dup(theirs.fileno()))
    with sender:
        send_with(sender, frame[:-1], files[:3])
        assert ours.receive_ready() == []
    ours.send(BIG)
    ours.send(Grant(), files)
    assert ours.wants_write
    ours.close()
    assert not ours.wants_write
    # The fixture `no_leaks` counts what is still open.


def test_close_twice(channels: tuple[Channel, Channel]) -> None:
    channels[0].close()
    channels[0].close()
    assert channels[0].fileno() == -1


def test_reads_are_bounded_and_still_whole(
    channels: tuple[Channel, Channel], files: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Descriptors keep to their frames although one read ends in the middle of the next."""
    monkeypatch.setattr(channel_module, "_READ_SIZE", 7)
    ours, theirs = channels
    for descriptor in files:
        ours.send(Grant(), [descriptor])
        ours.send(Go())
    received = []
    while messages := theirs.receive_ready():
        received += messages
    assert [inode(each) for _, descriptors in received for each in descriptors] == [
        inode(descriptor) for descriptor in files
    ]
    assert [len(descriptors) for _, descriptors in received] == [1, 0] * len(files)
    for _, descriptors in received:
        for descriptor in descriptors:
            os.close(descriptor)
