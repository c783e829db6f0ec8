//===- DeviceTest.cpp - programs on a GPU, and what is said where there is none ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Evaluate/EvaluateTest.h"
#include "test/unit/OnCuda.h"

#include <ATen/ops/tensor.h>

using namespace xlstm::test;
using at::Tensor;

namespace {

const std::string Text = R"(lm.model @model(%ids: tensor<?x?xi64>) -> tensor<?x?x2xf32> {
  %table = lm.param "table" : tensor<3x2xf32>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<3x2xf32>) -> tensor<?x?x2xf32>
  lm.return %x : tensor<?x?x2xf32>
}
)";

class Device : public xlstm::test::OnCuda<testing::Test> {};

} // namespace

TEST_F(Device, ProgramsRunWhereTheirParamsLive) {
  xlstm::Program program = xlstm::Program::parse(Text, "device.mlir");
  Tensor table = at::tensor({1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f}).view({3, 2});
  Tensor ids = at::tensor({2, 0}, at::kLong).view({1, 2});
  Tensor x = program.run("model", {ids}, {{"table", table.to(device)}})[0];
  EXPECT_EQ(x.device(), device);
  EXPECT_TRUE(sameBits(x.cpu().flatten(), at::tensor({5.0f, 6.0f, 1.0f, 2.0f})));
}

// Tensor cores take bf16 as it is; the CPU widens it. Both round a float32 sum once.
TEST_F(Device, NarrowProductsAreTheCpus) {
  auto narrow = [](const Shape &shape, uint64_t seed) { return randomTensor(shape, seed).to(at::kBFloat16); };
  Tensors x = {narrow({2, 70, 4, 64}, 1), narrow({2, 70, 2, 64}, 2), narrow({2, 70, 2, 64}, 3),
               documents(2, 70, {{30, 40}, {70}})};
  Tensors product = {narrow({2, 70, 64}, 4), narrow({32, 64}, 5), narrow({32}, 6)};
  for (const auto &[op, arguments, result] :
       {std::tuple("lm.linear $0, $1 bias($2)", product, "tensor<2x70x32xbf16>"),
        std::tuple("lm.attention $0, $1, $2 docs($3) {scale = 0.125 : f64}", x, "tensor<2x70x4x64xbf16>"),
        std::tuple("lm.attention $0, $1, $2 docs($3) {scale = 0.125 : f64, sinks = 2 : i64, window = 9 : i64}", x,
                   "tensor<2x70x4x64xbf16>")}) {
    xlstm::Program program = typedProgram(op, arguments, {result});
    Tensors there;
    for (const Tensor &tensor : arguments)
      there.push_back(tensor.to(device));
    Tensor want = program.run("f", arguments, {})[0], got = program.run("f", there, {})[0];
    EXPECT_EQ(got.scalar_type(), at::kBFloat16) << op;
    EXPECT_LT(error(got.cpu(), want.to(at::kDouble)), 0x1p-7) << op;
  }
}

TEST(DeviceName, OtherNamesAreRefused) {
  EXPECT_EQ(xlstm::openDevice("cpu"), c10::Device(at::kCPU));
  try {
    xlstm::openDevice("tpu");
    FAIL();
  } catch (const xlstm::Error &error) {
    EXPECT_STREQ(error.what(), "device: expected cpu or cuda, found tpu");
  }
}
