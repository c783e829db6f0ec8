"""Packs a teacher's answers by DistillKit's own code into Parquet, and checks what xlstm makes of them.

    git clone https://github.com/arcee-ai/DistillKit && git -C DistillKit checkout a61c2e7
    python3 test/distillkit_oracle.py build/release/bin/xlstm DistillKit FOLDER    # torch, pydantic, pyarrow, XLSTM_PARQUET
"""

import json
import math
import pathlib
import struct
import subprocess
import sys

import distillkit_code
import pyarrow
import pyarrow.parquet
import torch

xlstm, checkout, folder = pathlib.Path(sys.argv[1]).absolute(), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
kit = distillkit_code.load(checkout)
pack_to_bytes, DistributionQuantizationConfig = kit.pack_to_bytes, kit.DistributionQuantizationConfig
compress_monotonic_logprobs, decompress_monotonic_logprobs = kit.compress_monotonic_logprobs, kit.decompress_monotonic_logprobs

K, VOCABULARY, LENGTH = 16, 2048, 40


def run(*words, code=0):
    done = subprocess.run([xlstm, *words], capture_output=True, text=True)
    assert done.returncode == code, (words, done.stderr)
    return done.stderr if code else done.stdout


def read_tensors(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    return {name: data[8 + size + spec["data_offsets"][0] : 8 + size + spec["data_offsets"][1]]
            for name, spec in header.items() if name != "__metadata__"}


def write_ids(path, ids):
    data = b"".join(struct.pack("<q", id) for row in ids for id in row)
    header = json.dumps({"input_ids": {"dtype": "I64", "shape": [len(ids), len(ids[0])], "data_offsets": [0, len(data)]}})
    header += " " * (-len(header) % 8)
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + data)


