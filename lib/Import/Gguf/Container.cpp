//===- Container.cpp - a student in one GGUF file -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bundle's files lie under keys, its tensors under their own names: what reads GGUF lists and converts them, and
// nothing but this tool computes the model, whose ops are under xlstm.file.model.mlir.

#include "lib/Import/Gguf/Container.h"

#include "xlstm/Import/Export.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/Finite.h"
#include "xlstm/Runtime/Files/Floats.h"
#include "xlstm/Runtime/Files/GgufWriter.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Runtime/Files/Safetensors.h"
#include "xlstm/Support/Error.h"

namespace fs = std::filesystem;

namespace xlstm {

constexpr uint32_t containerVersion = 1;
constexpr const char *architecture = "xlstm", *versionKey = "xlstm.version", *tensorsKey = "xlstm.tensors";

/// The key of a bundle's file: the format's own where it has one.
static std::string keyOf(const std::string &name) {
  if (name == "tokenizer.json")
    return "tokenizer.huggingface.json";
  return name == "chat_template.jinja" ? "tokenizer.chat_template" : "xlstm.file." + name;
}

static std::vector<std::string> fileNames() {
  std::vector<std::string> names = {"bundle.json", "model.mlir"};
  names.insert(names.end(), carriedFiles().begin(), carriedFiles().end());
  return names;
}

void exportGguf(const fs::path &source, const fs::path &output, const ExportOptions &options) {
  checkOutput(output, OutputKind::File, {source});
  Bundle bundle = Bundle::open(source);
  if (bundle.kind != "student")
    fail(source.string(), ": cannot be exported to GGUF: expected a student, found a teacher, whose GGUF file "
                          "llama.cpp's convert_hf_to_gguf.py makes of `xlstm export --format hf`");
  if (!options.allowNonFinite)
    checkFinite(bundle.weights);
  GgufWriter writer(output);
  writer.addText("general.architecture", architecture);
  writer.addText("general.name", bundle.source);
  writer.addNumber(versionKey, containerVersion);
  writer.addText(tensorsKey, hashOfTensors(bundle.weights));
  for (const std::string &name : fileNames())
    if (auto file = MappedFile::findInside(bundle.folder, name))
      writer.addText(keyOf(name), file->text());
  for (const auto &[name, tensor] : bundle.weights.tensors())
    writer.addTensor(tensor);
  writer.commit();
}

bool gguf::isContainer(const GgufFile &file) { return file.text("general.architecture") == architecture; }

static StoredTensor storedOf(const GgufFile &file, const std::string &name, const GgufTensor &tensor) {
  if (std::optional<DType> type = parseSafetensorsName(tensor.type->name); type && isWeightType(*type))
    return {{name, *type, tensor.shape}, tensor.bytes, {}};
  fail(file.origin(), ": tensor '", name, "': expected F32, F16 or BF16, found ", std::string(tensor.type->name));
}

void gguf::unpackContainer(const GgufFile &file, const fs::path &output) {
  std::optional<int64_t> version = file.integer(versionKey, 1, std::numeric_limits<int32_t>::max());
  if (version != containerVersion)
    file.fail(versionKey, std::to_string(containerVersion) + ", as this tool reads it");
  checkBundleOutput(output, {file.origin()});
  AtomicDirectory directory(output);
  for (const std::string &name : fileNames())
    if (std::optional<std::string> text = file.text(keyOf(name)))
      writeTextFile(directory.path() / name, *text);
  std::vector<StoredTensor> tensors;
  std::vector<TensorSpec> specs;
  for (const auto &[name, tensor] : file.tensors()) {
    tensors.push_back(storedOf(file, name, tensor));
    specs.push_back(tensors.back().spec);
  }
  SafetensorsWriter weights(directory.path() / "model.safetensors", specs);
  for (const StoredTensor &tensor : tensors)
    weights.append(tensor.bytes);
  weights.commit();
  recordBundle(directory.path());
  std::string found = hashOfTensors(Bundle::open(directory.path()).weights);
  if (file.text(tensorsKey) != found)
    file.fail(tensorsKey, "the hash of its tensors, " + found);
  directory.commit();
}

} // namespace xlstm
