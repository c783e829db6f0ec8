//===- FamiliesTest.cpp - the whole rewrite on imported teachers ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Count.h"
#include "xlstm/Import/Import.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Files/Bundle.h"

#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

struct Family {
  const char *folder;
  int full, sliding; // layers by kind of attention
};

class Families : public testing::TestWithParam<Family> {
protected:
  void SetUp() override {
    output = fs::temp_directory_path() / ("xlstm-families-" + std::to_string(getpid()));
    importHuggingFace(fs::path(XLSTM_TEST_INPUTS) / "hf" / GetParam().folder, output);
    std::ifstream file(Bundle::open(output).modelFile());
    teacher.assign(std::istreambuf_iterator<char>(file), {});
  }
  void TearDown() override { fs::remove_all(output); }

  std::string rewrite(const std::string &pipeline) const { return rewriteModule(teacher, "model.mlir", pipeline); }

  fs::path output;
  std::string teacher;
};

/// The text of one function of a module.
std::string function(const std::string &module, const std::string &name) {
  size_t begin = module.find("lm.model @" + name + "("), end = module.find("lm.model @", begin + 1);
  return begin == std::string::npos ? "" : module.substr(begin, end - begin);
}

TEST_P(Families, FullAttentionBecomesTheMixerEverywhere) {
  std::string student = rewrite("xlstm-student-pipeline{window=8 sinks=2}");
  for (const char *name : {"model", "align", "distill", "prefill", "decode"})
    EXPECT_EQ(count(function(student, name), "xlstm.mix "), GetParam().full) << name;
  EXPECT_EQ(count(function(student, "model"), "lm.attention"), GetParam().full + GetParam().sliding);
  EXPECT_EQ(count(function(student, "align"), "lm.attention"), 2 * GetParam().full + GetParam().sliding);
  EXPECT_EQ(count(function(student, "decode"), "lm.state"), 7 * GetParam().full + 2 * GetParam().sliding);
  EXPECT_EQ(count(student, "dense<"), 0) << "the IR names weights and never holds them";
}

TEST_P(Families, SlidingAttentionToo) {
  int layers = GetParam().full + GetParam().sliding;
  std::string student =
      rewrite("xlstm-linearize{window=8 sinks=2 convert-sliding},xlstm-build-prefill{batch=1 tokens=16}");
  EXPECT_EQ(count(function(student, "model"), "sinks = 2 : i64, window = 8"), layers);
  EXPECT_EQ(count(function(student, "prefill"), "lm.state"), 7 * layers);
}

TEST_P(Families, TheTeacherDecodes) {
  std::string module = rewrite("xlstm-build-decode{batch=1 context=24}");
  EXPECT_EQ(count(function(module, "decode"), "window = 24"), GetParam().full);
  EXPECT_EQ(count(function(module, "decode"), "lm.state"), 2 * (GetParam().full + GetParam().sliding));
}

INSTANTIATE_TEST_SUITE_P(Teachers, Families,
                         testing::Values(Family{"llama-31", 2, 0}, Family{"qwen2-tied", 2, 0},
                                         Family{"qwen3-tied", 2, 0}, Family{"olmo2-mha", 2, 0},
                                         Family{"olmo3-yarn", 1, 3}, Family{"smollm-tied", 2, 0}),
                         [](const auto &info) {
                           std::string name = info.param.folder;
                           std::erase(name, '-');
                           return name;
                         });

} // namespace
