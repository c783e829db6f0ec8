//===- ValueWidthTest.cpp - values of another width than queries and keys --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TargetTest.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;
namespace fs = std::filesystem;

namespace {

/// One layer: four query heads of 8 channels, two key heads, values of 20.
constexpr const char *teacherText = R"(
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x2048xf32> attributes {context_length = 128 : i64} {
  %p = lm.positions %ids docs(%docs) : (tensor<?x?xi64>, tensor<?x?xi32>) -> tensor<?x?xi32>
  %table = lm.param "embed" : tensor<2048x32xf32>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<2048x32xf32>) -> tensor<?x?x32xf32>
  %y = lm.layer 0 (%h = %x) : (tensor<?x?x32xf32>) -> tensor<?x?x32xf32> {
    %wq = lm.param "model.layers.0.self_attn.q_proj.weight" : tensor<32x32xf32>
    %q = lm.linear %h, %wq : (tensor<?x?x32xf32>, tensor<32x32xf32>) -> tensor<?x?x32xf32>
    %wk = lm.param "model.layers.0.self_attn.k_proj.weight" : tensor<16x32xf32>
    %k = lm.linear %h, %wk : (tensor<?x?x32xf32>, tensor<16x32xf32>) -> tensor<?x?x16xf32>
    %wv = lm.param "model.layers.0.self_attn.v_proj.weight" : tensor<40x32xf32>
    %v = lm.linear %h, %wv : (tensor<?x?x32xf32>, tensor<40x32xf32>) -> tensor<?x?x40xf32>
    %qs = lm.split_heads %q : tensor<?x?x32xf32> to tensor<?x?x4x8xf32>
    %ks = lm.split_heads %k : tensor<?x?x16xf32> to tensor<?x?x2x8xf32>
    %vs = lm.split_heads %v : tensor<?x?x40xf32> to tensor<?x?x2x20xf32>
    %qr = lm.rope %qs, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x4x8xf32>, tensor<?x?xi32>
    %kr = lm.rope %ks, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x2x8xf32>, tensor<?x?xi32>
    %att = lm.attention %qr, %kr, %vs docs(%docs) {scale = 0.35 : f64}
      : (tensor<?x?x4x8xf32>, tensor<?x?x2x8xf32>, tensor<?x?x2x20xf32>, tensor<?x?xi32>) -> tensor<?x?x4x20xf32>
    %m = lm.merge_heads %att : tensor<?x?x4x20xf32> to tensor<?x?x80xf32>
    %wo = lm.param "model.layers.0.self_attn.o_proj.weight" : tensor<32x80xf32>
    %o = lm.linear %m, %wo : (tensor<?x?x80xf32>, tensor<32x80xf32>) -> tensor<?x?x32xf32>
    %r = lm.add %h, %o : tensor<?x?x32xf32>
    lm.yield %r : tensor<?x?x32xf32>
  }
  %logits = lm.linear %y, %table : (tensor<?x?x32xf32>, tensor<2048x32xf32>) -> tensor<?x?x2048xf32>
  lm.return %logits : tensor<?x?x2048xf32>
})";

const fs::path &teacherBundle() {
  static const fs::path folder = [] {
    fs::path made = workFolder() / "wide-values";
    fs::create_directory(made);
    carryModelFiles(tinyTeacher().bundle, made);
    writeTextFile(made / "model.mlir", teacherText);
    Program program = Program::parse(teacherText, "wide-values");
    const FunctionSpec &spec = program.function("model");
    auto random = at::detail::createCPUGenerator(11);
    ParamMap params;
    for (const ParamSpec &param : spec.params)
      params[param.tensor.name] = 0.4 * at::randn(param.tensor.shape, random);
    saveParams(made / "model.safetensors", spec.params, params);
    writeBundleManifest(made, "teacher", "a test");
    return made;
  }();
  return folder;
}

} // namespace

// The teacher, and every mixer that takes such values: prefill and single tokens against the forward pass.
TEST(ValueWidthTest, CompiledModelsAreTheForwardPass) {
  int count = 0;
  for (const char *options : {"", "mixer=mlstm", "mixer=linear-attention feature-map=elu",
                              "mixer=window window=7 sinks=2", "mixer=gated_delta_alone"}) {
    std::string name = "wide-values-" + std::to_string(count++);
    fs::path bundle = *options ? makeStudent(teacherBundle(), options, name) : teacherBundle();
    at::Tensor ids_BT = makeIds(100, 2048), expected_BTV = Forward(bundle).logits(ids_BT);
    fs::path executable = compile(bundle, name + "-chat");
    EXPECT_LT(largestDifference(runLogits(executable, ids_BT), expected_BTV), 1e-3) << options;
    EXPECT_LT(largestDifference(runLogits(executable, ids_BT, 64), expected_BTV.slice(1, 63)), 1e-3) << options;
  }
}
