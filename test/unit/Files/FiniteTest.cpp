//===- FiniteTest.cpp - NaN and infinities are found where they are -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Finite.h"
#include "test/unit/Files/TestFolder.h"

using namespace xlstm;

namespace {

class FiniteTest : public test::TestFolder {
protected:
  /// The error for a tensor [rows, 3] of zeros with `bits` at `index`; empty when there is none.
  template <typename Bits>
  static std::string errorWith(DType type, Bits bits, size_t index, size_t rows = 1000) {
    std::vector<Bits> values(rows * 3);
    values[index] = bits;
    return test::errorOf([&] { checkFinite("f", {"w", type, {int64_t(rows), 3}}, std::as_bytes(std::span(values))); });
  }
};

} // namespace

TEST_F(FiniteTest, FindsEveryKindInEveryType) {
  const std::string nan = "f: tensor 'w': expected finite numbers, found NaN at index ",
                    infinity = "f: tensor 'w': expected finite numbers, found an infinity at index ",
                    hint = " (--allow-nonfinite takes them as they are)";
  EXPECT_EQ(errorWith<uint64_t>(DType::F64, 0x7FF0'0000'0000'0001, 5), nan + "[1, 2]" + hint);
  EXPECT_EQ(errorWith<uint64_t>(DType::F64, 0xFFF0'0000'0000'0000, 0), infinity + "[0, 0]" + hint);
  EXPECT_EQ(errorWith<uint32_t>(DType::F32, 0xFFC0'0000, 2999), nan + "[999, 2]" + hint);
  EXPECT_EQ(errorWith<uint32_t>(DType::F32, 0x7F80'0000, 1024), infinity + "[341, 1]" + hint);
  EXPECT_EQ(errorWith<uint16_t>(DType::F16, 0x7C01, 1023), nan + "[341, 0]" + hint);
  EXPECT_EQ(errorWith<uint16_t>(DType::F16, 0xFC00, 7), infinity + "[2, 1]" + hint);
  EXPECT_EQ(errorWith<uint16_t>(DType::BF16, 0x7FC0, 2998), nan + "[999, 1]" + hint);
  EXPECT_EQ(errorWith<uint16_t>(DType::BF16, 0xFF80, 8), infinity + "[2, 2]" + hint);
}

TEST_F(FiniteTest, TakesWhatIsFinite) {
  EXPECT_EQ(errorWith<uint64_t>(DType::F64, 0x7FEF'FFFF'FFFF'FFFF, 5), "");
  EXPECT_EQ(errorWith<uint32_t>(DType::F32, 0xFF7F'FFFF, 5), "");
  EXPECT_EQ(errorWith<uint16_t>(DType::F16, 0x7BFF, 5), "");
  EXPECT_EQ(errorWith<uint16_t>(DType::BF16, 0x7F7F, 5), "");
  EXPECT_EQ(errorWith<uint16_t>(DType::U16, 0xFFFF, 5), "");
  EXPECT_EQ(errorWith<uint64_t>(DType::I64, ~uint64_t{0}, 5), "");
  checkFinite("f", {"w", DType::F32, {0, 3}}, {});
}
