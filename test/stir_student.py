#!/usr/bin/env python3
"""Gives an untrained student's gates and feature maps random parts, so that comparing its executables means something:

    python3 test/stir_student.py BUNDLE

Changes model.safetensors in place ("xlstm verify --record BUNDLE" then takes it for right); the same bundle gives the same
bytes."""

import array
import json
import pathlib
import random
import struct
import sys

# What is added to a value, in units of 1 / sqrt(inputs) for matrices and as it is for biases.
DEVIATION = {"q_map.weight": 0.5, "k_map.weight": 0.5, "i_gate.weight": 1, "f_gate.weight": 1, "o_gate.weight": 1,
             "i_gate.bias": 0.5, "f_gate.bias": 0.5, "o_gate.bias": 0.5}


def main(bundle):
    path = pathlib.Path(bundle) / "model.safetensors"
    data = bytearray(path.read_bytes())
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    random.seed(1)
    stirred = 0
    for name, tensor in header.items():
        deviation = DEVIATION.get(".".join(name.split(".")[-2:]))
        if not deviation or tensor["dtype"] != "F32":
            continue
        begin, end = (8 + size + offset for offset in tensor["data_offsets"])
        values = array.array("f", bytes(data[begin:end]))
        if name.endswith(".weight"):
            deviation /= tensor["shape"][-1] ** 0.5
        data[begin:end] = array.array("f", (x + random.gauss(0, deviation) for x in values)).tobytes()
        stirred += 1
    if not stirred:
        sys.exit(f"{path}: expected gates and feature maps in float32, found none")
    path.write_bytes(data)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
