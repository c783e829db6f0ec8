//===- RunTask.cpp - one model on one task --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/Evaluation.h"

#include "xlstm/Runtime/Eval/Generate.h"
#include "xlstm/Runtime/Text/EncodeText.h"
#include "xlstm/Support/Error.h"

#include <algorithm>

namespace xlstm {

/// Full-attention layers keep this many keys where the model states no context.
constexpr int64_t defaultContext = 2048;

static int64_t contextOf(const LoadedModel &model) {
  int64_t stated = model.forward.function("model").contextLength;
  return stated > 0 ? stated : defaultContext;
}

/// Keys to keep for sequences of at most `longest` tokens: a ring of the whole context would be copied for nothing.
static int64_t keptKeys(size_t longest) { return (int64_t(longest) + 63) / 64 * 64; }

/// What the model reads of an item: `text`, which is its prompt or begins with it. Behind an empty prompt it begins
/// with the context of a first token.
static TokenIds encodeItem(const LoadedModel &model, const Vocabulary &vocabulary, const Task &task,
                           const TaskItem &item, const std::string &text) {
  TokenIds ids = vocabulary.encodePrompt(text), context = vocabulary.context();
  if (item.prompt.empty())
    ids.insert(ids.begin(), context.begin(), context.end());
  if (ids.empty())
    fail("task ", task.name, ": item ", item.id, ": the prompt is empty, and the model has no token to begin with");
  checkTokens(ids, model.forward.function("model").results.at(0).shape.back(), *vocabulary.tokenizer,
              "task " + task.name + ": item " + item.id);
  return ids;
}

static TaskScore runGeneration(const LoadedModel &model, const Vocabulary &vocabulary, const Task &task) {
  int64_t room = contextOf(model) - task.newTokens();
  if (room < 1)
    fail("task ", task.name, ": the model's context of ", contextOf(model), " tokens has no room for ",
         task.newTokens(), " new ones");
  std::vector<TokenIds> prompts;
  size_t longest = 0;
  for (const TaskItem &item : task.items) {
    TokenIds ids = encodeItem(model, vocabulary, task, item, item.prompt);
    if (int64_t(ids.size()) > room)
      ids.erase(ids.begin(), ids.end() - room);
    longest = std::max(longest, ids.size());
    prompts.push_back(std::move(ids));
  }
  GenerateOptions options;
  options.newTokens = task.newTokens();
  options.ends = vocabulary.eos;
  options.finished = [&](size_t row, const TokenIds &tokens) {
    return isDecided(task.kind, task.items[row], vocabulary.tokenizer->decode(tokens, /*skipSpecial=*/true));
  };
  Program program = model.stateful(keptKeys(longest + size_t(task.newTokens())), /*allLogits=*/false);
  std::vector<std::string> outputs;
  for (const TokenIds &tokens : generateTokens(program, model.params, prompts, options))
    outputs.push_back(vocabulary.tokenizer->decode(tokens, /*skipSpecial=*/true));
  return scoreOutputs(task, outputs);
}

/// The continuation's tokens are those in which `prompt + choice` differs from `prompt`: the last token of the prompt
/// may grow into the choice.
static ScoredSequence makeSequence(const Vocabulary &vocabulary, const TokenIds &prompt, TokenIds ids, size_t context) {
  ScoredSequence sequence;
  sequence.ids = std::move(ids);
  if (TokenIds start = vocabulary.context(); !start.empty() && prompt.front() != sequence.ids.front())
    sequence.ids.insert(sequence.ids.begin(), start.front()); // the first token is scored, and needs one before it
  auto differs = std::mismatch(prompt.begin(), prompt.end(), sequence.ids.begin(), sequence.ids.end());
  if (sequence.ids.size() < 2)
    fail("a choice is one token with its prompt, and the model has no token to begin with");
  size_t scored = std::clamp<size_t>(differs.second - sequence.ids.begin(), 1, sequence.ids.size() - 1);
  size_t cut = sequence.ids.size() > context ? sequence.ids.size() - context : 0;
  sequence.ids.erase(sequence.ids.begin(), sequence.ids.begin() + int64_t(cut));
  sequence.scored = scored > cut ? scored - cut : 1;
  return sequence;
}

static TaskScore runChoices(const LoadedModel &model, const Vocabulary &vocabulary, const Task &task) {
  std::vector<std::vector<ScoredSequence>> items;
  size_t longest = 0;
  for (const TaskItem &item : task.items) {
    TokenIds prompt = encodeItem(model, vocabulary, task, item, item.prompt);
    items.emplace_back();
    for (const std::string &choice : item.choices) {
      TokenIds ids = encodeItem(model, vocabulary, task, item, item.prompt + choice);
      items.back().push_back(makeSequence(vocabulary, prompt, std::move(ids), size_t(contextOf(model))));
      longest = std::max(longest, items.back().back().ids.size());
    }
  }
  Program last = model.stateful(keptKeys(longest), /*allLogits=*/false);
  Program all = model.stateful(keptKeys(longest), /*allLogits=*/true);
  return scoreChoices(task, logLikelihoods(last, all, model.params, items));
}

TaskScore runTask(const LoadedModel &model, const Vocabulary &vocabulary, const Task &task) {
  return task.kind == TaskKind::MultipleChoice ? runChoices(model, vocabulary, task)
                                               : runGeneration(model, vocabulary, task);
}

} // namespace xlstm
