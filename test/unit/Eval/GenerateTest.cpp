//===- GenerateTest.cpp - batches against one by one, and transformers ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EvalTest.h"

#include "xlstm/Runtime/Eval/BitsPerByte.h"
#include "xlstm/Runtime/Eval/Evaluation.h"
#include "xlstm/Runtime/Eval/Generate.h"
#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Runtime/Text/Sampler.h"

#include <ATen/Functions.h>
#include <algorithm>
#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

static std::vector<TokenIds> somePrompts(const Vocabulary &vocabulary) {
  std::vector<TokenIds> prompts;
  for (const char *text : {"Once upon a time there was", "def read_lines(path):\n",
                           "Question: What is 23 + 58?\nAnswer:", "In", "Once upon a time there is"})
    prompts.push_back(vocabulary.encodePrompt(text));
  return prompts;
}

/// The most likely continuation from @model alone, which knows no state.
static TokenIds greedyWithoutState(const LoadedModel &model, TokenIds ids, int64_t newTokens, int32_t end) {
  TokenIds result;
  for (int64_t i = 0; i < newTokens; ++i) {
    at::Tensor row = at::tensor(std::vector<int64_t>(ids.begin(), ids.end())).unsqueeze(0);
    at::Tensor docs = at::zeros({1, int64_t(ids.size())}, at::kInt);
    at::Tensor logits = model.forward.run("model", {row, docs}, model.params)[0].select(1, -1);
    int32_t token = int32_t(logits.argmax().item<int64_t>());
    if (token == end)
      break;
    result.push_back(token);
    ids.push_back(token);
  }
  return result;
}

TEST(Generate, BatchesEqualTheForwardPassRowByRow) {
  Vocabulary vocabulary = tinyVocabulary();
  std::vector<TokenIds> prompts = somePrompts(vocabulary);
  for (const LoadedModel &model : {tinyTeacher(), tinyStudent()}) {
    GenerateOptions options{.newTokens = 20, .ends = vocabulary.eos, .finished = nullptr};
    auto batched = generateTokens(model.stateful(64, false), model.params, prompts, options);
    for (size_t i = 0; i < prompts.size(); ++i)
      EXPECT_EQ(batched[i], greedyWithoutState(model, prompts[i], 20, vocabulary.eos[0])) << "prompt " << i;
  }
}

TEST(Generate, RowsThatAreFinishedLeaveTheOthersAlone) {
  LoadedModel model = tinyStudent();
  std::vector<TokenIds> prompts = somePrompts(tinyVocabulary());
  Program program = model.stateful(64, false);
  auto all = generateTokens(program, model.params, prompts, {.newTokens = 12, .ends = {}, .finished = nullptr});
  auto finished = [](size_t row, const TokenIds &tokens) { return tokens.size() == 2 * row + 1; };
  auto some = generateTokens(program, model.params, prompts, {.newTokens = 12, .ends = {}, .finished = finished});
  for (size_t i = 0; i < prompts.size(); ++i)
    EXPECT_EQ(some[i], TokenIds(all[i].begin(), all[i].begin() + std::min<size_t>(2 * i + 1, 12)));
  int32_t end = all[0][3];
  auto ended = generateTokens(program, model.params, prompts, {.newTokens = 12, .ends = {end}, .finished = nullptr});
  EXPECT_EQ(ended[0], TokenIds(all[0].begin(), std::find(all[0].begin(), all[0].end(), end)));
}

TEST(Generate, DrawnTokensAtTemperatureZeroAreTheLikeliest) {
  Vocabulary vocabulary = tinyVocabulary();
  TokenIds prompt = vocabulary.encodePrompt("Once upon a time there was");
  for (const LoadedModel &model : {tinyTeacher(), tinyStudent()}) {
    Sampler sampler(SamplerOptions{});
    Generation generation(model.stateful(64, false), model.params);
    TokenIds drawn = {sampler.sample(generation.read(prompt))};
    while (drawn.size() < 12)
      drawn.push_back(sampler.sample(generation.readOne(drawn.back())));
    EXPECT_EQ(drawn, greedyWithoutState(model, prompt, 12, -1));
  }
}

