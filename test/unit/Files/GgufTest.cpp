//===- GgufTest.cpp - GGUF files, good, bad and cut -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Gguf.h"

#include "GgufBuilder.h"
#include "TestFolder.h"

#include <cmath>
#include <limits>

using namespace xlstm;
using namespace xlstm::test;
using G = GgufBuilder;

namespace {

/// Two tensors and a key of every type.
GgufBuilder makeGood() {
  GgufBuilder good;
  good.set("u8", G::U8, bytesOf(uint8_t(200)));
  good.set("i8", G::I8, bytesOf(int8_t(-3)));
  good.set("u16", G::U16, bytesOf(uint16_t(60000)));
  good.set("i16", G::I16, bytesOf(int16_t(-300)));
  good.setU32("u32", 4000000000u);
  good.set("i32", G::I32, bytesOf(int32_t(-70000)));
  good.setF32("f32", 1e-5f);
  good.setBool("bool", true);
  good.setText("text", "h\xC3\xA9llo");
  good.setStrings("strings", {"a", "", "bc"});
  good.setList<int32_t>("integers", G::I32, {3, -1});
  good.set("u64", G::U64, bytesOf(uint64_t(1) << 40));
  good.set("i64", G::I64, bytesOf(int64_t(-1) << 40));
  good.set("f64", G::F64, bytesOf(0.1));
  good.add("matrix", {2, 3}, 0,
           bytesOf(1.f) + bytesOf(2.f) + bytesOf(3.f) + bytesOf(4.f) + bytesOf(5.f) + bytesOf(6.f));
  good.add("vector", {3}, 1, std::string("\x00\x3C\x00\xC0\x01\x00", 6)); // 1, -2 and the least half
  return good;
}

GgufFile parse(const std::string &bytes) { return GgufFile::parse(std::as_bytes(std::span(bytes)), "m.gguf"); }

std::vector<float> rowOf(const GgufTensor &tensor, int64_t row) {
  std::vector<float> values(tensor.columns());
  dequantizeRow(tensor, row, values);
  return values;
}

struct BadCase {
  const char *name;
  void (*change)(GgufBuilder &);
  const char *message;
};

void PrintTo(const BadCase &bad, std::ostream *out) { *out << bad.name; }

const uint64_t huge = uint64_t(1) << 62;

const BadCase badCases[] = {
    {"magic", [](G &g) { g.magic = "GGML"; }, "m.gguf: expected a GGUF file, found one that begins with 'GGML'"},
    {"version_0", [](G &g) { g.version = 0; }, "expected GGUF version 2 or 3, found 0"},
    {"version_1", [](G &g) { g.version = 1; }, "GGUF version 1 is not read"},
    {"version_99", [](G &g) { g.version = 99; }, "expected GGUF version 2 or 3, found 99"},
    {"big_endian", [](G &g) { g.version = 0x03000000; }, "a big-endian GGUF file is not read"},
    {"tensors_huge", [](G &g) { g.numTensors = uint64_t(1) << 63; }, "found 9223372036854775808"},
    {"tensors_most", [](G &g) { g.numTensors = ~uint64_t(0); }, "found 18446744073709551615"},
    {"tensors_more", [](G &g) { g.numTensors = 3; }, "tensor 2: expected a name"},
    {"keys_huge", [](G &g) { g.numKeys = huge; }, "expected at most"},
    {"keys_more", [](G &g) { g.numKeys = 15; }, "expected"},
    {"keys_none", [](G &g) { g.numKeys = 0; }, "tensor "},
    {"key_twice", [](G &g) { g.keys.push_back(g.keys[0]); }, "key 'u8': is there twice"},
    {"value_type", [](G &g) { g.set("x", 77, "12345678"); }, "key 'x': expected a type from 0 to 12, found 77"},
    {"string_huge", [](G &g) { g.set("x", G::String, bytesOf(huge)); },
     "key 'x': expected a string of 4611686018427387904 bytes"},
    {"array_huge", [](G &g) { g.set("x", G::Array, bytesOf(uint32_t(G::U8)) + bytesOf(huge)); },
     "key 'x': expected at"},
    {"array_wraps", [](G &g) { g.set("x", G::Array, bytesOf(uint32_t(G::U64)) + bytesOf((uint64_t(1) << 61) + 1)); },
     "found 2305843009213693953"},
    {"array_type", [](G &g) { g.set("x", G::Array, bytesOf(uint32_t(99)) + bytesOf(uint64_t(1)) + "1"); }, "found 99"},
    {"array_strings",
     [](G &g) { g.set("x", G::Array, bytesOf(uint32_t(G::String)) + bytesOf(uint64_t(1)) + bytesOf(huge)); },
     "key 'x': expected a string"},
    {"array_nested",
     [](G &g) {
       std::string bytes;
       for (int i = 0; i < 4000; ++i)
         bytes += bytesOf(uint32_t(G::Array)) + bytesOf(uint64_t(1));
       g.set("x", G::Array, bytes + bytesOf(uint32_t(G::U8)) + bytesOf(uint64_t(1)) + "1");
     },
     "key 'x': expected arrays of at most 4 levels"},
    {"alignment_0", [](G &g) { g.setU32("general.alignment", 0); },
     "key 'general.alignment': expected a power of two, found 0"},
    {"alignment_3", [](G &g) { g.setU32("general.alignment", 3); }, "expected a power of two, found 3"},
    {"alignment_type", [](G &g) { g.setText("general.alignment", "32"); }, "expected an uint32, found '32'"},
    {"alignment_huge", [](G &g) { g.setU32("general.alignment", 1u << 31); }, "expected 24 bytes of data at byte"},
    {"alignment_lies", [](G &g) { g.setU32("general.alignment", 64); }, "to begin at byte 64"},
    {"name_long", [](G &g) { g.tensors[0].name = sized(std::string(65, 'n')); }, "65 bytes"},
    {"name_empty", [](G &g) { g.tensors[0].name = sized(""); }, "expected a name of 1 to 64 bytes"},
    {"name_utf8", [](G &g) { g.tensors[0].name = sized("\xFF"); }, "bytes of UTF-8"},
    {"name_huge", [](G &g) { g.tensors[0].name = bytesOf(huge) + "n"; }, "tensor 0: expected a name"},
    {"name_twice", [](G &g) { g.tensors[1].name = g.tensors[0].name; }, "tensor 'matrix': is there twice"},
    {"dims_0", [](G &g) { g.tensors[0].dims = {}; }, "expected 1 to 4 dimensions, found 0"},
    {"dims_5",
     [](G &g) {
       g.tensors[0].dims = {1, 1, 1, 1, 6};
     },
     "expected 1 to 4 dimensions, found 5"},
    {"dims_huge", [](G &g) { g.tensors[0].numDims = 1u << 31; }, "found 2147483648"},
    {"dim_0",
     [](G &g) {
       g.tensors[0].dims = {0, 2};
     },
     "tensor 'matrix': expected dimensions from 1"},
    {"dim_negative",
     [](G &g) {
       g.tensors[0].dims = {uint64_t(-8), 2};
     },
     "found 18446744073709551608"},
    {"elements_wrap",
     [](G &g) {
       g.tensors[0].dims = {uint64_t(1) << 32, (uint64_t(1) << 32) + 1};
     },
     "to fit into"},
    {"bytes_wrap",
     [](G &g) {
       g.tensors[0].dims = {huge, 1};
     },
     "to fit into a file of"},
    {"dim_huge", [](G &g) { g.tensors[0].dims = {uint64_t(1) << 42}; }, "to fit into a file of"},
    {"type_unknown", [](G &g) { g.tensors[0].type = 999; }, "tensor 'matrix': expected a type of ggml that is in use"},
    {"type_removed", [](G &g) { g.tensors[0].type = 4; }, "found number 4"},
    {"row_of_blocks", [](G &g) { g.tensors[0].type = 8; },
     "expected rows of a multiple of 32 for type Q8_0, found Q8_0 [2, 3]"},
    {"type_bigger", [](G &g) { g.tensors[1].dims = {64}, g.tensors[1].type = 28; },
     "tensor 'vector': expected 512 bytes"},
    {"offset_odd", [](G &g) { g.tensors[1].offset = 4; }, "found 4"},
    {"offset_past", [](G &g) { g.tensors[1].offset = uint64_t(1) << 40; },
     "tensor 'vector': expected its data to begin"},
    {"offset_wraps", [](G &g) { g.tensors[1].offset = uint64_t(-32); }, "found 18446744073709551584"},
    {"overlap", [](G &g) { g.tensors[1].offset = 0; }, "to begin at byte 32"},
    {"hole", [](G &g) { g.tensors[1].offset = 64; }, "to begin at byte 32"},
};

class BadGguf : public testing::TestWithParam<BadCase> {};

} // namespace

