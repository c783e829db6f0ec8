#!/usr/bin/env python3
"""Compares an exported model in onnxruntime with what xlstm computes:

    xlstm export MODEL --format onnx -o FOLDER
    python3 test/peers/onnx_export.py --make-ids FOLDER ids.safetensors
    xlstm logits MODEL --input ids.safetensors -o logits.safetensors
    python3 test/peers/onnx_export.py FOLDER ids.safetensors logits.safetensors

Needs onnx, onnxruntime, numpy and safetensors (tried: onnxruntime 1.23). Checks logits of the whole, and by pieces with a
state, within 1e-3; prints what differs by how much, and fails."""

import sys

import numpy
import onnxruntime
from safetensors.numpy import load_file, save_file


class Model:
    def __init__(self, folder):
        self.session = onnxruntime.InferenceSession(folder + "/model.onnx", providers=["CPUExecutionProvider"])
        self.inputs = {entry.name: entry for entry in self.session.get_inputs()}
        self.outputs = [entry.name for entry in self.session.get_outputs()]

    def start(self, rows):
        """What stands for no tokens: zeros, and no keys."""
        size = {"batch": rows, "past": 0}
        kind = {"tensor(int64)": numpy.int64, "tensor(float)": numpy.float32}
        return {name: numpy.zeros([d if isinstance(d, int) else size.get(d, 0) for d in entry.shape], kind[entry.type])
                for name, entry in self.inputs.items() if name.startswith("past.")}

    def read(self, ids, state):
        """Logits [B, T, V], and the state after these tokens."""
        found = dict(zip(self.outputs, self.session.run(None, {"input_ids": ids, **state})))
        return found.pop("logits"), {name.replace("present.", "past."): value for name, value in found.items()}


failed = []


def check(name, got, want, tolerance=1e-3):
    error = float(numpy.abs(got - want).max())
    print(f"{name}: {error:.2g}")
    if not error <= tolerance:
        failed.append(name)


def main():
    folder = sys.argv[1] if sys.argv[1] != "--make-ids" else sys.argv[2]
    model = Model(folder)
    if sys.argv[1] == "--make-ids":
        vocabulary = next(entry.shape[2] for entry in model.session.get_outputs() if entry.name == "logits")
        save_file({"input_ids": numpy.random.default_rng(0).integers(0, vocabulary, (2, 150))}, sys.argv[3])
        return
    ids, want = load_file(sys.argv[2])["input_ids"], load_file(sys.argv[3])["logits"]
    check("logits", model.read(ids, model.start(len(ids)))[0], want)
    state, pieces, at = model.start(len(ids)), [], 0
    for length in (7, 1, 50, 1, 1, 90):
        logits, state = model.read(ids[:, at:at + length], state)
        pieces.append(logits)
        at += length
    check("pieces with a state", numpy.concatenate(pieces, 1), want)
    print("bytes of the state:", sum(value.nbytes for value in state.values()))
    sys.exit(f"differs: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
