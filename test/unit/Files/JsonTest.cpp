//===- JsonTest.cpp - strict JSON with located errors ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Json.h"
#include "test/unit/Files/TestFolder.h"

using namespace xlstm;
using JsonTest = test::TestFolder;

TEST_F(JsonTest, ReadsEveryKindOfValueInOrder) {
  Json root = parseJson(R"({"z": [1, -2, 2.5, true, null], "a": {"z": "\u00e9\n"}, "b": {}})", "f");
  EXPECT_EQ(root.dump(), R"({"z":[1,-2,2.5,true,null],"a":{"z":"é\n"},"b":{}})");
  EXPECT_EQ(parseJson("7", "f").get<int>(), 7);
  EXPECT_EQ(parseJson(" [] ", "f").size(), 0u);
}

TEST_F(JsonTest, NumbersKeepTheirKind) {
  Json root = parseJson("[18446744073709551615, -9223372036854775808, 1000000000000000019884624838656, 1e308]", "f");
  EXPECT_EQ(root[0].get<uint64_t>(), 18446744073709551615u);
  EXPECT_EQ(root[1].get<int64_t>(), INT64_MIN);
  EXPECT_TRUE(root[2].is_number_float()); // tokenizer_config.json writes model_max_length so
  EXPECT_DOUBLE_EQ(root[2].get<double>(), 1e30);
  EXPECT_DOUBLE_EQ(root[3].get<double>(), 1e308);
}

TEST_F(JsonTest, LocatesFaults) {
  EXPECT_ERROR(parseJson("", "f"), "f: expected JSON, found an empty file");
  EXPECT_ERROR(parseJson("{\n  \"a\": 1,\n  \"b\": x}", "f"), "f:3:8: ");
  EXPECT_ERROR(parseJson("{\"a\": 1,}", "f"), "f:1:9: ");
  EXPECT_ERROR(parseJson("[1] 2", "f"), "f:1:5: ");
  EXPECT_ERROR(parseJson("[1", "f"), "unexpected end of input");
  EXPECT_ERROR(parseJson("[\n1e999]", "f"), "f:2:5: a number overflows");
  EXPECT_ERROR(parseJson("// c\n1", "f"), "f:1:");
  EXPECT_ERROR(parseJson("NaN", "f"), "f:1:");
  EXPECT_ERROR(parseJson("[\"\xff\"]", "f"), "ill-formed UTF-8");
  EXPECT_ERROR(parseJson(R"(["\ud800"])", "f"), "surrogate");
  EXPECT_ERROR(readJsonFile(put("g.json", "[")), (folder / "g.json").string() + ":1:2: ");
}

TEST_F(JsonTest, RefusesDuplicateKeysPerObject) {
  EXPECT_ERROR(parseJson("{\"a\": {\"b\": 1,\n \"b\": 2}}", "f"), "f:2:4: the key 'b' comes twice in an object");
  EXPECT_ERROR(parseJson(R"({"a": 1, "\u0061": 2})", "f"), "the key 'a' comes twice");
  EXPECT_EQ(parseJson(R"([{"a": 1}, {"a": 2}])", "f").size(), 2u);
}

TEST_F(JsonTest, LimitsDepthAndCount) {
  auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parseJson(nested(64), "f").is_array());
  EXPECT_ERROR(parseJson(nested(65), "f"), "f:1:65: nested deeper than 64");
  EXPECT_ERROR(parseJson(std::string(1'000'000, '['), "f"), "nested deeper than 64");
  std::string many = "[0";
  for (int n = 0; n < 1 << 23; ++n)
    many += ",0";
  EXPECT_ERROR(parseJson(many + "]", "f"), "more than 8388608 values");
}

TEST_F(JsonTest, ALargeObjectIsReadInLinearTime) {
  // A lookup of each key among those before would take a minute for these.
  std::string text = "{";
  for (int n = 0; n < 200'000; ++n)
    text += (n ? ",\"" : "\"") + std::to_string(n) + "\":" + std::to_string(n);
  Json root = parseJson(text + "}", "f");
  EXPECT_EQ(root.size(), 200'000u);
  EXPECT_EQ(std::prev(root.end()).key(), "199999");
}
