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
  EXPECT_EQ(bundle.weights.tensors().size(), 1u);
}

/// Version 1 as it was first written must open for ever.
TEST_F(BundleTest, OpensVersionOne) {
  EXPECT_EQ(openWith(R"({"format": 1, "dialects": {"lm": 1, "xlstm": 1}, "kind": "teacher", "source": "x"})").kind,
            "teacher");
}

TEST_F(BundleTest, RefusesNewerVersionsAndBrokenManifests) {
  EXPECT_ERROR(openWith(R"({"format": 2, "dialects": {"lm": 1, "xlstm": 1}, "kind": "teacher"})"),
               "bundle.json: version 2 of 'format' was written by a newer xlstm, this one knows up to 1");
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
  EXPECT_ERROR(checkBundleOutput(folder / "b/model.mlir"), "would be lost");
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
