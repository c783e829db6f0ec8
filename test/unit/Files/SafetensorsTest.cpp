//===- SafetensorsTest.cpp - the format, bytes made by hand ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Safetensors.h"
#include "test/unit/Files/TestFolder.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/MappedFile.h"

#include <random>

using namespace xlstm;

namespace {

std::string withLength(const std::string &header, const std::string &data) {
  std::string out;
  for (int n = 0; n < 8; ++n)
    out += char(header.size() >> 8 * n);
  return out + header + data;
}

std::string_view textOf(const StoredTensor &tensor) {
  return {reinterpret_cast<const char *>(tensor.bytes.data()), tensor.bytes.size()};
}

class SafetensorsTest : public test::TestFolder {
protected:
  SafetensorsFile openBytes(const std::string &header, const std::string &data) {
    return SafetensorsFile::open(put("f.safetensors", withLength(header, data)));
  }
};

} // namespace

TEST_F(SafetensorsTest, ReadsTensorsInAnyOrder) {
  auto file = openBytes(R"({"__metadata__":{"format":"pt"},"b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]},)"
                        R"("a":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4],"extra":1},)"
                        R"("s":{"dtype":"F32","shape":[],"data_offsets":[7,11]},)"
                        R"("none":{"dtype":"I64","shape":[2,0],"data_offsets":[4,4]}} )",
                        "wxyzABC1234");
  EXPECT_EQ(file.tensors().size(), 4u);
  EXPECT_EQ(describe(file.get("a").spec), "BF16 [1, 2]");
  EXPECT_EQ(textOf(file.get("a")), "wxyz");
  EXPECT_EQ(textOf(file.get("b")), "ABC");
  EXPECT_EQ(describe(file.get("s").spec), "F32 []");
  EXPECT_EQ(textOf(file.get("s")), "1234");
  EXPECT_EQ(file.get("none").spec.numBytes(), 0u);
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_ERROR(file.get("c"), "f.safetensors: has no tensor 'c'");
}

TEST_F(SafetensorsTest, KnowsEveryType) {
  for (auto [name, size] : {std::pair("F64", 8),
                            {"F32", 4},
                            {"F16", 2},
                            {"BF16", 2},
                            {"I64", 8},
                            {"I32", 4},
                            {"I16", 2},
                            {"I8", 1},
                            {"U16", 2},
                            {"U8", 1},
                            {"BOOL", 1}}) {
    std::string end = std::to_string(3 * size);
    auto file =
        openBytes("{\"t\":{\"dtype\":\"" + std::string(name) + "\",\"shape\":[3],\"data_offsets\":[0," + end + "]}}",
                  std::string(3 * size, 'x'));
    EXPECT_EQ(describe(file.get("t").spec), std::string(name) + " [3]");
  }
}

TEST_F(SafetensorsTest, BytesAreAsManyAsTheShapeSays) {
  for (auto [end, found] : {std::pair("[0,4]", "4"), {"[0,8]", "8"}})
    EXPECT_ERROR(openBytes(std::string(R"({"t":{"dtype":"BF16","shape":[3],"data_offsets":)") + end + "}}",
                           std::string(end[3] - '0', 'x')),
                 std::string("BF16 [3] takes 6 bytes, its data_offsets give ") + found);
}

TEST_F(SafetensorsTest, RefusesTheListedFilesWithTheirReason) {
  Json cases = Json::parse(get(XLSTM_TEST_INPUTS "/bad/EXPECT.json"));
  int tried = 0;
  for (const Json &entry : cases) {
    std::string path = entry["path"];
    if (!path.starts_with("safetensors/"))
      continue;
    SCOPED_TRACE(path);
    std::filesystem::path file = std::filesystem::path(XLSTM_TEST_INPUTS "/bad") / path;
    if (entry.contains("says"))
      EXPECT_ERROR(SafetensorsFile::open(file), entry["says"].get<std::string>());
    else
      EXPECT_NO_THROW(SafetensorsFile::open(file));
    ++tried;
  }
  EXPECT_EQ(tried, 21);
}

