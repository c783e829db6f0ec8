//===- OnPolicyTest.cpp - training on what the student writes -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is written is compared with one text at a time by Generation and Sampler, losses with @model of both and the
// formula in float64.

#include "TinyModel.h"
#include "test/unit/Files/TestFolder.h"
#include "test/unit/OpCounts.h"

#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Files/Interrupt.h"
#include "xlstm/Runtime/Text/Sampler.h"
#include "xlstm/Runtime/Train/Distill.h"
#include "xlstm/Runtime/Train/Replay.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

using namespace xlstm;
using namespace xlstm::test;

namespace {

constexpr int64_t K = 3;
constexpr int32_t End = 11; // of the sixteen tokens

class OnPolicyTest : public TestFolder {
protected:
  OnPolicyTest() { at::set_num_threads(1); }

  static TrainOptions settings(int64_t steps) {
    TrainOptions options = TrainOptions::distillation(steps);
    options.batch = 4;
    options.rate = {.peak = 1e-2, .final = 1e-2, .warmup = 0, .cosine = false};
    options.validateEvery = 5;
    options.checkpointEvery = 4;
    options.seed = 5;
    return options;
  }
  DistillResult train(const std::string &name, const TrainOptions &options, WriteOptions write = writing()) {
    StudentWriter writer(program, write, options.seed);
    OnlineTeacher teacher(Program::parse(tinyTeacher(), "tiny"), tinyTeacherParams(), K, "tiny");
    return distillExpert(program, begin, data, teacher, heldOut, options, folder / name, &writer);
  }
  static WriteOptions writing() { return {.prompt = 5, .write = 7, .temperature = 0.8, .ends = {End}}; }

  Program program = tinyWriter();
  std::function<ParamMap()> begin = tinyStudentParams;
  MixedRows data = mixRows({tinyRows(10, 1), tinyRows(6, 2)}, {0.5, 0.5});
  TokenRows heldOut = tinyRows(6, 100);
};

/// A text as xlstm generate writes it, with the token that ends it.
TokenIds writeAlone(const Program &program, const ParamMap &params, const TokenIds &prompt, const WriteOptions &how,
                    uint64_t seed) {
  c10::NoGradGuard noGrad;
  Sampler sampler({.temperature = how.temperature, .seed = seed});
  Generation generation(program, params);
  TokenIds text = {sampler.sample(generation.read(prompt))};
  while (int64_t(text.size()) < how.write && std::ranges::count(how.ends, text.back()) == 0)
    text.push_back(sampler.sample(generation.readOne(text.back())));
  return text;
}

/// What stands for row `row` of step `step` with a seed.
uint64_t drawnBy(uint64_t seed, int64_t step, int64_t row) {
  ContentHash hash;
  std::vector<int64_t> words = {int64_t(seed), step, row};
  hash.update(std::as_bytes(std::span(words)));
  return hash.value();
}

/// Sum over the labelled tokens of KL between the teacher's K likeliest tokens with all others as one, and the same of
/// the student; and how many these tokens are.
std::pair<double, int64_t> divergence(const ParamMap &student, const Program &program, const TokenIds &ids,
                                      size_t labelledFrom) {
  c10::NoGradGuard noGrad;
  at::Tensor row = at::tensor(std::vector<int64_t>(ids.begin(), ids.end())).unsqueeze(0);
  at::Tensor docs = at::zeros({1, row.size(1)}, at::kInt);
  at::Tensor p = Program::parse(tinyTeacher(), "tiny").run("model", {row, docs}, tinyTeacherParams())[0];
  at::Tensor q = program.run("model", {row, docs}, student)[0];
  p = p[0].to(at::kDouble).softmax(1), q = q[0].to(at::kDouble).softmax(1);
  double sum = 0;
  int64_t count = 0;
  for (size_t token = labelledFrom; token < ids.size(); ++token, ++count) {
    std::vector<std::pair<double, double>> pairs;
    for (int64_t id = 0; id < TinyVocabulary; ++id)
      pairs.emplace_back(p[int64_t(token) - 1][id].item<double>(), q[int64_t(token) - 1][id].item<double>());
    std::ranges::sort(pairs, std::greater<>());
    std::pair<double, double> rest{0, 0};
    for (size_t n = K; n < pairs.size(); ++n)
      rest.first += pairs[n].first, rest.second += pairs[n].second;
    pairs.resize(K);
    pairs.push_back(rest);
    for (auto [ofTeacher, ofStudent] : pairs)
      sum += ofTeacher * std::log(ofTeacher / ofStudent);
  }
  return {sum, count};
}

struct Stop {};

TrainOptions stopping(TrainOptions options, int64_t step) {
  options.onStep = [step](int64_t done) {
    if (done == step)
      throw Stop();
  };
  return options;
}

/// A row of tokens 0, 1, 2, ... of these pieces; `unlearned`: tokens that are none's labels.
TokenRows rowOf(const std::vector<TokenPiece> &pieces, const std::set<int64_t> &unlearned = {}) {
  int64_t length = pieces.back().column + pieces.back().count;
  TokenRows row{at::arange(length, at::kLong).unsqueeze(0),
                at::zeros({1, length}, at::kInt),
                at::full({1, length}, -1, at::kLong),
                {pieces}};
  for (const TokenPiece &piece : pieces) {
    row.docStart_NT.slice(1, piece.column, piece.column + piece.count).fill_(piece.column);
    for (int64_t n = piece.column; n + 1 < piece.column + piece.count; ++n)
      if (!unlearned.contains(n + 1))
        row.labels_NT[0][n] = n + 1;
  }
  return row;
}

TokenIds tokens(int32_t from, int32_t count) {
  TokenIds ids;
  while (int32_t(ids.size()) < count)
    ids.push_back(from + int32_t(ids.size()));
  return ids;
}

} // namespace

