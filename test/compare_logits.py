#!/usr/bin/env python3
"""Compares two files that the verb logits wrote; needs nothing but Python:

    python3 test/compare_logits.py EXPECTED FOUND TOLERANCE
    python3 test/compare_logits.py --make-ids FILE

The error is the largest difference over the largest logit; 1 where it is above TOLERANCE. --make-ids writes input_ids
[2, 160] for the verb."""

import array
import json
import random
import struct
import sys


def read(path, name):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        tensor = json.loads(file.read(size))[name]
        begin, end = tensor["data_offsets"]
        file.seek(8 + size + begin)
        return tensor["shape"], array.array("f", file.read(end - begin))


def write_ids(path):
    random.seed(2)
    ids = array.array("q", (random.randrange(1000) for _ in range(2 * 160)))
    header = json.dumps({"input_ids": {"dtype": "I64", "shape": [2, 160], "data_offsets": [0, 8 * len(ids)]}}).encode()
    header += b" " * (-len(header) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + ids.tobytes())


def main(expected, found, tolerance):
    shape, want = read(expected, "logits")
    other, got = read(found, "logits")
    if other != shape:
        sys.exit(f"{found}: expected logits of shape {shape}, found {other}")
    scale = max(max(want), -min(want))
    error = max(abs(a - b) if a == a and b == b else float("inf") for a, b in zip(want, got)) / scale
    print(f"logits {shape}: error {error:.2e}")
    return 0 if error <= float(tolerance) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make-ids"] and len(sys.argv) == 3:
        write_ids(sys.argv[2])
    elif len(sys.argv) == 4:
        sys.exit(main(*sys.argv[1:]))
    else:
        sys.exit(__doc__)
