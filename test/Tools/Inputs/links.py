#!/usr/bin/env python3
"""links.py XLSTM FOLDER: puts links to FOLDER/secret, pipes and folders in place of every file that a model's folder
carries, and runs what reads it. Nothing may succeed in one line less than an error, and the secret appear nowhere."""

import pathlib
import os
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


for source, names in (("teacher", SIDE), ("bundle", ["model.mlir", *SIDE])):
    for name in names:
        for kind in ("link", "pipe") if name != "LICENSE" else ("link", "absolute", "pipe", "folder"):
            bad, output = folder / "bad", folder / "leak"
            shutil.rmtree(bad, ignore_errors=True)
            shutil.copytree(folder / source, bad)
            replace(bad / name, kind)
            if source == "teacher":
                if (folder / source / name).exists() or kind == "link":
                    attempt(name, kind, ["import", bad, "-o", output], output)
            else:
                # Of a bundle without hashes too, which says nothing of its files.
                (bad / "bundle.json").write_text('{"format": 1, "dialects": {"lm": 1, "xlstm": 1}, "kind": "teacher"}')
                attempt(name, kind, ["export", bad, "-o", output], output)
                if kind == "link" and name not in ("config.json", "special_tokens_map.json", "vocab.json", "LICENSE", "chat_template.json"):
                    attempt(name, kind, ["compile", bad, "-o", output], output)
print(f"{count} commands, {followed} followed a link")
