//===- Import.cpp - from a GGUF file to a bundle --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Import/Gguf.h"

#include "lib/Import/Gguf/Model.h"
#include "lib/Import/Gguf/Tokenizer.h"
#include "lib/Import/Gguf/Weights.h"
#include "lib/Import/HuggingFace/ConfigWriter.h"
#include "lib/Import/HuggingFace/ModelBuilder.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Text/Tokenizer.h"
#include "xlstm/Support/Error.h"

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

static void writeTokenizer(const fs::path &folder, const TokenizerFiles &files, const std::string &origin) {
  Tokenizer::parse(files.tokenizer, origin + ": tokenizer"); // whether the runtime can read it shows now, not later
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
  Model model = readModel(file);
  std::vector<WeightSource> weights = findWeights(file, model);
  std::optional<TokenizerFiles> tokenizer = readTokenizer(file, model.teacher.vocabSize);
  checkBundleOutput(output, {path});

  AtomicDirectory directory(output);
  if (tokenizer) {
    writeTokenizer(directory.path(), *tokenizer, file.origin());
    addIds(tokenizer->ids, model.config);
  }
  writeWeights(directory.path() / "model.safetensors", weights);
  WeightFiles written = WeightFiles::open(directory.path());
  writeJson(directory.path() / "config.json", writeTeacherConfig(model.teacher, torchDtype(written), model.config));
  writeTextFile(directory.path() / "model.mlir", printTeacherModule(model.teacher, written));
  writeBundleManifest(directory.path(), "teacher",
                      "GGUF file of the " + std::string(model.teacher.family->modelType) + " family");
  directory.commit();

  std::vector<std::string> warnings = file.warnings();
  if (tokenizer)
    warnings.insert(warnings.end(), tokenizer->warnings.begin(), tokenizer->warnings.end());
  else
    warnings.push_back("it has no tokenizer");
  for (std::string &warning : warnings)
    warning = file.origin() + ": " + warning;
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
  if (std::optional<TokenizerFiles> tokenizer = readTokenizer(file, model.teacher.vocabSize)) {
    out.tokenizer = tokenizer->tokenizer;
    out.chatTemplate = tokenizer->chatTemplate;
  }
  return out;
}
