//===- Generate.cpp - xlstm generate: continue a text, answer a message ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Models.h"

#include "xlstm/Runtime/Chat/TextModel.h"
#include "xlstm/Runtime/Data/Vocabulary.h"
#include "xlstm/Runtime/Eval/Generate.h"
#include "xlstm/Runtime/Files/SpecialIds.h"
#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <c10/core/GradMode.h>
#include <unistd.h>

namespace xlstm {

namespace {

/// A bundle's model through the evaluator.
class EvaluatedModel : public TextModel {
public:
  explicit EvaluatedModel(const std::filesystem::path &bundle)
      : folder(bundle), model(RunnableModel::open(bundle)) {
    if (model.bundle.hasTokenizer())
      vocabulary = Vocabulary::load(bundle);
    ends = SpecialIds::read(bundle, vocab()).eos;
  }

  int64_t vocab() const override { return model.spec().results.at(0).shape.at(2); }
  /// A teacher was made for so many tokens; a student goes on as long as one likes.
  int64_t room() const override {
    int64_t context = model.spec().contextLength;
    return model.bundle.kind == "teacher" && context > 0 ? context : int64_t{1} << 30;
  }
  bool isEnd(int32_t id) const override { return std::ranges::count(ends, id) != 0; }
  const Tokenizer *tokenizer() const override { return vocabulary.tokenizer.get(); }
  std::vector<int32_t> encodePrompt(std::string_view text) const override { return vocabulary.encodePrompt(text); }
  ChatFiles chatTemplate() const override;
  std::span<float> read(std::span<const int32_t> text, int64_t more) override;
  std::span<float> readOne(int32_t id) override { return generation->readOne(id); }

private:
  std::filesystem::path folder;
  RunnableModel model;
  Vocabulary vocabulary; // empty where the model works on ids
  std::vector<int32_t> ends;
  std::unique_ptr<Generation> generation;
};

} // namespace

ChatFiles EvaluatedModel::chatTemplate() const {
  if (std::optional<ChatFiles> files = findChatTemplate(folder))
    return *files;
  fail(folder.string(), ": expected a chat template (chat_template.jinja, or chat_template in "
                        "tokenizer_config.json), found none; -p continues a text without one");
}

/// Layers with full attention keep as many keys as they are told: for each text anew.
std::span<float> EvaluatedModel::read(std::span<const int32_t> text, int64_t more) {
  constexpr int64_t endless = int64_t{1} << 24; // -n -1: no memory for all of that
  int64_t keys = more < endless
                     ? static_cast<int64_t>(text.size()) + more
                     : std::max({model.spec().contextLength, static_cast<int64_t>(text.size()), endless >> 8});
  std::string context = "context=" + std::to_string(keys);
  Program program =
      model.derive("xlstm-build-prefill{" + context + " logits=last},xlstm-build-decode{" + context + "}");
  generation = std::make_unique<Generation>(std::move(program), model.params);
  return generation->read(text);
}

void addGenerateCommand(CLI::App &app) {
  struct Settings {
    std::filesystem::path bundle;
    TextOptions options;
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand("generate", "Continue a text, or answer a message, through the evaluator");
  verb->add_option("bundle", settings->bundle, "Bundle of a teacher or a student")->required();
  addTextOptions(*verb, settings->options);
  verb->callback([settings] {
    c10::NoGradGuard noGrad;
    EvaluatedModel model(settings->bundle);
    writeText(settings->options, model, writeModelText);
  });
}

} // namespace xlstm