TEST_F(SafetensorsTest, NamesInMessagesStayOnOneLine) {
  EXPECT_ERROR(openBytes(R"({"a\nb":{"dtype":"F32","shape":[1],"data_offsets":[0,3]}})", "xyz"), "tensor 'a\\nb'");
}

/// No damage to a file may do worse than an Error. Under the sanitizers this also finds reads outside it.
TEST_F(SafetensorsTest, SurvivesDamage) {
  std::string good = withLength(R"({"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
                                R"("b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}})",
                                "abcdefghijk");
  std::mt19937 engine(1);
  int opened = 0;
  auto attempt = [&](const std::string &bytes) {
    try {
      SafetensorsFile file = SafetensorsFile::open(put("f", bytes));
      for (const auto &[name, tensor] : file.tensors())
        opened += std::count(tensor.bytes.begin(), tensor.bytes.end(), std::byte{'a'}) > 0;
    } catch (const Error &) {
    }
  };
  for (size_t size = 0; size <= good.size(); ++size)
    attempt(good.substr(0, size));
  for (size_t at = 0; at < good.size(); ++at)
    for (int n = 0; n < 4; ++n) {
      std::string bytes = good;
      bytes[at] = n < 3 ? char(bytes[at] ^ 1 << 2 * n) : char(engine());
      attempt(bytes);
    }
  EXPECT_GT(opened, 20); // damage to names and data opens
}

TEST_F(SafetensorsTest, WritesWhatTheFormatAsks) {
  auto path = folder / "out.safetensors";
  SafetensorsWriter writer(path, {{"w", DType::F16, {2, 1}}, {"v", DType::U8, {3}}, {"e", DType::F32, {0}}},
                           {{"format", "pt"}});
  writer.append(std::as_bytes(std::span("abc", 3)));
  writer.append(std::as_bytes(std::span("dXYZ", 4)));
  EXPECT_FALSE(std::filesystem::exists(path));
  writer.commit();

  std::string bytes = get(path);
  uint64_t length = 0;
  for (int n = 7; n >= 0; --n)
    length = length << 8 | uint8_t(bytes[n]);
  EXPECT_EQ((8 + length) % 64, 0u);
  EXPECT_EQ(bytes.substr(8 + length), "abcdXYZ");
  Json header = Json::parse(bytes.substr(8, length));
  EXPECT_EQ(header.dump(), R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]},)"
                           R"("v":{"dtype":"U8","shape":[3],"data_offsets":[4,7]},)"
                           R"("e":{"dtype":"F32","shape":[0],"data_offsets":[7,7]}})");
  auto file = SafetensorsFile::open(path);
  EXPECT_EQ(textOf(file.get("v")), "XYZ");
  EXPECT_EQ(file.metadata().at("format"), "pt");
}

TEST_F(SafetensorsTest, WritesNoTensorsAtAll) {
  SafetensorsWriter(folder / "f", {}).commit();
  EXPECT_TRUE(SafetensorsFile::open(folder / "f").tensors().empty());
}

TEST_F(SafetensorsTest, WriterHoldsItsCallerToTheSpecs) {
  auto path = folder / "f";
  EXPECT_ERROR(SafetensorsWriter(path, {{"w", DType::U8, {1}}, {"w", DType::U8, {1}}}), "the tensor name 'w' is taken");
  EXPECT_ERROR(SafetensorsWriter(path, {{"__metadata__", DType::U8, {1}}}), "'__metadata__' is taken");
  {
    SafetensorsWriter writer(path, {{"w", DType::U8, {3}}});
    writer.append(std::as_bytes(std::span("ab", 2)));
    EXPECT_ERROR(writer.append(std::as_bytes(std::span("cd", 2))), "1 bytes more than the tensors announced");
    EXPECT_ERROR(writer.commit(), "1 bytes of the tensors announced were not written");
  }
  EXPECT_TRUE(names().empty());
}
