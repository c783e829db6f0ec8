#!/usr/bin/env python3
"""Our executables against llama.cpp's llama-bench: one shape, random weights, same bits a weight, same threads, in turns.

    sh test/peers/llama.sh [options]     # builds llama-bench and what it needs in a folder, then runs this

A teacher of the shape becomes a student (hybrid mixers in all layers, --window) and one executable a weight type; llama.cpp
reads a GGUF of the teacher's shape in its nearest type (f32, f16, q8_0, q4_0, q4_1). A test is run by the one, then by the
other, --rounds times; the table has the medians and their ratio. Ours is the student, theirs the teacher: that is the point.
"""

import argparse
import json
import pathlib
import statistics
import struct
import subprocess

import numpy as np

SHAPES = {
    "28m": dict(d=512, layers=8, heads=8, kv=4, head=64, ffn=1408, vocab=8192),
    "135m": dict(d=576, layers=30, heads=9, kv=3, head=64, ffn=1536, vocab=49152),
    "1b": dict(d=2048, layers=16, heads=32, kv=8, head=64, ffn=8192, vocab=128256),
}
THEIRS = {"f32": "f32", "bf16": "f16", "int8": "q8_0", "int4": "q4_0", "int4m": "q4_1"}


def matrices(s):
    """(our name, GGUF's name, rows, columns) of every matrix of a layer."""
    q, kv = s["heads"] * s["head"], s["kv"] * s["head"]
    return [("self_attn.q_proj", "attn_q", q, s["d"]), ("self_attn.k_proj", "attn_k", kv, s["d"]),
            ("self_attn.v_proj", "attn_v", kv, s["d"]), ("self_attn.o_proj", "attn_output", s["d"], q),
            ("mlp.gate_proj", "ffn_gate", s["ffn"], s["d"]), ("mlp.up_proj", "ffn_up", s["ffn"], s["d"]),
            ("mlp.down_proj", "ffn_down", s["d"], s["ffn"])]


def make_teacher(folder, s, context):
    """A Hugging Face folder of random bfloat16 weights, tied embeddings."""
    folder.mkdir(parents=True, exist_ok=True)
    config = dict(architectures=["LlamaForCausalLM"], model_type="llama", hidden_size=s["d"], num_hidden_layers=s["layers"],
                  num_attention_heads=s["heads"], num_key_value_heads=s["kv"], head_dim=s["head"],
                  intermediate_size=s["ffn"], vocab_size=s["vocab"], max_position_embeddings=context, rms_norm_eps=1e-5,
                  rope_theta=10000.0, tie_word_embeddings=True, hidden_act="silu", torch_dtype="bfloat16", bos_token_id=1,
                  eos_token_id=2, attention_bias=False, mlp_bias=False)
    (folder / "config.json").write_text(json.dumps(config))
    random, tensors = np.random.default_rng(0), {}

    def put(name, values):
        tensors[name] = (np.ascontiguousarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint16)

    def matrix(rows, columns):
        return random.standard_normal((rows, columns), dtype=np.float32) * 0.02

    put("model.embed_tokens.weight", matrix(s["vocab"], s["d"]))
    put("model.norm.weight", np.ones(s["d"]))
    for i in range(s["layers"]):
        for norm in ("input_layernorm", "post_attention_layernorm"):
            put(f"model.layers.{i}.{norm}.weight", np.ones(s["d"]))
        for name, _, rows, columns in matrices(s):
            put(f"model.layers.{i}.{name}.weight", matrix(rows, columns))
    header, offset = {}, 0
    for name, values in tensors.items():
        header[name] = dict(dtype="BF16", shape=list(values.shape), data_offsets=[offset, offset + values.nbytes])
        offset += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in tensors.values():
            file.write(values.tobytes())