TEST(Gguf, everyTypeOfValueIsRead) {
  std::string bytes = makeGood().bytes();
  GgufFile file = parse(bytes);
  const int64_t least = std::numeric_limits<int64_t>::min(), most = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(file.integer("u8", least, most), 200);
  EXPECT_EQ(file.integer("i8", least, most), -3);
  EXPECT_EQ(file.integer("u16", least, most), 60000);
  EXPECT_EQ(file.integer("i16", least, most), -300);
  EXPECT_EQ(file.integer("u32", least, most), 4000000000);
  EXPECT_EQ(file.integer("i32", least, most), -70000);
  EXPECT_EQ(file.integer("u64", least, most), int64_t(1) << 40);
  EXPECT_EQ(file.integer("i64", least, most), int64_t(-1) << 40);
  EXPECT_EQ(file.number("f32"), 1e-5); // the decimal, not the float's own value
  EXPECT_EQ(file.number("f64"), 0.1);
  EXPECT_EQ(file.number("u8"), 200.0);
  EXPECT_EQ(file.flag("bool"), true);
  EXPECT_EQ(file.text("text"), "h\xC3\xA9llo");
  EXPECT_EQ(file.strings("strings", 3), (std::vector<std::string_view>{"a", "", "bc"}));
  EXPECT_EQ(file.integers("integers", 2), (std::vector<int64_t>{3, -1}));
  EXPECT_EQ(file.text("absent"), std::nullopt);
  EXPECT_TRUE(file.warnings().empty());
}

