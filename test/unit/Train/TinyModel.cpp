//===- TinyModel.cpp - a teacher small enough for every test --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TinyModel.h"

#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Data/TargetStore.h"
#include "xlstm/Runtime/Train/Align.h"

#include <ATen/ops/empty.h>
#include <fstream>

namespace xlstm::test {

std::string tinyTeacher() {
  return R"(
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x16xf32> attributes {context_length = 64 : i64} {
  %p = lm.positions %ids docs(%docs) : (tensor<?x?xi64>, tensor<?x?xi32>) -> tensor<?x?xi32>
  %table = lm.param "embed" : tensor<16x8xf32>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<16x8xf32>) -> tensor<?x?x8xf32>
  %y = lm.layer 0 (%h = %x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %wq = lm.param "model.layers.0.self_attn.q_proj.weight" : tensor<8x8xf32>
    %q = lm.linear %h, %wq : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %wk = lm.param "model.layers.0.self_attn.k_proj.weight" : tensor<4x8xf32>
    %k = lm.linear %h, %wk : (tensor<?x?x8xf32>, tensor<4x8xf32>) -> tensor<?x?x4xf32>
    %wv = lm.param "model.layers.0.self_attn.v_proj.weight" : tensor<4x8xf32>
    %v = lm.linear %h, %wv : (tensor<?x?x8xf32>, tensor<4x8xf32>) -> tensor<?x?x4xf32>
    %qs = lm.split_heads %q : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %ks = lm.split_heads %k : tensor<?x?x4xf32> to tensor<?x?x1x4xf32>
    %vs = lm.split_heads %v : tensor<?x?x4xf32> to tensor<?x?x1x4xf32>
    %qr = lm.rope %qs, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x2x4xf32>, tensor<?x?xi32>
    %kr = lm.rope %ks, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x1x4xf32>, tensor<?x?xi32>
    %att = lm.attention %qr, %kr, %vs docs(%docs) {scale = 0.5 : f64}
      : (tensor<?x?x2x4xf32>, tensor<?x?x1x4xf32>, tensor<?x?x1x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %m = lm.merge_heads %att : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    %wo = lm.param "model.layers.0.self_attn.o_proj.weight" : tensor<8x8xf32>
    %o = lm.linear %m, %wo : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %r = lm.add %h, %o : tensor<?x?x8xf32>
    lm.yield %r : tensor<?x?x8xf32>
  }
  %logits = lm.linear %y, %table : (tensor<?x?x8xf32>, tensor<16x8xf32>) -> tensor<?x?x16xf32>
  lm.return %logits : tensor<?x?x16xf32>
})";
}

static const std::string Options = "window=4 sinks=1 chunk=4";

static Program rewritten(const std::string &pipeline) {
  return Program::parse(rewriteModule(tinyTeacher(), "tiny", pipeline), "tiny");
}

/// What makes a program compute in bf16, behind other passes.
static std::string narrow(const std::string &function) {
  TrainOptions options;
  options.precision = "bf16";
  return ",xlstm-fuse-hybrid," + options.passes(function);
}

static std::string studentThen(const std::string &adapters) {
  return "xlstm-linearize{" + Options + "}," + adapters + "xlstm-build-distill";
}

Program tinyAlign(const std::vector<double> &energies) { return rewritten(alignPass(Options, energies)); }
Program narrowAlign(const std::vector<double> &energies) {
  return rewritten(alignPass(Options, energies) + narrow("align"));
}
Program tinyStudent(const std::string &adapters) { return rewritten(studentThen(adapters)); }
Program tinyWriter() {
  return rewritten(studentThen("") + "{ce-weight=0 kl-weight=1 kl-mode=tail},xlstm-build-prefill{context=32 "
                                     "logits=last},xlstm-build-decode{context=32}");
}
Program narrowStudent(const std::string &adapters) { return rewritten(studentThen(adapters) + narrow("distill")); }

ParamMap tinyTeacherParams() {
  ParamMap params;
  uint64_t state = 7;
  Program program = Program::parse(tinyTeacher(), "tiny");
  for (const ParamSpec &spec : program.function("model").params) {
    at::Tensor value = at::empty(spec.tensor.shape, at::kFloat);
    for (int64_t i = 0; i < value.numel(); ++i)
      value.mutable_data_ptr<float>()[i] = float(splitmix64(state) >> 40) / float(1 << 24) * 2 - 1;
    params[spec.tensor.name] = value;
  }
  return params;
}

ParamMap tinyStudentParams() {
  ParamMap params = initialParams(tinyStudent().function("distill"));
  params.merge(tinyTeacherParams());
  return params;
}

TokenRows tinyRows(int64_t count, uint64_t seed) {
  std::vector<std::vector<int32_t>> documents;
  for (int64_t tokens = 0; tokens < count * 12;) {
    std::vector<int32_t> document = {0};
    int64_t length = 5 + int64_t(splitmix64(seed) % 14);
    while (int64_t(document.size()) < length)
      document.push_back(int32_t((document.back() + 1 + splitmix64(seed) % 3) % TinyVocabulary));
    tokens += length;
    documents.push_back(document);
  }
  TokenRows rows = packDocuments(documents, {.length = 12, .dropPartial = true, .maxRows = count});
  rows.pieces_N.clear(); // nobody has the documents any more: each piece is one
  return rows;
}

TokenRows withoutFirstLabels(TokenRows rows, const std::function<int64_t(int64_t row)> &count) {
  for (int64_t row = 0; row < rows.size(); ++row)
    rows.labels_NT.select(0, row).slice(0, 0, count(row)).fill_(-1);
  return rows;
}

void writeTinyTargets(const TokenRows &rows, const std::filesystem::path &folder) {
  writeTargets(Program::parse(tinyTeacher(), "tiny"), tinyTeacherParams(), rows, {.format = {.k = 4}}, folder);
}

bool sameParams(const ParamMap &a, const ParamMap &b) {
  auto same = [](const auto &x, const auto &y) { return x.first == y.first && x.second.equal(y.second); };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), same);
}

std::vector<Json> logOf(const std::filesystem::path &stage) {
  std::vector<Json> lines;
  std::ifstream in(stage / "metrics.jsonl");
  for (std::string line; std::getline(in, line);)
    lines.push_back(Json::parse(line));
  return lines;
}

} // namespace xlstm::test
