//===- Generate.cpp - without a verb: continue a text, or chat ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Model.h"
#include "runtime/Deploy/Verbs.h"
#include "xlstm/Runtime/Chat/TextModel.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Runtime/Files/StateFile.h"
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
  std::vector<int32_t> encodePrompt(std::string_view text) const override;
  ChatFiles chatTemplate() const override;
  std::span<float> read(std::span<const int32_t> text, int64_t more) override;
  std::span<float> readOne(int32_t id) override;
  std::vector<int32_t> savedText() const override { return loaded.tokens; }
  std::string savedConversation() const override { return loaded.note; }
  void keep(std::span<const int32_t> text, const std::string &conversation) override;

  /// Goes on where save() was called, of this executable. Throws Error for any other file.
  void load(const std::string &path);
  void save(const std::string &path);

private:
  CarriedModel &model;
  ModelNumbers numbers;
  std::optional<Tokenizer> ownTokenizer;
  std::unique_ptr<Session> session;
  std::vector<int32_t> history; // what the session has read
  SavedState loaded, kept;      // without their states
};

struct StateFiles {
  std::string save, load;
};

} // namespace

ChatFiles CompiledModel::chatTemplate() const {
  if (model.chatTemplate.empty())
    fail("this model has no chat template; -p continues a text without one");
  return model.chat();
}

std::vector<int32_t> CompiledModel::encodePrompt(std::string_view text) const {
  if (loaded.tokens.empty())
    return encodeText(*ownTokenizer, text);
  std::vector<int32_t> all = loaded.tokens, more = ownTokenizer->encode(text, /*addSpecial=*/false);
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

void CompiledModel::load(const std::string &path) {
  loaded = readStateFile(*MappedFile::open(path), model.identity(), session->viewState().size(), numbers.vocab);
  session->restore([&](std::span<std::byte> state) { std::ranges::copy(loaded.state, state.begin()); },
                   static_cast<int64_t>(loaded.tokens.size()));
  loaded.state.clear();
  history = loaded.tokens;
  kept = loaded;
}

void CompiledModel::keep(std::span<const int32_t> text, const std::string &conversation) {
  kept.tokens.assign(text.begin(), text.end());
  kept.note = conversation;
}

void CompiledModel::save(const std::string &path) {
  if (kept.tokens.empty())
    fail("--save: there is no text to save");
  if (session->room() == 0) // what was written last finds no place
    kept.tokens = history;
  else if (history != kept.tokens) // it was written, not read
    read(kept.tokens, 0);
  std::span<const std::byte> state = session->viewState();
  kept.state.assign(state.begin(), state.end());
  writeStateFile(path, model.identity(), kept);
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
  auto files = std::make_shared<StateFiles>();
  addTextOptions(app, *options);
  app.add_option("--save", files->save, "File for the text and the state of the model behind it")->type_name("FILE");
  app.add_option("--load", files->load,
                 "File that --save wrote: the prompt goes on with its text, a message with its conversation")
      ->type_name("FILE");
  addThreads(app, backend);
  app.callback([&app, &backend, options, files] {
    if (!app.get_subcommands().empty())
      return;
    checkOneText(backend.numbers());
    CarriedModel carried = CarriedModel::openToRun(backend.numbers());
    requireTokenizer(*options, carried.hasTokenizer());
    if (!files->save.empty())
      checkOutput(files->save, OutputKind::File);
    CompiledModel model(carried, backend);
    if (!files->load.empty())
      model.load(files->load);
    writeText(*options, model, writeModelText);
    if (!files->save.empty())
      model.save(files->save);
  });
}

} // namespace xlstm
