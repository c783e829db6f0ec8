"""Runs a command on a terminal of COLUMNS columns and prints what it wrote there, a line a line or rewriting of one; fails
when one is wider. `narrow-terminal.py COLUMNS COMMAND...`"""
import fcntl
import os
import pty
import re
import struct
import sys
import termios

columns = int(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
written = b""
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:  # the other end is closed
        break
    if not part:
        break
    written += part
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
lines = [re.sub(r"\x1b\[K", "", line) for line in re.split(r"[\r\n]+", written.decode()) if line]
print("\n".join(lines))
wide = [line for line in lines if len(line) > columns]
if wide:
    print(f"wider than {columns} columns: {wide[0]}")
sys.exit(1 if wide else status)