TEST_F(OnPolicyTest, PromptsBeginTexts) {
  EXPECT_EQ(promptOf(rowOf({{{}, 0, 0, 0, 20}}), 0, 6), tokens(0, 6));
  EXPECT_EQ(promptOf(rowOf({{{}, 0, 0, 0, 20}}), 0, 16), tokens(0, 10)); // half of it
  // The end of a text, then two that begin: the longer one, if it is shorter than the end, too.
  TokenRows three = rowOf({{{}, 0, 30, 0, 20}, {{}, 1, 0, 20, 4}, {{}, 2, 0, 24, 8}});
  EXPECT_EQ(promptOf(three, 0, 3), tokens(24, 3));
  EXPECT_EQ(promptOf(three, 0, 100), tokens(24, 4));
  EXPECT_EQ(promptOf(rowOf({{{}, 0, 30, 0, 20}}), 0, 6), tokens(0, 6)); // no text begins
  EXPECT_EQ(promptOf(rowOf({{{}, 0, 0, 0, 1}, {{}, 0, 0, 1, 1}}), 0, 6), tokens(0, 1));
}

TEST_F(OnPolicyTest, PromptsOfConversationsEndWhereTheAssistantBegins) {
  TokenRows one = rowOf({{{}, 0, 0, 0, 20}}, {0, 1, 2, 3, 4, 9, 10, 11});
  EXPECT_EQ(promptOf(one, 0, 6), tokens(0, 5)); // what is learned begins with token 5
  EXPECT_EQ(promptOf(one, 0, 5), tokens(0, 5));
  EXPECT_EQ(promptOf(one, 0, 4), tokens(0, 4)); // no room: the row's beginning
  // A longer one does not fit, the other does.
  TokenRows two = rowOf({{{}, 0, 0, 0, 20}, {{}, 1, 0, 20, 10}}, {0, 1, 2, 3, 4, 5, 6, 7, 20, 21, 22});
  EXPECT_EQ(promptOf(two, 0, 8), tokens(0, 8));
  EXPECT_EQ(promptOf(two, 0, 7), tokens(20, 3));
  // One that went on from the row before, in the middle of an answer: up to the next answer.
  EXPECT_EQ(promptOf(rowOf({{{}, 0, 9, 0, 20}}, {4, 5, 6}), 0, 10), tokens(0, 7));
}

TEST_F(OnPolicyTest, WritesWhatTheModelGenerates) {
  ParamMap params = tinyStudentParams();
  for (double temperature : {0.0, 0.8, 2.0}) {
    WriteOptions how = writing();
    how.temperature = temperature;
    std::vector<RowKey> keys;
    for (int64_t row = 0; row < data.rows.size(); ++row)
      keys.push_back({3, row});
    TokenRows rows = StudentWriter(program, how, 5).write(data.rows, keys, params);
    ASSERT_EQ(rows.length(), how.length());
    int64_t ended = 0;
    for (int64_t row = 0; row < rows.size(); ++row) {
      TokenIds ids = promptOf(data.rows, row, how.prompt);
      int64_t first = int64_t(ids.size());
      for (int32_t id : writeAlone(program, params, ids, how, drawnBy(5, 3, row)))
        ids.push_back(id);
      ended += ids.back() == End;
      for (int64_t n = 0, count = int64_t(ids.size()); n < rows.length(); ++n) {
        EXPECT_EQ(rows.ids_NT[row][n].item<int64_t>(), n < count ? ids[size_t(n)] : 0) << row << " " << n;
        bool isLabelled = n + 1 >= first && n + 1 < count;
        EXPECT_EQ(rows.labels_NT[row][n].item<int64_t>(), isLabelled ? ids[size_t(n) + 1] : -1) << row << " " << n;
        EXPECT_EQ(rows.docStart_NT[row][n].item<int64_t>(), n < count ? 0 : count) << row << " " << n;
      }
    }
    EXPECT_TRUE(temperature == 0 || (ended > 0 && ended < rows.size()));
  }
}

