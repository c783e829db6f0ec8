//===- NearestTest.cpp - typing errors and names of the Hub ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Support/Nearest.h"
#include "xlstm/Support/HubHint.h"

#include <gtest/gtest.h>

using namespace xlstm;

TEST(Nearest, EveryKindOfTypingError) {
  std::vector<std::string> verbs = {"import", "inspect", "generate", "distill", "diff", "eval", "export"};
  for (auto [word, meant] : {std::pair("improt", "import"),
                             {"imort", "import"},
                             {"importt", "import"},
                             {"impart", "import"},
                             {"expotr", "export"},
                             {"gen", "generate"},
                             {"Distil", "distill"},
                             {"evla", "eval"}})
    EXPECT_EQ(nearest(word, verbs), meant);
  for (const char *word : {"quantize", "x", "", "de", "serve"})
    EXPECT_EQ(nearest(word, verbs), "") << word;
  EXPECT_EQ(nearest("learning-rate", {"learning_rate", "final_learning_rate"}), "learning_rate");
  EXPECT_EQ(nearest(std::string(100000, 'a'), {std::string(100000, 'a')}), "");
  EXPECT_EQ(didYouMean("improt", verbs), "; did you mean 'import'?");
  EXPECT_EQ(didYouMean("zebra", verbs), "");
}

TEST(HubHint, NamesOfModelsAndNoPaths) {
  for (const char *id : {"HuggingFaceTB/SmolLM2-135M", "Qwen/Qwen2.5-0.5B-Instruct", "meta-llama/Llama-3.1-8B/"})
    EXPECT_NE(hubHint(id).find("hf download"), std::string::npos) << id;
  EXPECT_NE(
      hubHint("https://huggingface.co/Qwen/Qwen3-0.6B").find("hf download Qwen/Qwen3-0.6B --local-dir Qwen3-0.6B "),
      std::string::npos);
  for (const char *path :
       {"folder", "./a/b", "/a/b", "a/b/c", "../b", "a/model.onnx", "a/x.gguf", "a b/c", "", "/", "a//"})
    EXPECT_EQ(hubHint(path), "") << path;
  EXPECT_EQ(hubHint("test/nothing"), ""); // there is a folder test: a path
}
