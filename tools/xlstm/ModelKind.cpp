//===- ModelKind.cpp - what a path is -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ModelKind.h"

#include "xlstm/Import/Gguf.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/Payload.h"
#include "xlstm/Support/Error.h"

namespace fs = std::filesystem;

namespace xlstm {

static ModelKind kindOfFolder(const fs::path &path) {
  std::error_code error;
  if (Bundle::isBundle(path))
    return ModelKind::Bundle;
  if (fs::is_directory(path / ".stages", error))
    return ModelKind::Run;
  if (fs::is_regular_file(path / "checkpoint.json", error))
    return ModelKind::Checkpoint;
  if (fs::is_regular_file(path / "targets.json", error))
    return ModelKind::Targets;
  return ModelKind::HuggingFace;
}

ModelKind kindOf(const fs::path &path) {
  std::error_code error;
  if (!fs::exists(path, error))
    fail(path.string(), ": expected a model, found nothing");
  if (fs::is_directory(path, error))
    return kindOfFolder(path);
  for (auto [ending, kind] : {std::pair(".safetensors", ModelKind::Safetensors),
                              {".json", ModelKind::Tokenizer},
                              {".onnx", ModelKind::Onnx},
                              {".mlir", ModelKind::Module},
                              {".gguf", ModelKind::Gguf}})
    if (path.extension() == ending)
      return kind;
  if (isGguf(path))
    return ModelKind::Gguf;
  if (Payload::find(MappedFile::open(path), path.string()))
    return ModelKind::Executable;
  fail(path.string(), ": expected a Hugging Face folder, a bundle, a run's folder, an .onnx, .gguf, .safetensors or "
                      ".mlir file, a tokenizer.json or a compiled executable, found none of them");
}

} // namespace xlstm
