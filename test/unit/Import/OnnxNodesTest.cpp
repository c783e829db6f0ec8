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
