#!/usr/bin/env python3
"""Talks to a chat at a pseudo-terminal, as a person would: talk.py PROGRAM ARGUMENT...

The chat's template refuses messages that begin with "say", naming them, so that what was typed can be read back; other
messages are answered without an end. Prints what went wrong and exits with 1."""

import os
import pty
import select
import signal
import sys
import time

LEFT, UP, HOME, DELETE = "\x1b[D", "\x1b[A", "\x01", "\x7f"
PROMPT = "> "


class Chat:
    def __init__(self, command, **environment):
        self.seen = ""  # since the last expect()
        self.all = ""
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.environ.update({"TERM": "xterm"} | environment)
            os.execv(command[0], command)

    def read(self, seconds):
        if not select.select([self.terminal], [], [], seconds)[0]:
            raise AssertionError(f"nothing more came; seen: {self.all[-400:]!r}")
        try:
            data = os.read(self.terminal, 4096)
        except OSError:  # the program has closed it
            data = b""
        if not data:
            raise AssertionError(f"the program has left; seen: {self.all[-400:]!r}")
        text = data.decode(errors="replace")
        self.seen += text
        self.all += text

    def expect(self, text):
        while text not in self.seen:
            self.read(60)
        self.seen = self.seen[self.seen.index(text) + len(text):]

    def type(self, text):
        os.write(self.terminal, text.encode())

    def leave(self):
        """The exit status, once the program has left by itself."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                self.read(0.1)
            except AssertionError:
                pass
            done, status = os.waitpid(self.process, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
        os.kill(self.process, signal.SIGKILL)
        raise AssertionError("the program did not leave")


def says(chat, keys, message):
    """Types a line; the model is given `message`."""
    chat.type(keys + "\r")
    chat.expect(f"refuses the conversation: 'say {message}'")
    chat.expect(PROMPT)


def edit(command):
    chat = Chat(command)
    chat.expect(PROMPT)
    says(chat, "say aöb", "aöb")
    says(chat, "say añb" + LEFT + DELETE + "é", "aéb")
    says(chat, "say 日本語" + DELETE + LEFT + "x", "日x本")
    says(chat, "y x" + HOME + "sa", "x")
    says(chat, UP + UP + "!", "日x本!")
    says(chat, "say dropped\x03" + "say kept", "kept")
    chat.type("/nonsense\r")
    chat.expect("'/nonsense' is no command")
    chat.type("/help\r")
    chat.expect("/reset ")
    chat.type("/exit\r")
    assert chat.leave() == 0


def interrupt(command):
    chat = Chat(command + ["-n", "-1"])
    for _ in range(2):  # the conversation goes on
        chat.expect(PROMPT)
        chat.type("Hello\r")
        chat.expect("Hello\r\n")
        while len(chat.seen) < 40:
            chat.read(60)
        chat.type("\x03")
        chat.expect("[stopped")
    chat.expect(PROMPT)
    chat.type("dropped at once\x03")
    chat.expect(PROMPT)
    chat.type("/reset\r")
    says(chat, "say on", "on")
    chat.type("\x04")
    assert chat.leave() == 0


def cut(command):
    chat = Chat(command + ["-n", "3"])
    chat.expect(PROMPT)
    chat.type("Hello\r")
    chat.expect("[cut after 3 tokens, as -n says")
    chat.expect(PROMPT)
    chat.type("\x04")
    assert chat.leave() == 0


def plain(command):
    """A terminal that cannot move its cursor."""
    chat = Chat(command, TERM="dumb")
    chat.expect(PROMPT)
    says(chat, "say so", "so")
    chat.type("/exit\r")
    assert chat.leave() == 0


def main():
    failed = 0
    for check in (edit, interrupt, cut, plain):
        try:
            check(sys.argv[1:])
        except AssertionError as error:
            print(f"{check.__name__}: {error}")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
