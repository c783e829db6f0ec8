//===- Generate.cpp - without a verb: continue a text, or chat ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Model.h"
#include "runtime/Deploy/Verbs.h"
#include "xlstm/Runtime/Chat/TextModel.h"
#include "xlstm/Runtime/Text/EncodeText.h"
#include "xlstm/Support/Error.h"

#include <algorithm>

namespace xlstm {

namespace {

/// The executable's model with the text that it has read.
class CompiledModel : public TextModel {
public:
  CompiledModel(CarriedModel &model, Backend &backend)
      : model(model), numbers(backend.numbers()), session(backend.makeSession(weightsFor(model, backend))) {
    if (model.hasTokenizer())
      ownTokenizer = model.makeTokenizer();
  }

  int64_t vocab() const override { return numbers.vocab; }
  int64_t room() const override { return session->position() + session->room(); }
  bool isEnd(int32_t id) const override { return std::ranges::count(model.endTokens, id) != 0; }
  const Tokenizer *tokenizer() const override { return ownTokenizer ? &*ownTokenizer : nullptr; }
  std::vector<int32_t> encodePrompt(std::string_view text) const override { return encodeText(*ownTokenizer, text); }
  ChatFiles chatTemplate() const override;
  std::span<float> read(std::span<const int32_t> text, int64_t more) override;
  std::span<float> readOne(int32_t id) override;

private:
  CarriedModel &model;
  ModelNumbers numbers;
  std::optional<Tokenizer> ownTokenizer;
  std::unique_ptr<Session> session;
  std::vector<int32_t> history; // what the session has read
};

} // namespace

ChatFiles CompiledModel::chatTemplate() const {
  if (model.chatTemplate.empty())
    fail("this model has no chat template; -p continues a text without one");
  return model.chat();
}

std::span<float> CompiledModel::read(std::span<const int32_t> text, int64_t) {
  if (history.size() >= text.size() || !std::equal(history.begin(), history.end(), text.begin())) {
    session->reset();
    history.clear();
  }
  std::span<const int32_t> rest = text.subspan(history.size());
  std::vector<int64_t> ids(rest.begin(), rest.end());
  history.assign(text.begin(), text.end());
  std::span<float> logits = session->read(ids);
  model.waitForWeights();
  return logits;
}

std::span<float> CompiledModel::readOne(int32_t id) {
  history.push_back(id);
  return session->readOne(id);
}

void addGenerate(CLI::App &app, Backend &backend) {
  auto options = std::make_shared<TextOptions>();
  addTextOptions(app, *options);
  addThreads(app, backend);
  app.callback([&app, &backend, options] {
    if (!app.get_subcommands().empty())
      return;
    checkOneText(backend.numbers());
    CarriedModel carried = CarriedModel::openToRun(backend.numbers());
    requireTokenizer(*options, carried.hasTokenizer());
    CompiledModel model(carried, backend);
    writeText(*options, model, writeModelText);
  });
}

} // namespace xlstm
