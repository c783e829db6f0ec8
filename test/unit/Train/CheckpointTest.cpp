//===- CheckpointTest.cpp - whole or not at all, newest valid wins --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Checkpoint/CheckpointStore.h"
#include "xlstm/Runtime/Files/AtomicFile.h"

#include <ATen/ops/full.h>

using namespace xlstm;
using namespace xlstm::test;

namespace fs = std::filesystem;

namespace {

class CheckpointTest : public TestFolder {
protected:
  void save(int64_t step) {
    store.save({step, {{"w", at::full({3}, double(step))}, {"n", at::full({}, step, at::kLong)}}, {{"note", step}}});
  }
  int64_t newest() {
    auto found = store.newest();
    return found ? found->step : -1;
  }
  CheckpointStore store{folder};
};

} // namespace

TEST_F(CheckpointTest, returnsWhatWasSavedAndKeepsTwo) {
  EXPECT_EQ(newest(), -1);
  for (int64_t step : {50, 100, 150})
    save(step);
  EXPECT_EQ(names(), (std::set<std::string>{"step-000100", "step-000150"}));
  Checkpoint found = store.newest().value();
  EXPECT_EQ(found.step, 150);
  EXPECT_EQ(found.record, (Json{{"note", 150}}));
  EXPECT_TRUE(found.tensors.at("w").equal(at::full({3}, 150.0)));
  EXPECT_TRUE(found.tensors.at("n").equal(at::full({}, 150, at::kLong)));
}

TEST_F(CheckpointTest, passesOverDamage) {
  save(50);
  save(100);
  fs::path state = folder / "step-000100/state.safetensors";
  std::string content = get(state), flipped = content;
  flipped.back() ^= 1;
  for (const std::string &bad : {flipped, content.substr(0, content.size() - 4), std::string()}) {
    put("step-000100/state.safetensors", bad);
    EXPECT_EQ(newest(), 50);
  }
  put("step-000100/state.safetensors", content);
  EXPECT_EQ(newest(), 100);
  for (const char *bad : {"", "{", "{}", R"({"format": 9, "step": 100, "hash": "", "record": {}})"}) {
    put("step-000100/checkpoint.json", bad);
    EXPECT_EQ(newest(), 50) << bad;
  }
  fs::remove_all(folder / "step-000100");
  fs::create_directory(folder / "step-000100");
  EXPECT_EQ(newest(), 50);
  save(75); // the damaged one is not in the way
  EXPECT_EQ(newest(), 75);
  EXPECT_EQ(names(), (std::set<std::string>{"step-000050", "step-000075"}));
}

// Two at most at any time, so the older one goes first; when the new one cannot be written the last good one is there.
TEST_F(CheckpointTest, makesRoomBeforeItWrites) {
  save(50);
  save(100);
  Checkpoint unwritable{150, {{"w", at::full({3}, 1.0)}}, {{"note", "\xff"}}}; // no UTF-8: no JSON
  EXPECT_ANY_THROW(store.save(unwritable));
  EXPECT_EQ(names(), (std::set<std::string>{"step-000100"}));
  EXPECT_EQ(newest(), 100);
}

// Gone on from step 50 because that of 100 is damaged: 50 must outlive the writing of the next one.
TEST_F(CheckpointTest, keepsTheOneItWentOnFrom) {
  save(50);
  save(100);
  put("step-000100/state.safetensors", "broken");
  EXPECT_EQ(newest(), 50);
  save(150);
  EXPECT_EQ(names(), (std::set<std::string>{"step-000050", "step-000150"}));
}

TEST_F(CheckpointTest, doesNotSeeOneThatIsBeingWritten) {
  save(50);
  {
    AtomicDirectory unfinished(folder / "step-000100");
    writeTextFile(unfinished.path() / "checkpoint.json", "{}");
    EXPECT_EQ(newest(), 50);
  }
  put("step-abc/checkpoint.json", "{}");
  put("step-", "");
  EXPECT_EQ(newest(), 50);
}

TEST_F(CheckpointTest, namesWhatIsWrong) {
  EXPECT_ERROR(readCheckpoint(folder / "step-000001"), "checkpoint.json");
  save(1);
  put("step-000001/state.safetensors", "x");
  EXPECT_ERROR(readCheckpoint(folder / "step-000001"), "expected content of hash");
}