def targets(store):
    """{(document, position): ({id: log-probability}, tail)} of a store: TargetCode.h and TargetShard.h."""
    found = {}
    low = (VOCABULARY // K).bit_length() - 1
    low_bytes, high_bytes = (K * low + 7) // 8, (K + ((VOCABULARY - 1) >> low) + 1 + 7) // 8
    size = low_bytes + high_bytes + 2 * K + 4
    for shard in sorted(store.glob("shard-*")):
        tensors = read_tensors(shard)
        at = 0
        for entry in struct.iter_unpack("<5q", tensors["blocks"]):
            for token in range(entry[3]):
                record = tensors["data"][at : at + size]
                at += size
                lows = int.from_bytes(record[:low_bytes], "little")
                high = int.from_bytes(record[low_bytes : low_bytes + high_bytes], "little")
                bits = [bit for bit in range(8 * high_bytes) if high >> bit & 1]
                ids = [(bit - n) << low | lows >> n * low & (1 << low) - 1 for n, bit in enumerate(bits)]
                values = struct.unpack(f"<{K}e", record[low_bytes + high_bytes : -4])
                found[entry[0], entry[2] + token] = dict(zip(ids, values)), struct.unpack("<f", record[-4:])[0]
    return found


folder.mkdir(parents=True)
teacher = folder / "teacher"
run("import", pathlib.Path(__file__).parent.parent / "docs/examples/tiny-llama", "-o", teacher)
torch.manual_seed(3)
documents = torch.randint(5, VOCABULARY, (30, LENGTH)).tolist()
write_ids(folder / "ids.safetensors", documents)
run("logits", teacher, "--input", folder / "ids.safetensors", "-o", folder / "logits.safetensors")
logits = torch.frombuffer(bytearray(read_tensors(folder / "logits.safetensors")["logits"]), dtype=torch.float32)
logprobs, ids = torch.log_softmax(logits.view(30, LENGTH, VOCABULARY), -1).topk(K)

# The teacher's own answers, by the tool itself.
(folder / "corpus.jsonl").write_text("".join(json.dumps({"input_ids": row}) + "\n" for row in documents))
run("targets", "make", teacher, "--corpus", folder / "corpus.jsonl", "-o", folder / "made", "-k", str(K), "--length", "64")
expected = targets(folder / "made")
assert len(expected) == 30 * LENGTH

lists = pyarrow.list_(pyarrow.list_(pyarrow.uint8()))
schemas = {  # DistillKit's sample_common.py
    "coded": pyarrow.schema([("input_ids", pyarrow.list_(pyarrow.uint64())), ("compressed_logprobs", lists),
                             ("bytepacked_indices", lists)]),
    "plain": pyarrow.schema([("input_ids", pyarrow.list_(pyarrow.int64())),
                             ("token_ids", pyarrow.list_(pyarrow.list_(pyarrow.int32()))),
                             ("top_values", pyarrow.list_(pyarrow.list_(pyarrow.float32())))]),
}
config = DistributionQuantizationConfig(d=VOCABULARY, k=K, exact_k=K, exact_dtype="float32", residual_bins=[],
                                        delta_encoding=True)
fitted = DistributionQuantizationConfig(d=VOCABULARY, k=K, exact_k=6, exact_dtype="bfloat16", residual_bins=[],
                                        polynomial_terms=[0, 1, 2, 3, 4, "sqrt"], delta_encoding=False)


def rows(kind, how):
    packed = []
    for n, document in enumerate(documents):
        row = {"input_ids": document + [0]}  # and the token behind which nothing was asked
        if kind == "plain":
            row |= {"token_ids": ids[n].tolist(), "top_values": logprobs[n].tolist()}
        else:
            row |= {"compressed_logprobs": compress_monotonic_logprobs(logprobs[n : n + 1], how)[0].tolist(),
                    "bytepacked_indices": pack_to_bytes(ids[n], 11).tolist()}
        packed.append(row)
    return packed


def packed_rows(given):
    """Two documents a row, as distillkit-pack-logits makes them."""
    result = []
    for one, other in zip(given[::2], given[1::2]):
        one, other = ({key: values[:LENGTH] for key, values in row.items()} for row in (one, other))
        result.append({key: one[key] + other[key] for key in one}
                      | {"attention_mask": [1] * LENGTH + [2] * LENGTH, "labels": [-100, 7] * LENGTH})
    return result


def read_back(how):
    """What DistillKit reads of what it packed, as `expected` has the teacher's own: a fit is not exact."""
    read = decompress_monotonic_logprobs(compress_monotonic_logprobs(logprobs, how), how, out_dtype=torch.float64)
    answers = {}
    for document in range(30):
        for token in range(LENGTH):
            own, values = (dict(zip(ids[document, token].tolist(), of[document, token].tolist())) for of in (logprobs, read))
            answers.setdefault(frozenset(own), []).append((own, values))

    def found(values):
        near = lambda answer: max(abs(answer[0][id] - values[id]) for id in values)
        read = min(answers[frozenset(values)], key=near)[1]
        return read, math.log(max(1e-30, 1 - sum(map(math.exp, read.values()))))

    return {key: found(values) for key, (values, _) in expected.items()}


for name, kind, how, own in (("plain", "plain", None, expected), ("exact", "coded", config, expected),
                             ("fitted", "coded", fitted, read_back(fitted)), ("packed", "coded", config, expected)):
    source, store, corpus = folder / name, folder / f"{name}-store", folder / f"{name}-corpus"
    source.mkdir()
    given, schema = rows(kind, how), schemas[kind]
    if name == "packed":
        given = packed_rows(given)
        schema = None
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(given[:12], schema), source / "data_0.parquet")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(given[12:], schema), source / "data_1.parquet", compression="zstd")
    if how:  # JSON is YAML
        (source / "compression_config.yaml").write_text(json.dumps(how.model_dump(mode="json")))
    run("targets", "import", teacher, source, "-o", store, "--corpus", corpus, "--length", "64")
    found = targets(store)
    assert found.keys() == expected.keys(), name
    worst = 0.0
    for key, (values, tail) in found.items():
        wanted, wanted_tail = own[key]
        assert values.keys() == wanted.keys(), (name, key)
        worst = max(worst, max(abs(values[id] - wanted[id]) for id in wanted),
                    abs(math.exp(tail) - math.exp(wanted_tail)))
    assert worst < 4e-3, (name, worst)  # half of what float16 distinguishes at -8
    before = sorted(path.name for path in store.iterdir())
    run("targets", "import", teacher, source, "-o", store, "--length", "64")
    run("targets", "make", teacher, "--corpus", corpus, "-o", store, "-k", str(K), "--length", "64")
    assert before == sorted(path.name for path in store.iterdir()), name  # nothing was missing
    print(f"{name}: {len(found)} tokens, off by {worst:.1e} at most")

source = folder / "other"
source.mkdir()
other = rows("plain", None)
for row in other:
    row["token_ids"] = [[(id + 1) % VOCABULARY for id in token] for token in row["token_ids"]]
pyarrow.parquet.write_table(pyarrow.Table.from_pylist(other, schemas["plain"]), source / "data_0.parquet")
line = run("targets", "import", teacher, source, "-o", folder / "no", code=1)
assert "expected this teacher's answers" in line and not (folder / "no").exists(), line
print(line.strip())
run("targets", "import", teacher, source, "-o", folder / "any", "--any-teacher")
line = run("targets", "import", teacher, folder / "coded.parquet", "-o", folder / "no", code=1)
print(line.strip())
