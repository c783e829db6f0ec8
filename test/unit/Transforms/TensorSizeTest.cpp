//===- TensorSizeTest.cpp - sizes of tensors and of stored blocks ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"

#include "mlir/AsmParser/AsmParser.h"

#include <gtest/gtest.h>

namespace {

class TensorSize : public testing::Test {
protected:
  TensorSize() { context.loadDialect<xlstm::lm::LMDialect>(); }

  std::optional<int64_t> bytes(const char *text) {
    auto type = mlir::dyn_cast_or_null<mlir::RankedTensorType>(mlir::parseType(text, &context));
    EXPECT_TRUE(type) << text;
    return type ? xlstm::lm::storageBytes(type) : std::nullopt;
  }

  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
};

TEST_F(TensorSize, ElementsTakeWholeBytes) {
  EXPECT_EQ(bytes("tensor<3x5xf32>"), 60);
  EXPECT_EQ(bytes("tensor<3x5xbf16>"), 30);
  EXPECT_EQ(bytes("tensor<3x5xi1>"), 15);
  EXPECT_EQ(bytes("tensor<f64>"), 8);
}

TEST_F(TensorSize, DynamicDimensionsCountAsOneAndEmptyOnesAreEmpty) {
  EXPECT_EQ(bytes("tensor<?x?x64xf32>"), 256);
  EXPECT_EQ(bytes("tensor<?x0x64xf32>"), 0);
}

TEST_F(TensorSize, WhatDoesNotFitHasNoSize) {
  EXPECT_EQ(bytes("tensor<9223372036854775807xi8>"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(bytes("tensor<4611686018427387904x2xi8>"), std::nullopt);
  EXPECT_EQ(bytes("tensor<4294967296x4294967296xi8>"), std::nullopt);
  EXPECT_EQ(bytes("tensor<0x4294967296x4294967296xi8>"), std::nullopt);
  EXPECT_EQ(bytes("tensor<2305843009213693952xf32>"), std::nullopt);
}

TEST_F(TensorSize, OtherElementsHaveNoSize) { EXPECT_EQ(bytes("tensor<4xcomplex<f32>>"), std::nullopt); }

// The sizes that GGUF's table of types states for 32 values: Q8_0 34 bytes, Q4_0 18, Q4_1 20.
TEST_F(TensorSize, BlocksAreThoseOfGguf) {
  EXPECT_EQ(bytes("tensor<32x!lm.block<i8, 32>>"), 34);
  EXPECT_EQ(bytes("tensor<32x!lm.block<i4, 32>>"), 18);
  EXPECT_EQ(bytes("tensor<32x!lm.block<i4, 32, minimum>>"), 20);
  EXPECT_EQ(bytes("tensor<8x256x!lm.block<i4, 128, f32, minimum>>"), 8 * 2 * (4 + 4 + 64));
}

TEST_F(TensorSize, BlocksDoNotReachOverTheLastDimension) {
  EXPECT_EQ(bytes("tensor<32x48x!lm.block<i8, 32>>"), std::nullopt);
  EXPECT_EQ(bytes("tensor<32x?x!lm.block<i8, 32>>"), std::nullopt);
  EXPECT_EQ(bytes("tensor<!lm.block<i8, 32>>"), std::nullopt);
  EXPECT_EQ(bytes("tensor<4611686018427387904x32x!lm.block<i8, 32>>"), std::nullopt);
}

} // namespace
