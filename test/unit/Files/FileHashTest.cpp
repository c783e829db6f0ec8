//===- FileHashTest.cpp - hashes against another implementation -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expected values: PyPI xxhash 4.1.0, xxhash.xxh3_128_hexdigest(bytes((i * 7 + 3) & 255 for i in range(n))).

#include "xlstm/Runtime/Files/FileHash.h"
#include "test/unit/Files/TestFolder.h"

#include <vector>

using namespace xlstm;

namespace {

class FileHashTest : public test::TestFolder {};

constexpr std::pair<size_t, const char *> golden[] = {
    {0, "99aa06d3014798d86001c324468d497f"},    {1, "22bbb76b211a39ba13e608bc156defed"},
    {16, "ce0b9647ab24f88460d75c5e47d40a24"},   {17, "bfd327edcc2fbd12eeed7654312a26d7"},
    {129, "293e4968c4619023bd91ce7ace4d385b"},  {240, "ad46c1021b076bc704e0b5f034bee80b"},
    {241, "ac6c3492c3d6b45d8beadd3a8874fe17"},  {1024, "18bc0eaca9a336369b81661c641c72b1"},
    {5000, "c98ae385d09887cc799aaddd7339581d"},
};

std::string makeBytes(size_t count) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i)
    bytes += char(i * 7 + 3);
  return bytes;
}

} // namespace

TEST_F(FileHashTest, IsXxh3OfWholePiecesAndFiles) {
  for (auto [count, expected] : golden) {
    std::string text = makeBytes(count);
    std::span<const std::byte> bytes = std::as_bytes(std::span(text));
    EXPECT_EQ(hexDigits(hashOf(bytes)), expected) << count;
    Hasher pieces;
    for (size_t at = 0, length = 1; at < bytes.size(); at += length, length = length * 3 % 101)
      pieces.add(bytes.subspan(at, std::min(length, bytes.size() - at)));
    EXPECT_EQ(hexDigits(pieces.value()), expected) << count;
    put("file", text);
    MeasuredFile file = measureFile(folder, "file");
    EXPECT_EQ(hexDigits(file.hash), expected) << count;
    EXPECT_EQ(file.bytes, count);
  }
  EXPECT_ERROR(measureFile(folder, "none"), "none: cannot open");
}
