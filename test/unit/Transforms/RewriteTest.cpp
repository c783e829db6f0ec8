//===- RewriteTest.cpp - pipelines over module text, and their errors -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Pipelines/Rewrite.h"
#include "Count.h"
#include "xlstm/Support/Error.h"

#include <gtest/gtest.h>

using namespace xlstm;

static const char *const teacher = R"(
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x8xf32> attributes {context_length = 16 : i64} {
  %w = lm.param "w" : tensor<8x8xf32>
  %e = lm.embed %ids, %w : (tensor<?x?xi64>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
  %y = lm.layer 0 (%h = %e) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
    %q = lm.linear %h, %w : (tensor<?x?x8xf32>, tensor<8x8xf32>) -> tensor<?x?x8xf32>
    %s = lm.split_heads %q : tensor<?x?x8xf32> to tensor<?x?x2x4xf32>
    %a = lm.attention %s, %s, %s docs(%docs) {scale = 0.5 : f64}
      : (tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?xi32>) -> tensor<?x?x2x4xf32>
    %m = lm.merge_heads %a : tensor<?x?x2x4xf32> to tensor<?x?x8xf32>
    lm.yield %m : tensor<?x?x8xf32>
  }
  lm.return %y : tensor<?x?x8xf32>
}
)";

/// The text of the Error that the rewrite throws; empty when it throws none.
static std::string errorOf(std::string_view mlir, const std::string &pipeline) {
  try {
    rewriteModule(mlir, "dir/model.mlir", pipeline);
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

TEST(Rewrite, RunsAPipelineOfSeveralPasses) {
  std::string text =
      rewriteModule(teacher, "model.mlir", "xlstm-linearize{window=4 sinks=1},xlstm-build-decode{batch=1}");
  EXPECT_EQ(count(text, "xlstm.mix %"), 2);
  EXPECT_EQ(count(text, "lm.model @decode("), 1);
  EXPECT_EQ(count(text, "window = 4 : i64"), 2);
}

TEST(Rewrite, ResultCanBeRewrittenAgain) {
  std::string student = rewriteModule(teacher, "model.mlir", "xlstm-linearize");
  EXPECT_EQ(
      rewriteModule(student, "model.mlir", "xlstm-build-distill,xlstm-build-prefill"),
      rewriteModule(rewriteModule(student, "model.mlir", "xlstm-build-distill"), "model.mlir", "xlstm-build-prefill"));
}

TEST(Rewrite, StudentPipelineBuildsEveryFunction) {
  std::string text = rewriteModule(teacher, "model.mlir", "xlstm-student-pipeline{window=4 layers=0}");
  for (const char *name : {"@model(", "@align(", "@distill(", "@prefill(", "@decode("})
    EXPECT_EQ(count(text, name), 1) << name;
}

TEST(Rewrite, BadTextIsLocated) {
  EXPECT_EQ(errorOf("module {\n  lm.nothing\n}\n", "cse"),
            "dir/model.mlir:2:3: error: custom op 'lm.nothing' is unknown");
  EXPECT_EQ(errorOf("", "xlstm-linearize"), "dir/model.mlir: error: expects a forward pass: lm.model @model");
}

TEST(Rewrite, FailingVerifierIsLocated) {
  EXPECT_EQ(errorOf("lm.model @m() attributes {context_length = 0 : i64} {\n  lm.return\n}\n", "cse"),
            "dir/model.mlir:1:1: error: 'lm.model' op expects a context_length of 1 to 2147483647, found 0");
}

TEST(Rewrite, FailingPassIsLocated) {
  EXPECT_EQ(errorOf(teacher, "xlstm-linearize,xlstm-linearize"),
            "dir/model.mlir:5:8: error: 'lm.layer' op layer 0 is linearized already");
  EXPECT_EQ(errorOf(teacher, "xlstm-linearize{window=0}"),
            "dir/model.mlir:2:1: error: option window expects at least 1, found 0");
}

TEST(Rewrite, BadPipelineIsNamed) {
  EXPECT_EQ(errorOf(teacher, "xlstm-linarize"),
            "pipeline 'xlstm-linarize': 'xlstm-linarize' does not refer to a registered pass or pass pipeline");
  EXPECT_EQ(errorOf(teacher, "xlstm-linearize{width=3}"),
            "pipeline 'xlstm-linearize{width=3}': <Pass-Options-Parser>: no such option width");
  EXPECT_EQ(errorOf(teacher, "xlstm-linearize{mixer=both}"),
            "pipeline 'xlstm-linearize{mixer=both}': an option has a value that it cannot take");
  EXPECT_EQ(errorOf(teacher, "xlstm-linearize{"),
            "pipeline 'xlstm-linearize{': missing closing '}' while processing pass options");
}

TEST(Rewrite, BytecodeOfGarbageIsAnError) {
  std::string garbage("ML\xefR\x0d\xff\xff garbage", 14);
  EXPECT_NE(errorOf(garbage, "cse").find("dir/model.mlir"), std::string::npos);
}
