#!/usr/bin/env python3
"""Imports a synthetic teacher of the shape of an 8B model and reports time and memory.

The weights (16 GB in bfloat16, shards of 5 GB) are files of holes: they take no space on the disk. Fails when the import
takes over 10 s or 1 GB, or when the bundle takes over 1 GB of the disk.
"""

import argparse
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

SECONDS, MEGABYTES = 10, 1024
SHARD = 5 * 10**9
# layers, width, inner width, heads, key heads, head channels, vocabulary, context
SHAPES = {
    "llama-3.1-8b": (32, 4096, 14336, 32, 8, 128, 128256, 131072),
    "smollm2-135m": (30, 576, 1536, 9, 3, 64, 49152, 8192),
    "small-llama": (8, 512, 1408, 8, 4, 64, 8192, 2048),
}
LAYERS, HIDDEN, INNER, HEADS, KV_HEADS, HEAD_DIM, VOCAB, CONTEXT = SHAPES["llama-3.1-8b"]


def choose(shape):
    """What write_folder writes from now on, one of SHAPES."""
    global LAYERS, HIDDEN, INNER, HEADS, KV_HEADS, HEAD_DIM, VOCAB, CONTEXT
    LAYERS, HIDDEN, INNER, HEADS, KV_HEADS, HEAD_DIM, VOCAB, CONTEXT = SHAPES[shape]


def config():
    scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 8192}
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": VOCAB, "hidden_size": HIDDEN,
        "intermediate_size": INNER, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "head_dim": HEAD_DIM, "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-05,
        "rope_theta": 500000.0, "torch_dtype": "bfloat16", "tie_word_embeddings": False,
        "rope_scaling": scaling if CONTEXT == 131072 else None,
    }


def tensors():
    """(name, shape) of every weight."""
    yield "model.embed_tokens.weight", [VOCAB, HIDDEN]
    keys = KV_HEADS * HEAD_DIM
    for n in range(LAYERS):
        layer = f"model.layers.{n}."
        yield layer + "input_layernorm.weight", [HIDDEN]
        for name, shape in (("q", [HIDDEN, HIDDEN]), ("k", [keys, HIDDEN]), ("v", [keys, HIDDEN]), ("o", [HIDDEN, HIDDEN])):
            yield f"{layer}self_attn.{name}_proj.weight", shape
        yield layer + "post_attention_layernorm.weight", [HIDDEN]
        for name, shape in (("gate", [INNER, HIDDEN]), ("up", [INNER, HIDDEN]), ("down", [HIDDEN, INNER])):
            yield f"{layer}mlp.{name}_proj.weight", shape
    yield "model.norm.weight", [HIDDEN]
    yield "lm_head.weight", [VOCAB, HIDDEN]


def num_bytes(shape):
    size = 2
    for dim in shape:
        size *= dim
    return size


def write_safetensors(path, entries):
    header, at = {}, 0
    for name, shape in entries:
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + num_bytes(shape)]}
        at += num_bytes(shape)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + at)


def write_folder(folder):
    shards, filled = [[]], 0
    for name, shape in tensors():
        if filled + num_bytes(shape) > SHARD:
            shards.append([])
            filled = 0
        shards[-1].append((name, shape))
        filled += num_bytes(shape)
    weight_map = {}
    for n, entries in enumerate(shards):
        name = f"model-{n + 1:05}-of-{len(shards):05}.safetensors"
        write_safetensors(folder / name, entries)
        weight_map.update({tensor: name for tensor, _ in entries})
    total = sum(num_bytes(shape) for _, shape in tensors())
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {"total_size": total}, "weight_map": weight_map}))
    (folder / "config.json").write_text(json.dumps(config()))
    return folder


def disk_use(folder):
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--xlstm", default="xlstm", help="the driver to run")
    parser.add_argument("--scratch", help="where to write; default: the temporary folder")
    parser.add_argument("--link", action="store_true", help="import with --link")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        teacher, bundle = pathlib.Path(scratch) / "teacher", pathlib.Path(scratch) / "bundle"
        teacher.mkdir()
        write_folder(teacher)
        command = [options.xlstm, "import", str(teacher), "-o", str(bundle)] + ["--link"] * options.link
        start = time.monotonic()
        process = subprocess.Popen(command)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(process.returncode)
        size = sum(file.stat().st_size for file in bundle.rglob("*"))
        megabytes, disk = usage.ru_maxrss / 1024, disk_use(bundle) / 2**20
    print(f"{size / 1e9:.1f} GB of weights: {seconds:.2f} s, {usage.ru_utime + usage.ru_stime:.2f} s of the processor, "
          f"{megabytes:.0f} MB of memory, {disk:.0f} MB of the disk")
    sys.exit(seconds > SECONDS or megabytes > MEGABYTES or disk > MEGABYTES)


if __name__ == "__main__":
    main()
