//===- TrainRanksTest.cpp - training does not depend on how many ranks -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RunRanks.h"
#include "test/unit/Files/TestFolder.h"
#include "test/unit/Train/TinyModel.h"

#include "xlstm/Runtime/Checkpoint/CheckpointStore.h"
#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Runtime/Train/Align.h"
#include "xlstm/Runtime/Train/Distill.h"

#include <ATen/TensorOperators.h>

using namespace xlstm;
using namespace xlstm::test;
namespace fs = std::filesystem;

namespace {

/// In float64 but where a test is of bf16: Adam makes a whole step of the least rounding where a gradient is zero but
/// for it. All tensors are made by ranks: the test's own process forks them.
class TrainRanksTest : public TestFolder {
protected:
  void SetUp() override {
    TestFolder::SetUp();
    expectRanks(1, [&] { writeTinyTargets(rows().rows, folder / "targets"); });
  }

  static MixedRows rows() {
    auto unlike = [](int64_t count, uint64_t seed) { // in their labels; each fourth has none
      return withoutFirstLabels(tinyRows(count, seed), [](int64_t row) { return row % 4 * 4; });
    };
    return mixRows({unlike(16, 1), unlike(8, 2)}, {0.5, 0.5});
  }

  TrainOptions settings(int64_t micro) const {
    TrainOptions options = TrainOptions::distillation(20);
    options.batch = 8;
    options.microBatch = micro;
    options.rate.peak = 1e-2;
    options.rate.warmup = 2;
    options.type = type;
    options.bucket = 40; // several of each kind
    options.validateEvery = options.checkpointEvery = 5;
    return options;
  }

  ParamMap inType(ParamMap params) const {
    for (auto &[name, param] : params)
      param = param.to(type);
    return params;
  }

  /// Of any rank: trains into `name`, and leaves the result of rank 0 there.
  void distill(const std::string &name, TrainOptions options) const {
    auto load = [&] { return inType(tinyStudentParams()); };
    Program program = type == at::kFloat ? narrowStudent() : tinyStudent();
    DistillResult result = distillExpert(program, load, rows(), TargetStore::open(folder / "targets"),
                                         tinyRows(10, 100), options, folder / name);
    if (Group::world().isFirst())
      saveTensors(folder / name / "result.safetensors", {result.params.begin(), result.params.end()});
  }
  /// On what the student writes.
  void trainOnPolicy(const std::string &name, const TrainOptions &options, int64_t every) const {
    auto load = [&] { return inType(tinyStudentParams()); };
    Program program = tinyWriter();
    StudentWriter writer(program, {.prompt = 5, .write = 7, .every = every, .ends = {11}}, 5, type);
    OnlineTeacher teacher(Program::parse(tinyTeacher(), "tiny"), tinyTeacherParams(), 3, "tiny");
    DistillResult result =
        distillExpert(program, load, rows(), teacher, tinyRows(10, 100), options, folder / name, &writer);
    if (Group::world().isFirst())
      saveTensors(folder / name / "result.safetensors", {result.params.begin(), result.params.end()});
  }
  void align(const std::string &name, TrainOptions options) const {
    alignStudent(tinyAlign, inType(tinyTeacherParams()), rows(), tinyRows(10, 100), options, folder / name);
  }

  /// The logs' numbers, those under `only` where it is given, to `tolerance` of their size.
  void expectSameLog(const std::string &one, const std::string &other, double tolerance,
                     const std::string &only = "") const {
    std::vector<Json> a = logOf(folder / one), b = logOf(folder / other);
    ASSERT_EQ(a.size(), b.size());
    ASSERT_GT(a.size(), 20u);
    for (size_t i = 0; i < a.size(); ++i) {
      Json expected = a[i].flatten(), found = b[i].flatten();
      ASSERT_EQ(expected.size(), found.size());
      for (const auto &[key, value] : expected.items())
        if (key.starts_with(only))
          EXPECT_NEAR(value.get<double>(), found.at(key).get<double>(),
                      tolerance * std::max(std::abs(value.get<double>()), 1e-3))
              << other << ", line " << i << ", " << key;
    }
  }

  at::ScalarType type = at::kDouble;
};

} // namespace

TEST_F(TrainRanksTest, Distillation) {
  expectRanks(1, [&] { distill("d1", settings(0)); });
  for (int64_t size : {2, 3, 4}) { // three take parts of two lengths
    std::string name = "d" + std::to_string(size);
    expectRanks(size, [&] { distill(name, settings(size == 3 ? 1 : 0)); });
    expectSameLog("d1", name, 1e-6);
  }
}

TEST_F(TrainRanksTest, Alignment) {
  expectRanks(1, [&] { align("a1", settings(0)); });
  for (int64_t size : {2, 4}) {
    std::string name = "a" + std::to_string(size);
    expectRanks(size, [&] { align(name, settings(1)); });
    expectSameLog("a1", name, 1e-6);
  }
}

