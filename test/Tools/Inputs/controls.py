#!/usr/bin/env python3
"""controls.py FOLDER: files whose names and words hold control characters, a NaN and large integers, for untrusted.test.
controls.py --check FILE...: fails when a file holds a control character other than a newline."""

import json
import pathlib
import shutil
import struct
import sys


def write(path, tensors, metadata=None):
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def make(folder):
    one = ("F32", [1], bytes(4))
    write(folder / "controls.safetensors", {"\x1b]0;pwn\x07": one, "a\u202eb": one}, {"\x1b[2J": "\u2066"})
    write(folder / "other.safetensors", {"\x1b]0;pwn\x07": one, "\x9bx": one})
    write(folder / "int.safetensors", {"ids": ("I64", [1], struct.pack("<q", 2**53))})
    write(folder / "int2.safetensors", {"ids": ("I64", [1], struct.pack("<q", 2**53 + 1))})
    named = folder / "named"
    shutil.copytree(folder / "teacher", named)
    config = json.loads((named / "config.json").read_text())
    config["model_type"] = "\x1b[31m\u202e\x9b"
    (named / "config.json").write_text(json.dumps(config))
    (folder / "recipe.yaml").write_text('"te\\e[31m\\u009Bx\\u202E": 1\n')
    shutil.copytree(folder / "teacher", folder / "nan")
    weights = bytearray((folder / "nan" / "model.safetensors").read_bytes())
    size = struct.unpack("<Q", weights[:8])[0]
    norm = json.loads(weights[8:8 + size])["model.norm.weight"]
    end = 8 + size + norm["data_offsets"][1]
    weights[end - 2:end] = b"\xc0\x7f"  # the high half of a bfloat16 or float32 NaN
    (folder / "nan" / "model.safetensors").write_bytes(weights)


def check(paths):
    for path in paths:
        for c in pathlib.Path(path).read_bytes().decode():
            point = ord(c)
            if c != "\n" and (point < 32 or 127 <= point < 160 or 0x2028 <= point <= 0x202e or 0x2066 <= point <= 0x2069):
                sys.exit(f"{path}: found the control character U+{point:04X}")


if sys.argv[1] == "--check":
    check(sys.argv[2:])
else:
    make(pathlib.Path(sys.argv[1]))
