#!/usr/bin/env python3
"""links.py XLSTM FOLDER: puts links to FOLDER/secret, pipes and folders in place of every file that a model's folder
carries, and runs what reads it. Each must end in one line that names the file, and the secret appear nowhere."""

import os
import pathlib
import shutil
import subprocess
import sys

tool, folder = sys.argv[1], pathlib.Path(sys.argv[2])
SIDE = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
        "chat_template.jinja", "chat_template.json", "LICENSE", "model.safetensors", "vocab.json"]
count = followed = 0


def attempt(name, kind, command, output):
    global count, followed
    count += 1
    ran = subprocess.run([tool, *map(str, command)], capture_output=True, timeout=60)
    lines = ran.stderr.decode().splitlines()
    leaks = any(b"root:x:0:0" in f.read_bytes() for f in ([output] if output.is_file() else output.rglob("*"))
                if f.is_file()) or b"root:x:0:0" in ran.stdout + ran.stderr
    if ran.returncode != 1 or len(lines) != 1 or not lines[0].startswith("xlstm: error: ") or name not in lines[0] or leaks:
        followed += 1
        print(f"{command[0]}: {kind} in place of {name}: exit {ran.returncode}: {ran.stderr.decode()}")
    shutil.rmtree(output, ignore_errors=True)


def replace(path, kind):
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("../secret" if kind == "link" else folder.resolve() / "secret")


CASES = [("import", "teacher", name, "link") for name in SIDE]
CASES += [("import", "teacher", name, kind) for name in ("LICENSE", "tokenizer.json")
          for kind in ("absolute", "pipe", "folder")]
CASES += [("export", "bundle", name, "link") for name in ("model.mlir", "LICENSE", "model.safetensors")]
CASES += [("compile", "bundle", name, "link") for name in ("tokenizer.json", "generation_config.json",
                                                           "chat_template.jinja")]
for verb, source, name, kind in CASES:
    bad, output = folder / "bad", folder / "leak"
    shutil.rmtree(bad, ignore_errors=True)
    shutil.copytree(folder / source, bad)
    replace(bad / name, kind)
    if source == "bundle":  # without hashes, which would see it too
        (bad / "bundle.json").write_text('{"format": 1, "dialects": {"lm": 1, "xlstm": 1}, "kind": "teacher"}')
    attempt(name, kind, [verb, bad, "-o", output], output)
print(f"{count} commands, {followed} followed a link")
