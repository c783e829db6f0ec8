//===- BundleTest.cpp - manifest, versions, files that travel along -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Bundle.h"
#include "test/unit/Files/TestFolder.h"

using namespace xlstm;

namespace {

class BundleTest : public test::TestFolder {
protected:
  BundleTest() {
    put("b/model.mlir", "");
    SafetensorsWriter writer(folder / "b/model.safetensors", {{"w", DType::U8, {1}}});
    writer.append(std::as_bytes(std::span("x", 1)));
    writer.commit();
  }
  Bundle openWith(const std::string &manifest) {
    put("b/bundle.json", manifest);
    return Bundle::open(folder / "b");
  }
};

} // namespace

TEST_F(BundleTest, OpensWhatWasWritten) {
  EXPECT_FALSE(Bundle::isBundle(folder / "b"));
  writeBundleManifest(folder / "b", "student", "a teacher\xff");
  EXPECT_TRUE(Bundle::isBundle(folder / "b"));
  Bundle bundle = Bundle::open(folder / "b");
  EXPECT_EQ(bundle.kind, "student");
  EXPECT_EQ(bundle.folder, folder / "b");
  EXPECT_EQ(bundle.source, "a teacher\xef\xbf\xbd");
  EXPECT_TRUE(bundle.isRecorded);
  EXPECT_EQ(bundle.weights.tensors().size(), 1u);
}

/// Version 1 as it was first written must open for ever.
TEST_F(BundleTest, OpensVersionOne) {
  Bundle bundle = openWith(R"({"format": 1, "dialects": {"lm": 1, "xlstm": 1}, "kind": "teacher", "source": "x"})");
  EXPECT_EQ(bundle.kind, "teacher");
  EXPECT_FALSE(bundle.isRecorded);
}

TEST_F(BundleTest, RefusesNewerVersionsAndBrokenManifests) {
  EXPECT_ERROR(openWith(R"({"format": 3, "dialects": {"lm": 1, "xlstm": 1}, "kind": "teacher"})"),
               "bundle.json: version 3 of 'format' was written by a newer xlstm, this one knows up to 2");
  EXPECT_ERROR(openWith(R"({"format": 1, "dialects": {"lm": 1, "xlstm": 3}, "kind": "teacher"})"),
               "version 3 of 'xlstm' was written by a newer xlstm");
  EXPECT_ERROR(openWith(R"({"format": "1", "dialects": {}, "kind": "teacher"})"), "a number from 1, found '\"1\"'");
  EXPECT_ERROR(openWith(R"({"format": 1, "dialects": {"lm": 1}, "kind": "teacher"})"),
               "expected the version of 'xlstm', a number from 1, found nothing");
  EXPECT_ERROR(openWith(R"({"format": 1, "kind": "teacher"})"), "expected an object 'dialects'");
  EXPECT_ERROR(openWith(R"({"format": 1, "dialects": {"lm": 1, "xlstm": 1}, "kind": "cat"})"),
               "expected 'kind' to be 'teacher' or 'student', found '\"cat\"'");
  EXPECT_ERROR(openWith("[]"), "expected an object, found array");
}

/// No byte of any file may change: the test's own flips of bits, not the code's idea of what is covered.
TEST_F(BundleTest, NoByteMayChange) {
  put("b/model.mlir", "module {}");
  put("b/config.json", "{}");
  writeBundleManifest(folder / "b", "teacher", "x");
  for (const char *name : {"bundle.json", "model.mlir", "config.json", "model.safetensors"}) {
    const std::string whole = get(folder / "b" / name);
    for (size_t at = 0; at < whole.size(); ++at) {
      std::string changed = whole;
      changed[at] ^= char(1 << at * 5 % 8);
      put(std::string("b/") + name, changed);
      ASSERT_NE(test::errorOf([&] { Bundle::open(folder / "b"); }), "") << name << ", byte " << at;
    }
    put(std::string("b/") + name, whole);
  }
  Bundle::open(folder / "b");
  put("b/LICENSE", "was not there when the bundle was written");
  Bundle::open(folder / "b");
}

