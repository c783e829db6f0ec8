//===- EvalTest.cpp - small models and vocabularies for the tests of Eval -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EvalTest.h"

#include "xlstm/Import/Import.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/MappedFile.h"

#include <ATen/Functions.h>
#include <fstream>
#include <unistd.h>

namespace fs = std::filesystem;

namespace xlstm::test {

Vocabulary letters() {
  Json byteLevel = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  Json added = Json::array();
  for (auto [id, name] : {std::pair(0, "<bos>"), {1, "<eos>"}})
    added.push_back({{"id", id}, {"content", name}, {"special", true}, {"normalized", false}});
  Json vocab = {{"<bos>", 0}, {"<eos>", 1}, {"a", 2}, {"b", 3}, {"\u0120", 4}};
  Json tokenizer = {{"added_tokens", added},
                    {"pre_tokenizer", byteLevel},
                    {"decoder", byteLevel},
                    {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", Json::array()}}}};
  Vocabulary vocabulary;
  vocabulary.tokenizer = std::make_shared<Tokenizer>(Tokenizer::parse(tokenizer.dump(), "letters"));
  vocabulary.bos = 0;
  vocabulary.eos = {1};
  return vocabulary;
}

Bigram bigram(const std::vector<std::vector<double>> &table) {
  const char *mlir = R"mlir(
    lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x5xf32> attributes {context_length = 16 : i64} {
      %table = lm.param "table" : tensor<5x5xf32>
      %logits = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<5x5xf32>) -> tensor<?x?x5xf32>
      lm.return %logits : tensor<?x?x5xf32>
    })mlir";
  at::Tensor values = at::empty({5, 5});
  for (int64_t i = 0; i < 5; ++i)
    for (int64_t j = 0; j < 5; ++j)
      values.data_ptr<float>()[i * 5 + j] = float(table[i][j]);
  return {Program::parse(mlir, "bigram"), {{"table", values}}};
}

void write(const fs::path &file, const std::string &text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

std::string read(const fs::path &file) { return readTextFile(file); }

static LoadedModel load(const std::string &module, ParamMap params) {
  LoadedModel model;
  model.forward = Program::parse(module, "model");
  model.params = std::move(params);
  model.stateful = [module](int64_t context, bool allLogits) {
    std::string keys = "context=" + std::to_string(context);
    std::string logits = allLogits ? " logits=all" : " logits=last";
    return Program::parse(
        rewriteModule(module, "model", "xlstm-build-prefill{" + keys + logits + "},xlstm-build-decode{" + keys + "}"),
        "stateful");
  };
  return model;
}

namespace {

struct Teacher {
  std::string module;
  ParamMap params;
};

} // namespace

static const Teacher &teacher() {
  static const Teacher imported = [] {
    TemporaryFolder folder;
    importHuggingFace(XLSTM_EXAMPLES "/tiny-llama", folder.path / "teacher");
    Bundle bundle = Bundle::open(folder.path / "teacher");
    Teacher teacher;
    teacher.module = readTextFile(bundle.modelFile());
    teacher.params = loadParams(Program::parse(teacher.module, "teacher").function("model"), bundle.weights);
    return teacher;
  }();
  return imported;
}

const std::string &tinyTeacherModule() { return teacher().module; }

LoadedModel tinyTeacher() { return load(teacher().module, teacher().params); }

LoadedModel shortTeacher(int64_t context) {
  std::string module = teacher().module;
  const std::string stated = "context_length = 2048";
  size_t at = module.find(stated);
  if (at == module.npos)
    throw std::logic_error("the teacher states another context");
  return load(module.replace(at, stated.size(), "context_length = " + std::to_string(context)), teacher().params);
}

LoadedModel tinyStudent() {
  std::string module = rewriteModule(teacher().module, "teacher", "xlstm-linearize{window=8 sinks=2}");
  ParamMap params = teacher().params;
  uint64_t state = 1; // a fixed sequence (Knuth's MMIX multiplier), spread over -0.5 ... 0.5
  for (auto &[name, tensor] : initialParams(Program::parse(module, "student").function("model"))) {
    at::Tensor values = tensor.clone();
    for (int64_t i = 0; i < values.numel(); ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      values.data_ptr<float>()[i] += float(double(state >> 40) / double(1 << 24) - 0.5);
    }
    params[name] = values;
  }
  return load(module, params);
}

Vocabulary tinyVocabulary() { return Vocabulary::load(XLSTM_EXAMPLES "/tiny-llama"); }

/// Reads a tag's inside; returns its name, or an error behind '!'.
static std::string readTag(const std::string &inside) {
  size_t at = inside.find_first_of(" \n\t/");
  std::string name = inside.substr(0, at);
  while (at != inside.npos && (at = inside.find_first_not_of(" \n\t/", at)) != inside.npos) {
    size_t equals = inside.find('=', at);
    if (equals == inside.npos || inside.compare(equals, 2, "=\"") != 0)
      return "!attribute without a quoted value in <" + inside + ">";
    at = inside.find('"', equals + 2);
    if (at == inside.npos)
      return "!quote without end in <" + inside + ">";
    ++at;
  }
  return name;
}

std::string malformed(const std::string &text) {
  std::vector<std::string> open;
  size_t at = text.rfind("<!DOCTYPE html>", 0) == 0 ? 15 : 0;
  while (at < text.size()) {
    if (text[at] == '&') {
      size_t end = text.find(';', at);
      std::string name = end == text.npos ? "" : text.substr(at + 1, end - at - 1);
      if (name != "amp" && name != "lt" && name != "gt" && name != "quot" && name != "#39")
        return "reference &" + name + ";";
    }
    if (text[at] == '>')
      return "'>' outside of a tag at " + std::to_string(at);
    if (text[at] != '<') {
      ++at;
      continue;
    }
    size_t end = text.find('>', at);
    if (end == text.npos)
      return "tag without end at " + std::to_string(at);
    std::string inside = text.substr(at + 1, end - at - 1);
    at = end + 1;
    if (inside[0] == '/') {
      if (open.empty() || open.back() != inside.substr(1))
        return "<" + inside + "> closes <" + (open.empty() ? "" : open.back()) + ">";
      open.pop_back();
      continue;
    }
    std::string name = readTag(inside);
    if (name[0] == '!' || inside.find('<') != inside.npos)
      return name[0] == '!' ? name.substr(1) : "'<' inside of <" + inside + ">";
    if (inside.back() != '/')
      open.push_back(name);
  }
  return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

} // namespace xlstm::test
