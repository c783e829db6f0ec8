#!/usr/bin/env python3
"""memory_table.py XLSTM: what a GPU holds in full stage II of 1B, 8B and 32B teachers on 1 to 64 GPUs, as `xlstm distill
--dry-run --gpus N` says: the table of docs/Distributed.md. Teachers are folders with shapes alone: their weights are
holes in files, which take no disk."""

import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
GPUS = (1, 2, 4, 8, 16, 32, 64)
# Of the models' config.json on Hugging Face: Llama-3.2-1B, Llama-3.1-8B, Qwen2.5-32B (without its biases).
SHAPES = {"1B": dict(layers=16, hidden=2048, heads=32, kv=8, size=64, ffn=8192, vocab=128256, tied=True),
          "8B": dict(layers=32, hidden=4096, heads=32, kv=8, size=128, ffn=14336, vocab=128256, tied=False),
          "32B": dict(layers=64, hidden=5120, heads=40, kv=8, size=128, ffn=27648, vocab=152064, tied=False)}


def tensors(s):
    yield "model.embed_tokens.weight", (s["vocab"], s["hidden"])
    if not s["tied"]:
        yield "lm_head.weight", (s["vocab"], s["hidden"])
    yield "model.norm.weight", (s["hidden"],)
    for layer in range(s["layers"]):
        at = f"model.layers.{layer}."
        for name, rows in (("q", s["heads"]), ("k", s["kv"]), ("v", s["kv"])):
            yield at + f"self_attn.{name}_proj.weight", (rows * s["size"], s["hidden"])
        yield at + "self_attn.o_proj.weight", (s["hidden"], s["heads"] * s["size"])
        yield at + "mlp.gate_proj.weight", (s["ffn"], s["hidden"])
        yield at + "mlp.up_proj.weight", (s["ffn"], s["hidden"])
        yield at + "mlp.down_proj.weight", (s["hidden"], s["ffn"])
        for norm in ("input_layernorm", "post_attention_layernorm"):
            yield at + norm + ".weight", (s["hidden"],)


def write_teacher(folder, s):
    folder.mkdir()
    header, end = {}, 0
    for name, shape in tensors(s):
        size = 2
        for n in shape:
            size *= n
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
    config = json.loads((ROOT / "docs/examples/tiny-llama/config.json").read_text())
    config.update(hidden_size=s["hidden"], intermediate_size=s["ffn"], num_hidden_layers=s["layers"], head_dim=s["size"],
                  num_attention_heads=s["heads"], num_key_value_heads=s["kv"], vocab_size=s["vocab"],
                  tie_word_embeddings=s["tied"], dtype="bfloat16", max_position_embeddings=8192)
    (folder / "config.json").write_text(json.dumps(config))
    for file in (ROOT / "docs/examples/tiny-llama").glob("tokenizer*"):
        shutil.copy(file, folder)


def recipe(teacher, gpus):
    data = ROOT / "docs/examples/data/math"
    return f"""teacher: {teacher}
length: 2048
student: {{window: 512, sinks: 4}}
domains: {{math: {{train: {data}/train.txt.xz, valid: {data}/valid.txt.xz}}}}
align: {{steps: 100, batch: {gpus}, micro_batch: 1}}
distill: {{steps: 100, batch: {8 * gpus}, micro_batch: 4, recompute: true}}
experts: {{math: {{domains: [math]}}}}
"""


def row_of(xlstm, folder, shape, gpus):
    file = folder / f"{shape}-{gpus}.yaml"
    file.write_text(recipe(folder / shape, gpus))
    command = [xlstm, "distill", file, "--dry-run", "--gpus", str(gpus)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    columns = next(line for line in said.splitlines() if line.startswith("expert-math")).split()
    sizes = [columns[n] + " " + columns[n + 1] for n in range(len(columns)) if columns[n + 1:n + 2] in (["GB"], ["MB"])]
    return sizes[2], sizes[3] if gpus > 1 else "-"  # memory, sent/step


def main(xlstm):
    print("| GPUs | " + " | ".join(f"{shape}: memory | sent a step" for shape in SHAPES) + " |")
    print("|---|" + "---|---|" * len(SHAPES))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for shape, s in SHAPES.items():
            write_teacher(folder / shape, s)
        for gpus in GPUS:
            print(f"| {gpus} | " + " | ".join(" | ".join(row_of(xlstm, folder, shape, gpus)) for shape in SHAPES) + " |")


if __name__ == "__main__":
    main(*sys.argv[1:])
