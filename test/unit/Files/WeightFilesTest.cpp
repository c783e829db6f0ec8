//===- WeightFilesTest.cpp - one file or shards with an index -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/WeightFiles.h"
#include "test/unit/Files/TestFolder.h"

using namespace xlstm;

namespace {

class WeightFilesTest : public test::TestFolder {
protected:
  WeightFilesTest() {
    std::filesystem::create_directories(folder / "m");
    shard("m/one.safetensors", {"a", "b"});
    shard("m/two.safetensors", {"c"});
  }

  /// A file of one-byte tensors.
  void shard(const std::string &name, const std::vector<std::string> &tensors) {
    std::vector<TensorSpec> specs;
    std::string data;
    for (const std::string &tensor : tensors) {
      specs.push_back({tensor, DType::U8, {1}});
      data += tensor[0];
    }
    SafetensorsWriter writer(folder / name, specs);
    writer.append(std::as_bytes(std::span(data)));
    writer.commit();
  }
  WeightFiles openIndex(const std::string &map) {
    put("m/model.safetensors.index.json", "{\"metadata\": {}, \"weight_map\": " + map + "}");
    return WeightFiles::open(folder / "m");
  }
  /// An index that is right but for the shard of c.
  WeightFiles openWithShard(const std::string &name) {
    return openIndex(R"({"a": "one.safetensors", "b": "one.safetensors", "c": ")" + name + "\"}");
  }
};

} // namespace

TEST_F(WeightFilesTest, ReadsShards) {
  WeightFiles weights = openWithShard("two.safetensors");
  EXPECT_EQ(weights.tensors().size(), 3u);
  EXPECT_EQ(weights.get("c").bytes[0], std::byte{'c'});
  EXPECT_EQ(weights.get("a").file, weights.get("b").file);
  EXPECT_EQ(weights.find("d"), nullptr);
  EXPECT_ERROR(weights.get("d"), (folder / "m").string() + ": has no tensor 'd'");
}

TEST_F(WeightFilesTest, ReadsASingleFile) {
  shard("m/model.safetensors", {"x"});
  EXPECT_EQ(WeightFiles::open(folder / "m").tensors().size(), 1u);
}

TEST_F(WeightFilesTest, SaysWhatAFolderLacks) {
  EXPECT_ERROR(WeightFiles::open(folder / "m"), "expected model.safetensors or model.safetensors.index.json");
  EXPECT_ERROR(WeightFiles::open(folder / "none"), "expected a model folder, found nothing");
  EXPECT_ERROR(WeightFiles::open(put("file", "")), "expected a model folder, found a file");
  put("m/pytorch_model.bin", "");
  EXPECT_ERROR(WeightFiles::open(folder / "m"), "pickle files are not read");
}

TEST_F(WeightFilesTest, RefusesNamesThatAreNotOfTheFolder) {
  shard("two.safetensors", {"c"});
  for (std::string name :
       {"../two.safetensors", "x/../../two.safetensors", "./two.safetensors", "..\\\\two.safetensors",
        "two.safetensors\\u0000.safetensors", "http://x/two.safetensors", "", ".", "two.bin"})
    EXPECT_ERROR(openWithShard(name), "expected the name of a .safetensors file of the folder");
  EXPECT_ERROR(openWithShard((folder / "two.safetensors").string()), "expected the name of a .safetensors file");
}

TEST_F(WeightFilesTest, RefusesLinksThatLeaveTheFolder) {
  shard("two.safetensors", {"c"});
  std::filesystem::create_symlink("../two.safetensors", folder / "m/out.safetensors");
  EXPECT_ERROR(openWithShard("out.safetensors"), "expected a file of its folder, found a link that leaves it");
  std::filesystem::create_symlink("two.safetensors", folder / "m/in.safetensors");
  EXPECT_EQ(openWithShard("in.safetensors").tensors().size(), 3u);
}

/// The Hub's cache keeps every file of a snapshot as a link to ../../blobs.
TEST_F(WeightFilesTest, FollowsTheHubCache) {
  auto snapshot = folder / "models--x" / "snapshots" / "rev";
  std::filesystem::create_directories(snapshot);
  std::filesystem::create_directories(folder / "models--x" / "blobs");
  shard("models--x/blobs/0123", {"c"});
  std::filesystem::create_symlink("../../blobs/0123", snapshot / "two.safetensors");
  put("models--x/snapshots/rev/model.safetensors.index.json", R"({"weight_map": {"c": "two.safetensors"}})");
  EXPECT_EQ(WeightFiles::open(snapshot).tensors().size(), 1u);
}

TEST_F(WeightFilesTest, IndexAndShardsMustAgree) {
  EXPECT_ERROR(openWithShard("three.safetensors"), "the shard 'three.safetensors' is missing");
  EXPECT_ERROR(openWithShard("one.safetensors"), "the tensor 'c' is not in 'one.safetensors'");
  EXPECT_ERROR(openIndex(R"({"a": "one.safetensors", "c": "two.safetensors"})"),
               "'one.safetensors' holds the tensor 'b', which the index does not list");
  shard("m/two.safetensors", {"c", "a"});
  EXPECT_ERROR(openWithShard("two.safetensors"),
               "'two.safetensors' holds the tensor 'a', which the index gives to 'one.safetensors'");
}

TEST_F(WeightFilesTest, RefusesAMalformedIndex) {
  EXPECT_ERROR(openIndex("{}"), "expected an object with a 'weight_map' object that is not empty");
  EXPECT_ERROR(openIndex("[]"), "'weight_map' object");
  EXPECT_ERROR(openIndex(R"({"a": 1})"), "expected the file name of 'a', found number");
  EXPECT_ERROR(openIndex(R"({"a": "one.safetensors", "a": "two.safetensors"})"), "the key 'a' comes twice");
  put("m/model.safetensors.index.json", "[]");
  EXPECT_ERROR(WeightFiles::open(folder / "m"), "'weight_map' object");
}