TEST(Gguf, tensorsLieWhereTheFormatSays) {
  std::string bytes = makeGood().bytes();
  GgufFile file = parse(bytes);
  const GgufTensor &matrix = *file.findTensor("matrix"), &vector = *file.findTensor("vector");
  EXPECT_EQ(describe(matrix), "F32 [2, 3]");
  EXPECT_EQ(rowOf(matrix, 0), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(rowOf(matrix, 1), (std::vector<float>{4, 5, 6}));
  EXPECT_EQ(rowOf(vector, 0), (std::vector<float>{1, -2, std::ldexp(1.f, -24)}));
  EXPECT_EQ(file.findTensor("absent"), nullptr);
}

TEST(Gguf, version2AndOtherAlignmentsAreRead) {
  GgufBuilder builder = makeGood();
  builder.version = 2;
  builder.alignment = 4;
  builder.setU32("general.alignment", 4);
  std::string bytes = builder.bytes();
  EXPECT_EQ(rowOf(*parse(bytes).findTensor("vector"), 0)[1], -2);
}

TEST(Gguf, whatIsOddAndHarmlessIsAWarning) {
  GgufBuilder builder = makeGood();
  builder.set("", G::U8, "1");
  builder.set("\xFF\xFE", G::U8, "1");
  builder.set("seven", G::Bool, "\x07");
  builder.tail = std::string(64, 'x');
  std::string bytes = builder.bytes();
  GgufFile file = parse(bytes);
  ASSERT_EQ(file.warnings().size(), 4u);
  EXPECT_EQ(file.warnings()[0], "key 14 has no name");
  EXPECT_EQ(file.warnings()[1], "key 15: its name is not UTF-8");
  EXPECT_EQ(file.warnings()[2], "key 'seven': expected a boolean of 0 or 1, found 7; taken as true");
  EXPECT_EQ(file.warnings()[3], "64 bytes behind the last tensor; nothing reads them");
}

TEST(Gguf, valuesOfOtherTypesAreRefused) {
  std::string bytes = makeGood().bytes();
  GgufFile file = parse(bytes);
  EXPECT_ERROR(file.text("u8"), "m.gguf: key 'u8': expected a string, found 200 (uint8)");
  EXPECT_ERROR(file.integer("text", 0, 9), "expected an integer from 0 to 9, found 'h\xC3\xA9llo'");
  EXPECT_ERROR(file.integer("i8", 0, 9), "found -3 (int8)");
  EXPECT_ERROR(file.integer("f32", 0, 9), "found 1e-05 (float32)");
  EXPECT_ERROR(file.number("bool"), "expected a finite number, found 1 (bool)");
  EXPECT_ERROR(file.flag("u8"), "expected a boolean");
  EXPECT_ERROR(file.strings("strings", 2), "expected an array of at most 2 strings, found an array of 3 string");
  EXPECT_ERROR(file.strings("integers", 2), "found an array of 2 int32");
  EXPECT_ERROR(file.integers("strings", 9), "expected an array of at most 9 integers");
  EXPECT_ERROR(file.integers("u8", 9), "found 200 (uint8)");
  EXPECT_ERROR(file.fail("absent", "a size"), "key 'absent': expected a size, found no such key");
  GgufBuilder builder = makeGood();
  builder.setF32("nan", NAN);
  builder.set("most", G::U64, bytesOf(~uint64_t(0)));
  builder.set("bytes", G::String, sized("ab\xFF"));
  bytes = builder.bytes();
  file = parse(bytes);
  EXPECT_ERROR(file.number("nan"), "expected a finite number, found nan");
  EXPECT_ERROR(file.integer("most", 0, 9), "found 18446744073709551615 (uint64)");
  EXPECT_ERROR(file.text("bytes"), "expected UTF-8, found other bytes at byte 2");
}

TEST_P(BadGguf, isRefused) {
  GgufBuilder builder = makeGood();
  GetParam().change(builder);
  std::string bytes = builder.bytes();
  EXPECT_ERROR(parse(bytes), GetParam().message);
  EXPECT_ERROR(parse(bytes), "m.gguf: ");
}

INSTANTIATE_TEST_SUITE_P(All, BadGguf, testing::ValuesIn(badCases),
                         [](const testing::TestParamInfo<BadCase> &info) { return std::string(info.param.name); });

TEST(Gguf, everyCutIsRefused) {
  std::string bytes = makeGood().bytes();
  size_t needed = bytes.size() - 26; // the padding behind the last six bytes
  for (size_t size = 0; size < needed; ++size) {
    std::string cut = bytes.substr(0, size);
    cut.shrink_to_fit(); // so that a sanitizer sees a read behind it
    EXPECT_ERROR(parse(cut), "m.gguf: ");
  }
  for (size_t size = needed; size <= bytes.size(); ++size)
    EXPECT_NO_THROW(parse(bytes.substr(0, size)));
}

class GgufOnDisk : public TestFolder {};

TEST_F(GgufOnDisk, aFileIsMapped) {
  GgufFile file = GgufFile::open(put("good.gguf", makeGood().bytes()));
  EXPECT_EQ(file.origin(), (folder / "good.gguf").string());
  EXPECT_EQ(rowOf(*file.findTensor("matrix"), 1)[2], 6);
  EXPECT_ERROR(GgufFile::open(put("empty.gguf", "")), "empty.gguf: expected a GGUF file");
  EXPECT_ERROR(GgufFile::open(folder / "absent.gguf"), "absent.gguf");
}