// Each rank writes its rows, which are those that one would write.
TEST_F(TrainRanksTest, OnPolicy) {
  expectRanks(1, [&] { trainOnPolicy("o1", settings(0), 1); });
  expectRanks(3, [&] { trainOnPolicy("o3", settings(1), 1); }); // parts of two lengths
  expectSameLog("o1", "o3", 1e-6);
  expectRanks(2, [&] { trainOnPolicy("left", settings(0), 5); });
  TrainOptions killed = settings(0);
  killed.onStep = [](int64_t step) {
    if (step == 13)
      ::_exit(3);
  };
  runRanks(2, [&] { trainOnPolicy("killed", killed, 5); });
  expectRanks(2, [&] { trainOnPolicy("killed", settings(0), 5); });
  for (const char *file : {"metrics.jsonl", "result.safetensors"})
    EXPECT_EQ(get(folder / "left" / file), get(folder / "killed" / file)) << file;
}

// Ranks send rounded params and keep float32 ones: what one process has.
TEST_F(TrainRanksTest, Rounded) {
  type = at::kFloat;
  TrainOptions options = settings(0);
  options.precision = "bf16";
  expectRanks(1, [&] { distill("r1", options); });
  expectRanks(2, [&] { distill("r2", options); });
  expectSameLog("r1", "r2", 5e-3, "/loss");
}

// A run of two ranks goes on, from a checkpoint, at one and at four, and the other way round.
TEST_F(TrainRanksTest, Resharding) {
  TrainOptions ten = settings(0), twenty = settings(0);
  ten.steps = 10;
  expectRanks(1, [&] { distill("whole", twenty); });
  for (auto [before, after] : {std::pair(2, 1), {2, 4}, {1, 2}}) {
    std::string name = std::to_string(before) + "-" + std::to_string(after);
    expectRanks(before, [&] { distill(name, ten); });
    fs::path saved = folder / name / "checkpoints/step-000010";
    EXPECT_EQ(fs::exists(saved / "shard-00001.safetensors"), before == 2);
    EXPECT_EQ(fs::exists(saved / "state.safetensors"), before == 1);
    expectRanks(after, [&] { distill(name, twenty); });
    expectSameLog("whole", name, 1e-6);
  }
}

/// The tensors of a checkpoint, all that one rank reads of it, or those that it reads of parts.
static void expectState(const fs::path &one, const fs::path &other) {
  Checkpoint a = readCheckpoint(one), b = readCheckpoint(other);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto &[name, value] : a.tensors)
    EXPECT_TRUE(value.equal(b.tensors.at(name))) << name;
}

// Saved at two ranks, loaded and saved at four and at one: the same bits.
TEST_F(TrainRanksTest, StateIsBitEqual) {
  TrainOptions options = settings(0);
  options.steps = 10;
  expectRanks(2, [&] { distill("b", options); });
  fs::copy(folder / "b/checkpoints/step-000010", folder / "two", fs::copy_options::recursive);
  for (int64_t size : {4, 1}) {
    expectRanks(size, [&] {
      Checkpoint whole = readCheckpoint(folder / "two");
      Checkpoint mine{whole.step, {}, whole.record, {}, !Group::world().isAlone()};
      Slices wanted;
      for (const auto &[name, value] : whole.tensors) {
        auto [begin, end] = Group::world().part(value.numel());
        if (begin < end)
          wanted[name] = {value.sizes().vec(), begin, end};
      }
      if (mine.isSharded) {
        mine.tensors = readCheckpoint(folder / "two", {&wanted}).tensors;
        mine.slices = wanted;
      } else {
        mine.tensors = whole.tensors;
      }
      writeCheckpoint(folder / ("as" + std::to_string(size)), mine);
    });
    expectRanks(1, [&] { expectState(folder / "two", folder / ("as" + std::to_string(size))); });
  }
}

// Killed between two checkpoints, a run of two ranks ends in the bytes of one that was not.
TEST_F(TrainRanksTest, Resumption) {
  expectRanks(2, [&] { distill("left", settings(0)); });
  TrainOptions killed = settings(0);
  killed.onStep = [](int64_t step) {
    if (step == 13)
      ::_exit(3); // both ranks, as by a signal
  };
  runRanks(2, [&] { distill("killed", killed); });
  EXPECT_FALSE(fs::exists(folder / "killed/result.safetensors"));
  expectRanks(2, [&] { distill("killed", settings(0)); });
  for (const char *file :
       {"metrics.jsonl", "result.safetensors", "checkpoints/step-000020/shard-00000.safetensors",
        "checkpoints/step-000020/shard-00001.safetensors", "checkpoints/step-000020/checkpoint.json"})
    EXPECT_EQ(get(folder / "left" / file), get(folder / "killed" / file)) << file;
}

TEST_F(TrainRanksTest, DamagedShard) {
  TrainOptions options = settings(0);
  options.steps = 5;
  expectRanks(2, [&] { distill("s", options); });
  fs::path saved = folder / "s/checkpoints/step-000005", shard = saved / "shard-00001.safetensors";
  std::string bytes = get(shard);
  bytes.back() ^= 1;
  put("s/checkpoints/step-000005/shard-00001.safetensors", bytes);
  EXPECT_ERROR(readCheckpoint(saved), "shard-00001.safetensors: expected content of hash");
  fs::remove(shard);
  EXPECT_ERROR(readCheckpoint(saved), "shard-00001.safetensors");
}

TEST_F(TrainRanksTest, BatchIsTooSmall) {
  TrainOptions options = settings(0);
  options.batch = 2;
  runRanks(3, [&] {
    EXPECT_ERROR(distill("few", options), "expected a batch of at least a row for each of the 3 ranks, found 2");
  });
}