def make_gguf(path, s, kind):
    """A GGUF of the same shape, random weights quantised to `kind`."""
    import gguf

    random, quantised = np.random.default_rng(0), getattr(gguf.GGMLQuantizationType, kind.upper())
    w = gguf.GGUFWriter(path, "llama")
    w.add_context_length(1 << 17); w.add_embedding_length(s["d"]); w.add_block_count(s["layers"])
    w.add_feed_forward_length(s["ffn"]); w.add_head_count(s["heads"]); w.add_head_count_kv(s["kv"])
    w.add_key_length(s["head"]); w.add_value_length(s["head"]); w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_dimension_count(s["head"]); w.add_rope_freq_base(1e4); w.add_vocab_size(s["vocab"])
    w.add_tokenizer_model("llama"); w.add_token_list([f"t{i}" for i in range(s["vocab"])])
    w.add_token_scores([0.0] * s["vocab"]); w.add_token_types([1] * s["vocab"])
    w.add_bos_token_id(1); w.add_eos_token_id(2)

    def matrix(name, rows, columns):
        values = random.standard_normal((rows, columns), dtype=np.float32) * 0.02
        w.add_tensor(name, gguf.quants.quantize(values, quantised), raw_dtype=quantised)

    matrix("token_embd.weight", s["vocab"], s["d"])
    w.add_tensor("output_norm.weight", np.ones(s["d"], np.float32))
    for i in range(s["layers"]):
        for norm in ("attn_norm", "ffn_norm"):
            w.add_tensor(f"blk.{i}.{norm}.weight", np.ones(s["d"], np.float32))
        for _, name, rows, columns in matrices(s):
            matrix(f"blk.{i}.{name}.weight", rows, columns)
    w.write_header_to_file(); w.write_kv_data_to_file(); w.write_tensors_to_file(); w.close()


def run(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def rate(command, threads, prompt, generated, depth):
    """Tokens a second of one test of a bench (ours and theirs take the same options)."""
    out = run(*command, "-t", threads, "-p", prompt, "-n", generated, "-d", depth, "-r", 1, "-o", "json")
    return json.loads(out)[0]["avg_ts"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--xlstm", type=pathlib.Path, required=True, help="the tool")
    parser.add_argument("--llama-bench", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for models; what is there is used again")
    parser.add_argument("--shape", choices=SHAPES, default="135m")
    parser.add_argument("--types", nargs="+", choices=THEIRS, default=["f32", "int8", "int4"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--depths", type=int, nargs="*", default=[512, 4096], help="tokens before those that are written")
    parser.add_argument("--prompts", type=int, nargs="*", default=[512, 4096])
    parser.add_argument("--generated", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compile", default="--keys bf16", metavar="OPTIONS",
                        help="further options of xlstm compile (llama.cpp keeps its keys in 16 bits)")
    args = parser.parse_args()
    shape, work = SHAPES[args.shape], args.work
    student = work / f"{args.shape}-student-{args.window}"
    if not student.exists():
        teacher = work / f"{args.shape}-hf"
        make_teacher(teacher, shape, 1 << 17)
        run(args.xlstm, "import", teacher, "-o", work / f"{args.shape}-teacher")
        run(args.xlstm, "linearize", work / f"{args.shape}-teacher", "--window", args.window, "-o", student)
    tests = [(0, args.generated, depth) for depth in args.depths] + [(prompt, 0, 0) for prompt in args.prompts]
    print(f"{args.shape}, {args.threads} threads, window {args.window}, median of {args.rounds}, tokens/s\n")
    print("| weights | test | llama.cpp | ours | ratio | worst, best round |\n|---|---|---|---|---|---|")
    for kind in args.types:
        gguf, ours = work / f"{args.shape}-{THEIRS[kind]}.gguf", work / f"{args.shape}-{kind}"
        if not gguf.exists():
            make_gguf(gguf, shape, THEIRS[kind])
        run(args.xlstm, "compile", student, "--weights", kind, *args.compile.split(), "-o", ours)
        for prompt, generated, depth in tests:
            pairs = [(rate([args.llama_bench, "-m", gguf], args.threads, prompt, generated, depth),
                      rate([ours, "bench"], args.threads, prompt, generated, depth)) for _ in range(args.rounds)]
            theirs, own = (statistics.median(values) for values in zip(*pairs))
            ratios = [b / a for a, b in pairs]
            name = f"pp{prompt}" if prompt else f"tg{generated} @ d{depth}"
            print(f"| {kind} ({THEIRS[kind]}) | {name} | {theirs:.1f} | {own:.1f} | {own / theirs:.2f} "
                  f"| {min(ratios):.2f}, {max(ratios):.2f} |", flush=True)


if __name__ == "__main__":
    main()
