//===- RunInputsTest.cpp - a function's arguments in places of their own ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a recorded run is given. On a CPU, where nothing is recorded, a run by the places is the run by the values.

#include "test/unit/Evaluate/EvaluateTest.h"

#include "xlstm/Support/Error.h"

#include <ATen/ops/full.h>

using namespace xlstm::test;
using at::Tensor;

namespace {

constexpr const char *Text = R"(
lm.model @f(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x1x8xf32> {
  %table = lm.param "table" : tensor<11x8xf32>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<11x8xf32>) -> tensor<?x?x8xf32>
  %q = lm.split_heads %x : tensor<?x?x8xf32> to tensor<?x?x1x8xf32>
  %h = lm.attention %q, %q, %q docs(%docs) {scale = 0.25 : f64} : (tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?x1x8xf32>, tensor<?x?xi32>) -> tensor<?x?x1x8xf32>
  lm.return %h : tensor<?x?x1x8xf32>
}
)";

struct Batch {
  Tensor ids, docs;
  explicit Batch(int64_t seed, const std::vector<std::vector<int64_t>> &lengths)
      : ids((randomTensor({2, 10}, seed, 0, 10.9)).floor().to(at::kLong)), docs(documents(2, 10, lengths)) {}
  std::vector<Tensor> arguments() const { return {ids, docs}; }
};

class RunInputs : public testing::Test {
protected:
  xlstm::Program program = xlstm::Program::parse(Text, "test.mlir");
  const xlstm::FunctionSpec &spec = program.function("f");
  xlstm::ParamMap params = {{"table", randomTensor({11, 8}, 3)}};

  Tensor run(const Batch &batch, const xlstm::RunInputs *inputs = nullptr) const {
    xlstm::EvalOptions options;
    options.type = at::kDouble;
    options.inputs = inputs;
    return program.run("f", batch.arguments(), params, options).at(0);
  }
};

} // namespace

TEST_F(RunInputs, TheFunctionSaysWhatItReads) {
  EXPECT_EQ(spec.packedArgument, 1);
  EXPECT_EQ(spec.arguments[0].below, 11);
  EXPECT_EQ(spec.arguments[1].below, -1);
  EXPECT_EQ(spec.hostReader, "");
}

TEST_F(RunInputs, AreReadInPlace) {
  Batch first(1, {{4, 6}, {10}}), second(2, {{1, 9}, {10}});
  xlstm::RunInputs inputs(spec, first.arguments(), at::kCPU);
  const void *place = inputs.arguments[0].const_data_ptr();
  EXPECT_TRUE(run(first, &inputs).equal(run(first)));
  ASSERT_TRUE(inputs.put(second.arguments()));
  EXPECT_EQ(inputs.arguments[0].const_data_ptr(), place);
  EXPECT_TRUE(run(second, &inputs).equal(run(second)));
  EXPECT_FALSE(run(second, &inputs).equal(run(first)));
}

/// Three documents and five: both lists are longer than a power of two by one, with documents of no tokens at the end.
TEST_F(RunInputs, ListsOfDocumentsHaveFewLengths) {
  Batch three(1, {{4, 6}, {10}}), four(2, {{2, 1, 7}, {10}}), five(3, {{2, 1, 7}, {5, 5}});
  xlstm::RunInputs inputs(spec, three.arguments(), at::kCPU);
  EXPECT_TRUE(inputs.starts.equal(intTensor({0, 4, 10, 20, 20}, {5})));
  EXPECT_TRUE(inputs.put(four.arguments()));
  EXPECT_TRUE(inputs.starts.equal(intTensor({0, 2, 3, 10, 20}, {5})));
  EXPECT_FALSE(inputs.put(five.arguments()));
  EXPECT_TRUE(inputs.arguments[0].equal(four.ids)) << "nothing is done";
}

TEST_F(RunInputs, OtherShapesAreNotTaken) {
  Batch batch(1, {{10}, {10}});
  xlstm::RunInputs inputs(spec, batch.arguments(), at::kCPU);
  EXPECT_FALSE(inputs.put({batch.ids.narrow(0, 0, 1), batch.docs.narrow(0, 0, 1)}));
  EXPECT_FALSE(inputs.put({batch.ids.narrow(1, 0, 9), batch.docs.narrow(1, 0, 9)}));
}

TEST_F(RunInputs, TokensOutOfRangeAreRefused) {
  Batch batch(1, {{10}, {10}});
  xlstm::RunInputs inputs(spec, batch.arguments(), at::kCPU);
  for (int64_t token : {11, -1}) {
    Batch wrong = batch;
    wrong.ids = at::full({2, 10}, 3, at::kLong);
    wrong.ids[1][3].fill_(token);
    try {
      inputs.put(wrong.arguments());
      FAIL() << "expected an error";
    } catch (const xlstm::Error &error) {
      std::string found = token < 0 ? "-1 to 3" : "3 to 11";
      EXPECT_EQ(error.what(), "@f: argument 0: expected tokens below 11, found " + found);
    }
  }
  EXPECT_TRUE(inputs.arguments[0].equal(batch.ids));
}
