//===- DeviceTest.cpp - programs on a GPU, and what is said where there is none ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Evaluate/Device.h"
#include "test/unit/Evaluate/EvaluateTest.h"
#include "xlstm/Support/Error.h"

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

} // namespace

TEST(Device, ProgramsRunWhereTheirParamsLive) {
  c10::Device device = at::kCPU;
  try {
    device = xlstm::openDevice("cuda");
  } catch (const xlstm::Error &error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos); // one line, as all errors
    GTEST_SKIP() << error.what();
  }
  xlstm::Program program = xlstm::Program::parse(Text, "device.mlir");
  Tensor table = at::tensor({1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f}).view({3, 2});
  Tensor ids = at::tensor({2, 0}, at::kLong).view({1, 2});
  Tensor x = program.run("model", {ids}, {{"table", table.to(device)}})[0];
  EXPECT_EQ(x.device(), device);
  EXPECT_TRUE(sameBits(x.cpu().flatten(), at::tensor({5.0f, 6.0f, 1.0f, 2.0f})));
}

TEST(Device, OtherNamesAreRefused) {
  EXPECT_EQ(xlstm::openDevice("cpu"), c10::Device(at::kCPU));
  try {
    xlstm::openDevice("tpu");
    FAIL();
  } catch (const xlstm::Error &error) {
    EXPECT_STREQ(error.what(), "device: expected cpu or cuda, found tpu");
  }
}