// Together, and whenever the host looks, as one by one.
TEST(Generate, RowsAreDrawnAsASamplerDrawsThem) {
  Vocabulary vocabulary = tinyVocabulary();
  std::vector<TokenIds> prompts = somePrompts(vocabulary);
  for (const LoadedModel &model : {tinyTeacher(), tinyStudent()}) {
    Program program = model.stateful(64, false);
    GenerateOptions options{.newTokens = 12, .temperature = 0.7, .seeds = {3, 1, 4, 1, 5}};
    std::vector<TokenIds> expected;
    for (size_t n = 0; n < prompts.size(); ++n) {
      Sampler sampler({.temperature = 0.7, .seed = options.seeds[n]});
      Generation generation(program, model.params);
      expected.push_back({sampler.sample(generation.read(prompts[n]))});
      while (expected.back().size() < 12)
        expected.back().push_back(sampler.sample(generation.readOne(expected.back().back())));
    }
    for (int64_t chunk : {1, 5, 100}) {
      options.chunk = chunk;
      EXPECT_EQ(generateTokens(program, model.params, prompts, options), expected) << chunk;
    }
    // A token that ends a row is seen when the host looks, and ends it where it stands.
    options.ends = {expected[1][4]};
    for (bool keepsEnd : {false, true})
      for (int64_t chunk : {1, 3}) {
        options.chunk = chunk, options.keepsEnd = keepsEnd;
        std::vector<TokenIds> found = generateTokens(program, model.params, prompts, options);
        for (size_t n = 0; n < prompts.size(); ++n) {
          auto end = std::ranges::find(expected[n], options.ends[0]);
          bool hasEnd = end != expected[n].end() && keepsEnd;
          EXPECT_EQ(found[n], TokenIds(expected[n].begin(), end + hasEnd)) << n << " " << chunk;
        }
      }
  }
}

/// Sum of log-probabilities of the tokens from `scored` on, from @model.
static double scoreWithoutState(const LoadedModel &model, const ScoredSequence &sequence) {
  at::Tensor row = at::tensor(std::vector<int64_t>(sequence.ids.begin(), sequence.ids.end())).unsqueeze(0);
  at::Tensor docs = at::zeros({1, row.size(1)}, at::kInt);
  at::Tensor logs = model.forward.run("model", {row, docs}, model.params)[0].to(at::kDouble).log_softmax(2);
  double sum = 0;
  for (size_t t = sequence.scored; t < sequence.ids.size(); ++t)
    sum += logs[0][int64_t(t) - 1][sequence.ids[t]].item<double>();
  return sum;
}

TEST(LogLikelihoods, SharedPrefixesChangeNothing) {
  auto sequence = [](TokenIds ids, size_t scored) { return ScoredSequence{std::move(ids), scored}; };
  std::vector<std::vector<ScoredSequence>> items = {
      {sequence({0, 70, 71, 72, 73, 80}, 5), sequence({0, 70, 71, 72, 73, 81, 82, 83}, 5)}, // a common prompt
      {sequence({0, 70, 90, 91}, 2), sequence({0, 71, 90}, 1)},                             // one that differs early
      {sequence({5, 6, 7}, 1), sequence({8, 9}, 1), sequence({5, 9, 9, 9}, 3)}};            // nothing in common
  for (const LoadedModel &model : {tinyTeacher(), tinyStudent()}) {
    auto sums = logLikelihoods(model.stateful(64, false), model.stateful(64, true), model.params, items);
    for (size_t i = 0; i < items.size(); ++i)
      for (size_t c = 0; c < items[i].size(); ++c)
        EXPECT_NEAR(sums[i][c], scoreWithoutState(model, items[i][c]), 1e-4) << i << " " << c;
  }
}

// test/Inputs/golden/make_tiny_score.py made the numbers with transformers.
static const Json &golden() {
  static const Json json = readJsonFile(XLSTM_TEST_INPUTS "/golden/tiny-llama-score.json");
  return json;
}