TEST_F(OnPolicyTest, LossesAreOfWhatWasWritten) {
  TrainOptions options = settings(1);
  for (int64_t micro : {0, 3}) { // parts of other lengths
    options.microBatch = micro;
    std::string name = "m" + std::to_string(micro);
    train(name, options);
    Json line = logOf(folder / name).at(1);
    std::vector<int64_t> order = rowOrder(data.counts, data.weights, options.seed, 4, shuffledTogether(12));
    double sum = 0;
    int64_t count = 0;
    ParamMap params = tinyStudentParams();
    for (int64_t row = 0; row < 4; ++row) {
      TokenIds ids = promptOf(data.rows, order[size_t(row)], 5);
      size_t first = ids.size();
      for (int32_t id : writeAlone(program, params, ids, writing(), drawnBy(5, 0, row)))
        ids.push_back(id);
      auto [ofRow, tokens] = divergence(params, program, ids, first);
      sum += ofRow, count += tokens;
    }
    EXPECT_EQ(line["written"], count);
    EXPECT_NEAR(line["kl"].get<double>(), sum / double(count), 1e-5);
    EXPECT_NEAR(line["loss"].get<double>(), sum / double(count), 1e-5); // nothing else is minimised
  }
}

TEST_F(OnPolicyTest, ValidatesOnItsOwnText) {
  TrainOptions options = settings(1);
  options.heldOutBatch = 4;
  train("v", options);
  Json line = logOf(folder / "v").at(0);
  double sum = 0;
  int64_t count = 0;
  ParamMap params = tinyStudentParams();
  for (int64_t row = 0; row < heldOut.size(); ++row) {
    TokenIds ids = promptOf(heldOut, row, 5);
    size_t first = ids.size();
    for (int32_t id : writeAlone(program, params, ids, writing(), drawnBy(5, -1, row)))
      ids.push_back(id);
    auto [ofRow, tokens] = divergence(params, program, ids, first);
    sum += ofRow, count += tokens;
  }
  EXPECT_EQ(line["held_out_tokens"], count);
  EXPECT_NEAR(line["held_out"].get<double>(), sum / double(count), 1e-5);
  EXPECT_NE(line["text_kl"], line["held_out"]);
}

TEST_F(OnPolicyTest, TheStudentsTextBecomesTheTeachers) {
  begin = [] { // a student that adds the opposite of what its attention says
    ParamMap params = tinyStudentParams();
    params.at("model.layers.0.self_attn.o_proj.weight").neg_();
    return params;
  };
  TrainOptions options = settings(100);
  options.batch = 16;
  DistillResult result = train("long", options);
  EXPECT_LT(result.report.best, 0.2 * result.report.initial);
  EXPECT_LT(result.report.last, 0.2 * result.report.initial);
  std::vector<Json> lines = logOf(folder / "long");
  EXPECT_LT(lines.back()["text_kl"].get<double>(), 0.2 * lines.front()["text_kl"].get<double>());
  EXPECT_FALSE(sameParams(result.params, begin()));
}

TEST_F(OnPolicyTest, StoppedRunsEndWhereUninterruptedOnesDo) {
  for (int64_t every : {1, 2}) {
    WriteOptions write = writing();
    write.every = every;
    std::string whole = "whole" + std::to_string(every), parts = "parts" + std::to_string(every);
    DistillResult expected = train(whole, settings(11), write);
    for (int64_t step : {1, 5, 6, 9})
      EXPECT_THROW(train(parts, stopping(settings(11), step), write), Stop);
    EXPECT_TRUE(sameParams(expected.params, train(parts, settings(11), write).params));
    EXPECT_EQ(get(folder / whole / "metrics.jsonl"), get(folder / parts / "metrics.jsonl"));
  }
  EXPECT_NE(get(folder / "whole1/metrics.jsonl"), get(folder / "whole2/metrics.jsonl"));
}

