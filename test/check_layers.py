#!/usr/bin/env python3
"""Checks every #include against the table of who may include whom (docs/Architecture.md); prints each breach."""

import pathlib
import re
import sys

MLIR = {"mlir", "llvm", "dialects"}
# Folder: what it may include besides itself, lib/Support and small libraries that stand in no row.
TABLE = {
    "kernels": {"cuda"},
    "dialects": {"mlir", "llvm", "kernels"}, # the kernels' descriptions
    "lib/Support": {"llvm"},
    "lib/Model": set(),
    "lib/Onnx": MLIR,
    "lib/Transforms": MLIR | {"lib/Model", "lib/Onnx"},
    "lib/Conversion": MLIR | {"kernels"},
    "lib/Import": MLIR | {"lib/Model", "protobuf", "runtime/Files", "runtime/Text"},
    "lib/Target": MLIR | {"lib/Transforms", "lib/Conversion", "lib/Pipelines", "kernels", "runtime/Files"},
    "lib/Pipelines": MLIR | {"lib/Model", "lib/Transforms", "lib/Conversion", "lib/Target", "lib/Init"},
    "lib/Init": MLIR | {"lib/Transforms", "lib/Conversion", "lib/Target", "lib/Pipelines"},
    "runtime/Text": {"runtime/Files"},
    "runtime/Files": set(),
    "runtime/Parquet": {"arrow"},
    "runtime/Chat": {"runtime/Text", "runtime/Files"},
    "runtime/Distributed": {"torch"},
    "runtime/Serve": {"runtime/Chat", "runtime/Text", "runtime/Files"},
    "runtime/Evaluate": MLIR | {"torch", "kernels", "runtime/Files"},
    "runtime/Deploy": {"kernels", "runtime/Serve", "runtime/Chat", "runtime/Text", "runtime/Files", "runtime/Device"},
    "runtime/Device": {"cuda"},
}
TRAINER = {"runtime/" + name for name in ("Train", "Data", "Checkpoint", "Merge", "Eval")}
for folder in TRAINER:
    TABLE[folder] = TRAINER | {"torch", "runtime/Text", "runtime/Files", "runtime/Evaluate", "runtime/Distributed"}
TOOLS = "tools"  # anything public
# What compiler and executable, or a server and what it serves, agree on is plain and belongs to both.
CONTRACTS = {"xlstm/Runtime/Deploy/Session.h", "xlstm/Runtime/Deploy/ModelAbi.h", "xlstm/Runtime/Deploy/CudaModelAbi.h",
             "xlstm/Runtime/Deploy/CpuFeatures.h"}

THIRD_PARTY = {"mlir": "mlir", "mlir-c": "mlir", "llvm": "llvm", "llvm-c": "llvm", "ATen": "torch", "torch": "torch",
               "c10": "torch", "arrow": "arrow", "parquet": "arrow",
               "google": "protobuf", "onnx": "protobuf", "cuda": "cuda"}


def owner(path):
    """The row that a file or an included header belongs to, or None for what stands in no row."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[0] in THIRD_PARTY and len(parts) > 1:
        return THIRD_PARTY[parts[0]]
    if re.match(r"(cuda|nv[a-z]*|cublas)[\w.]*\.h", parts[0]):
        return "cuda"
    if parts[0] in ("dialects", "kernels", "tools"):
        return parts[0]
    if parts[0] in ("lib", "runtime") and len(parts) > 2:
        return "/".join(parts[:2])
    if parts[0] == "include":
        parts = parts[1:]
    if parts[0] != "xlstm":
        return None
    if parts[1] == "Kernels":
        return "kernels"
    return "runtime/" + parts[2] if parts[1] == "Runtime" else "lib/" + parts[1]


def may_include(folder, header):
    group = None if header in CONTRACTS else owner(header)
    if folder == TOOLS:
        return not header.startswith(("lib/", "runtime/", "kernels/"))
    return group in (None, folder, "lib/Support") or group in TABLE[folder]


def main(root):
    breaches = []
    files = [f for top in ("kernels", "dialects", "include", "lib", "runtime", "tools")
             for f in sorted((root / top).rglob("*")) if f.suffix in (".h", ".cpp", ".cu", ".cuh", ".c")]
    for file in files:
        name = file.relative_to(root).as_posix()
        folder = owner(name)
        if folder != TOOLS and folder not in TABLE:
            breaches.append(f"{name}: {folder} stands in no row of the table")
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
            if match and not may_include(folder, match[1]):
                breaches.append(f"{name}:{number}: {folder} may not include {match[1]} ({owner(match[1])})")
    print("\n".join(breaches) or f"{len(files)} files obey the table")
    return 1 if breaches or not files else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(__file__).resolve().parent.parent))