TEST(Golden, GreedyTextIsThatOfTransformers) {
  LoadedModel model = tinyTeacher();
  Vocabulary vocabulary = tinyVocabulary();
  for (const char *name : {"arith", "wordproblem"}) {
    Task task = loadTask(XLSTM_EXAMPLES "/tasks/" + std::string(name) + ".jsonl", golden()[name].size());
    std::vector<TokenIds> prompts;
    for (const TaskItem &item : task.items)
      prompts.push_back(vocabulary.encodePrompt(item.prompt));
    GenerateOptions options{.newTokens = task.newTokens(), .ends = vocabulary.eos, .finished = nullptr};
    auto tokens = generateTokens(model.stateful(512, false), model.params, prompts, options);
    std::vector<std::string> texts;
    for (size_t i = 0; i < task.items.size(); ++i) {
      EXPECT_EQ(task.items[i].id, golden()[name][i]["id"].get<std::string>());
      EXPECT_EQ(Json(tokens[i]), golden()[name][i]["ids"]) << task.items[i].id;
      texts.push_back(golden()[name][i]["text"]);
      EXPECT_EQ(vocabulary.tokenizer->decode(tokens[i], true), texts.back());
    }
    // Generation that stops as soon as the answer is certain scores as the whole text does.
    EXPECT_EQ(runTask(model, vocabulary, task).metrics, scoreOutputs(task, texts).metrics);
  }
}

TEST(Golden, ChoicesAreThoseOfTransformers) {
  Task task = loadTask(XLSTM_EXAMPLES "/tasks/codenext.jsonl", golden()["codenext"].size());
  TaskScore score = runTask(tinyTeacher(), tinyVocabulary(), task);
  for (size_t i = 0; i < task.items.size(); ++i)
    for (size_t c = 0; c < task.items[i].choices.size(); ++c) {
      double expected = golden()["codenext"][i]["log_likelihood"][c];
      EXPECT_NEAR(score.samples[i]["log_likelihoods"][c].get<double>(), expected, 1e-3) << task.items[i].id << " " << c;
    }
}

/// The example's vocabulary; its tokenizer puts no bos before a text.
static Vocabulary withoutBos() {
  Json spec = readJsonFile(XLSTM_EXAMPLES "/tiny-llama/tokenizer.json");
  spec["post_processor"] = nullptr;
  Vocabulary vocabulary = tinyVocabulary();
  vocabulary.tokenizer = std::make_shared<Tokenizer>(Tokenizer::parse(spec.dump(), "tokenizer.json"));
  return vocabulary;
}

static std::vector<double> scores(const Vocabulary &vocabulary, const std::string &prompt,
                                  const std::vector<std::string> &choices = {"nce upon", "f a time"}) {
  Task task{.name = "t", .kind = TaskKind::MultipleChoice, .items = {{}}};
  task.items[0].id = "1";
  task.items[0].prompt = prompt;
  task.items[0].choices = choices;
  return runTask(tinyTeacher(), vocabulary, task).samples[0]["log_likelihoods"].get<std::vector<double>>();
}

TEST(Choices, BeginAsTheTokenizerSays) {
  std::vector<double> expected = scores(tinyVocabulary(), "It is o");
  EXPECT_NE(scores(withoutBos(), "It is o"), expected);
  EXPECT_EQ(scores(withoutBos(), "<|bos|>It is o"), expected);
  EXPECT_EQ(scores(tinyVocabulary(), "<|bos|>It is o"), expected); // once
  // Where nothing stands before what is scored, bos does.
  EXPECT_EQ(scores(withoutBos(), ""), scores(tinyVocabulary(), ""));
  // "once" and "of" begin with tokens of their own: the "o" before them is no context.
  std::vector<double> grown = scores(withoutBos(), "o"),
                      whole = scores(tinyVocabulary(), "", {"once upon", "of a time"});
  for (size_t n = 0; n < whole.size(); ++n)
    EXPECT_NEAR(grown[n], whole[n], 1e-4);
}

TEST(Golden, BitsPerByteAreThoseOfTransformers) {
  LoadedModel model = tinyTeacher();
  for (const auto &[domain, expected] : golden()["bits_per_byte"].items()) {
    auto documents = readDocuments(XLSTM_EXAMPLES "/data/" + domain + "/valid.txt.xz");
    documents.resize(expected["documents"].get<size_t>());
    PackedText text = packHeldOut(tinyVocabulary(), documents, expected["piece_tokens"], 0);
    EXPECT_EQ(text.bytes, expected["bytes"].get<int64_t>());
    double found = bitsPerByte(sumOfNats(model.forward, model.params, text), text.bytes);
    EXPECT_NEAR(found, expected["bits_per_byte"].get<double>(), 1e-5) << domain;
  }
}
