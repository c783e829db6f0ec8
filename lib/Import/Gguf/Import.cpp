//===- Import.cpp - from a GGUF file to a bundle --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Import/Gguf.h"

#include "lib/Import/Gguf/Container.h"
#include "lib/Import/Gguf/Model.h"
#include "lib/Import/Gguf/Tokenizer.h"
#include "lib/Import/Gguf/Weights.h"
#include "lib/Import/HuggingFace/ConfigWriter.h"
#include "lib/Import/HuggingFace/ModelBuilder.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Text/Tokenizer.h"
#include "xlstm/Runtime/Text/Unsupported.h"

#include <algorithm>

using namespace xlstm;
using namespace xlstm::gguf;
namespace fs = std::filesystem;

/// Ids of special tokens, into config.json and generation_config.json.
static void addIds(const SpecialIds &ids, Json &config) {
  if (ids.bos)
    config["bos_token_id"] = *ids.bos;
  if (ids.ends.size() == 1)
    config["eos_token_id"] = ids.ends[0];
  else if (!ids.ends.empty())
    config["eos_token_id"] = ids.ends;
  if (ids.pad)
    config["pad_token_id"] = *ids.pad;
}

static void writeJson(const fs::path &path, const Json &json) { writeTextFile(path, json.dump(2) + "\n"); }

/// The file's tokenizer, if it is one that the runtime can read; what is not supported is left to its warning, and the
/// file serves for its weights.
static std::optional<TokenizerFiles> findTokenizer(const GgufFile &file, int64_t vocabSize,
                                                   std::vector<std::string> &warnings) {
  try {
    std::optional<TokenizerFiles> files = readTokenizer(file, vocabSize);
    if (files)
      Tokenizer::parse(files->tokenizer, file.origin() + ": tokenizer");
    else
      warnings.push_back(file.origin() + ": it has no tokenizer");
    return files;
  } catch (const text::Unsupported &reason) {
    warnings.push_back(std::string(reason.what()) + "; the bundle works on token ids only");
    return std::nullopt;
  }
}

static void writeTokenizer(const fs::path &folder, const TokenizerFiles &files) {
  writeTextFile(folder / "tokenizer.json", files.tokenizer);
  writeJson(folder / "tokenizer_config.json", files.config);
  if (!files.chatTemplate.empty())
    writeTextFile(folder / "chat_template.jinja", files.chatTemplate);
  Json generation = Json::object();
  addIds(files.ids, generation);
  writeJson(folder / "generation_config.json", generation);
}

/// Returns the warnings.
static std::vector<std::string> importFile(const fs::path &path, const fs::path &output) {
  GgufFile file = GgufFile::open(path);
  if (isContainer(file)) {
    unpackContainer(file, output);
    return {};
  }
  Model model = readModel(file);
  std::vector<WeightSource> weights = findWeights(file, model);
  std::vector<std::string> warnings;
  std::optional<TokenizerFiles> tokenizer = findTokenizer(file, model.teacher.vocabSize, warnings);
  checkBundleOutput(output, {path});

  AtomicDirectory directory(output);
  if (tokenizer) {
    writeTokenizer(directory.path(), *tokenizer);
    addIds(tokenizer->ids, model.config);
  }
  writeWeights(directory.path() / "model.safetensors", weights);
  WeightFiles written = WeightFiles::open(directory.path());
  writeJson(directory.path() / "config.json", writeTeacherConfig(model.teacher, torchDtype(written), model.config));
  writeTextFile(directory.path() / "model.mlir", printTeacherModule(model.teacher, written));
  writeBundleManifest(directory.path(), "teacher",
                      "GGUF file of the " + std::string(model.teacher.family->modelType) + " family");
  directory.commit();

  auto add = [&](const std::vector<std::string> &lines) {
    for (const std::string &line : lines)
      warnings.push_back(file.origin() + ": " + line);
  };
  add(file.warnings());
  if (tokenizer)
    add(tokenizer->warnings);
  return warnings;
}

bool xlstm::isGguf(const fs::path &file) {
  std::error_code error;
  return fs::is_regular_file(file, error) && MappedFile::open(file)->text().starts_with("GGUF");
}

std::vector<std::string> xlstm::importGguf(const fs::path &file, const fs::path &output) {
  try {
    return importFile(file, output);
  } catch (const fs::filesystem_error &error) {
    fail(error.path1().string(), ": ", error.code().message());
  }
}

GgufTeacher xlstm::readGgufTeacher(const fs::path &path) {
  GgufFile file = GgufFile::open(path);
  Model model = readModel(file);
  std::vector<TensorSpec> specs;
  for (const WeightSource &weight : findWeights(file, model))
    specs.push_back(weight.spec);
  GgufTeacher out;
  out.module = printTeacherModule(model.teacher, WeightFiles::described(path, specs));
  std::vector<std::string> warnings;
  if (std::optional<TokenizerFiles> tokenizer = findTokenizer(file, model.teacher.vocabSize, warnings)) {
    out.tokenizer = tokenizer->tokenizer;
    out.chatTemplate = tokenizer->chatTemplate;
  }
  return out;
}
