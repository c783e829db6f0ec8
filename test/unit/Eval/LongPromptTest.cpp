//===- LongPromptTest.cpp - prompts that fill or exceed the model's context -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EvalTest.h"

#include "xlstm/Runtime/Eval/Evaluation.h"
#include "xlstm/Runtime/Eval/Generate.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

namespace {

constexpr int64_t Context = 40;

const std::string Text =
    "Once upon a time there was a river, and on its banks stood an old mill. def read_lines(path): "
    "with open(path) as file: return [line.strip() for line in file] Question: What is 23 + 58? "
    "Answer: 81. The miller had three sons, and each of them went out into the world.";

/// The shortest beginning of Text that has so many tokens.
std::string beginningOf(int64_t tokens) {
  Vocabulary vocabulary = tinyVocabulary();
  for (size_t length = 1; length <= Text.size(); ++length)
    if (int64_t(vocabulary.encodePrompt(Text.substr(0, length)).size()) == tokens)
      return Text.substr(0, length);
  throw std::logic_error("no beginning of the text has so many tokens");
}

/// Logits behind each of `ids`, from @model alone.
at::Tensor logitsOf(const LoadedModel &model, const TokenIds &ids) {
  at::Tensor row = at::tensor(std::vector<int64_t>(ids.begin(), ids.end())).unsqueeze(0);
  return model.forward.run("model", {row, at::zeros(row.sizes(), at::kInt)}, model.params)[0][0];
}

TokenIds lastOf(const TokenIds &ids, size_t count) {
  return {ids.end() - int64_t(std::min(count, ids.size())), ids.end()};
}

} // namespace

// The newest tokens of a prompt stay, as many as leave room for the answer.
TEST(LongPrompts, GenerationKeepsTheirEnd) {
  LoadedModel model = shortTeacher(Context);
  Vocabulary vocabulary = tinyVocabulary();
  Task task{"long", TaskKind::BeginsWithAnswer, {}, 0};
  int64_t room = Context - task.newTokens();
  for (int64_t tokens : {room - 1, room, room + 1, room + 20, Context + 20}) {
    TaskItem item;
    item.id = std::to_string(tokens);
    item.prompt = beginningOf(tokens);
    TokenIds ids = lastOf(vocabulary.encodePrompt(item.prompt), size_t(room)), answer;
    for (int64_t n = 0; n < task.newTokens(); ++n) {
      auto token = int32_t(logitsOf(model, ids)[-1].argmax().item<int64_t>());
      ids.push_back(token), answer.push_back(token);
    }
    item.answer = vocabulary.tokenizer->decode(answer, true);
    ASSERT_EQ(std::count(answer.begin(), answer.end(), vocabulary.eos.at(0)), 0) << "take another text";
    task.items.push_back(item);
  }
  task.allItems = task.items.size();
  TaskScore score = runTask(model, vocabulary, task);
  for (size_t i = 0; i < task.items.size(); ++i)
    EXPECT_TRUE(score.samples[i]["correct"].get<bool>())
        << task.items[i].id << " tokens: " << score.samples[i]["output"] << ", expected " << task.items[i].answer;
}

// A choice's likelihood is that behind the newest tokens of what stands before it; of a choice that is longer than the
// context, the part that fits is scored, but for its first token.
TEST(LongPrompts, ChoicesKeepTheirEnd) {
  LoadedModel model = shortTeacher(Context);
  Vocabulary vocabulary = tinyVocabulary();
  Task task{"long", TaskKind::MultipleChoice, {}, 0};
  for (int64_t tokens : {int64_t(1), Context - 5, Context - 1, Context, Context + 25}) {
    TaskItem item;
    item.prompt = tokens == 1 ? "" : beginningOf(tokens);
    item.choices = {" a", " the river", " something else that is long", Text};
    task.items.push_back(item);
  }
  task.allItems = task.items.size();
  TaskScore score = runTask(model, vocabulary, task);
  for (size_t i = 0; i < task.items.size(); ++i)
    for (size_t c = 0; c < task.items[i].choices.size(); ++c) {
      TokenIds prompt = vocabulary.encodePrompt(task.items[i].prompt);
      TokenIds all = vocabulary.encodePrompt(task.items[i].prompt + task.items[i].choices[c]);
      size_t scored = size_t(std::mismatch(prompt.begin(), prompt.end(), all.begin(), all.end()).second - all.begin());
      TokenIds kept = lastOf(all, size_t(Context));
      at::Tensor logs = logitsOf(model, kept).log_softmax(-1);
      double want = 0;
      for (size_t n = std::max(kept.size() + scored, all.size() + 1) - all.size(); n < kept.size(); ++n)
        want += logs[int64_t(n) - 1][kept[n]].item<double>();
      EXPECT_NEAR(score.samples[i]["log_likelihoods"][c].get<double>(), want, 1e-3) << "item " << i << " choice " << c;
    }
}