TEST_F(BundleTest, SaysWhatWasChanged) {
  put("b/model.mlir", "module {}");
  put("b/config.json", "{}");
  writeBundleManifest(folder / "b", "teacher", "x");
  std::string weights = get(folder / "b/model.safetensors");
  weights.back() ^= 1;
  put("b/model.safetensors", weights);
  EXPECT_ERROR(Bundle::open(folder / "b"), "model.safetensors: expected the content that bundle.json records");
  EXPECT_NO_THROW(Bundle::open(folder / "b", BundleCheck::SmallFiles));
  put("b/model.safetensors", weights + "x");
  EXPECT_ERROR(Bundle::open(folder / "b", BundleCheck::SmallFiles), "bytes as bundle.json records, found");
  put("b/model.safetensors", weights);
  put("b/config.json", "[]");
  EXPECT_ERROR(Bundle::open(folder / "b", BundleCheck::SmallFiles), "config.json: expected the content that");
  recordBundle(folder / "b"); // as they are now
  EXPECT_EQ(Bundle::open(folder / "b").source, "x");
  std::filesystem::remove(folder / "b/config.json");
  EXPECT_ERROR(Bundle::open(folder / "b"), "config.json: expected this file of the bundle, found nothing");
}

TEST_F(BundleTest, OldBundlesAreRecordedOnDemand) {
  openWith(R"({"format": 1, "dialects": {"lm": 1, "xlstm": 1}, "kind": "teacher", "source": "x"})");
  recordBundle(folder / "b");
  EXPECT_TRUE(Bundle::open(folder / "b").isRecorded);
  copyBundle(folder / "b", folder / "c");
  EXPECT_EQ(Bundle::open(folder / "c").source, "x");
}

TEST_F(BundleTest, LinksOfABundleDoNotLeaveIt) {
  writeBundleManifest(folder / "b", "teacher", "x");
  put("secret", "secret");
  for (const char *name : {"LICENSE", "chat_template.jinja", "tokenizer.json"}) {
    std::filesystem::create_symlink("../secret", folder / "b" / name);
    EXPECT_ERROR(carryModelFiles(folder / "b", folder), "expected a file of its folder, found a link that leaves it");
    EXPECT_ERROR(copyBundle(folder / "b", folder / "c"), "a link that leaves it");
    std::filesystem::remove(folder / "b" / name);
  }
  for (const char *name : {"model.mlir", "model.safetensors", "bundle.json"}) {
    std::filesystem::rename(folder / "b" / name, folder / name);
    std::filesystem::create_symlink(std::string("../") + name, folder / "b" / name);
    EXPECT_ERROR(Bundle::open(folder / "b"), "a link that leaves it");
    std::filesystem::rename(folder / name, folder / "b" / name);
  }
}

TEST_F(BundleTest, SaysWhatAFolderLacks) {
  EXPECT_ERROR(Bundle::open(folder / "b"), "expected a bundle (a folder with bundle.json), found another folder");
  EXPECT_ERROR(Bundle::open(folder / "none"), "found nothing");
  writeBundleManifest(folder / "b", "teacher", "x");
  std::filesystem::remove(folder / "b/model.mlir");
  EXPECT_ERROR(Bundle::open(folder / "b"), "model.mlir: expected the bundle's IR, found no such file");
}

TEST_F(BundleTest, OutputMayReplaceBundlesOnly) {
  EXPECT_NO_THROW(checkBundleOutput(folder / "none"));
  std::filesystem::create_directory(folder / "empty");
  EXPECT_NO_THROW(checkBundleOutput(folder / "empty"));
  EXPECT_ERROR(checkBundleOutput(folder / "b"), "what is there is not a bundle and would be lost");
  EXPECT_ERROR(checkBundleOutput(folder / "b/model.mlir"), "it exists and is not a folder");
  writeBundleManifest(folder / "b", "teacher", "x");
  EXPECT_NO_THROW(checkBundleOutput(folder / "b"));
}

TEST_F(BundleTest, CarriesTheFilesOfAModel) {
  put("from/config.json", "{}");
  put("from/tokenizer.json", "tok");
  put("from/chat_template.jinja", "{{ x }}");
  put("from/pytorch_model.bin", "weights");
  std::filesystem::create_directory(folder / "to");
  carryModelFiles(folder / "from", folder / "to");
  EXPECT_EQ(get(folder / "to/config.json"), "{}");
  EXPECT_EQ(get(folder / "to/tokenizer.json"), "tok");
  EXPECT_EQ(get(folder / "to/chat_template.jinja"), "{{ x }}");
  EXPECT_FALSE(std::filesystem::exists(folder / "to/pytorch_model.bin"));
  EXPECT_FALSE(std::filesystem::exists(folder / "to/generation_config.json"));
}
