#!/usr/bin/env python3
"""Imports every teacher of folders of fixtures and compares what it computes with golden results.

A folder holds hf/, onnx/ and gguf/ (any of them), golden/INDEX.json (Hugging Face folder -> golden file) and
MANIFEST.json (ONNX and GGUF files with their golden file). Each fixture goes through `xlstm import` and `xlstm logits`;
logits must agree to 1e-4, the mixer outputs attn_out.N to 1e-5. Writes a Markdown table; exit status 1 when a fixture is
not imported or differs by more.
"""

import argparse
import array
import concurrent.futures
import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

LOGITS_TOLERANCE, MIXER_TOLERANCE = 1e-4, 1e-5

HEADER = """\
# What is imported, and how exactly

Written by `test/import_table.py FIXTURES test/Inputs --xlstm build/release/bin/xlstm -o docs/ImportTable.md`.
Every fixture is a small random teacher as a tool of today writes it. Columns: the exporter; whether the file became an `lm` module (with no op of the
`onnx` dialect left, where it was one); the largest absolute difference of the logits from those of transformers in
float32 (of the dequantised weights, where the file is quantised), which may be 1e-4; the same for the input of the
output projection of the layers that the golden file has, which may be 1e-5.

| fixture | exporter | raised | max error of logits | max error of attn_out |
|---|---|---|---|---|
"""


def read_floats(path):
    """Float32 tensors of a safetensors file: name -> (shape, array)."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = entry["data_offsets"]
            values = array.array("f", data[begin:end])
            if sys.byteorder == "big":
                values.byteswap()
            tensors[name] = (entry["shape"], values)
    return tensors


def largest_difference(found, expected):
    if found is None or found[0] != expected[0]:
        return math.inf
    differences = [abs(a - b) for a, b in zip(found[1], expected[1])]
    return math.inf if any(map(math.isnan, differences)) else max(differences)


def list_fixtures(folder):
    """(folder, path, exporter, golden file) of every fixture; the paths are relative to the folder."""
    index = json.loads((folder / "golden/INDEX.json").read_text())
    for teacher in sorted(os.listdir(folder / "hf") if (folder / "hf").is_dir() else []):
        if teacher in index:
            yield folder, f"hf/{teacher}", "transformers", index[teacher]["file"]
    manifest = folder / "MANIFEST.json"
    entries = json.loads(manifest.read_text()) if manifest.exists() else {}
    for entry in entries.get("onnx", []):
        yield folder, entry["file"], entry["exporter"], entry["golden"]
    for entry in entries.get("gguf", []):
        yield folder, entry["file"], f"gguf {entry['type']}", entry["golden"]


def run(command):
    """The error line of a command; None when it succeeded."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300)
    if done.returncode == 0:
        return None
    return (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]


def check(xlstm, fixture):
    """The row of a fixture and whether all of it is as it should be."""
    folder, path, exporter, golden = fixture
    with tempfile.TemporaryDirectory() as scratch:
        bundle, output = os.path.join(scratch, "bundle"), os.path.join(scratch, "out.safetensors")
        error = run([xlstm, "import", str(folder / path), "-o", bundle]) or run(
            [xlstm, "logits", bundle, "--input", str(folder / golden), "--mixer-outputs", "-o", output])
        if error:
            error = error.replace(f"{folder}/", "").replace("|", "\\|")
            return f"| {path} | {exporter} | no: {error} | | |", False
        found, expected = read_floats(output), read_floats(folder / golden)
    logits = largest_difference(found.get("logits"), expected["logits"])
    mixers = [largest_difference(found.get(name), tensor) for name, tensor in expected.items()
              if name.startswith("attn_out.")]
    good = logits <= LOGITS_TOLERANCE and all(error <= MIXER_TOLERANCE for error in mixers)
    cell = f"{max(mixers):.1e}" if mixers else "not in the golden file"
    return f"| {path} | {exporter} | {'yes' if good else '**yes, but over the tolerance**'} | {logits:.1e} | {cell} |", good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fixtures", type=pathlib.Path, nargs="+")
    parser.add_argument("--xlstm", default="xlstm", help="the driver to run")
    parser.add_argument("-o", "--output", type=pathlib.Path, help="Markdown file to write; default: standard output")
    parser.add_argument("--only", default="", help="only fixtures whose path contains this")
    options = parser.parse_args()
    fixtures = {}  # a fixture that two folders hold is checked once
    for folder in options.fixtures:
        for fixture in list_fixtures(folder):
            if options.only in fixture[1]:
                fixtures.setdefault(fixture[1], fixture)
    if not fixtures:
        sys.exit(f"{options.fixtures[0]}: no fixtures found")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = list(pool.map(lambda fixture: check(options.xlstm, fixture), fixtures.values()))
    good = sum(ok for _, ok in rows)
    text = HEADER + "".join(row + "\n" for row, _ in rows) + f"\n{good} of {len(rows)} as they should be.\n"
    if options.output:
        options.output.write_text(text)
        text = "".join(row + "\n" for row, ok in rows if not ok) + f"{good} of {len(rows)} as they should be\n"
    print(text, end="")
    sys.exit(good != len(rows))


if __name__ == "__main__":
    main()