// What is written for two steps at once is of the params at the first of them.
TEST_F(OnPolicyTest, WritesForStepsAtOnce) {
  TrainOptions options = settings(4);
  options.rate.peak = options.rate.final = 0; // params stay: it does not matter when it is written
  std::vector<std::string> logs;
  for (int64_t every : {1, 2, 4}) {
    WriteOptions write = writing();
    write.every = every;
    std::string name = "e" + std::to_string(every);
    train(name, options, write);
    logs.push_back(get(folder / name / "metrics.jsonl"));
  }
  EXPECT_EQ(logs[0], logs[1]);
  EXPECT_EQ(logs[0], logs[2]);
  WriteOptions write = writing();
  write.every = 3;
  EXPECT_ERROR(train("e3", settings(4), write), "or a multiple of that, found 4");
}

// A run of more steps goes on, but not from the middle of what was written at once.
TEST_F(OnPolicyTest, GoesOnForMoreSteps) {
  WriteOptions write = writing();
  write.every = 2;
  TrainOptions options = settings(8);
  options.validateEvery = 1;
  DistillResult expected = train("whole", options, write);
  for (int64_t before : {4, 5}) {
    std::string name = "grown" + std::to_string(before);
    options.steps = before;
    train(name, options, write);
    options.steps = 8;
    testing::internal::CaptureStderr();
    EXPECT_TRUE(sameParams(expected.params, train(name, options, write).params));
    EXPECT_NE(testing::internal::GetCapturedStderr().find("goes on from step 4 to 8"), std::string::npos);
  }
}

TEST_F(OnPolicyTest, ASignalIsHeededWhereNothingIsHeld) {
  WriteOptions write = writing();
  write.every = 4;
  DistillResult whole = train("whole", settings(11), write);
  pid_t child = ::fork();
  if (child == 0) {
    catchInterrupts("test");
    TrainOptions options = settings(11);
    options.onStep = [](int64_t done) {
      if (done == 5)
        ::raise(SIGTERM);
    };
    try {
      train("parts", options, write);
    } catch (const Stopped &stopped) {
      ::_exit(stopped.line.starts_with("on-policy stopped after step 8 of 11") ? 0 : 1);
    } catch (...) {
    }
    ::_exit(2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_TRUE(sameParams(whole.params, train("parts", settings(11), write).params));
  EXPECT_EQ(get(folder / "whole/metrics.jsonl"), get(folder / "parts/metrics.jsonl"));
}

TEST_F(OnPolicyTest, RefusesToGoOnWithOtherText) {
  train("r", settings(4));
  WriteOptions other = writing();
  other.temperature = 1;
  EXPECT_ERROR(train("r", settings(4), other), "was begun with /more/on_policy/temperature = 0.8, now it is 1");
}

TEST_F(OnPolicyTest, ReplaysAStep) {
  train("r", settings(3));
  TrainOptions options = settings(3);
  options.replayStep = 2;
  std::filesystem::remove_all(folder / "r/checkpoints");
  try {
    train("r", options);
    FAIL();
  } catch (const Replayed &replayed) {
    double sum = 0;
    int64_t count = 0;
    for (const Json &row : replayed.report.at("rows")) {
      sum += row.at("loss").get<double>() * double(row.at("tokens").get<int64_t>());
      count += row.at("tokens").get<int64_t>();
    }
    Json line = logOf(folder / "r").at(2);
    EXPECT_EQ(line["step"], 2);
    EXPECT_EQ(line["written"], count);
    EXPECT_NEAR(line["loss"].get<double>(), sum / double(count), 1e-5);
  }
}

TEST_F(OnPolicyTest, KeepsTheBatchOfAStepThatWentWrong) {
  TrainOptions options = settings(6);
  options.rate.peak = options.rate.final = 1e30;
  options.microBatch = 1;
  EXPECT_ERROR(train("bad", options), "of on-policy");
  EXPECT_TRUE(std::filesystem::exists(folder / "bad/failed/batch.safetensors"));
}

// On a GPU every look of the host at what is there waits for it: here at two chunks, beside the draws' way there.
TEST_F(OnPolicyTest, LooksAtManyTokensAtOnce) {
  ParamMap params = tinyStudentParams();
  std::vector<TokenIds> prompts = {{0, 1, 2}, {0, 3, 4}};
  GenerateOptions options{.newTokens = 16, .temperature = 1, .seeds = {1, 2}, .chunk = 8};
  OpCounts counts;
  generateTokens(program, params, prompts, options);
  EXPECT_EQ(counts.waits(), 3);
}
