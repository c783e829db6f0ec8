//===- OnnxNodesTest.cpp - what nodes mean, against ONNX's own reference --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Onnx/Graph.h"
#include "xlstm/Support/Error.h"

#include "gtest/gtest.h"

#include <cmath>
#include <fstream>
#include <sstream>

using namespace xlstm;

namespace {

OnnxGraph parseGraph(const std::string &text) { return OnnxGraph::parse(text, "nodes"); }

OnnxValue someIds() { return {{1, 3}, std::make_shared<const std::vector<double>>(std::vector<double>{1, 0, 2})}; }

std::vector<double> noWeights(const std::string &name) { throw Error("no initializer " + name); }

void expectEqual(const OnnxNodeRun &node, const OnnxValue &found, const OnnxValue &expected) {
  ASSERT_TRUE(found.elements) << node.type;
  ASSERT_EQ(found.shape, expected.shape) << node.type;
  for (size_t i = 0; i < expected.elements->size(); ++i)
    ASSERT_NEAR((*found.elements)[i], (*expected.elements)[i], 1e-6) << node.type << ", element " << i;
}

} // namespace

// Each node of the file is followed by an Identity of what every output of it should be.
TEST(OnnxNodes, computeWhatTheReferenceDoes) {
  std::ifstream file(XLSTM_TEST_INPUTS "/onnx/nodes/module.mlir");
  std::stringstream text;
  text << file.rdbuf();
  OnnxNodeRun node;
  size_t numNodes = 0, numCompared = 0;
  auto compare = [&](const OnnxNodeRun &run) {
    if (run.type != "Identity") {
      EXPECT_EQ(numCompared, node.outputs.size()) << node.type;
      node = run;
      ++numNodes;
      numCompared = 0;
      return;
    }
    ASSERT_LT(numCompared, node.outputs.size());
    expectEqual(node, node.outputs[numCompared++], run.outputs.at(0));
  };
  parseGraph(text.str()).run(someIds(), noWeights, compare);
  EXPECT_GE(numNodes, 60u);
}

// Queries of zero see all keys of the window alike; onnxruntime counts a token's own key among local_window_size.
TEST(OnnxNodes, aWindowOfGroupQueryAttentionHasTheTokenItself) {
  OnnxGraph graph = parseGraph(R"(onnx.graph @g(%ids: tensor<?x?xi64>) -> (tensor<1x3x2xf32> {onnx.name = "logits"}) {
    %none = onnx.none : none
    %q = onnx.initializer = dense<0.0> : tensor<1x3x2xf32> : tensor<1x3x2xf32>
    %k = onnx.initializer = dense<1.0> : tensor<1x3x1xf32> : tensor<1x3x1xf32>
    %v = onnx.initializer = dense<[[[1.0], [3.0], [8.0]]]> : tensor<1x3x1xf32> : tensor<1x3x1xf32>
    %y = onnx.microsoft.GroupQueryAttention %q, %k, %v, %none, %none, %none, %none {kv_num_heads = 1 : i64, local_window_size = 2 : i64, num_heads = 2 : i64} : (tensor<1x3x2xf32>, tensor<1x3x1xf32>, tensor<1x3x1xf32>, none, none, none, none) -> tensor<1x3x2xf32>
    onnx.return %y : tensor<1x3x2xf32>
  })");
  OnnxNodeRun node;
  graph.run(someIds(), noWeights, [&](const OnnxNodeRun &run) { node = run; });
  expectEqual(node, node.outputs.at(0),
              {{1, 3, 2}, std::make_shared<const std::vector<double>>(std::vector<double>{1, 1, 2, 2, 5.5, 5.5})});
}

TEST(OnnxNodes, aGraphThatCannotBeComputedSaysAtWhichNode) {
  OnnxGraph graph = parseGraph(R"(onnx.graph @g(%ids: tensor<?x?xi64>) -> (tensor<1x1x3x2xf32> {onnx.name = "logits"}) {
    %x = onnx.initializer = dense<1.0> : tensor<1x1x3x2xf32> : tensor<1x1x3x2xf32>
    %c = onnx.initializer = dense<1.0> : tensor<1x3x1xf32> : tensor<1x3x1xf32>
    %y = onnx.RotaryEmbedding %x, %c, %c {interleaved = 1 : i64} : (tensor<1x1x3x2xf32>, tensor<1x3x1xf32>, tensor<1x3x1xf32>) -> tensor<1x1x3x2xf32>
    onnx.return %y : tensor<1x1x3x2xf32>
  })");
  try {
    graph.run(someIds(), noWeights, [](const OnnxNodeRun &) {});
    FAIL() << "expected an error";
  } catch (const Error &error) {
    EXPECT_EQ(std::string(error.what()),
              "nodes: node (RotaryEmbedding): expected a form of the operator that can be computed");
  }
}
