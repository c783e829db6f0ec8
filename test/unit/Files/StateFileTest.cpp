//===- StateFileTest.cpp - saved states ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/StateFile.h"
#include "TestFolder.h"
#include "xlstm/Support/Error.h"

#include <gtest/gtest.h>

#include <fstream>

using namespace xlstm;

class StateFileTest : public test::TestFolder {};

static const FileHash model = {1, 2};
constexpr size_t bytes = 3 * 4096 + 100;

static SavedState makeState() {
  SavedState saved{{5, 0, 99}, "[{}]", std::vector<std::byte>(bytes)};
  saved.state[5000] = std::byte(1); // the second page; the first and third are zeros
  saved.state[bytes - 1] = std::byte(2);
  return saved;
}

static std::string faultOf(const std::filesystem::path &path, const FileHash &of = model, uint64_t size = bytes,
                           int64_t vocab = 100) {
  try {
    readStateFile(*MappedFile::open(path), of, size, vocab);
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

TEST_F(StateFileTest, ReturnsWhatWasWrittenAndLeavesOutZeros) {
  const std::filesystem::path path = folder / "s";
  writeStateFile(path, model, makeState());
  EXPECT_LT(std::filesystem::file_size(path), 4096 + 100 + 200u);
  SavedState found = readStateFile(*MappedFile::open(path), model, bytes, 100);
  EXPECT_EQ(found.tokens, makeState().tokens);
  EXPECT_EQ(found.note, "[{}]");
  EXPECT_EQ(found.state, makeState().state);
  writeStateFile(path, model, {{}, "", {}});
  EXPECT_TRUE(readStateFile(*MappedFile::open(path), model, 0, 100).state.empty());
}

TEST_F(StateFileTest, RefusesOtherModelsAndOtherFiles) {
  const std::filesystem::path path = folder / "s";
  writeStateFile(path, model, makeState());
  EXPECT_NE(faultOf(path, {1, 3}).find("of another model"), std::string::npos);
  EXPECT_NE(faultOf(path, model, bytes + 1).find("of another model"), std::string::npos);
  EXPECT_NE(faultOf(path, model, bytes, 99).find("is damaged"), std::string::npos);
  std::ofstream(path) << "a text";
  EXPECT_NE(faultOf(path).find("is no state that --save wrote"), std::string::npos);
}

TEST_F(StateFileTest, RefusesEveryCutAndEveryFlip) {
  const std::filesystem::path path = folder / "s";
  writeStateFile(path, model, makeState());
  const std::string whole = readGivenFile(path);
  for (size_t at = 0; at < whole.size(); at += at < 80 ? 1 : 501) {
    std::ofstream(path, std::ios::binary) << whole.substr(0, at);
    EXPECT_NE(faultOf(path), "") << at;
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    std::ofstream(path, std::ios::binary) << flipped;
    EXPECT_NE(faultOf(path), "") << at;
  }
}
